package restore_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"tresor/shared/auth"
	"tresor/shared/blob"
	"tresor/shared/blob/blobtest"
	"tresor/shared/journal"
	"tresor/shared/restore"
	"tresor/shared/scenario"
	"tresor/shared/vault"
	"tresor/shared/vault/vaulttest"
)

// history is a vault with a point to go back to, and what happened after it.
type history struct {
	*world
	path         string
	at           vault.Heads
	then         time.Time
	anna, eve    *auth.Founding
	chief        *auth.Founding // an Admin at the point
	kept         content
	freshToken   string
	staleToken   string
	revokedToken string
}

func heads(s *scenario.System) (h vault.Heads) {
	s.Log.Read(func(state *vault.State) { h = state.Heads() })
	return h
}

func newHistory(t *testing.T) *history {
	t.Helper()
	h := &history{world: rich(t)}
	h.anna, h.eve = h.AddUser(t, "anna", vault.NormalUser), h.AddUser(t, "eve", vault.NormalUser)
	h.AddUser(t, "zoe", vault.NormalUser)
	h.chief = h.AddUser(t, "chief", vault.Admin)
	h.Do(t, func(tx *vault.Tx) error { return tx.SetGrants(vault.ProjectGrants{Project: 1, All: vault.ProjectRead}) })
	h.Do(t, func(tx *vault.Tx) error { return tx.SetPassword(3, vault.NewSecret("of the point")) })
	h.at, h.then, h.kept = heads(h.System), h.now, h.content(t, h.Store)
	h.now = h.now.Add(time.Minute)
	h.after(t)
	h.path = h.backup(t)
	return h
}

// after is what is undone, but for what concerns who may come in.
func (h *history) after(t *testing.T) {
	t.Helper()
	h.Do(t, func(tx *vault.Tx) error { return tx.SetPassword(3, vault.NewSecret("later")) })
	h.create(t, 2, "later")
	h.attach(t, "d-later", 5)
	hash, err := auth.HashPassword(t.Context(), "changed")
	if err != nil {
		t.Fatal(err)
	}
	h.staleToken, h.freshToken, h.revokedToken = h.anna.APIKey, auth.NewAPIKey(), h.anna.SysPass.AuthToken
	none := func(vault.CredentialID) ([]byte, error) { return nil, nil }
	h.Do(t, func(tx *vault.Tx) error {
		var errs []error
		all, err := tx.Credentials()
		for _, c := range all {
			switch c.TokenHash {
			case auth.HashToken(h.staleToken):
				errs = append(errs, tx.RefreshCredential(c.ID, vault.Credential{TokenHash: auth.HashToken(h.freshToken)}, none))
			case auth.HashToken(h.revokedToken):
				errs = append(errs, tx.RevokeCredential(c.ID))
			}
		}
		errs = append(errs, err, tx.SetUserPassword(h.anna.AdminID, auth.SealHash(h.Sealer, hash)), tx.RemoveUser(h.eve.AdminID),
			tx.EditUser(h.bob.AdminID, func(u *vault.User) { u.Disabled = true }))
		return errors.Join(errs...)
	})
	h.AddUser(t, "late", vault.NormalUser)
	h.Do(t, func(tx *vault.Tx) error {
		return tx.EditUser(h.chief.AdminID, func(u *vault.User) { u.Role = vault.ReadOnly })
	})
}

// wantGoesOn checks that no id of what was made after the point is given again (law 10), and that who lost a role has not got it back. Of an entries journal that was
// not whole, nobody knows what it gave.
func (h *history) wantGoesOn(t *testing.T, s *scenario.System, role vault.Role, whole bool) {
	t.Helper()
	var then, now vault.Given
	if err := s.Log.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.Log.Read(func(state *vault.State) { then = state.Image().Rest.Given })
	s.Log.Read(func(state *vault.State) {
		now = state.Image().Rest.Given
		for _, part := range state.Image().Parts {
			for _, c := range part {
				if c.User != nil && c.User.ID == h.chief.AdminID && c.User.Role != role {
					t.Errorf("who was Admin is %s, want %s", c.User.Role, role)
				}
			}
		}
	})
	if !whole {
		then.Entry, then.Project, then.Category, then.Tag, then.File = now.Entry, now.Project, now.Category, now.Tag, now.File
	}
	if now != then {
		t.Errorf("ids go on after %+v, want %+v", now, then)
	}
	s.Do(t, func(tx *vault.Tx) error {
		id, err := tx.CreateProject(vault.Project{Name: "new"})
		if id != then.Project+1 {
			t.Errorf("got project %d, want %d", id, then.Project+1)
		}
		return err
	})
}

