package importer_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tresor/shared/importer"
	"tresor/shared/syspassxml"
	"tresor/shared/vault"
)

// odd returns a text of characters that formats stumble over.
func odd(rng *rand.Rand, most int) string {
	const some = "ab Z09 <>&\"'%/\\;:,.\t\n\r]]>\u00a0äöß™日本語🔑\u200b\u0085\u2028\ufeff\u0301"
	runes := []rune(some)
	var b strings.Builder
	for range rng.IntN(most + 1) {
		b.WriteRune(runes[rng.IntN(len(runes))])
	}
	return b.String()
}

// TestRoundTrip: what one vault exports another takes, and has the same then. Both variants.
func TestRoundTrip(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	origin := newWorld(t)
	origin.Do(t, func(tx *vault.Tx) error {
		var errs []error
		for i := range 60 {
			client, err1 := tx.CreateProject(vault.Project{Name: fmt.Sprint(i, odd(rng, 20)), Notes: odd(rng, 40)})
			category, err2 := tx.CreateCategory(vault.Category{Name: fmt.Sprint(i, odd(rng, 20)), Description: odd(rng, 40)})
			tags, err3 := tx.EnsureTags([]string{fmt.Sprint(i, odd(rng, 9), "."), "all of them", fmt.Sprint("some ", i%3)}[:rng.IntN(4)])
			secret := vault.NewSecret(odd(rng, 30) + "\x00\xff"[:rng.IntN(3)])
			_, err4 := tx.CreateEntry(vault.Entry{Project: client, Category: category, Name: odd(rng, 30), Username: odd(rng, 10), URL: odd(rng, 30), Notes: odd(rng, 200), Tags: tags},
				vault.Payload{Password: secret})
			errs = append(errs, err1, err2, err3, err4)
		}
		return errors.Join(errs...)
	})
	want := origin.content(t)
	for _, password := range []string{"", "of the file"} {
		d, secret := origin.file(t, password)
		copied := newWorld(t)
		if r := copied.must(t, d, importer.Options{Master: secret}); r.Accounts != 60 || len(r.Skipped) != 0 || r.LostTags != 0 {
			t.Fatalf("got %+v", r)
		}
		if diff := cmp.Diff(want, copied.content(t)); diff != "" {
			t.Errorf("password %q (-want +got):\n%s", password, diff)
		}
	}
}

// TestSysPassFiles takes the files of package syspassxml's vectors, which an independent program made.
func TestSysPassFiles(t *testing.T) {
	for _, name := range []string{"plain", "encrypted", "older"} {
		f, err := os.Open("../syspassxml/testdata/" + name + ".xml")
		if err != nil {
			t.Fatal(err)
		}
		d, _, err := syspassxml.Read(f, syspassxml.ReadOptions{Password: vault.NewSecret("export pass")})
		if err := errors.Join(err, f.Close()); err != nil {
			t.Fatal(err)
		}
		w := newWorld(t)
		w.must(t, d, importer.Options{Master: vault.NewSecret("master \u00e9\U0001F511 pass")})
		x := w.export(t)
		if len(x.Entries) != len(d.Accounts) || x.Entries[0].Name != "router" || x.Entries[0].Username != "root" || x.Entries[0].Payload.Password.IsEmpty() || x.Clients[0].Name != "ACME ™" {
			t.Errorf("%s: got %d accounts", name, len(x.Entries))
		}
	}
}

func TestTheSameFileTwice(t *testing.T) {
	w, s := newWorld(t), newWriter(t)
	d := s.document(t, "one", "two", "two")
	for _, step := range []struct {
		file    *syspassxml.Document
		skip    bool
		taken   int
		skipped string
		names   string
	}{
		{d, true, 3, "", "one two two"}, // duplicates of a file are its own business (sysPass 4.7)
		{d, true, 0, "1 one: exists; 2 two: exists; 3 two: exists", "one two two"},
		{s.document(t, "two", "two", "two", "new"), true, 2, "1 two: exists; 2 two: exists", "one two two two new"},
		{d, false, 3, "", "one two two two new one two two"},
	} {
		r := w.must(t, step.file, importer.Options{SkipExisting: step.skip})
		if got := w.names(t); r.Accounts != step.taken || skipped(r) != step.skipped || got != step.names {
			t.Errorf("got %d taken, skipped %q, then %q; want %+v", r.Accounts, skipped(r), got, step)
		}
	}
	x := w.export(t)
	if len(x.Clients) != 1 || len(x.Categories) != 2 || len(x.Tags) != 1 {
		t.Errorf("%d clients, %d categories, %d tags", len(x.Clients), len(x.Categories), len(x.Tags))
	}
}

