package syspassxml

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"tresor/shared/vault"
)

const meta = `<Meta><Generator>sysPass</Generator></Meta>`

const minimal = `<Root>` + meta + `<Categories/><Clients/><Accounts/></Root>`

func read(file string, o ReadOptions) (*Document, []Warning, error) {
	return Read(strings.NewReader(file), o)
}

func TestReadRefuses(t *testing.T) {
	account := func(s string) string {
		return `<Root>` + meta + `<Categories/><Clients/><Accounts><Account id="1">` + s + `</Account></Accounts></Root>`
	}
	for _, c := range []struct {
		name, file string
		kind       vault.Kind
		msg        string
	}{
		{"empty", "", vault.Invalid, "not well-formed"},
		{"not XML", "id;name", vault.Invalid, "not well-formed"},
		{"another root", "<KeePassFile/>", vault.Invalid, textNotSupported},
		{"no generator", "<Root><Categories/><Clients/><Accounts/></Root>", vault.Invalid, textNotSupported},
		{"another generator", strings.Replace(minimal, "sysPass", "KeePass", 1), vault.Invalid, textNotSupported},
		{"no categories", strings.Replace(minimal, "<Categories/>", "", 1), vault.Invalid, textInvalidXML},
		{"no clients", strings.Replace(minimal, "<Clients/>", "", 1), vault.Invalid, textInvalidXML},
		{"no accounts", strings.Replace(minimal, "<Accounts/>", "", 1), vault.Invalid, textInvalidXML},
		{"accounts twice", strings.Replace(minimal, "<Accounts/>", "<Accounts/><Accounts/>", 1), vault.Invalid, "Accounts is there twice"},
		{"both names of clients", strings.Replace(minimal, "<Clients/>", "<Clients/><Customers/>", 1), vault.Invalid, "Clients is there twice"},
		{"meta twice", strings.Replace(minimal, meta, meta+meta, 1), vault.Invalid, "Meta is there twice"},
		{"DOCTYPE", "<!DOCTYPE Root>" + minimal, vault.Invalid, "document type"},
		{"bomb", `<!DOCTYPE Root [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>` + minimal, vault.Invalid, "document type"},
		{"entity", account("<name>&b;</name>"), vault.Invalid, "not well-formed"},
		{"external entity", `<?xml version="1.0"?><!DOCTYPE Root SYSTEM "file:///etc/passwd">` + minimal, vault.Invalid, "document type"},
		{"DOCTYPE inside", account("<!DOCTYPE x>"), vault.Invalid, "document type"},
		{"unclosed", strings.TrimSuffix(minimal, "</Root>"), vault.Invalid, "not well-formed"},
		{"crossed", account("<name></notes>"), vault.Invalid, "not well-formed"},
		{"crossed prefixes", account("<a:x></b:x>"), vault.Invalid, "not well-formed"},
		{"two roots", minimal + minimal, vault.Invalid, "not well-formed"},
		{"text after the root", minimal + "x", vault.Invalid, "not well-formed"},
		{"text before the root", "x" + minimal, vault.Invalid, "not well-formed"},
		{"end after the root", minimal + "</Root>", vault.Invalid, "not well-formed"},
		{"attribute twice", account(`<x a="1" a="2"/>`), vault.Invalid, "not well-formed"},
		{"NUL", account("<name>\x00</name>"), vault.Invalid, "not well-formed"},
		{"NUL escaped", account("<name>&#0;</name>"), vault.Invalid, "not well-formed"},
		{"invalid UTF-8", account("<name>\xff</name>"), vault.Invalid, "not well-formed"},
		{"another encoding", `<?xml version="1.0" encoding="ISO-8859-1"?>` + minimal, vault.Invalid, "not well-formed"},
		{"another version", `<?xml version="1.1"?>` + minimal, vault.Invalid, "not well-formed"},
		{"UTF-16", "\xff\xfe<\x00R\x00", vault.Invalid, "not well-formed"},
		{"id", strings.Replace(account(""), `id="1"`, `id="x"`, 1), vault.Invalid, "an id is not a number (line 1)"},
		{"negative id", strings.Replace(account(""), `id="1"`, `id="-1"`, 1), vault.Invalid, "an id is not a number"},
		{"huge id", strings.Replace(account(""), `id="1"`, `id="18446744073709551616"`, 1), vault.Invalid, "an id is not a number"},
		{"no id", strings.Replace(account(""), ` id="1"`, ``, 1), vault.Invalid, "no id"},
		{"client id", account("<clientId>one</clientId>"), vault.Invalid, "an id is not a number"},
		{"tag without id", account("<tags><tag/></tags>"), vault.Invalid, "no id"},
		{"element in a text", account("<name><b/></name>"), vault.Invalid, "does not belong"},
		{"element after a text", account("<name>a<b/></name>"), vault.Invalid, "does not belong"},
		{"text in a container", account("text"), vault.Invalid, "does not belong"},
		{"time", strings.Replace(minimal, "</Meta>", "<Time>now</Time></Meta>", 1), vault.Invalid, "unix seconds"},
		{"user id", strings.Replace(minimal, "</Meta>", `<User id="x"/></Meta>`, 1), vault.Invalid, "an id is not a number"},
		{"deep", account(strings.Repeat("<a>", maxDepth)), vault.TooLarge, "nested too deep"},
	} {
		d, _, err := read(c.file, ReadOptions{})
		wantError(t, c.name, err, c.kind, c.msg)
		if d != nil {
			t.Errorf("%s: got a document", c.name)
		}
	}
}

