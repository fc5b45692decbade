package tpm

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"tresor/shared/auth"
)

// classOf names the class of a character.
func classOf(c rune) string {
	for name, chars := range classes {
		if strings.ContainsRune(chars, c) {
			return name
		}
	}
	return "none"
}

// follows is the rules once more: the length, all classes named and no other, and no symbol first if there is anything else.
func follows(password string, length int, names []string) bool {
	got := map[string]bool{}
	for i, c := range password {
		class := classOf(c)
		if !slices.Contains(names, class) || i == 0 && class == symbolClass && slices.ContainsFunc(names, func(n string) bool { return n != symbolClass }) {
			return false
		}
		got[class] = true
	}
	return len(password) == length && !slices.ContainsFunc(names, func(n string) bool { return !got[n] })
}

func TestGeneratedPasswordsFollowTheRules(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := recipe{rapid.IntRange(8, 128).Draw(t, "length"), rapid.SliceOfN(rapid.SampledFrom(classNames), 1, 5).Draw(t, "classes")}
		if password := r.draw(auth.RandomString); !follows(password, r.length, r.classes) {
			t.Fatalf("%+v: got %q", r, password)
		}
	})
}

// TestGeneratedPasswordsAreNotBent: the password is the first of the random ones that follows the rules, unchanged. So, where those are equally likely, the
// ones that follow are; and the alphabet, of which each character is as likely, has each once.
func TestGeneratedPasswordsAreNotBent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := recipe{rapid.IntRange(8, 12).Draw(t, "length"), rapid.SliceOfN(rapid.SampledFrom(classNames), 1, 4).Draw(t, "classes")}
		var drawn []string
		got := r.draw(func(alphabet string, n int) string {
			seen := map[rune]bool{}
			for _, c := range alphabet {
				if seen[c] || !slices.Contains(r.classes, classOf(c)) {
					t.Fatalf("%q is in %q twice, or wrongly", c, alphabet)
				}
				seen[c] = true
			}
			for _, name := range r.classes {
				if !strings.Contains(alphabet, classes[name]) {
					t.Fatalf("%q lacks %s", alphabet, name)
				}
			}
			drawn = append(drawn, auth.RandomString(alphabet, n))
			return drawn[len(drawn)-1]
		})
		for i, password := range drawn {
			if last := i == len(drawn)-1; follows(password, r.length, r.classes) != last || last && password != got {
				t.Fatalf("%+v: got %q of %q", r, got, drawn)
			}
		}
	})
}

// TestSymbolsNeedNoQuoting in shells, URLs, XML and JSON.
func TestSymbolsNeedNoQuoting(t *testing.T) {
	for name, chars := range classes {
		if strings.ContainsAny(chars, " \t\n\"'`$\\!&;|<>(){}[]*?~#%^+@:/") {
			t.Errorf("%s: %q", name, chars)
		}
	}
}

// generated asks for a password.
func (w *world) generated(t *testing.T, user string) string {
	t.Helper()
	status, text := w.my(t, user, "GET", "generate_password", "")
	var body map[string]string
	if err := json.Unmarshal([]byte(text), &body); err != nil || status != http.StatusOK || len(body) != 1 {
		t.Fatalf("%s: got %d %s", user, status, text)
	}
	return body["password"]
}

// TestGeneratePassword: for every role, by the settings, another each time, and nowhere else.
func TestGeneratePassword(t *testing.T) {
	w := newWorld(t)
	other, _ := w.process(t)
	seen := map[string]bool{}
	check := func(length int, names ...string) {
		t.Helper()
		before := w.heads()
		for _, process := range []*world{w, other} {
			for _, user := range []string{"admin", "pam", "nora", "rita"} {
				password := process.generated(t, user)
				if seen[password] || !follows(password, length, names) {
					t.Errorf("%s: got %q, want %d of %v", user, password, length, names)
				}
				seen[password] = true
			}
		}
		if w.heads() != before {
			t.Error("the vault has changed")
		}
	}
	check(20, classNames...)
	w.setting(t, SettingPasswordLength, "40")
	check(40, classNames...)
	w.setting(t, SettingPasswordClasses, "digits lower")
	check(40, "lower", "digits")
	w.setting(t, SettingPasswordLength, "")
	check(20, "lower", "digits")
	for password := range seen {
		if strings.Contains(w.log.String(), password) {
			t.Error("a password is in the log")
		}
	}
	if w.log.Len() == 0 {
		t.Error("there is no log to search")
	}
	if status, _ := w.my(t, "dora", "GET", "generate_password", ""); status != http.StatusUnauthorized {
		t.Errorf("a deactivated user: got %d", status)
	}
	for _, length := range []string{"7", "129", "0", "x", strconv.Itoa(1 << 30)} {
		if ValidSetting(SettingPasswordLength, length) {
			t.Errorf("a length of %s is taken", length)
		}
	}
}
