package vault_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"tresor/shared/vault"
)

// attach adds a file and returns its id.
func (o *office) attach(t *testing.T, who string, f vault.File) (id vault.FileID, kind vault.Kind) {
	t.Helper()
	f.Object = "object"
	kind = o.try(t, who, "", func(tx *vault.Tx) (err error) { id, err = tx.AddFile(f); return err })
	return id, kind
}

// names returns the names of an entry's files, as a user sees them.
func (o *office) fileNames(t *testing.T, who string, id vault.EntryID) (names []string) {
	t.Helper()
	_, kind := see(t, o, o.request(who, ""), func(r *vault.Reader) (int, error) {
		files, err := r.Files(id)
		names = nil
		for _, f := range files {
			names = append(names, f.Name)
		}
		return 0, err
	})
	if kind != ok {
		t.Fatal(kind)
	}
	return names
}

func TestWhoMayAttachFiles(t *testing.T) {
	o := newOffice(t)
	for who, want := range map[string][2]vault.Kind{ // to the entry, and to its project
		"none": {vault.NotFound, vault.NotFound}, "traverse": {vault.NotFound, vault.Forbidden}, "read": {vault.Forbidden, vault.Forbidden}, "create": {vault.Forbidden, vault.Forbidden},
		"edit": {ok, vault.Forbidden}, "manage": {ok, vault.Forbidden}, "full": {ok, ok}, "admin": {ok, ok}, "reader": {vault.Forbidden, vault.Forbidden},
	} {
		for i, f := range []vault.File{{Entry: o.entry, Name: "a"}, {Project: room, Name: "a"}} {
			id, got := o.attach(t, who, f)
			if got != want[i] {
				t.Errorf("%s attaches to %+v: got %v, want %v", who, f, got, want[i])
			}
			if got != ok {
				continue
			}
			if got := o.try(t, "read", "", func(tx *vault.Tx) error { return tx.TrashFile(id) }); got != vault.Forbidden {
				t.Errorf("a reader removes it: got %v", got)
			}
			if got := o.try(t, who, "", func(tx *vault.Tx) error { return tx.SetFileNotes(id, "n") }); got != ok {
				t.Errorf("%s writes notes: got %v", who, got)
			}
			if got := o.try(t, who, "", func(tx *vault.Tx) error { return tx.TrashFile(id) }); got != ok {
				t.Errorf("%s removes it: got %v", who, got)
			}
			if got := o.try(t, who, "", func(tx *vault.Tx) error { return tx.TrashFile(id) }); got != vault.NotFound {
				t.Errorf("%s removes it again: got %v", who, got)
			}
		}
	}
	if _, got := o.attach(t, "admin", vault.File{Project: closed, Name: "a"}); got != vault.Forbidden {
		t.Errorf("to an archived project: got %v", got)
	}
	if _, got := o.attach(t, "admin", vault.File{Entry: o.inClosed(t), Name: "a"}); got != vault.Forbidden {
		t.Errorf("to an archived entry: got %v", got)
	}
	if _, got := o.attach(t, "admin", vault.File{Entry: o.entry, Name: " "}); got != vault.Invalid {
		t.Errorf("without a name: got %v", got)
	}
	if _, got := o.attach(t, "admin", vault.File{Name: "a"}); got != vault.NotFound {
		t.Errorf("to nothing: got %v", got)
	}
}

func TestFilesAreListedByName(t *testing.T) {
	o := newOffice(t)
	for _, name := range []string{"b.txt", "Ä.txt", "a.txt", "B.txt"} {
		if _, got := o.attach(t, "admin", vault.File{Entry: o.entry, Name: name}); got != ok {
			t.Fatal(got)
		}
	}
	if got := strings.Join(o.fileNames(t, "read", o.entry), " "); got != "a.txt Ä.txt b.txt B.txt" && got != "Ä.txt a.txt b.txt B.txt" {
		t.Errorf("got %s", got)
	}
}

func TestAnEntryHasSoManyFiles(t *testing.T) {
	o := newOffice(t)
	o.Do(t, func(tx *vault.Tx) error {
		for i := range vault.MaxFiles {
			if _, err := tx.AddFile(vault.File{Entry: o.entry, Name: fmt.Sprint(i), Object: "o"}); err != nil {
				return err
			}
		}
		return nil
	})
	if _, got := o.attach(t, "admin", vault.File{Entry: o.entry, Name: "one more"}); got != vault.Invalid {
		t.Errorf("got %v", got)
	}
}

