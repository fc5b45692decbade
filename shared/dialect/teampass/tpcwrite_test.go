package teampass

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestMembersAsPHP(t *testing.T) {
	for text, want := range map[string]fields{
		`{}`: {},
		`{"pwd":"p\/\u00e9","id":14,"f":-1.5e3,"on":true,"off":false,"none":null,"list":[1],"more":{"a":"b"},"PWD":"other"}`: {
			"pwd": "p/é", "id": "14", "f": "-1.5e3", "on": "1", "off": "", "PWD": "other"},
		`{"a":"1","a":"2"}`:                            {"a": "2"},
		`{"a":"\ud83d\udd11 \ufffd ` + "\uFFFD" + `"}`: {"a": "\U0001F511 \uFFFD \uFFFD"},
		` {"a" : 007}`:                                 nil,
		`null`:                                         {},
	} {
		got, err := members(text)
		if want == nil {
			if !errors.Is(err, faultNothingToStore) {
				t.Errorf("%s: got %v, %v", text, got, err)
			}
		} else if err != nil || !maps.Equal(got, want) {
			t.Errorf("%s: got %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{`{"a":"\ud800"}`, `{"a":"\udc00x"}`, "{\"a\":\"\xff\"}", `{"a":"\u0000"}`} {
		if got, err := members(text); !errors.Is(err, faultParameters) {
			t.Errorf("%q: got %v, %v", text, got, err)
		}
	}
}

// FuzzMembers holds for any JSON: its texts arrive as they are, or nothing does.
func FuzzMembers(f *testing.F) {
	for _, s := range []string{`{"pwd":"x","personal":1}`, `{"a":"\ud800"}`, `{"a":null}`, `[`, `{"a":"\ufffd"}`, "{\"a\":\"\xff\"}", `{"\u0061":true}`} {
		f.Add(s, "pwd", "p/\U0001F511\uFFFD")
	}
	f.Fuzz(func(t *testing.T, text, name, value string) {
		if got, err := members(text); err == nil {
			for k, v := range got {
				if !isText(v) {
					t.Errorf("%q: %q is %q", text, k, v)
				}
			}
		}
		if !utf8.ValidString(name) || !isText(value) {
			return
		}
		raw, err := json.Marshal(map[string]string{name: value})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := members(string(raw)); err != nil || got[name] != value {
			t.Errorf("%s: got %q, %v, want %q", raw, got, err, value)
		}
	})
}

func TestDomain(t *testing.T) {
	for in, want := range map[string]string{
		"https://example.com": "https://example.com", "HTTPS://Example.com/a?b": "HTTPS://Example.com", "ssh://me:pw@host:22/x": "ssh://host", "http://a@b@c": "http://c",
		"http://[2001:db8::1]:8080/": "http://[2001:db8::1]", "http://[::1]": "http://[::1]", "http://x?y@z": "http://x", "http://x#@z": "http://x",
		`https://evil.example\@example.com`: "https://evil.example", "example.com": "", "": "", "://x": "", "http://": "", "http://:80": "", "/a?to=http://x": "", "http:///x": "",
	} {
		if got := domain(in); got != want {
			t.Errorf("domain(%q) = %q, want %q", in, got, want)
		}
	}
}

// FuzzDomain holds for every URL of a host that net/url takes: the host is the one that it finds.
func FuzzDomain(f *testing.F) {
	for _, s := range []string{"https://example.com/a", "ssh://me@host:22", "http://[::1]:80/", "x://a:b@c@d:1?/#", `a://b\c`, "://", "a:b://c", "A://::0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := domain(s)
		u, err := url.Parse(s)
		if err != nil || u.Host == "" || u.Scheme == "" || strings.ContainsAny(s, `%\`) {
			return
		}
		if strings.Count(u.Host, ":") > 1 && !strings.HasPrefix(u.Host, "[") {
			return // no host that anything can be at
		}
		host := u.Hostname()
		if strings.Contains(host, ":") {
			host = "[" + host + "]"
		}
		if want := u.Scheme + "://" + host; host != "" && !strings.EqualFold(got, want) {
			t.Errorf("domain(%q) = %q, want %q", s, got, want)
		}
	})
}

// FuzzCredentials holds for any login and password: each form in which a client sends them gives the same.
func FuzzCredentials(f *testing.F) {
	f.Add("ann", "password of ann", "https", "example.com/a?b")
	f.Add("zoë", "p%20ä/\U0001F511 +?#;&=", "x%2Fy", "a%b")
	f.Add("\xff", "\x00/", "/", "/")
	f.Fuzz(func(t *testing.T, name, password, protocol, address string) {
		if name == "" || password == "" || protocol == "" || address == "" {
			return
		}
		escaped := argument{raw: url.PathEscape(protocol) + "/" + url.PathEscape(address) + "/" + url.PathEscape(name) + "/" + url.PathEscape(password), present: true, escaped: true}
		for _, slash := range []string{"", "/", "/x/y"} {
			a := escaped
			a.raw += slash
			if begin, user, err := parseAuth(a); err != nil || begin != protocol+"://"+address || user != (login{name, password}) {
				t.Errorf("%q: got %q %q, %v", a.raw, begin, user, err)
			}
		}
		if !strings.Contains(name, "/") {
			a := argument{raw: url.PathEscape(protocol) + "/" + url.PathEscape(address) + "/" + name + "/" + password + "/", present: true}
			if begin, user, err := parseAuth(a); err != nil || begin != protocol+"://"+address || user != (login{name, password}) {
				t.Errorf("body %q: got %q %q, %v", a.raw, begin, user, err)
			}
		}
		set := argument{raw: url.PathEscape(protocol) + "/" + url.PathEscape(password) + "/" + url.PathEscape(address) + "/" + url.PathEscape(name) + "/" + url.PathEscape(password), present: true, escaped: true}
		if in, user, err := parseSet(set); err != nil || user != (login{name, password}) || in.entry.Username != protocol || in.entry.URL != address || in.password.Reveal() != password {
			t.Errorf("%q: got %+v %q, %v", set.raw, in, user, err)
		}
		for _, e := range []*base64.Encoding{base64.URLEncoding, base64.RawURLEncoding} {
			b := func(s string) string { return e.EncodeToString([]byte(s)) }
			for _, encode := range []func(string) string{b, func(s string) string { return url.PathEscape(base64.StdEncoding.EncodeToString([]byte(s))) }} {
				a := argument{raw: encode(address) + "/" + encode(name) + "/" + encode(password) + "/" + encode(protocol), present: true, escaped: true}
				if in, user, err := parseLookup(a); err != nil || user != (login{name, password}) || in != (lookup{address, true}) {
					t.Errorf("%q: got %+v %q, %v", a.raw, in, user, err)
				}
			}
		}
	})
}