func (h *history) restore(t *testing.T, o restore.Options) (*restore.Plan, *vaulttest.Memory, blob.Store) {
	t.Helper()
	p, store, blobs := h.plan(t, h.path, o), vaulttest.NewMemory(), blobtest.Folder(t)
	if err := p.Run(t.Context(), restore.Target{Store: store, Blobs: blobs}); err != nil {
		t.Fatal(err)
	}
	return p, store, blobs
}

// login reports whether a password is right.
func login(t *testing.T, s *scenario.System, name, password string) bool {
	t.Helper()
	a, err := auth.New(s.Vault, s.Sealer, s.Store, auth.Options{}).Basic(t.Context(), name, password, scenario.Operator().Source)
	if err != nil {
		return false
	}
	return enters(t, s, a, vault.TPM)
}

func enters(t *testing.T, s *scenario.System, a vault.Authenticator, d vault.Dialect) bool {
	t.Helper()
	_, err := vault.View(t.Context(), s.Vault, vault.Request{Auth: a, Action: vault.Action{Dialect: d, Name: "x"}}, func(*vault.Reader) (int, error) { return 0, nil })
	return err == nil
}

// TestToAnEarlierPoint goes back by number and by time: entries are as they were, and who was shut out since stays out.
func TestToAnEarlierPoint(t *testing.T) {
	h := newHistory(t)
	for name, o := range map[string]restore.Options{"seq": {ToSeq: h.at.Entries.Seq}, "time": {ToTime: h.then}, "both": {ToTime: h.now, ToSeq: h.at.Entries.Seq}} {
		p, store, blobs := h.restore(t, o)
		got := h.content(t, store)
		if n := len(h.kept.Records[1]); len(got.Records[1]) != n+1 || p.Heads() != h.at || p.Entries() != 4 {
			t.Fatalf("%s: got %d permissions records, heads %v, %d entries; want %d, %v, 4", name, len(got.Records[1]), p.Heads(), p.Entries(), n+1, h.at)
		}
		added := got.Records[1][len(got.Records[1])-1]
		got.Records[1] = got.Records[1][:len(got.Records[1])-1]
		h.wantSame(t, name, got, h.kept)
		if added.Clear.Action != "tresor restore" {
			t.Errorf("%s: got a record of %q", name, added.Clear.Action)
		}
		if report, err := journal.Verify(t.Context(), store, h.Sealer); err != nil || !report.OK() {
			t.Errorf("%s: got %+v, %v; want it to verify", name, report, err)
		}
		if _, _, err := blobs.Open(t.Context(), "files/d-later", 0, -1); !errors.Is(err, vault.NotFound) {
			t.Errorf("%s: a later file: %v", name, err)
		}
		s := h.open(t, store)
		if secret := h.reveal(t, s, 3); secret != "of the point" {
			t.Errorf("%s: got secret %q", name, secret)
		}
		h.wantShutOut(t, name, s, true)
		h.wantGoesOn(t, s, vault.ReadOnly, true)
	}
}

// wantShutOut checks who comes in: with the newest permissions, or with those of the point.
func (h *history) wantShutOut(t *testing.T, name string, s *scenario.System, newest bool) {
	t.Helper()
	token := func(text string, d vault.Dialect) bool { return enters(t, s, auth.Token(text), d) }
	for what, c := range map[string]struct{ got, want bool }{
		"the admin":              {token(h.Founding.APIKey, vault.TeamPass), true},
		"bob, disabled":          {token(h.bob.APIKey, vault.TeamPass), !newest},
		"eve, removed":           {token(h.eve.APIKey, vault.TeamPass), !newest},
		"eve, by password":       {login(t, s, "eve", h.eve.Password), !newest},
		"anna's old key":         {token(h.staleToken, vault.TeamPass), !newest},
		"anna's new key":         {token(h.freshToken, vault.TeamPass), newest},
		"anna's revoked token":   {token(h.revokedToken, vault.SysPass), !newest},
		"anna, by old password":  {login(t, s, "anna", h.anna.Password), !newest},
		"anna, by new password":  {login(t, s, "anna", "changed"), newest},
		"zoe, as she was before": {login(t, s, "zoe", "password of zoe"), true},
		"a user of later":        {login(t, s, "late", "password of late"), false},
	} {
		if c.got != c.want {
			t.Errorf("%s: %s comes in: got %t, want %t", name, what, c.got, c.want)
		}
	}
}

