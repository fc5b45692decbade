package vault_test

import (
	"context"
	"strings"
	"testing"

	"tresor/shared/vault"
)

// shelf is contents in memory.
type shelf struct {
	vault.NoContents
	puts, removed int
	put           error
}

func (s *shelf) Put(context.Context, []byte) (string, error) {
	s.puts++
	return "object", s.put
}

func (s *shelf) Remove(_ context.Context, object string) error {
	if object == "object" {
		s.removed++
	}
	return nil
}

// attachTo calls Attach with a file of which the Update, but not the View before it, says refused.
func (o *office) attachTo(t *testing.T, who string, s *shelf, f vault.File, refused error) (vault.FileID, error) {
	t.Helper()
	req := o.request(who, "")
	req.Action.Writes = true
	return vault.Attach(t.Context(), o.Vault, req, s, []byte("content"), func(*vault.Reader) (vault.File, error) {
		if s.puts > 0 {
			return f, refused
		}
		return f, nil
	})
}

func TestAttach(t *testing.T) {
	o := newOffice(t)
	file := vault.File{Entry: o.entry, Name: "a"}
	s := &shelf{}
	id, err := o.attachTo(t, "edit", s, file, nil)
	if err != nil || s.puts != 1 || s.removed != 0 {
		t.Fatalf("got %d, %v, %+v", id, err, s)
	}
	_, kind := see(t, o, o.request("read", ""), func(r *vault.Reader) (int, error) {
		f, err := r.File(id)
		if err == nil && (f.Name != "a" || f.Size != 7 || f.Object != "object" || f.UploadedBy != o.users["edit"].AdminID) {
			t.Errorf("got %+v", f.File)
		}
		return 0, err
	})
	if kind != ok {
		t.Error(kind)
	}
}

// TestAContentGoesWithItsRecord: who may not attach stores none; a refused one goes again; and one that may be named stays, because a file without a content
// is worse than a content without a file.
func TestAContentGoesWithItsRecord(t *testing.T) {
	o := newOffice(t)
	file := vault.File{Entry: o.entry, Name: "a"}
	for who, want := range map[string]vault.Kind{"read": vault.Forbidden, "none": vault.NotFound} {
		s := &shelf{}
		if _, err := o.attachTo(t, who, s, file, nil); vault.KindOf(err) != want || s.puts != 0 {
			t.Errorf("%s: got %v, and %d contents were stored", who, err, s.puts)
		}
	}
	for kind, removed := range map[vault.Kind]int{vault.Forbidden: 1, vault.Busy: 1, vault.Invalid: 1, vault.Undecided: 0, vault.Internal: 0} {
		s := &shelf{}
		if _, err := o.attachTo(t, "edit", s, file, &vault.Error{Kind: kind}); vault.KindOf(err) != kind || s.removed != removed {
			t.Errorf("%v: got %v, removed %d, want %d", kind, err, s.removed, removed)
		}
	}
	s := &shelf{put: &vault.Error{Kind: vault.Busy}}
	if _, err := o.attachTo(t, "edit", s, file, nil); vault.KindOf(err) != vault.Busy || len(o.fileNames(t, "read", o.entry)) != 0 {
		t.Errorf("a content that was not stored: got %v", err)
	}
	if _, err := o.attachTo(t, "edit", &shelf{}, vault.File{Entry: o.entry, Name: "../a"}, nil); vault.KindOf(err) != vault.Invalid {
		t.Errorf("a path for a name: got %v", err)
	}
}

func TestFileNames(t *testing.T) {
	for name, want := range map[string]bool{
		"a": true, "..a": true, "Ä 日本 🍎": true, " a ": true, strings.Repeat("x", vault.MaxFileName): true,
		"": false, " ": false, ".": false, "..": false, " ..": false, "a/b": false, `a\b`: false, "a\x00": false, "a\n": false, "a\u0085": false, "\xff": false, strings.Repeat("x", vault.MaxFileName+1): false,
	} {
		if got := vault.IsFileName(name); got != want {
			t.Errorf("%q: got %v, want %v", name, got, want)
		}
	}
}
