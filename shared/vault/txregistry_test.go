package vault_test

import (
	"slices"
	"testing"

	"tresor/shared/auth"
	"tresor/shared/vault"
)

func TestRegistriesGuardWhatIsInUse(t *testing.T) {
	o := newOffice(t)
	var category vault.CategoryID
	var group vault.GroupID
	var tag vault.TagID
	o.Do(t, func(tx *vault.Tx) (err error) {
		if category, err = tx.CreateCategory(vault.Category{Name: "routers"}); err != nil {
			return err
		}
		if group, err = tx.CreateGroup(vault.Group{Name: "ops", Members: []vault.UserID{o.users["read"].AdminID}}); err != nil {
			return err
		}
		if tag, err = tx.CreateTag("Linux"); err != nil {
			return err
		}
		return tx.EditEntry(o.entry, func(e *vault.Entry) error {
			e.Category, e.MainGroup, e.Tags = category, group, []vault.TagID{tag}
			return nil
		})
	})
	removeCategory := func(tx *vault.Tx) error { return tx.RemoveCategory(category) }
	removeGroup := func(tx *vault.Tx) error { return tx.RemoveGroup(group) }
	for name, do := range map[string]func(*vault.Tx) error{"category": removeCategory, "group": removeGroup, "project": func(tx *vault.Tx) error { return tx.TrashProject(room) },
		"default category": func(tx *vault.Tx) error { return tx.RemoveCategory(vault.DefaultCategory) }} {
		if got := o.try(t, "admin", "", do); got != vault.InUse {
			t.Errorf("%s: got %v, want InUse", name, got)
		}
	}
	o.Do(t, func(tx *vault.Tx) error { _, err := tx.TrashEntries([]vault.EntryID{o.entry}, false); return err })
	if got := o.try(t, "admin", "", removeCategory); got != vault.InUse {
		t.Errorf("a category of an entry in the trash: got %v, want InUse", got)
	}
	for name, do := range map[string]func(*vault.Tx) error{
		"category": func(tx *vault.Tx) error { return tx.RemoveCategory(99) }, "tag": func(tx *vault.Tx) error { return tx.RemoveTag(99) },
		"group": func(tx *vault.Tx) error { return tx.RemoveGroup(99) }, "project": func(tx *vault.Tx) error { return tx.TrashProject(99) },
	} {
		if got := o.try(t, "admin", "", do); got != vault.NotFound {
			t.Errorf("unknown %s: got %v, want NotFound", name, got)
		}
		if got := o.try(t, "reader", "", do); got != vault.NotFound {
			t.Errorf("unknown %s by a reader: got %v, want NotFound", name, got)
		}
	}
}

func TestARemovedTagOrGroupLeavesEntriesEditable(t *testing.T) {
	o := newOffice(t)
	reader := o.AddUser(t, "member", vault.NormalUser)
	o.users["member"] = reader
	var tag vault.TagID
	var group vault.GroupID
	o.Do(t, func(tx *vault.Tx) (err error) {
		if tag, err = tx.CreateTag("gone"); err != nil {
			return err
		}
		if group, err = tx.CreateGroup(vault.Group{Name: "gone", Members: []vault.UserID{reader.AdminID}}); err != nil {
			return err
		}
		return tx.EditEntry(o.entry, func(e *vault.Entry) error {
			e.Tags, e.Groups = []vault.TagID{tag}, []vault.GroupGrant{{Group: group, Level: vault.LevelRead}}
			return nil
		})
	})
	show := func(tx *vault.Tx) error { _, _, err := tx.Entry(o.entry); return err }
	if got := o.try(t, "member", "", show); got != ok {
		t.Fatalf("by its group: got %v", got)
	}
	o.Do(t, func(tx *vault.Tx) error {
		if err := tx.RemoveTag(tag); err != nil {
			return err
		}
		return tx.RemoveGroup(group)
	})
	if got := o.try(t, "member", "", show); got != vault.NotFound {
		t.Errorf("after its group is gone: got %v, want NotFound", got)
	}
	if got := o.try(t, "edit", "", o.edit(func(e *vault.Entry) { e.Name = "renamed" })); got != ok {
		t.Errorf("edit: got %v", got)
	}
	o.Do(t, func(tx *vault.Tx) error {
		e, _, err := tx.Entry(o.entry)
		if len(e.Tags) != 0 || len(e.Groups) != 0 {
			t.Errorf("got tags %v and groups %v, want none", e.Tags, e.Groups)
		}
		return err
	})
}