func TestCopiesHaveTheFiles(t *testing.T) {
	o := newOffice(t)
	for _, name := range []string{"a", "b"} {
		if _, got := o.attach(t, "admin", vault.File{Entry: o.entry, Name: name, Notes: "notes of " + name, Size: 7}); got != ok {
			t.Fatal(got)
		}
	}
	copied := o.must(t, "full", "", func(tx *vault.Tx) (vault.EntryID, error) { return tx.CopyEntry(o.entry, elsewhre) })
	twin := o.must(t, "full", "", func(tx *vault.Tx) (vault.EntryID, error) { return tx.DuplicateEntry(o.entry, "twin") })
	for _, id := range []vault.EntryID{copied, twin} {
		if got := o.fileNames(t, "full", id); !slices.Equal(got, []string{"a", "b"}) {
			t.Errorf("entry %d: got %v", id, got)
		}
		_, kind := see(t, o, o.request("full", ""), func(r *vault.Reader) (int, error) {
			files, err := r.Files(id)
			for _, f := range files {
				if f.Entry != id || f.Object != "object" || f.Size != 7 || f.Notes != "notes of "+f.Name || f.UploadedBy != o.users["full"].AdminID {
					t.Errorf("got %+v", f)
				}
			}
			return 0, err
		})
		if kind != ok {
			t.Fatal(kind)
		}
	}
	if got := o.try(t, "full", "", func(tx *vault.Tx) error {
		files, err := tx.Files(copied)
		if err != nil {
			return err
		}
		return tx.TrashFile(files[0].ID)
	}); got != ok {
		t.Fatal(got)
	}
	if got := o.fileNames(t, "full", o.entry); len(got) != 2 {
		t.Errorf("the first one lost a file with its copy: %v", got)
	}
}

func TestFilesOfALockedEntryNeedAReason(t *testing.T) {
	o := newOffice(t)
	id, got := o.attach(t, "admin", vault.File{Entry: o.entry, Name: "a"})
	if got != ok {
		t.Fatal(got)
	}
	o.Do(t, func(tx *vault.Tx) error { return tx.SetLock(o.entry, vault.LockReason) })
	take := func(reason string) vault.Kind {
		_, kind := see(t, o, o.request("read", reason), func(r *vault.Reader) (vault.Attachment, error) { return r.TakeFile(id) })
		return kind
	}
	if got := take(""); got != vault.Locked {
		t.Errorf("without a reason: got %v", got)
	}
	if got := take("audit"); got != ok {
		t.Errorf("with one: got %v", got)
	}
	last := o.recordOf(t, id)
	if last.Reason != "audit" || !slices.Equal(last.Files, []vault.FileID{id}) || !slices.Equal(last.Used, []vault.EntryID{o.entry}) {
		t.Errorf("got record %+v", last)
	}
}

// recordOf returns the only access record that names a file alone.
func (o *office) recordOf(t *testing.T, id vault.FileID) vault.AccessRecord {
	t.Helper()
	list := slices.DeleteFunc(o.records(t), func(a vault.AccessRecord) bool { return !slices.Equal(a.Files, []vault.FileID{id}) })
	if len(list) != 1 {
		t.Fatalf("%d records name file %d", len(list), id)
	}
	return list[0]
}

func TestATakenFileIsOnRecord(t *testing.T) {
	o := newOffice(t)
	of := map[vault.FileID][]vault.EntryID{}
	for _, f := range []vault.File{{Entry: o.entry, Name: "a"}, {Project: room, Name: "b"}} {
		id, got := o.attach(t, "admin", f)
		if got != ok {
			t.Fatal(got)
		}
		if f.Entry != 0 {
			of[id] = []vault.EntryID{f.Entry}
		} else {
			of[id] = nil
		}
	}
	for id, entries := range of {
		if _, kind := see(t, o, o.request("read", ""), func(r *vault.Reader) (vault.Attachment, error) { return r.TakeFile(id) }); kind != ok {
			t.Fatal(kind)
		}
		if record := o.recordOf(t, id); !slices.Equal(record.Used, entries) {
			t.Errorf("got record %+v", record)
		}
		before := len(o.records(t))
		if _, kind := see(t, o, o.request("traverse", ""), func(r *vault.Reader) (vault.Attachment, error) { return r.TakeFile(id) }); kind != vault.NotFound {
			t.Errorf("who may not read: got %v", kind)
		}
		if got := len(o.records(t)); got != before {
			t.Errorf("a refusal left %d records", got-before)
		}
	}
}
