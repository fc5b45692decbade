package teampass

import (
	"encoding/base64"
	"encoding/json"
	"testing"
	"unicode/utf8"
)

func TestEncodeAsPHP(t *testing.T) {
	for in, want := range map[string]string{
		"":                               `""`,
		`a"b\c/d`:                        `"a\"b\\c\/d"`,
		"<b>'&\u007f":                    "\"<b>'&\u007f\"",
		"\b\f\n\r\t\x00\x1f":             `"\b\f\n\r\t\u0000\u001f"`,
		"é\u00a0\u2028\uffff":            `"\u00e9\u00a0\u2028\uffff"`,
		"\U00010000\U0010FFFF\U0001F511": `"\ud800\udc00\udbff\udfff\ud83d\udd11"`,
		"bad \xff":                       `"bad \ufffd"`,
	} {
		if got := string(encode(in)); got != want {
			t.Errorf("encode(%q): got %s, want %s", in, got, want)
		}
	}
	if got, want := string(encode(object{{"10", object{}}, {"2", []object{{{"b", "1"}}, {}}}})), `{"10":{},"2":[{"b":"1"},{}]}`; got != want {
		t.Errorf("members keep their order: got %s, want %s", got, want)
	}
}

func FuzzEncode(f *testing.F) {
	for _, s := range []string{"", "/é\U0001F511\x00\"\\", "\xed\xa0\x80", "\u2028<>&"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var back string
		b := encode(s)
		if err := json.Unmarshal(b, &back); err != nil {
			t.Fatalf("%q: %v", b, err)
		}
		if utf8.ValidString(s) && back != s {
			t.Errorf("got back %q, want %q", back, s)
		}
		for _, c := range b {
			if c >= utf8.RuneSelf {
				t.Fatalf("%q is not ASCII", b)
			}
		}
	})
}

func TestNumbersAsPHP(t *testing.T) {
	for _, c := range []struct {
		in      string
		numeric bool
		cast    int64
		id      uint64
	}{
		{"12", true, 12, 12}, {" 12", true, 12, 12}, {"12 ", true, 12, 12}, {"\t+7", true, 7, 7}, {"1e3", true, 1000, 1000}, {"1E+1", true, 10, 10},
		{"1.5", true, 1, 0}, {".5", true, 0, 0}, {"5.", true, 5, 5}, {"-3", true, -3, 0}, {"0", true, 0, 0},
		{"4abc", false, 4, 0}, {"abc", false, 0, 0}, {"", false, 0, 0}, {".", false, 0, 0}, {"-", false, 0, 0}, {"1e", false, 1, 0}, {"0x1A", false, 0, 0},
		{"1;2", false, 1, 0}, {"Inf", false, 0, 0}, {"NaN", false, 0, 0}, {"1_000", false, 1, 0}, {"1e999", true, 1 << 53, 0}, {"-1e999", true, -1 << 53, 0},
	} {
		if got := isNumeric(c.in); got != c.numeric {
			t.Errorf("isNumeric(%q) = %v", c.in, got)
		}
		if got := toInt(c.in); got != c.cast {
			t.Errorf("toInt(%q) = %d, want %d", c.in, got, c.cast)
		}
		if got := toID(c.in); got != c.id {
			t.Errorf("toID(%q) = %d, want %d", c.in, got, c.id)
		}
	}
}

func TestLenientBase64(t *testing.T) {
	const want = "??>label\xff"
	std := base64.StdEncoding.EncodeToString([]byte(want))
	for _, in := range []string{std, base64.URLEncoding.EncodeToString([]byte(want)), base64.RawStdEncoding.EncodeToString([]byte(want)),
		base64.RawURLEncoding.EncodeToString([]byte(want)), std[:4] + " \r\n%" + std[4:], std + "==", std + "A"} {
		if got := decodeBase64(in); got != want {
			t.Errorf("decodeBase64(%q) = %q, want %q", in, got, want)
		}
	}
	for _, in := range []string{"", "A", "=", "éé"} {
		if got := decodeBase64(in); got != "" {
			t.Errorf("decodeBase64(%q) = %q, want nothing", in, got)
		}
	}
}

func FuzzBase64(f *testing.F) {
	f.Add([]byte("label"), true)
	f.Add([]byte{0xff, 0xef, 0}, false)
	f.Fuzz(func(t *testing.T, b []byte, padded bool) {
		for _, e := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
			if !padded {
				e = e.WithPadding(base64.NoPadding)
			}
			if got := decodeBase64(e.EncodeToString(b)); got != string(b) {
				t.Errorf("got %q, want %q", got, b)
			}
		}
	})
}

// FuzzFields holds for any fields: whatever a client sends in one of the three encodings arrives.
func FuzzFields(f *testing.F) {
	f.Add("label", "p/w+=", "descr?ption", uint32(4), "user@example.com")
	f.Add("0", "", "MTIz", uint32(0), "ü")
	f.Add("///", "%3B", "~", uint32(1<<31), "/")
	f.Fuzz(func(t *testing.T, label, password, description string, folder uint32, last string) {
		want := []string{clean(label), clean(password), clean(description), number(uint64(folder)), "", "", "", clean(last), "1"}
		for name, raw := range encodings(want) {
			got := argument{raw: raw, present: true, escaped: true}.fields(3)
			if len(got) != len(want) {
				t.Fatalf("%s %q: got %q, want %q", name, raw, got, want)
			}
			for i := range want {
				if got[i] != want[i] {
					t.Errorf("%s %q: got %q, want %q", name, raw, got, want)
				}
			}
		}
	})
}