// No error quotes the file: notes hold secrets.
func TestReadErrorsQuoteNothing(t *testing.T) {
	const canary = "canary"
	for _, inside := range []string{
		"<notes>&canary;</notes>", "<notes canary></notes>", "<notes>x</canary>", "<canary:a:b/>", "<clientId>canary</clientId>", "canary",
		"<name><canary/></name>", "<![canary[", "<!canary>", "<?xml encoding='canary'?>", "<a b=canary/>", "<Account id='canary'/>",
	} {
		_, _, err := read(`<Root>`+meta+`<Accounts><Account id="1">`+inside+`</Account></Accounts></Root>`, ReadOptions{})
		if err == nil || strings.Contains(err.Error(), canary) || strings.Contains(fmt.Sprintf("%#v", err), canary) {
			t.Errorf("%s: got %v", inside, err)
		}
	}
}

// Whatever else a file has is passed over.
func TestReadPassesOverWhatItDoesNotKnow(t *testing.T) {
	d, _, err := read("\xef\xbb\xbf"+`<?xml version="1.0" encoding="utf-8"?><!-- c --><?pi x?>
<Root xmlns:x="u" v='1'><x:Extra a="1">text<b/></x:Extra>
 <Meta><Generator>SYSPASS</Generator><Other><a/></Other><Time> 5 </Time></Meta>
 <Categories><Category id="1" x="y"><name>a<!-- b -->c<![CDATA[<d>&]]></name><other>x<y/></other></Category><Thing/></Categories>
 <Clients>
 </Clients>
 <Accounts><Account id=" 7 "><clientId/><categoryId> 8 </categoryId><notes>
 </notes><custom><field id="1">x</field></custom><tags><x/><tag id="3">y</tag></tags></Account></Accounts>
</Root><!-- d -->
`, ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Categories) != 1 || d.Categories[0] != (Item{1, "ac<d>&", ""}) || d.Time.Unix() != 5 || len(d.Clients) != 0 || len(d.Tags) != 0 {
		t.Errorf("got %+v", d)
	}
	if a := d.Accounts[0]; a.ID != 7 || a.ClientID != 0 || a.CategoryID != 8 || a.Notes != "\n " || !slices.Equal(a.Tags, []uint64{3}) {
		t.Errorf("got %+v", a)
	}
}

