package syspassxml

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"tresor/shared/vault"
)

// text draws what XML can hold, odd things often.
func text() *rapid.Generator[string] {
	odd := rapid.SampledFrom([]rune("\r\n\t \"'&<>]é\u0085\u2028\u007f\ufffd\U0001F600\U0010FFFF\ue000"))
	return rapid.OneOf(rapid.StringOf(odd), rapid.StringOf(rapid.OneOf(odd, rapid.Rune())), rapid.Just("]]>"), rapid.Just("&amp;"), rapid.Just("<![CDATA[x]]>")).
		Filter(Encodable)
}

func ids() *rapid.Generator[[]uint64] {
	return rapid.SliceOfNDistinct(rapid.Uint64(), 1, 4, rapid.ID[uint64])
}

// document draws a document that Write takes, in the order of a file.
func document() *rapid.Generator[*Document] {
	return rapid.Custom(func(t *rapid.T) *Document {
		d := &Document{
			Version: text().Draw(t, "version"), Time: time.Unix(rapid.Int64Range(-1, 1<<33).Draw(t, "time"), 0).UTC(),
			User: User{rapid.Uint64().Draw(t, "user"), text().Draw(t, "login")}, Group: Group{rapid.Uint64().Draw(t, "group"), text().Draw(t, "group name")},
		}
		clients, categories, tags := ids().Draw(t, "clients"), ids().Draw(t, "categories"), ids().Draw(t, "tags")
		for _, n := range clients {
			d.Clients = append(d.Clients, Item{n, text().Draw(t, "name"), text().Draw(t, "description")})
		}
		for _, n := range categories {
			d.Categories = append(d.Categories, Item{n, text().Draw(t, "name"), text().Draw(t, "description")})
		}
		for _, n := range tags {
			d.Tags = append(d.Tags, Tag{n, text().Draw(t, "name")})
		}
		for _, n := range ids().Draw(t, "accounts") {
			a := Account{ID: n, ClientID: rapid.SampledFrom(clients).Draw(t, "client"), CategoryID: rapid.SampledFrom(categories).Draw(t, "category")}
			for _, field := range []*string{&a.Name, &a.Login, &a.URL, &a.Notes, &a.Pass, &a.Key} {
				*field = text().Draw(t, "text")
			}
			a.Tags = rapid.SliceOfDistinct(rapid.SampledFrom(tags), rapid.ID[uint64]).Draw(t, "account's tags")
			d.Accounts = append(d.Accounts, a)
		}
		return sorted(d)
	})
}

func roundTrip(t testing.TB, d *Document, w Options, r ReadOptions) {
	t.Helper()
	var file bytes.Buffer
	if err := Write(&file, d, w); err != nil {
		t.Fatal(err)
	}
	got, warnings, err := Read(&file, r)
	if err != nil || len(warnings) > 0 {
		t.Fatalf("got warnings %v, error %v", warnings, err)
	}
	if diff := cmp.Diff(d, got, cmpopts.EquateEmpty()); diff != "" {
		t.Fatal(diff)
	}
}

func TestRoundTripPlain(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		d := document().Draw(rt, "document")
		roundTrip(fatal{t, rt}, d, Options{SignKey: "s"}, ReadOptions{SignKey: "s"})
	})
}

// fatal is the test as a helper wants it, with failures going to rapid, which shrinks the document.
type fatal struct {
	testing.TB
	t *rapid.T
}

func (f fatal) Helper() {}

func (f fatal) Fatal(args ...any) { f.t.Fatal(args...) }

func (f fatal) Fatalf(format string, args ...any) { f.t.Fatalf(format, args...) }

// Encryption costs eight PBKDF2 a turn, so only a few documents; what differs from the plain way does not depend on them.
func TestRoundTripEncrypted(t *testing.T) {
	for seed := range 3 {
		o := vault.NewSecret([]string{"p", "\U0001F511 pass", strings.Repeat("é", 80)}[seed])
		roundTrip(t, document().Example(seed+1), Options{Password: o}, ReadOptions{Password: o})
	}
}

func TestRoundTripEmpty(t *testing.T) {
	roundTrip(t, &Document{}, Options{SignKey: "s"}, ReadOptions{SignKey: "s"})
}

