package syspass

import (
	"crypto/md5" // the original's hash of a name
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
)

// The wanted values of these tests were written by PHP itself.

func TestDecodeJSON(t *testing.T) {
	for text, want := range map[string]any{
		`null`: nil, ` true `: true, `[]`: []any{}, `{}`: object{}, `"\u00e9\ud83d\ude00\/\b"`: "é😀/\b", `[1,[2,{"a":null}]]`: []any{int64(1), []any{int64(2), object{"a": nil}}},
		`{"a":1,"a":2,"":3}`: object{"a": int64(2), "": int64(3)}, `-0`: int64(0), `1e5`: 1e5, `1.0`: 1.0, `99999999999999999999`: 1e20, `1e999`: math.Inf(1),
		`-9223372036854775808`: int64(math.MinInt64), `9223372036854775808`: 9223372036854775808.0, "\"\x7f\"": "\x7f",
	} {
		if got, err := decodeJSON([]byte(text)); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %#v, %v; want %#v", text, got, err, want)
		}
	}
}

func TestDecodeJSONFaults(t *testing.T) {
	for text, want := range map[string]error{
		`{"a":"b`: errControl, `{"a":1`: errSyntax, `[1}`: errMismatch, `{"a":1]`: errMismatch, `{]`: errMismatch, `[}`: errMismatch, `TRUE`: errSyntax, `"\ud834"`: errUTF16,
		`"\udc00"`: errUTF16, `"\ud83d\u0041"`: errUTF16, `"\u00"`: errSyntax, `"\uzzzz"`: errSyntax, `"\u+123"`: errSyntax, `"\x"`: errSyntax, "\"a\x01\"": errControl, "\x01": errControl,
		"\x00": errControl, "{\"a\":1}\x00": errControl, `{"\u0000a":1}`: errProperty, `{"\u0000a":}`: errSyntax, "\"\xff\"": errUTF8, "\xff": errUTF8, "é": errSyntax, "\"\xed\xa0\x80\"": errUTF8,
		"\"\xc0\x80\"": errUTF8, "\"\\\xff\"": errSyntax, "\"\xf0\x9f\x98": errUTF8, `01`: errSyntax, `1.`: errSyntax, `-`: errSyntax, `1e`: errSyntax, `[1,]`: errSyntax, `{"a":1,}`: errSyntax,
		`1 2`: errSyntax, "{\"a\" \"b\x00\"}": errControl, `tru`: errSyntax, `"abc\`: errSyntax, "\ufeff{}": errSyntax, `{1:2}`: errSyntax, `{"a":{"b":]}`: errSyntax, ` `: errSyntax,
		strings.Repeat("[", 512): errDepth, strings.Repeat("[", 10000): errDepth, strings.Repeat(`{"a":`, 512) + "1" + strings.Repeat("}", 512): errDepth,
	} {
		if _, err := decodeJSON([]byte(text)); err != want { //nolint:errorlint // the very values
			t.Errorf("%.40q: got %v, want %v", text, err, want)
		}
	}
	if _, err := decodeJSON([]byte(strings.Repeat("[", 511) + strings.Repeat("]", 511))); err != nil {
		t.Errorf("511 levels: %v", err)
	}
}

func TestStripTags(t *testing.T) {
	for text, want := range map[string]string{
		"a < b": "a ", "a<b>c": "ac", "a <b": "a ", "x > y": "x > y", "<a<b>c>d": "d", `<a "q>" x>y`: "y", "<!-- a > b -->z": "z", "<!-- a --": "", "<? a > b ?>z": "z",
		"<!x>y": "y", "a\x00b": "ab", "<a'>b'>c": "c", "<<b>x>y": "y", "a<>b": "ab", "<!-->z": "z", `<?php echo "?>" ?>q`: "q", "<?a(b?>c)?>d": "d", "'<a>'": "''", "<!-- \"> -->k": "k",
		"<a!b>c": "c", "<!'>'x>y": "y", "<?'a?>'?>b": "b", `"q" & 'r'`: `"q" & 'r'`, "<<!-->php": "php", "12345<?xml a>b": "12345b",
		"12345<?xml a-->b>c": "12345c", "1<?xml <? ?>b<c->d>e": "1", "<!'<!-- ' -->z": "", "<!DOCTYPE a<b>c>d": "d", "<\"<?\"a?>b": "", "<?'a\\'?>b'?>c": "c", "<?\"(\"?>b": "b", "<<!-- -->a>b": "ab",
	} {
		if got := stripTags(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestFlag(t *testing.T) {
	for text, want := range map[string]bool{`1`: true, `true`: true, `"1"`: true, `"true"`: true, `"yes"`: true, `-1`: true, `0.5`: true, `[0]`: true, `{"a":0}`: true, `"0.0"`: true, `" "`: true,
		`0`: false, `"0"`: false, `""`: false, `false`: false, `null`: false, `[]`: false, `{}`: false, `0.0`: false, `-0.0`: false} {
		v, err := decodeJSON([]byte(text))
		if got := (params{"x": v}).flag("x"); err != nil || got != want {
			t.Errorf("%s: got %v, %v; want %v", text, got, err, want)
		}
	}
	if (params{}).flag("x") {
		t.Error("what is not there is set")
	}
}

func TestIntRule(t *testing.T) {
	for _, c := range []struct {
		in   any
		want int64
	}{
		{"12abc3", 123}, {1.5, 15}, {"1e3", 13}, {true, 1}, {false, 0}, {nil, 0}, {"", 0}, {[]any{5}, 0}, {object{}, 0}, {"99999999999999999999", math.MaxInt64},
		{"-99999999999999999999", math.MinInt64}, {"1-2", 1}, {"--5", 0}, {"+5", 5}, {"5+5", 5}, {" 4 2", 42}, {"१", 0}, {1e25, 10}, {1e15, 10}, {1e13, 10000000000000}, {-2.5, -25},
		{1e-7, 10}, {123456789012345678.0, 12345678901235}, {math.Inf(1), 0}, {int64(-7), -7}, {0.0001, 1},
	} {
		if got := intRule(c.in); got != c.want {
			t.Errorf("%v: got %d, want %d", c.in, got, c.want)
		}
	}
}

func TestArrayRule(t *testing.T) {
	got, err := params{"a": []any{"12abc", int64(3), nil, "1e3", "1e3x", 1.5, true, []any{}, "<b>7", "-8", "9.e3-", "9.x"}}.integers("a")
	if want := []int64{12, 3, 0, 13, 1000, 15, 1, 0, 7, -8, 9000, 9}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
	if got, err := (params{"a": nil}).integers("a"); err != nil || got != nil {
		t.Errorf("null: got %v, %v", got, err)
	}
	for _, v := range []any{int64(5), "5", object{}, true, 1.5} {
		if _, err := (params{"a": v}).integers("a"); err == nil {
			t.Errorf("%v passed as an array", v)
		}
	}
}

func TestPHPString(t *testing.T) {
	for f, want := range map[float64]string{1.5: "1.5", 1000: "1000", 1e25: "1.0E+25", 1e15: "1.0E+15", 1e14: "1.0E+14", 0.1: "0.1", 1e-7: "1.0E-7", -2.5: "-2.5", 0.0001: "0.0001",
		0.00001: "1.0E-5", 123456789012345678: "1.2345678901235E+17", 0: "0", math.Inf(-1): "-INF", 99999999999999: "99999999999999"} {
		if got := phpString(f); got != want {
			t.Errorf("%g: got %s, want %s", f, got, want)
		}
	}
}

func TestEncodeJSON(t *testing.T) {
	got, err := encodeJSON("/é\U0001F600\u2028\x7f\"'<>&\b\f\v\x1f\t\r\n\\\xff")
	if want := `"\/\u00e9\ud83d\ude00\u2028` + "\x7f" + `\"'<>&\b\f\u000b\u001f\t\r\n\\\ufffd"`; err != nil || string(got) != want {
		t.Errorf("got %s, %v; want %s", got, err, want)
	}
}

func TestNormalised(t *testing.T) {
	if got := fmt.Sprintf("%x", md5.Sum([]byte(normalised("SaaS")))); got != "593be52a46f869eea8b31d146d21de7a" {
		t.Errorf("hash of SaaS is %s", got)
	}
	for _, name := range []string{"Web Server", "web-server", "WEB_SERVER", "w.e;b's\"e:r(v)|e/r"} {
		if got := normalised(name); got != "webserver" {
			t.Errorf("%s: got %s", name, got)
		}
	}
	if normalised("a,b") != "a,b" {
		t.Error("the comma went")
	}
}

func TestLike(t *testing.T) {
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{
		{"", "", true}, {"abc", "xabcx", true}, {"abc", "xabx", false}, {"ÄB", "xab", true}, {"a%c", "xabbcx", true}, {"a%c", "xcba", false}, {"a_c", "xabc", true}, {"a_c", "xac", false},
		{"_", "", false}, {"_", "é", true}, {"___", "ab", false}, {"%", "", true}, {`\%`, "50%", true}, {`\%`, "50", false}, {`a\_b`, "a_b", true}, {`a\_b`, "axb", false}, {`\\`, `a\b`, true},
		{`5\`, "5%", true}, {`5\`, "5%x", false}, {`5\`, "5", false}, {`\x`, "x", true}, {"a%b%c", "abc", true}, {"aab", "aaab", true}, {"a_b%b", "aaabb", true}, {"％", "50%", true}, {"\u0301", "x", true},
		{"%a_", "aab", true}, {"_b", "aab", true},
	} {
		l := parseLike(c.pattern)
		if got := l.matches(fold(c.text)); got != c.want {
			t.Errorf("%q like %q: got %v", c.text, c.pattern, got)
		}
		if c.want && !strings.Contains(fold(c.text), l.needle) {
			t.Errorf("%q like %q: needle %q is not in it", c.text, c.pattern, l.needle)
		}
	}
}

func TestCallID(t *testing.T) {
	for _, c := range []struct {
		in   any
		want int64
	}{
		{int64(10), 10}, {"10", 10}, {int64(-3), -3}, {" 7 ", 7}, {"+5", 5}, {5.0, 5}, {"9223372036854775807", math.MaxInt64}, {"-9223372036854775808", math.MinInt64},
		{int64(0), 1}, {"0", 1}, {"-0", 1}, {"007", 1}, {"abc", 1}, {1.5, 1}, {true, 1}, {false, 1}, {"", 1}, {[]any{}, 1}, {object{}, 1}, {"9223372036854775808", 1}, {1e20, 1}, {"5 x", 1}, {"0x1A", 1},
		{"+-3", 1}, {"1_000", 1}, {"\t8\x00", 1},
	} {
		if got := callID(c.in); got != c.want {
			t.Errorf("%#v: got %d, want %d", c.in, got, c.want)
		}
	}
}

func TestFindUserGroup(t *testing.T) {
	m := byName["userGroup/view"]
	for _, name := range []string{"userGroup/view", "UserGroup/VIEW", "usergroup/view", "Usergroup/view", "user_group/view", "userGroup/view/x"} {
		if find(name) != m {
			t.Errorf("%s is not found", name)
		}
	}
	for _, name := range []string{"USERGROUP/view", "userGROUP/view", "userGroup", "userGroup/", "userGroup//view"} {
		if find(name) != nil {
			t.Errorf("%s is found", name)
		}
	}
}
