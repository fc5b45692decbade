package tpm

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tresor/shared/vault"
)

func TestParseQuery(t *testing.T) {
	for text, want := range map[string]query{
		"":                            nil,
		"  \t\n ":                     nil,
		"Facebook":                    {{opAny, "facebook", false}},
		"two  words":                  {{opAny, "two", false}, {opAny, "words", false}},
		"NAME:Foo":                    {{opName, "foo", false}},
		"name:[My entry] is:active":   {{opName, "my entry", true}, {opIs, "active", false}},
		"name:[a]b] x":                {{opName, "a]b", true}, {opAny, "x", false}},
		"name:[My [db] x] is:active":  {{opName, "my [db] x", true}, {opIs, "active", false}},
		"name:[a [b] in:[c]":          {{opName, "a [b", true}, {opIn, "c", true}},
		"name:[[x]]":                  {{opName, "[x]", true}},
		"name:[open end":              {{opName, "[open", false}, {opAny, "end", false}},
		"[exact words]":               {{opAny, "exact words", true}},
		"[]":                          {{opAny, "", true}},
		"name:[] is:[]":               {{opName, "", true}},
		"name:":                       nil,
		"name: x":                     {{opAny, "x", false}},
		"foo:bar":                     {{opAny, "foo:bar", false}},
		"http://host:80/":             {{opAny, "http://host:80/", false}},
		"access:http://host:80/":      {{opAccess, "http://host:80/", false}},
		"is:nothing":                  {{opAny, "is:nothing", false}},
		"is:[Active]":                 {{opIs, "active", true}},
		"is:[not a state] x":          {{opAny, "is:[not", false}, {opAny, "a", false}, {opAny, "state]", false}, {opAny, "x", false}},
		`name:"My entry" x`:           {{opName, "my entry", false}, {opAny, "x", false}},
		`"two  words"`:                {{opAny, "two  words", false}},
		`"a"b" c`:                     {{opAny, `a"b`, false}, {opAny, "c", false}},
		`5" disk "open`:               {{opAny, `5"`, false}, {opAny, "disk", false}, {opAny, `"open`, false}},
		`"" in:""`:                    nil,
		`is:"active"`:                 {{opIs, "active", false}},
		"name:［full width］":           {{opName, "full width", true}},
		"tags:web":                    {{opTag, "web", false}},
		"username_email:a@b":          {{opUsernameEmail, "a@b", false}},
		"any:x basic:y custom:z":      {{opAny, "x", false}, {opBasic, "y", false}, {opCustom, "z", false}},
		"Zürich Straße":               {{opAny, "zurich", false}, {opAny, "strasse", false}},
		"a\x00b":                      {{opAny, "ab", false}},
		"in:[Project X] file:pdf":     {{opIn, "project x", true}, {opFile, "pdf", false}},
		"notes:x email:y username:z ": {{opNotes, "x", false}, {opEmail, "y", false}, {opUsername, "z", false}},
	} {
		if diff := cmp.Diff(want, parseQuery(text), cmp.AllowUnexported(term{})); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
}

// TestASearchOfManyWordsTakesNoLongerThanItIs: brackets that never close are looked for to the end.
func TestASearchOfManyWordsTakesNoLongerThanItIs(t *testing.T) {
	for _, text := range []string{"[ ", "[", "]", "\"", "[]", "\"\" \"", ":"} {
		if q := parseQuery("[" + strings.Repeat(text, 200_000)); len(q) > maxTerms+1 {
			t.Errorf("%q: got %d conditions", text, len(q))
		}
	}
}

// FuzzParseQuery holds every search string to conditions that can be asked of rows, and to reading back what is written of them.
func FuzzParseQuery(f *testing.F) {
	for _, s := range []string{"", "name:[a b] c", "[", "]", "[]", "[x", "is:is:active", "name:name:", ":", "::", "a:[b]c]", "\xff", "é ß \u00a0x", "any:[ ]", "in:\x00", "is:[x y", "file:[]]", "0\xf1ό", `"a b" c`, `"a"b" "c`, `[a "b" c]`, "\uFF3Bx\uFF3D \uFF02y\uFF02"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		q := parseQuery(s)
		for _, c := range q {
			if c.value == "" && !c.exact || strings.Contains(c.value, "\x00") || vault.Fold(c.value) != c.value {
				t.Fatalf("%q: got condition %+v", s, c)
			}
			if c.op == opIs && !states[c.value] {
				t.Fatalf("%q: got state %q", s, c.value)
			}
		}
		if len(q) > maxTerms {
			return // the rest is one text, spaces and all
		}
		if diff := cmp.Diff(q, parseQuery(q.String()), cmp.AllowUnexported(term{})); diff != "" {
			t.Fatalf("%q written as %q (-want +got):\n%s", s, q.String(), diff)
		}
	})
}

// TestMatchAllocatesNothing holds a compiled search to no allocation per row.
func TestMatchAllocatesNothing(t *testing.T) {
	w := newWorld(t)
	match := func(text string) {
		w.view(t, "admin", func(r *vault.Reader) error {
			holds := parseQuery(text).compile(r)
			var rows []*vault.Row
			r.Entries(vault.ByUpdated, func(row *vault.Row) bool { rows = append(rows, row); holds(row); return false }, 0, 0)
			if n := testing.AllocsPerRun(100, func() {
				for _, row := range rows {
					holds(row)
				}
			}); n != 0 {
				t.Errorf("%q: %v allocations over %d rows", text, n, len(rows))
			}
			return nil
		})
	}
	for _, text := range []string{"wordpress admin", "name:[ftp]", "custom:[2024-12-31] tag:web", "in:site is:active", "is:expired", "is:favorite", "any:[x] basic:y username_email:z"} {
		match(text)
	}
}
