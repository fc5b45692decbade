package strength

import (
	"flag"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/trustelem/zxcvbn"
	"github.com/trustelem/zxcvbn/frequency"
	"github.com/trustelem/zxcvbn/scoring"

	"tresor/shared/vault"
)

var update = flag.Bool("update", false, "rewrite words.txt from the library's lists")

// TestWords holds words.txt to the library's lists.
func TestWords(t *testing.T) {
	best := map[string]int{}
	for _, list := range frequency.FrequencyLists {
		for i, word := range list {
			if word = strings.ToLower(word); best[word] == 0 || i+1 < best[word] {
				best[word] = i + 1
			}
		}
	}
	var lines []string
	for word, n := range best {
		if len(word) > longestWord || strings.ContainsAny(word, " \n") {
			t.Errorf("%q does not fit into a line", word)
		}
		lines = append(lines, fmt.Sprintf("%s %d\n", word, n))
	}
	slices.SortFunc(lines, func(a, b string) int { return strings.Compare(a[:strings.Index(a, " ")], b[:strings.Index(b, " ")]) })
	want := strings.Join(lines, "")
	if *update {
		if err := os.WriteFile("words.txt", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if words != want {
		t.Fatal("words.txt is not what the library has; run with -update")
	}
	for word, n := range best {
		if got := rank(word); got != n {
			t.Fatalf("rank(%q): got %d, want %d", word, got, n)
		}
	}
	for _, word := range []string{"", "zzzzzzzz9", "\x00", "~~~~", "passwor d"} {
		if got := rank(word); got != 0 {
			t.Errorf("rank(%q): got %d, want none", word, got)
		}
	}
}

func TestRate(t *testing.T) {
	for _, c := range []struct {
		password string
		want     vault.Strength
	}{
		{"", vault.Strength{}},
		{"ad$ddgaG8%", vault.Strength{Score: 4, CrackTime: "12 days"}},        // the documentation's samples: good,
		{"Qzw-zr$Czj,gL}l", vault.Strength{Score: 5, CrackTime: "centuries"}}, // strong
		{"password", vault.Strength{Score: 1, CrackTime: "less than a second"}},
		{"\xff\xfe", vault.Strength{Score: 1, CrackTime: "less than a second"}},
		{"zxcvbn12", vault.Strength{Score: 2, CrackTime: "1 second"}},
		{strings.Repeat("päßwort", 1<<16), vault.Strength{Score: 3, CrackTime: "2 hours"}},
	} {
		if got := Rate(c.password); got != c.want {
			t.Errorf("%.20q: got %v, want %v", c.password, got, c.want)
		}
	}
}

func TestDisplay(t *testing.T) {
	for seconds, want := range map[float64]string{
		0: "less than a second", 1: "1 second", 59.4: "59 seconds", 60: "1 minute", 3600: "1 hour", 7300: "2 hours", 86400: "1 day",
		31 * 86400: "1 month", 372 * 86400: "1 year", 2 * 372 * 86400: "2 years", 100 * 372 * 86400: "centuries", math.Inf(1): "centuries",
	} {
		if got := display(seconds); got != want {
			t.Errorf("%g s: got %q, want %q", seconds, got, want)
		}
	}
}

// FuzzSameGuesses holds the matchers to the library's, but for signs that can be read in several ways: there it loses some readings (append on
// a shared array), and ours are those of zxcvbn itself.
func FuzzSameGuesses(f *testing.F) {
	for _, s := range []string{
		"password", "P4ssw0rd!", "drowssap", "qwertyuiop", "zxcvfr45tgb", "aabaabaab", "aaaaaaa", "abcdefg", "97531", "1991", "11/11/1991", "1.1.91", "31122011",
		"ad$ddgaG8%", "Qzw-zr$Czj,gL}l", "correcthorsebatterystaple", "D0g..................", "sh0wMe", "abcabcabc1", "p@5$w0rd", "(|7!1|lL", "temppass22",
		"neverforget13/3/1997", "1qaz2wsx3edc", "pass.word.pass.word.pass.word.", "jan2019feb", "0.0.00", "a\nb\nb", "eheuczkqyq", "TestMeNOW42 2042-11-30",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		s = s[:min(len(s), 40)]
		for i := range len(s) {
			if s[i] >= 0x80 || s[i] == '\n' { // the library cuts characters apart, and takes "1991\n" for a date
				return
			}
		}
		if len(substitutions(s)) > 1 {
			return
		}
		want := 1.0
		if s != "" {
			want = zxcvbn.PasswordStrength(s, nil).Guesses
		}
		if got := guesses(s); math.Abs(got-want) > 1e-9*want {
			t.Errorf("%q: got %g guesses, the library %g", s, got, want)
		}
	})
}

func BenchmarkRate(b *testing.B) {
	for _, n := range []int{10, 24, maxRated} {
		password := strings.Repeat("xK9#mQ2$vL7!pR4&", 10)[:n]
		if n == maxRated { // nothing repeats
			password = "uxiSz9Jio39ovHeaMrNKhACgogwqDh8rXHYa9YJmNOOqV8KIbJSK36hOu0RCbPKKJpe41uC7I"[:n]
		}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				Rate(password)
			}
		})
	}
}

// TestRatesAsZxcvbnDoes compares with what the Python package zxcvbn 4.5.0 says of 1,000 passwords of every kind: score and crack time. It measures dates from 2017,
// while zxcvbn itself, and Rate, measure them from the current year; and it rounds halves to even.
func TestRatesAsZxcvbnDoes(t *testing.T) {
	now := scoring.ReferenceYear
	scoring.ReferenceYear = 2017
	defer func() { scoring.ReferenceYear = now }()
	table, err := os.ReadFile("testdata/zxcvbn.tsv")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(table), "\n"), "\n")
	if len(lines) != 1000 {
		t.Fatalf("got %d passwords", len(lines))
	}
	for _, line := range lines {
		password, want, _ := strings.Cut(line, "\t")
		if got := Rate(password); fmt.Sprintf("%d\t%s", got.Score-1, got.CrackTime) != want {
			t.Errorf("%q: got %d %s, want %s", password, got.Score-1, got.CrackTime, want)
		}
	}
}