func TestWriteSortsACopy(t *testing.T) {
	d := &Document{
		Clients: []Item{{ID: 1, Name: "b"}, {ID: 3, Name: "a"}, {ID: 2, Name: "A"}}, Categories: []Item{{ID: 9, Name: "x"}},
		Tags:     []Tag{{5, "z"}, {6, "a"}},
		Accounts: []Account{{ID: 2, ClientID: 1, CategoryID: 9, Tags: []uint64{5, 6}}, {ID: 1, ClientID: 1, CategoryID: 9}},
	}
	var file bytes.Buffer
	if err := Write(&file, d, Options{}); err != nil {
		t.Fatal(err)
	}
	got, _, err := Read(&file, ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	want := &Document{
		Time:    d.Time,
		Clients: []Item{{ID: 2, Name: "A"}, {ID: 3, Name: "a"}, {ID: 1, Name: "b"}}, Categories: []Item{{ID: 9, Name: "x"}},
		Tags:     []Tag{{6, "a"}, {5, "z"}},
		Accounts: []Account{{ID: 1, ClientID: 1, CategoryID: 9}, {ID: 2, ClientID: 1, CategoryID: 9, Tags: []uint64{6, 5}}},
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
	if d.Clients[0].Name != "b" || d.Tags[0].Name != "z" || d.Accounts[0].ID != 2 || d.Accounts[0].Tags[0] != 5 {
		t.Errorf("Write changed the document: %v", d)
	}
}

func TestEncodable(t *testing.T) {
	for s, want := range map[string]bool{
		"": true, "a\t\n\r": true, "\u0085\u007f": true, "\ufffd": true, "\U0001F600": true, "\ud7ff\ue000": true, "\U0010FFFF": true, "\U0001FFFE": true,
		"a\x00": false, "\x01": false, "\x0b": false, "\x1f": false, "\ufffe": false, "x\uffff": false, "\xff": false, "a\xc3": false,
		"\xed\xa0\x80": false, "\xf4\x90\x80\x80": false,
	} {
		if got := Encodable(s); got != want {
			t.Errorf("%q: got %v, want %v", s, got, want)
		}
	}
}

// What XML cannot hold is named, and nothing is written.
func TestWriteRefuses(t *testing.T) {
	good := Account{ID: 17, ClientID: 1, CategoryID: 2, Tags: []uint64{3}}
	with := func(change func(*Account)) []Account {
		a := good
		change(&a)
		return []Account{a}
	}
	for want, d := range map[string]Document{
		"account 17: the notes has":                     {Accounts: with(func(a *Account) { a.Notes = "a\x00" })},
		"account 17: the name has":                      {Accounts: with(func(a *Account) { a.Name = "\xff" })},
		"account 17: the login has":                     {Accounts: with(func(a *Account) { a.Login = "\ufffe" })},
		"account 17: the url has":                       {Accounts: with(func(a *Account) { a.URL = "\x1b" })},
		"account 17: the pass has":                      {Accounts: with(func(a *Account) { a.Pass = "\x1b" })},
		"account 17: the key has":                       {Accounts: with(func(a *Account) { a.Key = "\x1b" })},
		"account 17: client 5 is not in the document":   {Accounts: with(func(a *Account) { a.ClientID = 5 })},
		"account 17: category 0 is not in the document": {Accounts: with(func(a *Account) { a.CategoryID = 0 })},
		"account 17: tag 9 is not in the document":      {Accounts: with(func(a *Account) { a.Tags = []uint64{3, 9} })},
		"account 17 is there twice":                     {Accounts: []Account{good, good}},
		"client 1 is there twice":                       {Clients: []Item{{ID: 1}}},
		"category 8: the name has":                      {Categories: []Item{{ID: 8, Name: "\x00"}}},
		"client 8: the description has":                 {Clients: []Item{{ID: 8, Description: "\x00"}}},
		"tag 8: the name has":                           {Tags: []Tag{{8, "\x00"}}},
		"tag 3 is there twice":                          {Tags: []Tag{{3, ""}}},
		"the file: the version has":                     {Version: "\x00"},
		"the file: the user login has":                  {User: User{Login: "\x00"}},
		"the file: the group name has":                  {Group: Group{Name: "\x00"}},
	} {
		d.Clients, d.Categories, d.Tags = append(d.Clients, Item{ID: 1}), append(d.Categories, Item{ID: 2}), append(d.Tags, Tag{ID: 3})
		var file bytes.Buffer
		err := Write(&file, &d, Options{})
		wantError(t, want, err, vault.Invalid, want)
		if file.Len() > 0 {
			t.Errorf("%s: %d bytes were written", want, file.Len())
		}
	}
}

func TestWriteNamesAtMostTwenty(t *testing.T) {
	d := &Document{Clients: []Item{{ID: 1}}, Categories: []Item{{ID: 2}}}
	for n := range uint64(25) {
		d.Accounts = append(d.Accounts, Account{ID: n, ClientID: 1, CategoryID: 2, Name: "\x00"})
	}
	err := Write(&bytes.Buffer{}, d, Options{})
	wantError(t, "many", err, vault.Invalid, "account 19: the name has characters that XML cannot hold; and 5 more")
	wantError(t, "many", Write(&bytes.Buffer{}, &Document{Tags: make([]Tag, 21)}, Options{}), vault.Invalid, "tag 0 is there twice")
	wantError(t, "NUL", Write(&bytes.Buffer{}, &Document{}, Options{Password: vault.NewSecret("a\x00")}), vault.Invalid, "NUL")
}

var errBroken = errors.New("broken pipe")

// fullAfter takes n bytes.
type fullAfter struct{ n int }

func (w *fullAfter) Write(p []byte) (int, error) {
	if w.n -= len(p); w.n < 0 {
		return 0, errBroken
	}
	return len(p), nil
}

func TestWriteReportsTheWritersError(t *testing.T) {
	for _, o := range []Options{{}, {Password: vault.NewSecret("p")}} {
		if err := Write(&fullAfter{10}, &Document{}, o); !errors.Is(err, errBroken) {
			t.Errorf("got %v, want %v", err, errBroken)
		}
	}
}