func TestWarnings(t *testing.T) {
	plain, key := string(testdata(t, "plain.xml")), loadVectors(t).SignKey
	stated := plain[strings.Index(plain, `</Hash>`)-40 : strings.Index(plain, `</Hash>`)]
	changed := strings.Replace(plain, "<login>root<", "<login>toor<", 1)
	for _, c := range []struct {
		name, file, key string
		want            []Warning
	}{
		{"as written", plain, key, nil},
		{"no key", plain, "", []Warning{SignUnchecked}},
		{"another key", plain, "k", []Warning{SignDiffers}},
		{"changed", changed, key, []Warning{HashDiffers}},
		{"an attribute changed", strings.Replace(plain, `<tag id="5"`, `<tag id="2"`, 1), key, []Warning{HashDiffers}},
		{"an unknown element", strings.Replace(plain, "<tags/>", "<x/><tags/>", 1), key, []Warning{HashDiffers}},
		{"an unknown container", strings.Replace(plain, "</Root>", "<x/></Root>", 1), key, []Warning{HashDiffers}},
		{"an unknown attribute", strings.Replace(plain, "<tags/>", `<tags x="y"/>`, 1), key, []Warning{HashDiffers}},
		{"white space that is a text", strings.Replace(plain, "<login> </login>", "<login/>", 1), key, []Warning{HashDiffers}},
		{"indentation", strings.ReplaceAll(plain, "\n  ", "\n\t"), key, nil},
		{"Meta changed", strings.Replace(plain, "<Time>1", "<Time>2", 1), key, nil},
		{"hash stated anew", strings.Replace(changed, stated, strings.Repeat("0", 40), 1), key, []Warning{HashDiffers, SignDiffers}},
		{"no hash", strings.Replace(plain, stated, "", 1), key, []Warning{HashMissing, SignDiffers}},
		{"nothing", minimal, key, []Warning{HashMissing, SignUnchecked}},
	} {
		_, got, err := read(c.file, ReadOptions{SignKey: c.key})
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, %v, want %v", c.name, got, err, c.want)
		}
	}
	for w := HashDiffers; w <= SignUnchecked; w++ {
		if w.String() == "" || w.String() == Warning(0).String() {
			t.Errorf("warning %d has no text", w)
		}
	}
}

// The hash of the unindented form comes out of the indented one, whatever the elements are.
func TestHashOfAnyTree(t *testing.T) {
	name := rapid.StringMatching(`[A-Za-z_é][A-Za-z0-9_.é-]{0,5}(:[a-z]{1,3})?`)
	var element func(m []*markup, t *rapid.T, depth int)
	element = func(m []*markup, t *rapid.T, depth int) {
		n := name.Draw(t, "name")
		attrs := []attr{{"a", text().Draw(t, "a")}, {"x:b", text().Draw(t, "b")}}[:rapid.IntRange(0, 2).Draw(t, "attributes")]
		children := rapid.IntRange(0, 3).Draw(t, "children")
		if depth == 0 {
			n, attrs, children = "Root", nil, children+1
		}
		content := text().Draw(t, "text")
		each(m, func(m *markup) { m.start(n, attrs...) })
		switch {
		case depth > 0 && (depth > 4 || children == 0):
			each(m, func(m *markup) { m.text(content) })
		default:
			for range children {
				element(m, t, depth+1)
			}
		}
		each(m, func(m *markup) { m.end() })
	}
	rapid.Check(t, func(t *rapid.T) {
		var indented, flat, canon bytes.Buffer
		m := []*markup{newMarkup(&indented, true), newMarkup(&flat, false)}
		element(m, t, 0)
		each(m, func(m *markup) { _ = m.w.Flush() })
		s := newScanner(&indented, DefaultMaxBytes, &canon)
		var err error
		for err == nil {
			_, err = s.next()
		}
		_ = s.canon.w.Flush()
		want := strings.TrimSuffix(strings.TrimPrefix(flat.String(), "<Root>"), "</Root>")
		if !errors.Is(err, io.EOF) || canon.String() != want {
			t.Fatalf("got %s, %v, want %s", canon.String(), err, want)
		}
	})
}

func each(m []*markup, fn func(*markup)) {
	for _, m := range m {
		fn(m)
	}
}

func TestReadReturnsTheReadersError(t *testing.T) {
	r := io.MultiReader(strings.NewReader(minimal[:30]), iotest.ErrReader(errBroken))
	if _, _, err := Read(r, ReadOptions{}); !errors.Is(err, errBroken) {
		t.Errorf("got %v, want %v", err, errBroken)
	}
	if _, _, err := Read(iotest.OneByteReader(bytes.NewReader(testdata(t, "plain.xml"))), ReadOptions{}); err != nil {
		t.Error(err)
	}
}
