package vault

import "testing"

func TestMayAdmin(t *testing.T) {
	none := AdminTarget{}
	target := func(r Role) AdminTarget { return AdminTarget{Role: r} }
	tests := []struct {
		action AdminAction
		target AdminTarget
		may    roleSet
	}{
		{ListUsers, none, roles(Admin, IT, ProjectManager, NormalUser)},
		{ReadUsers, none, roles(Admin, IT)},
		{WriteUser, AdminTarget{NewRole: NormalUser}, roles(Admin, IT)},
		{WriteUser, AdminTarget{NewRole: Admin}, roles(Admin)},
		{WriteUser, AdminTarget{Role: Admin, NewRole: NormalUser}, roles(Admin)},
		{WriteUser, AdminTarget{Role: NormalUser, NewRole: Admin}, roles(Admin)},
		{SetPassword, target(NormalUser), roles(Admin, IT)},
		{SetPassword, target(ReadOnly), roles(Admin, IT)},
		{SetPassword, target(ProjectManager), roles(Admin)},
		{SetPassword, target(IT), roles(Admin)},
		{SetPassword, target(Admin), roles(Admin)},
		{ListGroups, none, roles(Admin, IT, ProjectManager, NormalUser)},
		{WriteGroup, none, roles(Admin, IT)},
		{WriteCredential, target(NormalUser), roles(Admin)},
		{ReadSettings, none, roles(Admin, IT)},
		{WriteSettings, none, roles(Admin, IT)},
		{ReadLog, none, roles(Admin, IT)},
		{TakeExport, none, roles(Admin)},
		{TakeBackup, none, roles(Admin)},
		{WriteCategory, none, roles(Admin, IT, ProjectManager, NormalUser)},
		{WriteTag, none, roles(Admin, IT, ProjectManager, NormalUser)},
		{CreateProject, none, roles(Admin, IT, ProjectManager)},
		{CreateRootProject, none, roles(Admin, IT, ProjectManager)},
	}
	covered := map[AdminAction]bool{}
	for _, test := range tests {
		covered[test.action] = true
		for _, role := range Roles {
			p := &Principal{subject: subject{id: me, role: role}, user: &User{ID: me, Role: role}}
			if got, want := mayAdmin(p, test.action, test.target), test.may.has(role); got != want {
				t.Errorf("action %d on %+v by %s: got %v, want %v", test.action, test.target, role, got, want)
			}
		}
	}
	for a := range adminActionEnd {
		if !covered[a] {
			t.Errorf("no test of action %d", a)
		}
	}
}

func TestMayAdminNarrowed(t *testing.T) {
	narrow := []*Credential{{ReadOnly: true}, {Projects: []ProjectID{1}}, {Actions: []string{"something else"}}}
	for _, c := range narrow {
		for a := range adminActionEnd {
			p := &Principal{subject: subject{id: me, role: Admin}, credential: c}
			if got := mayAdmin(p, a, AdminTarget{Role: NormalUser}); got == adminRules[a].sensitive {
				t.Errorf("action %d with %+v: got %v", a, c, got)
			}
			p.named = true
			if !mayAdmin(p, a, AdminTarget{Role: NormalUser}) {
				t.Errorf("action %d with %+v that names it: got false", a, c)
			}
		}
	}
	for _, a := range []AdminAction{WriteUser, SetPassword, WriteGroup, WriteCredential, ReadSettings, WriteSettings, ReadLog, TakeExport, TakeBackup} {
		if !adminRules[a].sensitive {
			t.Errorf("action %d is open to narrowed credentials", a)
		}
	}
}

func TestANormalUserMayCreateRootsByFlag(t *testing.T) {
	p := &Principal{subject: subject{id: me, role: NormalUser}, mayCreateRoots: true}
	if !mayAdmin(p, CreateRootProject, AdminTarget{}) || mayAdmin(p, CreateProject, AdminTarget{}) {
		t.Error("the flag must give roots, and nothing else")
	}
	p.role = ReadOnly
	if mayAdmin(p, CreateRootProject, AdminTarget{}) {
		t.Error("the flag lets a Read only user write")
	}
}
