package strength

import (
	"slices"
	"strings"

	"github.com/trustelem/zxcvbn/match"
)

// lowerASCII keeps the length, so that positions stay what they are.
func lowerASCII(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// dictionary finds the words in a password; lower is the same in lower case.
func dictionary(password, lower string) (list []*match.Match) {
	for i := range len(lower) {
		for j := i + 1; j <= min(len(lower), i+longestWord); j++ {
			if n := rank(lower[i:j]); n > 0 {
				list = append(list, &match.Match{Pattern: "dictionary", I: i, J: j - 1, Token: password[i:j], MatchedWord: lower[i:j], Rank: n})
			}
		}
	}
	return list
}

// reversed finds words that are written backwards.
func reversed(password, lower string) []*match.Match {
	list := dictionary(backwards(password), backwards(lower))
	for _, m := range list {
		m.Token, m.Reversed = backwards(m.Token), true
		m.I, m.J = len(password)-1-m.J, len(password)-1-m.I
	}
	return list
}

func backwards(s string) string {
	b := []byte(s)
	slices.Reverse(b)
	return string(b)
}

// leetLetters is what is written for which letter.
var leetLetters = [...]struct {
	letter byte
	signs  string
}{
	{'a', "4@"}, {'b', "8"}, {'c', "({[<"}, {'e', "3"}, {'g', "69"}, {'i', "1!|"}, {'l', "1|7"}, {'o', "0"}, {'s', "$5"}, {'t', "+7"}, {'x', "%"}, {'z', "2"},
}

// substitution is one reading of the signs in a password: which letter each stands for.
type substitution []struct{ sign, letter byte }

// leet finds words with signs in the place of letters.
func leet(password, lower string) (list []*match.Match) {
	for _, sub := range substitutions(password) {
		for _, m := range dictionary(password, sub.apply(lower)) {
			if len(m.Token) == 1 || lowerASCII(m.Token) == m.MatchedWord {
				continue // single signs are noise; without a substitution it is found already
			}
			m.L33t, m.Sub = true, map[string]string{}
			for _, s := range sub {
				if strings.IndexByte(m.Token, s.sign) >= 0 {
					m.Sub[string(s.sign)] = string(s.letter)
				}
			}
			list = append(list, m)
		}
	}
	return list
}

func (sub substitution) apply(s string) string {
	b := []byte(s)
	for i, c := range b {
		for _, x := range sub {
			if x.sign == c {
				b[i] = x.letter
			}
		}
	}
	return string(b)
}

// substitutions lists the readings: each letter takes one of its signs, and a sign that two letters want gives a reading for each.
func substitutions(password string) []substitution {
	list := []substitution{{}}
	for _, l := range leetLetters {
		var next []substitution
		for _, sign := range []byte(l.signs) {
			if strings.IndexByte(password, sign) < 0 {
				continue
			}
			for _, sub := range list {
				next = append(next, sub.with(sign, l.letter)...)
			}
		}
		if next != nil {
			list = distinct(next)
		}
	}
	return slices.DeleteFunc(list, func(s substitution) bool { return len(s) == 0 })
}

func (sub substitution) with(sign, letter byte) []substitution {
	fresh := substitution{{sign, letter}}
	for i, x := range sub {
		if x.sign == sign { // taken: one reading as it is, one with the new letter
			return []substitution{sub, append(slices.Delete(slices.Clone(sub), i, i+1), fresh...)}
		}
	}
	return []substitution{append(slices.Clone(sub), fresh...)}
}

func distinct(list []substitution) (kept []substitution) {
	for _, sub := range list {
		slices.SortFunc(sub, func(a, b struct{ sign, letter byte }) int { return int(a.sign) - int(b.sign) })
		if !slices.ContainsFunc(kept, func(k substitution) bool { return slices.Equal(k, sub) }) {
			kept = append(kept, sub)
		}
	}
	return kept
}
