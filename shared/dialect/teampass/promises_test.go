package teampass_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"tresor/shared/dialect/teampass"
	"tresor/shared/vault"
)

// TestTheSettingsComeBeforeEverything: whether the API is on, and for whom, is looked at before key, method and URL (teampass 3).
func TestTheSettingsComeBeforeEverything(t *testing.T) {
	s := newSystem(t)
	calls := []struct{ method, target string }{
		{http.MethodGet, "/api/index.php/info/version"}, // no key
		{http.MethodHead, "/api/index.php/info/version?apikey=x"},
		{http.MethodPatch, "/api/index.php/info/version?apikey=x"},
		{http.MethodGet, "/api/index.php/%ff?apikey=x"},
		{http.MethodGet, "/elsewhere?apikey=x"},
	}
	for _, setting := range []struct {
		key, value string
		status     int
		body       string
	}{
		{teampass.SettingAPI, "0", http.StatusOK, `{"err":"API access not allowed."}`},
		{teampass.SettingSources, "198.51.100.0/24", http.StatusMethodNotAllowed, `{"err":"Ip address not allowed."}`},
	} {
		s.Do(t, func(tx *vault.Tx) error { return tx.SetSetting(setting.key, setting.value) })
		for _, c := range calls {
			if out := s.send(t.Context(), event(c.method, c.target, nil, "")); out.StatusCode != setting.status || out.Body != setting.body {
				t.Errorf("%s, %s %s: got %d %s", setting.key, c.method, c.target, out.StatusCode, out.Body)
			}
		}
		s.Do(t, func(tx *vault.Tx) error {
			return tx.SetSetting(setting.key, map[string]string{teampass.SettingAPI: "1"}[setting.key])
		})
	}
}

// TestAnExpiredKeyIsNotToldByAddress: only who has a right key learns that it is for other addresses.
func TestAnExpiredKeyIsNotToldByAddress(t *testing.T) {
	s := newSystem(t)
	s.keys["old"] = s.credential(t, vault.Credential{User: s.Founding.AdminID, Sources: []string{"198.51.100.0/24"}, Expires: 1})
	s.keys["revoked"] = s.credential(t, vault.Credential{User: s.Founding.AdminID, Sources: []string{"198.51.100.0/24"}, Revoked: 1})
	for key, want := range map[string]string{"old": "API_KEY_NOT_FOUND", "revoked": "API_KEY_NOT_FOUND", "elsewhere": "Ip address not allowed."} {
		if status, body := s.get(t, key, "info/version"); status != http.StatusMethodNotAllowed || !strings.Contains(body, want) {
			t.Errorf("%s: got %d %s", key, status, body)
		}
	}
}

// TestAUserIsPlainWhereASemicolonStands: the flags of a user are no sign of an encoding (teampass 1).
func TestAUserIsPlainWhereASemicolonStands(t *testing.T) {
	s := newSystem(t)
	if _, body := s.get(t, "admin", "add/user/amy;Amy;;14881488;;;0;;;0;0"); body != `{"status":"user added"}` {
		t.Fatal(body)
	}
	if _, err := s.Auth.Basic(t.Context(), "amy", "14881488", netip.MustParseAddr("203.0.113.9")); err != nil {
		t.Errorf("she does not log in: %v", err)
	}
	if _, body := s.get(t, "admin", "add/folder/title;25;;0;0"); body != `{"err":"No destination folder provided"}` {
		t.Errorf("a folder: got %s", body)
	}
}