func TestWithOldCredentials(t *testing.T) {
	h := newHistory(t)
	_, store, _ := h.restore(t, restore.Options{ToSeq: h.at.Entries.Seq, OldCredentials: true})
	s := h.open(t, store)
	h.wantShutOut(t, "old credentials", s, false)
	all := h.content(t, store).Records[1]
	h.wantGoesOn(t, s, vault.Admin, true)
	r, _, err := journal.OpenRecord(h.Sealer, &all[len(all)-1])
	if err != nil || len(r.Ops) != 1 || !strings.Contains(r.Ops[0].Reason, "at the operator's word") || r.Ops[0].Changes[0].Setting.Key != restore.Setting {
		t.Errorf("got %+v, %v; want it on record", r, err)
	}
}

// TestEveryPoint goes back to every record of the entries journal: each state verifies and opens, and dies and resumes as a whole one does.
func TestEveryPoint(t *testing.T) {
	h := newHistory(t)
	last := heads(h.System).Entries.Seq
	for n := vault.Seq(1); n <= last; n++ {
		p := h.plan(t, h.path, restore.Options{ToSeq: n})
		memory, blobs := vaulttest.NewMemory(), blobtest.Folder(t)
		d := &dying{Store: memory, left: int(n) % 5}
		if err := p.Run(t.Context(), restore.Target{Store: d, Blobs: blobs}); !errors.Is(err, errDied) {
			t.Fatalf("point %d: got %v", n, err)
		}
		if err := p.Run(t.Context(), restore.Target{Store: memory, Blobs: blobs}); err != nil {
			t.Fatalf("point %d: %v", n, err)
		}
		report, err := journal.Verify(t.Context(), memory, h.Sealer)
		if err != nil || !report.OK() || report.Entries != p.Heads().Entries.Seq || report.Entries > n {
			t.Errorf("point %d: got %+v, %v", n, report, err)
		}
		if err := h.open(t, memory).Log.CatchUp(t.Context()); err != nil {
			t.Errorf("point %d: %v", n, err)
		}
	}
}

// TestAClosedPair: an entries record that names a permissions record after the time goes too, with all behind it.
func TestAClosedPair(t *testing.T) {
	w := newWorld(t, rich(t).key)
	w.Do(t, func(tx *vault.Tx) error { _, err := tx.CreateProject(vault.Project{Name: "one"}); return err })
	want, then := heads(w.System), w.now
	w.now = then.Add(time.Minute) // a clock that is ahead
	w.AddUser(t, "bob", vault.NormalUser)
	w.now = then.Add(-time.Minute) // one that is behind
	w.Do(t, func(tx *vault.Tx) error { _, err := tx.CreateProject(vault.Project{Name: "two"}); return err })
	p := w.plan(t, w.backup(t), restore.Options{ToTime: then})
	if p.Heads() != want {
		t.Errorf("got %v, want %v", p.Heads(), want)
	}
}

func TestPointsThatAreNot(t *testing.T) {
	w := rich(t)
	path, all := w.backup(t), heads(w.System)
	for name, o := range map[string]restore.Options{"beyond the end": {ToSeq: all.Entries.Seq + 1}, "before the founding": {ToTime: w.now.Add(-48 * time.Hour)}} {
		if _, err := w.prepare(t, path, o); !errors.Is(err, vault.Invalid) {
			t.Errorf("%s: got %v, want Invalid", name, err)
		}
	}
	for name, o := range map[string]restore.Options{"the last record": {ToSeq: all.Entries.Seq}, "now": {ToTime: w.now}, "later": {ToTime: w.now.Add(time.Hour)}} {
		p := w.plan(t, path, o)
		store := vaulttest.NewMemory()
		if err := p.Run(t.Context(), restore.Target{Store: store, Blobs: blobtest.Folder(t)}); err != nil || p.Heads() != all {
			t.Errorf("%s: got %v, %v; want everything", name, p.Heads(), err)
		}
		if got := w.content(t, store); !slices.EqualFunc(got.Records[1], w.content(t, w.Store).Records[1], func(a, b vault.StoredRecord) bool { return string(a.Sealed) == string(b.Sealed) }) {
			t.Errorf("%s: the permissions journal differs", name)
		}
	}
}