// TestWhatExists: the same name elsewhere, or of another login, is another account; a project below the client is the client's.
func TestWhatExists(t *testing.T) {
	w, s := newWorld(t), newWriter(t)
	w.Do(t, func(tx *vault.Tx) error {
		client, err1 := tx.CreateProject(vault.Project{Name: "ACME "})
		below, err2 := tx.CreateProject(vault.Project{Name: "below", Parent: client})
		other, err3 := tx.CreateProject(vault.Project{Name: "Other"})
		errs := []error{err1, err2, err3}
		for _, e := range []vault.Entry{{Name: "deep", Username: "root", Project: below}, {Name: "login", Username: "Root", Project: client}, {Name: "client", Username: "root", Project: other}} {
			_, err := tx.CreateEntry(e, vault.Payload{})
			errs = append(errs, err)
		}
		gone, err4 := tx.CreateEntry(vault.Entry{Name: "gone", Username: "root", Project: client}, vault.Payload{})
		_, err5 := tx.TrashEntries([]vault.EntryID{gone}, false)
		return errors.Join(append(errs, err4, err5)...)
	})
	r := w.must(t, s.document(t, "deep", "login", "client", "gone"), importer.Options{SkipExisting: true})
	if x := w.export(t); skipped(r) != "1 deep: exists" || r.Accounts != 3 || len(x.Clients) != 2 {
		t.Errorf("%d taken, skipped %s, %d clients", r.Accounts, skipped(r), len(x.Clients))
	}
}

// TestWhatCannotBeTaken is reported, and the rest is taken.
func TestWhatCannotBeTaken(t *testing.T) {
	w, s := newWorld(t), newWriter(t)
	d := s.document(t, "good", "mac", "client", "category", "short", "long", "archived", "nameless", "tags", "many", "login", "url", "last")
	d.Clients = append(d.Clients, syspassxml.Item{ID: 2, Name: "Archived"}, syspassxml.Item{ID: 3, Name: " "})
	w.Do(t, func(tx *vault.Tx) error {
		_, err := tx.CreateProject(vault.Project{Name: "archived", Archived: true})
		return err
	})
	at := func(i int) *syspassxml.Account { return &d.Accounts[i] }
	at(1).Pass = at(1).Pass[:len(at(1).Pass)-1] + map[bool]string{true: "1", false: "0"}[strings.HasSuffix(at(1).Pass, "0")]
	at(2).ClientID, at(3).CategoryID = 99, 0
	at(4).Key = at(4).Key[:101]
	at(5).Notes, at(10).Login, at(11).URL = strings.Repeat("x", 64<<10+1), strings.Repeat("x", 4<<10+1), strings.Repeat("é", 2<<10+1)
	at(6).ClientID, at(7).ClientID = 2, 3
	at(8).Tags = []uint64{1, 77}
	for i := range 201 {
		d.Tags = append(d.Tags, syspassxml.Tag{ID: uint64(100 + i), Name: fmt.Sprint("tag ", i)})
		at(9).Tags = append(at(9).Tags, uint64(100+i))
	}
	want := "2 mac: its password does not open: Integrity check failed.; 3 client: unknown client; 4 category: unknown category; " +
		"5 short: its password does not open: the key string is not hexadecimal; 6 long: its texts are too long; 7 archived: the project is archived; " +
		"8 nameless: its client: it has no name; 10 many: too many tags; 11 login: its texts are too long; 12 url: its texts are too long"
	for _, dry := range []bool{true, false} {
		if r := w.must(t, d, importer.Options{DryRun: dry}); r.Accounts != 3 || skipped(r) != want || r.LostTags != 1 {
			t.Errorf("dry %t: %d taken, %d lost tags, skipped\n%s, want\n%s", dry, r.Accounts, r.LostTags, skipped(r), want)
		}
	}
	if got := w.names(t); got != "good tags last" {
		t.Errorf("got %q", got)
	}
}