// TestAnUpdateTakesNoRoleAwayThatItCannotName: no flag stands for IT, and there is always an Admin.
func TestAnUpdateTakesNoRoleAwayThatItCannotName(t *testing.T) {
	s := newSystem(t)
	s.AddUser(t, "ida", vault.IT)
	role := func(name string) (role vault.Role) {
		s.Do(t, func(tx *vault.Tx) error { role = tx.UserNamed(name).Role; return nil })
		return role
	}
	for _, test := range []struct {
		flags string // read only; admin; manager
		want  vault.Role
	}{{"0;;0;0", vault.IT}, {"0;;0;1", vault.IT}, {"0;;1;0", vault.Admin}, {"1;;0;0", vault.ReadOnly}} {
		if _, body := s.get(t, "admin", "update/user/ida;Ida;;secret;;;"+test.flags+";0"); body != `{"status":"user edited"}` || role("ida") != test.want {
			t.Errorf("%s: got %s and %v, want %v", test.flags, body, role("ida"), test.want)
		}
	}
	if status, body := s.get(t, "admin", "update/user/admin;Admin;;secret;;;0;;0;0;0"); status != http.StatusMethodNotAllowed || role("admin") != vault.Admin {
		t.Errorf("the last Admin: got %d %s, %v", status, body, role("admin"))
	}
}

// TestAFolderIsUpdatedWhereverItIs: who may manage a folder need not see what is above it.
func TestAFolderIsUpdatedWhereverItIs(t *testing.T) {
	s := newSystem(t)
	pam := s.AddUser(t, "pam", vault.ProjectManager)
	s.keys["pam"] = pam.APIKey
	var below vault.ProjectID
	s.Do(t, func(tx *vault.Tx) (err error) {
		if below, err = tx.CreateProject(vault.Project{Name: "Below", Parent: 3, Manager: pam.AdminID}); err != nil {
			return err
		}
		return tx.EditProject(3, func(p *vault.Project) { p.Complexity = 50 })
	})
	path := fmt.Sprintf("update/folder/%d/", below)
	if _, body := s.get(t, "pam", path+"Renamed;60;0"); body != `{"status":"folder updated"}` {
		t.Errorf("got %s", body)
	}
	if _, body := s.get(t, "pam", path+"Renamed;10;0"); body != `{"err":"complexity level was not reached"}` {
		t.Errorf("less than the parent's: got %s", body)
	}
	s.Do(t, func(tx *vault.Tx) error {
		return tx.EditProject(3, func(p *vault.Project) { p.Complexity = 90 })
	})
	if _, body := s.get(t, "pam", path+"Again;;1"); body != `{"status":"folder updated"}` {
		t.Errorf("a complexity that stays, below a parent's that was raised: got %s", body)
	}
	if _, body := s.get(t, "admin", "update/folder/99/123;25;0"); !strings.Contains(body, "NO_DATA_EXIST") {
		t.Errorf("an unknown folder with a bad title: got %s", body)
	}
}

// TestANarrowedKeyLearnsNothingOfWhatIsAbove: not even that a folder is there.
func TestANarrowedKeyLearnsNothingOfWhatIsAbove(t *testing.T) {
	s := newSystem(t)
	s.keys["sub"] = s.credential(t, vault.Credential{User: s.Founding.AdminID, Projects: []vault.ProjectID{2}})
	for call, want := range map[string]string{
		"info/folder/1":                    `{"err":"Folder ID does not exist"}`,
		"delete/folder/1":                  `{"status":"OK"}`,
		"add/folder/" + blob("x;90;1;0;0"): `{"err":"Folder ID does not exist"}`,
	} {
		if _, body := s.get(t, "sub", call); body != want {
			t.Errorf("%s: got %s", call, body)
		}
	}
	if _, body := s.get(t, "admin", "info/folder/1"); !strings.Contains(body, "Root A") {
		t.Errorf("it went: %s", body)
	}
}