func TestTagsAreUniqueIgnoringCase(t *testing.T) {
	o := newOffice(t)
	var linux, bsd vault.TagID
	o.Do(t, func(tx *vault.Tx) (err error) {
		if linux, err = tx.CreateTag("Linux"); err != nil {
			return err
		}
		bsd, err = tx.CreateTag("bsd")
		return err
	})
	for _, row := range []struct {
		name string
		do   func(*vault.Tx) error
		want vault.Kind
	}{
		{"create again", func(tx *vault.Tx) error { _, err := tx.CreateTag("LINUX "); return err }, vault.Exists},
		{"rename to another", func(tx *vault.Tx) error { return tx.EditTag(vault.Tag{ID: bsd, Name: "linux"}) }, vault.Exists},
		{"rename to itself", func(tx *vault.Tx) error { return tx.EditTag(vault.Tag{ID: linux, Name: "linux"}) }, ok},
		{"no name", func(tx *vault.Tx) error { return tx.EditTag(vault.Tag{ID: linux, Name: " "}) }, vault.Invalid},
		{"free, then taken again", func(tx *vault.Tx) error {
			if err := tx.RemoveTag(bsd); err != nil {
				return err
			}
			id, err := tx.CreateTag("BSD")
			if id == bsd {
				t.Error("an id was given again")
			}
			return err
		}, ok},
	} {
		if got := o.try(t, "admin", "", row.do); got != row.want {
			t.Errorf("%s: got %v, want %v", row.name, got, row.want)
		}
	}
	if got := o.try(t, "reader", "", func(tx *vault.Tx) error { _, err := tx.CreateTag("x"); return err }); got != vault.Forbidden {
		t.Errorf("a Read only user: got %v, want Forbidden", got)
	}
}

func TestProjectsAreEditedAndTrashed(t *testing.T) {
	o := newOffice(t)
	rename := func(id vault.ProjectID, name string) func(*vault.Tx) error {
		return func(tx *vault.Tx) error {
			return tx.EditProject(id, func(p *vault.Project) { p.Name, p.Parent, p.Manager = name, 99, 99 })
		}
	}
	for _, row := range []struct {
		name, who string
		do        func(*vault.Tx) error
		want      vault.Kind
	}{
		{"rename by its manager", "admin", rename(elsewhre, "other"), ok},
		{"rename with full access", "full", rename(elsewhre, "another"), ok},
		{"rename without it", "manage", rename(elsewhre, "x"), vault.Forbidden},
		{"rename to a sibling's name", "admin", rename(elsewhre, "ROOM"), vault.Exists},
		{"rename what is hidden", "full", rename(hidden, "x"), vault.NotFound},
		{"rename what is archived", "admin", rename(closed, "x"), vault.Forbidden},
		{"trash without the role", "full", func(tx *vault.Tx) error { return tx.TrashProject(elsewhre) }, vault.Forbidden},
		{"trash", "admin", func(tx *vault.Tx) error { return tx.TrashProject(elsewhre) }, ok},
		{"gone", "admin", rename(elsewhre, "x"), vault.NotFound},
		{"and nothing can be put there", "admin", create(elsewhre), vault.BadReference},
	} {
		if got := o.try(t, row.who, "", row.do); got != row.want {
			t.Errorf("%s: got %v, want %v", row.name, got, row.want)
		}
	}
}

func TestGroupsAreEdited(t *testing.T) {
	o := newOffice(t)
	var group vault.GroupID
	o.Do(t, func(tx *vault.Tx) (err error) { group, err = tx.CreateGroup(vault.Group{Name: "ops"}); return err })
	members := func(ids ...vault.UserID) func(*vault.Tx) error {
		return func(tx *vault.Tx) error { return tx.EditGroup(group, func(g *vault.Group) { g.Members = ids }) }
	}
	if got := o.try(t, "admin", "", members(3, 2, 3)); got != ok {
		t.Errorf("got %v", got)
	}
	o.Do(t, func(tx *vault.Tx) error {
		if got := tx.Group(group).Members; !slices.Equal(got, []vault.UserID{2, 3}) {
			t.Errorf("got members %v, want them sorted and once each", got)
		}
		return nil
	})
	if got := o.try(t, "admin", "", members(99)); got != vault.BadReference {
		t.Errorf("an unknown member: got %v, want BadReference", got)
	}
	if got := o.try(t, "full", "", members(2)); got != vault.Forbidden {
		t.Errorf("by a Normal user: got %v, want Forbidden", got)
	}
}

func TestFavouritesAreTheCallersOwn(t *testing.T) {
	o := newOffice(t)
	mark := func(on bool) func(*vault.Tx) error {
		return func(tx *vault.Tx) error {
			if err := tx.SetFavourite(o.entry, on); err != nil {
				return err
			}
			return tx.SetFavouriteProject(room, on)
		}
	}
	marked := func(who string) (entry, project bool) {
		_, err := vault.View(t.Context(), o.Vault, vault.Request{Auth: auth.Token(o.users[who].SysPass.AuthToken), Action: vault.Action{Dialect: vault.SysPass, Name: "test"}}, func(r *vault.Reader) (int, error) {
			entry, project = r.IsFavourite(o.entry), r.IsFavouriteProject(room)
			return 0, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return entry, project
	}
	for _, row := range []struct {
		who  string
		on   bool
		want vault.Kind
	}{{"reader", true, ok}, {"reader", true, ok}, {"none", true, vault.NotFound}, {"reader", false, ok}, {"reader", false, ok}} {
		if got := o.try(t, row.who, "", mark(row.on)); got != row.want {
			t.Errorf("%s, %v: got %v, want %v", row.who, row.on, got, row.want)
		}
		if entry, project := marked("reader"); row.want == ok && (entry != row.on || project != row.on) {
			t.Errorf("after %v: got %v and %v", row.on, entry, project)
		}
		if entry, project := marked("read"); entry || project {
			t.Error("another user's marks show")
		}
	}
}
