package vault_test

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"testing"

	"tresor/shared/auth"
	"tresor/shared/scenario"
	"tresor/shared/vault"
)

// forest is a vault with a tree of folders: 1 Root, 2 Root/A, 3 Root/A/B, 4 Other; and an entry in each but the last.
type forest struct {
	*scenario.System
	anna, ben *auth.Founding // anna has full access to Root, ben may read it
}

func newForest(t *testing.T) *forest {
	t.Helper()
	f := &forest{System: scenario.New(t)}
	f.anna, f.ben = f.AddUser(t, "anna", vault.ProjectManager), f.AddUser(t, "ben", vault.NormalUser)
	f.Do(t, func(tx *vault.Tx) error {
		for i, parent := range []vault.ProjectID{0, 1, 2, 0} {
			id, err := tx.CreateProject(vault.Project{Name: fmt.Sprint("folder ", i), Parent: parent, Manager: 1})
			if err == nil && i < 3 {
				_, err = tx.CreateEntry(vault.Entry{Name: fmt.Sprint("entry ", i), Project: id, Manager: 1}, vault.Payload{Password: vault.NewSecret("x")})
			}
			if err != nil {
				return err
			}
		}
		return tx.SetGrants(vault.ProjectGrants{Project: 1, All: vault.ProjectUnset, Users: []vault.ProjectUserGrant{{User: f.anna.AdminID, Level: vault.ProjectFull}, {User: f.ben.AdminID, Level: vault.ProjectRead}}})
	})
	return f
}

func (f *forest) request(key string, also vault.Authenticator) vault.Request {
	return vault.Request{Auth: auth.Token(key), Also: also, Action: vault.Action{Dialect: vault.TeamPass, Name: "test", Writes: true}}
}

func (f *forest) trash(t *testing.T, key string, also vault.Authenticator, id vault.ProjectID) error {
	t.Helper()
	_, err := vault.Update(t.Context(), f.Vault, f.request(key, also), func(tx *vault.Tx) (int, error) { return 0, tx.TrashTree(id) })
	return err
}