// TestAMasterKeyStoresForItsUsers: an Admin's key adds an item for who gave the password, where that one may.
func TestAMasterKeyStoresForItsUsers(t *testing.T) {
	s := newSystem(t)
	ann := func(call string) string { _, body := s.get(t, "admin", call); return body }
	body := ann("set_tpc/add/" + b64(`{"pwd":"x","label":"by ann","destination_folder":1}`, "ann", "password of ann", "psk"))
	var id vault.EntryID
	if _, err := fmt.Sscanf(body, `{"new_id":%d`, &id); err != nil {
		t.Fatal(body)
	}
	s.Do(t, func(tx *vault.Tx) error {
		if e, _, err := tx.Entry(id); err != nil || tx.User(e.Manager).Username != "ann" {
			t.Errorf("got %+v, %v; want ann's", e, err)
		}
		return nil
	})
	if body := ann("set_tpc/add/" + b64(`{"pwd":"x","label":"elsewhere","destination_folder":3}`, "ann", "password of ann", "psk")); !strings.Contains(body, "Folder ID does not exist") {
		t.Errorf("where ann may not: got %s", body)
	}
}

// TestAPersonalFolderStaysAndIsNotSaidToGo.
func TestAPersonalFolderStaysAndIsNotSaidToGo(t *testing.T) {
	s := newSystem(t)
	if status, body := s.get(t, "ann", "delete/folder/4"); status != http.StatusMethodNotAllowed {
		t.Errorf("one's own: got %d %s", status, body)
	}
	if _, body := s.get(t, "admin", "delete/folder/4"); body != `{"status":"OK"}` { // unknown to all others
		t.Errorf("another's: got %s", body)
	}
	if _, body := s.get(t, "ann", "info/folder/4"); !strings.Contains(body, `"personal_folder":"1"`) {
		t.Errorf("it went: %s", body)
	}
}

// TestManyTagsAreRefusedAtOnce: what takes long under the writer's turn stops every other write.
func TestManyTagsAreRefusedAtOnce(t *testing.T) {
	s := newSystem(t)
	var tags strings.Builder
	for i := range 200_000 {
		fmt.Fprintf(&tags, "t%d ", i)
	}
	before := s.heads()
	for _, call := range []string{"add/item/x;p;;1;;;;" + tags.String() + ";0", "update/item/1/x;p;;1;;;;" + tags.String() + ";0"} {
		if _, body := s.post(t, "admin", call); body != `{"err":"Provided parameters are not correct"}` {
			t.Errorf("%.20s: got %s", call, body)
		}
	}
	if s.heads() != before {
		t.Error("the vault was changed")
	}
	if _, body := s.post(t, "admin", "add/item/x;p;;1;;;;"+strings.Repeat("a b ", 50_000)+";0"); !strings.Contains(body, "item added") {
		t.Errorf("few tags, often: got %s", body)
	}
}

// TestANumberThatNamesNothingIsNoMissingOne (teampass 5.9, 5.13, 5.18).
func TestANumberThatNamesNothingIsNoMissingOne(t *testing.T) {
	s := newSystem(t)
	for _, id := range []string{"-1", "0", "99999999999999999999", "1.9e3"} {
		for call, want := range map[string]string{
			"update/item/" + id + "/l;p;;1;;;;;0": "NO_DATA_EXIST", "update/folder/" + id + "/T;0;0": "NO_DATA_EXIST", "info/folder/" + id: map[bool]string{true: "No parameters given", false: "Folder ID does not exist"}[id == "0"],
		} {
			if _, body := s.get(t, "admin", call); !strings.Contains(body, want) {
				t.Errorf("%s: got %s, want %s", call, body, want)
			}
		}
	}
}

// TestOneOwnsOnesPersonalFolder: a folder can be made in it, whatever the role.
func TestOneOwnsOnesPersonalFolder(t *testing.T) {
	s := newSystem(t)
	if _, body := s.get(t, "ann", "add/folder/"+blob("mine;0;4;0;0")); !strings.Contains(body, "folder created") {
		t.Errorf("got %s", body)
	}
	if status, body := s.get(t, "ann", "add/folder/"+blob("ours;90;1;0;0")); status != http.StatusMethodNotAllowed {
		t.Errorf("a shared one: got %d %s", status, body)
	}
}