// TestNothingChanges: not by a dry run, not with a wrong master password, not for an owner who is unknown or may own nothing.
func TestNothingChanges(t *testing.T) {
	w, s := newWorld(t), newWriter(t)
	d := s.document(t, "one", "two")
	w.AddUser(t, "rob", vault.ReadOnly)
	before := w.content(t)
	if r := w.must(t, d, importer.Options{DryRun: true}); r.Accounts != 2 {
		t.Errorf("dry run: %+v", r)
	}
	for _, c := range []struct {
		options importer.Options
		want    vault.Kind
	}{{importer.Options{Master: vault.NewSecret("wrong")}, vault.Invalid}, {importer.Options{Owner: "eve"}, vault.BadReference}, {importer.Options{Owner: "rob"}, vault.BadReference}} {
		if _, err := w.run(t, d, c.options); !errors.Is(err, c.want) {
			t.Errorf("owner %q: got %v, want %v", c.options.Owner, err, c.want)
		}
	}
	if diff := cmp.Diff(before, w.content(t)); diff != "" {
		t.Error(diff)
	}
}

func TestTheOwner(t *testing.T) {
	w, s := newWorld(t), newWriter(t)
	anna := w.AddUser(t, "anna", vault.NormalUser)
	w.must(t, s.document(t, "one"), importer.Options{Owner: "Anna"})
	if x := w.export(t); x.Entries[0].Manager != anna.AdminID || x.Clients[0].Manager != anna.AdminID {
		t.Errorf("manager %d, of the client %d; want %d", x.Entries[0].Manager, x.Clients[0].Manager, anna.AdminID)
	}
}

// failing is a store that takes a number of commits and no more.
type failing struct {
	vault.Store
	left int
}

func (f *failing) Commit(ctx context.Context, c vault.Transaction) error {
	if f.left--; f.left < 0 {
		return vault.Internal
	}
	return f.Store.Commit(ctx, c)
}

// TestItGoesOnWhereItWasCutOff, wherever that was.
func TestItGoesOnWhereItWasCutOff(t *testing.T) {
	s := newWriter(t)
	var names []string
	for i := range 200 { // three Updates, and one for the names
		names = append(names, fmt.Sprint("account", i%150))
	}
	d := s.document(t, names...)
	for cut := range 4 {
		w := newWorld(t)
		broken := w.Another(t, &failing{w.Store, cut})
		r, err := world{broken}.run(t, d, importer.Options{SkipExisting: true})
		if err == nil || r.Accounts != 80*max(cut-1, 0) {
			t.Fatalf("cut %d: %d taken, %v", cut, r.Accounts, err)
		}
		again := w.must(t, d, importer.Options{SkipExisting: true})
		if got := w.names(t); again.Accounts != 200-r.Accounts || got != strings.Join(names, " ") {
			t.Errorf("cut %d: %d, then %d taken", cut, r.Accounts, again.Accounts)
		}
	}
}

// TestNamesAreFoundIgnoringCase: in the vault and within the file (sysPass 4.7).
func TestNamesAreFoundIgnoringCase(t *testing.T) {
	w, s := newWorld(t), newWriter(t)
	w.Do(t, func(tx *vault.Tx) error {
		_, err1 := tx.CreateCategory(vault.Category{Name: "WEB"})
		_, err2 := tx.EnsureTags([]string{"Blue"})
		return errors.Join(err1, err2)
	})
	d := s.document(t, "one", "two", "three")
	d.Clients = append(d.Clients, syspassxml.Item{ID: 2, Name: "ACME"}, syspassxml.Item{ID: 3, Name: "Unused", Description: "nobody's"})
	d.Tags = append(d.Tags, syspassxml.Tag{ID: 2, Name: "BLUE"})
	d.Accounts[1].ClientID, d.Accounts[1].Tags = 2, []uint64{1, 2}
	w.must(t, d, importer.Options{})
	x := w.export(t)
	if len(x.Clients) != 2 || x.Clients[0].Name != "Acme" || x.Clients[1].Notes != "nobody's" || len(x.Categories) != 2 || len(x.Tags) != 1 {
		t.Errorf("clients %d, categories %d, tags %d", len(x.Clients), len(x.Categories), len(x.Tags))
	}
	for _, e := range x.Entries {
		if e.Client != x.Clients[0].ID || len(e.Tags) != 1 || e.Category == vault.DefaultCategory {
			t.Errorf("got %+v", e.Entry)
		}
	}
}