// living returns the names of the folders and entries that the admin sees.
func (f *forest) living(t *testing.T) (names []string) {
	t.Helper()
	_, err := vault.View(t.Context(), f.Vault, f.request(f.Founding.APIKey, nil), func(r *vault.Reader) (int, error) {
		names = nil
		for _, p := range r.Projects() {
			names = append(names, p.Name)
		}
		page, _ := r.Entries(vault.ByUpdated, func(*vault.Row) bool { return true }, 0, -1)
		for _, e := range page {
			names = append(names, e.Name)
		}
		return 0, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	return names
}

func TestTrashTree(t *testing.T) {
	f := newForest(t)
	whole := f.living(t)
	for name, err := range map[string]error{"a reader": f.trash(t, f.ben.APIKey, nil, 1), "another's root": f.trash(t, f.anna.APIKey, nil, 4), "an unknown one": f.trash(t, f.anna.APIKey, nil, 99)} {
		if name == "a reader" && !errors.Is(err, vault.Forbidden) || name != "a reader" && !errors.Is(err, vault.NotFound) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	// Whatever of the tree may not go keeps all of it.
	for name, block := range map[string]func(on bool) func(*vault.Tx) error{
		"a locked entry": func(on bool) func(*vault.Tx) error {
			return func(tx *vault.Tx) error {
				return tx.SetLock(3, map[bool]vault.Lock{true: vault.LockReason, false: vault.Unlocked}[on])
			}
		},
		"another's private entry": func(on bool) func(*vault.Tx) error {
			return func(tx *vault.Tx) error {
				return tx.EditEntry(2, func(e *vault.Entry) error { e.Private = on; return nil })
			}
		},
		"a sub-folder without rights": func(on bool) func(*vault.Tx) error {
			return func(tx *vault.Tx) error {
				level := map[bool]vault.ProjectLevel{true: vault.ProjectManage, false: vault.ProjectInherit}[on]
				return tx.SetGrants(vault.ProjectGrants{Project: 3, All: vault.ProjectUnset, Users: []vault.ProjectUserGrant{{User: f.anna.AdminID, Level: level}}})
			}
		},
	} {
		unlocker := scenario.Operator()
		unlocker.Reason = "test"
		change := func(on bool) {
			if _, err := vault.Update(t.Context(), f.Vault, unlocker, func(tx *vault.Tx) (int, error) { return 0, block(on)(tx) }); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		change(true)
		if err := f.trash(t, f.anna.APIKey, nil, 1); err == nil || errors.Is(err, vault.NotFound) {
			t.Errorf("%s: got %v", name, err)
		}
		change(false)
		if got := f.living(t); !slices.Equal(got, whole) {
			t.Errorf("%s: %v is left of %v", name, got, whole)
		}
	}
	if err := f.trash(t, f.anna.APIKey, nil, 2); err != nil {
		t.Fatal(err)
	}
	if got := f.living(t); !slices.Equal(got, []string{"entry 0", "folder 0", "folder 3"}) {
		t.Errorf("left are %v", got)
	}
}

// TestTwoCallersMayWhatBothMay gives a call a second caller in every combination.
func TestTwoCallersMayWhatBothMay(t *testing.T) {
	f := newForest(t)
	f.Do(t, func(tx *vault.Tx) error {
		return tx.EditEntry(2, func(e *vault.Entry) error { e.Private, e.Manager = true, f.ben.AdminID; return nil })
	})
	if _, err := vault.Update(t.Context(), f.Vault, f.request(f.ben.APIKey, nil), func(tx *vault.Tx) (vault.EntryID, error) {
		return tx.CreateEntry(vault.Entry{Name: "ben's own", Owner: f.ben.AdminID}, vault.Payload{})
	}); err != nil {
		t.Fatal(err)
	}
	type sight struct {
		entries  string
		projects int
		admin    bool
	}
	see := func(key string, also vault.Authenticator) sight {
		got, err := vault.View(t.Context(), f.Vault, f.request(key, also), func(r *vault.Reader) (s sight, _ error) {
			page, _ := r.Entries(vault.ByUpdated, func(*vault.Row) bool { return true }, 0, -1)
			slices.SortFunc(page, func(a, b *vault.Entry) int { return int(a.ID) - int(b.ID) })
			for _, e := range page {
				_, a, err := r.Entry(e.ID)
				s.entries += fmt.Sprint(e.ID, ":", a.Level, " ")
				if err != nil {
					t.Errorf("entry %d is listed and not found: %v", e.ID, err)
				}
			}
			s.projects, s.admin = len(r.Projects()), r.MayAdmin(vault.WriteUser, vault.AdminTarget{})
			return s, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	admin, anna, ben := f.Founding.APIKey, f.anna.APIKey, f.ben.APIKey
	for name, test := range map[string]struct {
		key  string
		also vault.Authenticator
		want sight
	}{
		"the admin":             {admin, nil, sight{"1:30 3:30 ", 4, true}},
		"ben":                   {ben, nil, sight{"1:10 2:30 3:10 4:30 ", 3, false}},
		"the admin with ben":    {admin, auth.Token(ben), sight{"1:10 3:10 ", 3, false}},
		"ben with the admin":    {ben, auth.Token(admin), sight{"1:10 3:10 ", 3, false}},
		"ben with himself":      {ben, auth.Token(ben), sight{"1:10 2:30 3:10 4:30 ", 3, false}},
		"anna with ben":         {anna, auth.Token(ben), sight{"1:10 3:10 ", 3, false}},
		"the admin and herself": {admin, auth.Token(admin), sight{"1:30 3:30 ", 4, true}},
	} {
		if got := see(test.key, test.also); got != test.want {
			t.Errorf("%s: got %+v, want %+v", name, got, test.want)
		}
	}
	for name, also := range map[string]vault.Authenticator{"an unknown one": auth.Token("x"), "of another dialect": auth.Token(f.ben.SysPass.AuthToken)} {
		_, err := vault.View(t.Context(), f.Vault, f.request(admin, also), func(*vault.Reader) (int, error) { return 0, nil })
		var second *vault.AlsoError
		if !errors.As(err, &second) || !errors.Is(err, vault.Unauthenticated) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if err := f.trash(t, admin, auth.Token(ben), 2); !errors.Is(err, vault.Forbidden) {
		t.Errorf("deleting with a reader: got %v", err)
	}
	make := func(key string, also vault.Authenticator, e vault.Entry) error {
		_, err := vault.Update(t.Context(), f.Vault, f.request(key, also), func(tx *vault.Tx) (vault.EntryID, error) { return tx.CreateEntry(e, vault.Payload{}) })
		return err
	}
	for name, test := range map[string]struct {
		key  string
		also vault.Authenticator
		e    vault.Entry
		want error
	}{
		"by the admin for anna, with her":        {admin, auth.Token(anna), vault.Entry{Name: "a", Project: 1, Manager: f.anna.AdminID, Private: true}, nil},
		"by the admin for the admin, with anna":  {admin, auth.Token(anna), vault.Entry{Name: "b", Project: 1, Manager: 1}, vault.Forbidden},
		"by anna for the admin, with the admin":  {anna, auth.Token(admin), vault.Entry{Name: "c", Project: 1, Manager: 1}, vault.Forbidden},
		"by the admin where ben may not":         {admin, auth.Token(ben), vault.Entry{Name: "d", Project: 1, Manager: f.ben.AdminID}, vault.Forbidden},
		"ben's personal one by the admin":        {admin, auth.Token(ben), vault.Entry{Name: "e", Owner: f.ben.AdminID}, vault.Forbidden},
		"ben's personal one by himself":          {ben, auth.Token(ben), vault.Entry{Name: "f", Owner: f.ben.AdminID}, nil},
		"where only the admin knows of a folder": {admin, auth.Token(anna), vault.Entry{Name: "g", Project: 4, Manager: f.anna.AdminID}, vault.NotFound},
	} {
		if err := make(test.key, test.also, test.e); !errors.Is(err, test.want) {
			t.Errorf("%s: got %v, want %v", name, err, test.want)
		}
	}
}

func TestRightsOfAnother(t *testing.T) {
	f := newForest(t)
	for name, test := range map[string]struct {
		key, of string
		want    vault.ProjectLevel // of folder 3; -1: not to be known
	}{
		"anna of herself":         {f.anna.APIKey, "ANNA", vault.ProjectFull},
		"anna of ben":             {f.anna.APIKey, "ben", -1},
		"the admin of ben":        {f.Founding.APIKey, "ben", vault.ProjectRead},
		"the admin of nobody":     {f.Founding.APIKey, "be", -1},
		"the admin of the admin":  {f.Founding.APIKey, "admin", vault.ProjectFull},
		"ben of the other sister": {f.ben.APIKey, "anna", -1},
	} {
		got, err := vault.View(t.Context(), f.Vault, f.request(test.key, nil), func(r *vault.Reader) (vault.ProjectLevel, error) {
			x, err := r.RightsOf(test.of)
			if err != nil {
				return -1, nil
			}
			return x.Project(3).Level, nil
		})
		if err != nil || got != test.want {
			t.Errorf("%s: got %d, %v; want %d", name, got, err, test.want)
		}
	}
}

func TestPersonalRoots(t *testing.T) {
	f := newForest(t)
	make := func(key string, owner vault.UserID) (vault.ProjectID, error) {
		return vault.Update(t.Context(), f.Vault, f.request(key, nil), func(tx *vault.Tx) (vault.ProjectID, error) {
			if p := tx.PersonalRoot(owner); p != nil {
				return p.ID, nil
			}
			return tx.CreatePersonalRoot(owner, fmt.Sprint(owner))
		})
	}
	if _, err := make(f.anna.APIKey, f.ben.AdminID); !errors.Is(err, vault.Forbidden) {
		t.Errorf("by a project manager: got %v", err)
	}
	if _, err := make(f.Founding.APIKey, 99); !errors.Is(err, vault.BadReference) {
		t.Errorf("for nobody: got %v", err)
	}
	first, err := make(f.Founding.APIKey, f.ben.AdminID)
	if again, err2 := make(f.Founding.APIKey, f.ben.AdminID); err != nil || err2 != nil || first != again {
		t.Errorf("made %d, %v; then %d, %v", first, err, again, err2)
	}
	_, err = vault.Update(t.Context(), f.Vault, f.request(f.ben.APIKey, nil), func(tx *vault.Tx) (vault.EntryID, error) {
		return tx.CreateEntry(vault.Entry{Name: "x", Project: first, Owner: f.ben.AdminID}, vault.Payload{})
	})
	if err != nil {
		t.Errorf("its owner: %v", err)
	}
	if slices.Contains(f.living(t), fmt.Sprint(f.ben.AdminID)) {
		t.Error("the admin sees it")
	}
}

// TestOpenRoots: the first caller alone must be allowed to make one, and everybody has the level in it then.
func TestOpenRoots(t *testing.T) {
	f := newForest(t)
	open := func(key string, also vault.Authenticator, name string) (vault.ProjectID, error) {
		return vault.Update(t.Context(), f.Vault, f.request(key, also), func(tx *vault.Tx) (vault.ProjectID, error) {
			id, err := tx.CreateOpenRoot(name, vault.ProjectCreate)
			if err != nil {
				return 0, err
			}
			_, err = tx.CreateEntry(vault.Entry{Name: "in " + name, Project: id, Manager: tx.Principal().ID()}, vault.Payload{})
			return id, err
		})
	}
	for name, test := range map[string]struct {
		key, title string
		want       error
	}{
		"a normal user": {f.ben.APIKey, "a", vault.Forbidden}, "an admin": {f.Founding.APIKey, "open", nil}, "a taken name": {f.Founding.APIKey, "FOLDER 0", vault.Exists},
	} {
		if _, err := open(test.key, nil, test.title); !errors.Is(err, test.want) {
			t.Errorf("%s: got %v, want %v", name, err, test.want)
		}
	}
	id, err := open(f.anna.APIKey, auth.Token(f.anna.APIKey), "anna's open one")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := vault.Update(t.Context(), f.Vault, f.request(f.ben.APIKey, nil), func(tx *vault.Tx) (vault.EntryID, error) {
		return tx.CreateEntry(vault.Entry{Name: "ben's", Project: id, Private: true}, vault.Payload{})
	}); err != nil {
		t.Errorf("ben stores in it: %v", err)
	}
}

// TestTwoCallersAreHeldToTheSameWhoeverComesFirst: one may read an entry through its project, the other through a grant on it.
func TestTwoCallersAreHeldToTheSameWhoeverComesFirst(t *testing.T) {
	f := newForest(t)
	cleo := f.AddUser(t, "cleo", vault.NormalUser)
	f.Do(t, func(tx *vault.Tx) error {
		return tx.EditEntry(1, func(e *vault.Entry) error {
			e.Users = []vault.UserGrant{{User: cleo.AdminID, Level: vault.LevelRead}}
			return nil
		})
	})
	for key, also := range map[string]string{f.ben.APIKey: cleo.APIKey, cleo.APIKey: f.ben.APIKey} {
		level, err := vault.View(t.Context(), f.Vault, f.request(key, auth.Token(also)), func(r *vault.Reader) (vault.Level, error) {
			_, a, err := r.Entry(1)
			return a.Level, err
		})
		if err != nil || level != vault.LevelRead {
			t.Errorf("got %v, %v", level, err)
		}
	}
}

// TestATreeGoesWithoutPersonalFolders, which stay with what is in them.
func TestATreeGoesWithoutPersonalFolders(t *testing.T) {
	f := newForest(t)
	var own vault.ProjectID
	f.Do(t, func(tx *vault.Tx) (err error) {
		own, err = tx.CreateProject(vault.Project{Name: "anna's", Parent: 1, Owner: f.anna.AdminID})
		return err
	})
	if err := f.trash(t, f.anna.APIKey, nil, 1); err != nil {
		t.Fatal(err)
	}
	if _, err := vault.View(t.Context(), f.Vault, f.request(f.anna.APIKey, nil), func(r *vault.Reader) (int, error) {
		_, _, err := r.Project(own)
		return 0, err
	}); err != nil {
		t.Errorf("it is gone: %v", err)
	}
}

// TestATreeThatOneTransactionDoesNotHoldIsTooLarge, and stays.
func TestATreeThatOneTransactionDoesNotHoldIsTooLarge(t *testing.T) {
	f := newForest(t)
	noise := make([]byte, 2000) // what compresses takes less room
	for batch := range 8 {
		f.Do(t, func(tx *vault.Tx) error {
			for i := range 30 {
				_, _ = rand.Read(noise)
				if _, err := tx.CreateProject(vault.Project{Name: fmt.Sprint(batch, " ", i), Parent: 4, Manager: 1, Notes: hex.EncodeToString(noise)}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := f.trash(t, f.Founding.APIKey, nil, 4); !errors.Is(err, vault.TooLarge) {
		t.Errorf("got %v, want TooLarge", err)
	}
	if got := len(f.living(t)); got != 4+3+240 {
		t.Errorf("%d live", got)
	}
}
