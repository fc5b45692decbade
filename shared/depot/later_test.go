package depot_test

import (
	"bytes"
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"

	"tresor/shared/auth"
	"tresor/shared/blob"
	"tresor/shared/depot"
	"tresor/shared/syspassxml"
	"tresor/shared/vault"
)

// line is an Invoker that keeps what it is given, or refuses it.
type line struct {
	jobs []vault.JobID
	err  error
}

func (l *line) Invoke(_ context.Context, id vault.JobID) error {
	l.jobs = append(l.jobs, id)
	return l.err
}

func (w *world) later(l depot.Invoker, blobs blob.Store, threshold int) *depot.Depot {
	return depot.New(depot.Parts{Vault: w.Vault, Log: w.Log, Store: w.Store, Sealer: w.Sealer, Blobs: blobs, Now: w.Clock.Now, Later: l, Threshold: threshold})
}

// asking is a call of config/export.
func asking(token string) vault.Request {
	return vault.Request{Auth: auth.Token(token), Action: vault.Action{Dialect: vault.SysPass, Name: "config/export", Reveals: true}, Source: netip.MustParseAddr("203.0.113.9")}
}

func (w *world) job(t *testing.T, id vault.JobID) *vault.Job {
	t.Helper()
	req := vault.Request{Auth: vault.Operator{}, Action: vault.Action{Dialect: vault.Command, Name: "test"}}
	j, err := vault.View(t.Context(), w.Vault, req, func(r *vault.Reader) (*vault.Job, error) { return r.Job(id) })
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// accesses are the records of secrets that left, in this hour.
func (w *world) accesses(t *testing.T) []*vault.AccessRecord {
	t.Helper()
	list, err := w.Log.Accesses(t.Context(), vault.HourOf(w.Clock.Now()), "")
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestWhatIsMadeLater(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]struct {
		d      *depot.Depot
		shared int
		want   bool
	}{
		"few":                         {w.later(&line{}, w.blobs, 2), 2, false},
		"many":                        {w.later(&line{}, w.blobs, 2), 3, true},
		"as many as the default":      {w.later(&line{}, w.blobs, 0), depot.DefaultThreshold, false},
		"more":                        {w.later(&line{}, w.blobs, 0), depot.DefaultThreshold + 1, true},
		"nobody to make it":           {w.on(w.blobs), 1 << 20, false},
		"nowhere to put it":           {w.later(&line{}, nil, 2), 3, false},
		"a store that tells no place": {w.later(&line{}, talkative{}, 2), 3, false},
	} {
		if got := c.d.Later(c.shared); got != c.want {
			t.Errorf("%s: got %v", name, got)
		}
		if _, err := c.d.ExportLater(t.Context(), asking(w.Founding.SysPass.AuthToken), "..", ""); !errors.Is(err, vault.Invalid) {
			t.Errorf("%s, below ..: got %v", name, err)
		}
	}
	if w.files(t) != 0 {
		t.Error("something was written")
	}
}

// TestALaterExport is where it was said to be, under the password that was given, of what there is when it is made, and made once.
func TestALaterExport(t *testing.T) {
	w := newWorld(t)
	l := &line{}
	d := w.later(l, w.blobs, 1)
	location, err := d.ExportLater(t.Context(), asking(w.Founding.SysPass.AuthToken), "nightly/a", "of the file")
	if err != nil || len(l.jobs) != 1 || w.files(t) != 0 || len(w.accesses(t)) != 0 || !strings.Contains(location, "/exports/nightly/a/sysPass_export-") {
		t.Fatalf("at %s, jobs %v, %v", location, l.jobs, err)
	}
	j := w.job(t, l.jobs[0])
	if bytes.Contains(j.Sealed, []byte("nightly")) || bytes.Contains(j.Sealed, []byte("of the file")) || j.Done != 0 {
		t.Errorf("the job: %+v", j)
	}
	w.Do(t, func(tx *vault.Tx) error {
		_, err := tx.CreateEntry(vault.Entry{Name: "since then", Project: 1}, vault.Payload{Password: vault.NewSecret("new")})
		return err
	})
	for range 3 { // an event comes more than once
		if err := d.Run(t.Context(), j.ID); err != nil {
			t.Fatal(err)
		}
	}
	doc, warnings, err := syspassxml.Read(bytes.NewReader(w.read(t, location)), syspassxml.ReadOptions{Password: vault.NewSecret("of the file")})
	if err != nil || len(warnings) != 0 || len(doc.Accounts) != 3 || doc.User.Login != "admin" {
		t.Errorf("read: %v, %v", warnings, err)
	}
	if j := w.job(t, j.ID); j.Done == 0 || j.Location != location || j.Failed != "" || j.Sealed != nil {
		t.Errorf("the job: %+v", j)
	}
	list := w.accesses(t)
	if len(list) != 1 || len(list[0].Secrets) != 2 || list[0].User != w.Founding.AdminID || list[0].Credential != j.Credential || list[0].Action != "syspass config/export" || list[0].Source != "203.0.113.9" {
		t.Errorf("on record: %+v", list)
	}
	if n := w.files(t); n != 1 {
		t.Errorf("%d files", n)
	}
}

// TestARepeatedEventFindsTheExport that was written by a run that did not live to say so.
func TestARepeatedEventFindsTheExport(t *testing.T) {
	w := newWorld(t)
	l := &line{}
	d := w.later(l, w.blobs, 1)
	location, err := d.ExportLater(t.Context(), asking(w.Founding.SysPass.AuthToken), "", "")
	if err != nil {
		t.Fatal(err)
	}
	key := strings.TrimPrefix(location, "file://"+w.dir+"/")
	if _, err := w.blobs.Put(t.Context(), key, strings.NewReader("the first one")); err != nil {
		t.Fatal(err)
	}
	if err := d.Run(t.Context(), l.jobs[0]); err != nil {
		t.Fatal(err)
	}
	if j := w.job(t, l.jobs[0]); j.Location != location || j.Done == 0 || string(w.read(t, location)) != "the first one" {
		t.Errorf("the job: %+v", j)
	}
}

// TestARunThatFailsMayBeRepeated: the job stays open, and its errors do not tell its path.
func TestARunThatFailsMayBeRepeated(t *testing.T) {
	w := newWorld(t)
	l := &line{}
	d := w.later(l, w.blobs, 1)
	location, err := d.ExportLater(t.Context(), asking(w.Founding.SysPass.AuthToken), "where the canary sings", "")
	if err != nil {
		t.Fatal(err)
	}
	err = w.later(l, talkative{}, 1).Run(t.Context(), l.jobs[0])
	if !errors.Is(err, vault.Busy) || strings.Contains(err.Error(), "canary") || w.job(t, l.jobs[0]).Done != 0 {
		t.Errorf("got %v", err)
	}
	if err := d.Run(t.Context(), l.jobs[0]); err != nil || w.job(t, l.jobs[0]).Location != location {
		t.Errorf("again: %v", err)
	}
}

// TestWhoMayNotAnyMoreGetsNothing: whoever asked is looked at anew, and a refusal is no reason to try again.
func TestWhoMayNotAnyMoreGetsNothing(t *testing.T) {
	for name, change := range map[string]func(*vault.Tx, *vault.Job) error{
		"disabled": func(tx *vault.Tx, j *vault.Job) error {
			return tx.EditUser(j.User, func(u *vault.User) { u.Disabled = true })
		},
		"no Admin": func(tx *vault.Tx, j *vault.Job) error {
			return tx.EditUser(j.User, func(u *vault.User) { u.Role = vault.IT })
		},
		"removed":   func(tx *vault.Tx, j *vault.Job) error { return tx.RemoveUser(j.User) },
		"no token":  func(tx *vault.Tx, j *vault.Job) error { return tx.RevokeCredential(j.Credential) },
		"as before": func(*vault.Tx, *vault.Job) error { return nil }, // the control: it is made
	} {
		w := newWorld(t)
		second := w.AddUser(t, "second", vault.Admin)
		l := &line{}
		d := w.later(l, w.blobs, 1)
		if _, err := d.ExportLater(t.Context(), asking(second.SysPass.AuthToken), "", ""); err != nil {
			t.Fatal(err)
		}
		j := w.job(t, l.jobs[0])
		w.Do(t, func(tx *vault.Tx) error { return change(tx, j) })
		if err := d.Run(t.Context(), j.ID); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		made := 0
		if name == "as before" {
			made = 1
		}
		j = w.job(t, j.ID)
		if w.files(t) != made || len(w.accesses(t)) != made || j.Done == 0 || strings.HasPrefix(j.Failed, "refused: ") == (made == 1) || (j.Location != "") != (made == 1) || j.Sealed != nil {
			t.Errorf("%s: %d files, %d records, %+v", name, w.files(t), len(w.accesses(t)), j)
		}
	}
}

// TestWhatIsNoJob: no event has anything written that nobody asked for.
func TestWhatIsNoJob(t *testing.T) {
	w := newWorld(t)
	d := w.later(&line{}, w.blobs, 1)
	for _, id := range []vault.JobID{0, 1, 1 << 63} {
		if err := d.Run(t.Context(), id); !errors.Is(err, vault.NotFound) {
			t.Errorf("job %d: got %v", id, err)
		}
	}
	id, err := vault.Update(t.Context(), w.Vault, asking(w.Founding.SysPass.AuthToken), func(tx *vault.Tx) (vault.JobID, error) {
		return tx.CreateJob(func(id vault.JobID) ([]byte, error) {
			return w.Sealer.Seal(vault.PurposeExports, []byte(`{"key":"exports/x"}`), vault.JobBinding(id+1)) // another job's
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Run(t.Context(), id); !errors.Is(err, vault.Corrupt) || w.files(t) != 0 || len(w.accesses(t)) != 0 {
		t.Errorf("another job's parameters: got %v, %d files", err, w.files(t))
	}
}

// TestAJobThatCannotBeStartedIsOver: the caller is told, and an event that came through all the same does nothing.
func TestAJobThatCannotBeStartedIsOver(t *testing.T) {
	w := newWorld(t)
	l := &line{err: &vault.Error{Kind: vault.Busy, Err: errors.New("lost")}}
	d := w.later(l, w.blobs, 1)
	if location, err := d.ExportLater(t.Context(), asking(w.Founding.SysPass.AuthToken), "", ""); !errors.Is(err, vault.Busy) || location != "" {
		t.Errorf("got %q, %v", location, err)
	}
	if j := w.job(t, l.jobs[0]); j.Done == 0 || j.Failed == "" || j.Location != "" || j.Sealed != nil {
		t.Errorf("the job: %+v", j)
	}
	if err := d.Run(t.Context(), l.jobs[0]); err != nil || w.files(t) != 0 || len(w.accesses(t)) != 0 {
		t.Errorf("the event: %v, %d files", err, w.files(t))
	}
	normal := w.AddUser(t, "normal", vault.NormalUser)
	if _, err := d.ExportLater(t.Context(), asking(normal.SysPass.AuthToken), "", ""); !errors.Is(err, vault.Forbidden) || len(l.jobs) != 1 {
		t.Errorf("a normal user: got %v, jobs %v", err, l.jobs)
	}
}
