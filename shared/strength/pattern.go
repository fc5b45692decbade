package strength

import (
	"strings"

	"github.com/trustelem/zxcvbn/adjacency"
	"github.com/trustelem/zxcvbn/match"
)

// shifted are the keys that need shift on letter keyboards.
const shifted = `~!@#$%^&*()_+QWERTYUIOP{}|ASDFGHJKL:"ZXCVBNM<>?`

// spatial finds walks over a keyboard, of three keys or more.
func spatial(password string) (list []*match.Match) {
	for _, name := range [...]string{"qwerty", "dvorak", "keypad", "mac_keypad"} {
		graph := adjacency.Graphs[name].Graph
		letters := name == "qwerty" || name == "dvorak"
		for i := 0; i < len(password)-1; {
			m := walk(password, i, graph, letters)
			if m.J-i >= 2 {
				m.Graph = name
				list = append(list, m)
			}
			i = m.J + 1
		}
	}
	return list
}

// walk follows adjacent keys from position i.
func walk(password string, i int, graph map[string][]string, letters bool) *match.Match {
	m := &match.Match{Pattern: "spatial", I: i}
	if letters && strings.IndexByte(shifted, password[i]) >= 0 {
		m.ShiftedCount = 1
	}
	last := -1
	j := i + 1
	for ; j < len(password); j++ {
		direction, level := step(graph[string(rune(password[j-1]))], password[j])
		if direction < 0 {
			break
		}
		if level == 1 {
			m.ShiftedCount++
		}
		if direction != last {
			m.Turns++ // the first step counts as one
			last = direction
		}
	}
	m.J, m.Token = j-1, password[i:j]
	return m
}

// step returns in which direction a key lies, -1 for none, and whether it is the key's lower (0) or upper (1) character.
func step(neighbours []string, key byte) (direction, level int) {
	for d, n := range neighbours {
		if at := strings.Index(n, string(rune(key))); at >= 0 {
			return d, at
		}
	}
	return -1, 0
}

// repeats finds parts that stand twice or more, one after another.
func repeats(password string) (list []*match.Match) {
	for i := 0; i < len(password); i++ {
		shortest, longest := 0, 0 // bases that repeat from here
		for n := 1; i+2*n <= len(password); n++ {
			if password[i:i+n] == password[i+n:i+2*n] && !strings.Contains(password[i:i+n], "\n") {
				if shortest == 0 {
					shortest = n
				}
				longest = n
			}
		}
		if shortest == 0 {
			continue
		}
		base, end := shortest, runOf(password, i, shortest)
		if far := runOf(password, i, longest); far > end { // aabaab is twice aab, not aa
			base, end = smallestBase(password[i:far]), far
		}
		token := password[i : i+base]
		list = append(list, &match.Match{
			Pattern: "repeat", I: i, J: end - 1, Token: password[i:end], BaseToken: token, BaseGuesses: guesses(token), RepeatCount: (end - i) / base,
		})
		i = end - 1
	}
	return list
}

// runOf returns where the repetitions of the n bytes at i end.
func runOf(s string, i, n int) int {
	end := i + n
	for end+n <= len(s) && s[end:end+n] == s[i:i+n] {
		end += n
	}
	return end
}

// smallestBase returns the length of the shortest part whose repetitions are all of s, of which some is.
func smallestBase(s string) int {
	n := 1
	for runOf(s, 0, n) != len(s) {
		n++
	}
	return n
}

// sequences finds runs like abcd and 97531: characters at an equal distance of at most 5.
func sequences(password string) (list []*match.Match) {
	const farthest = 5
	if len(password) < 2 {
		return nil
	}
	add := func(i, j, delta int) {
		if distance := max(delta, -delta); (j-i > 1 || distance == 1) && 0 < distance && distance <= farthest {
			m := &match.Match{Pattern: "sequence", I: i, J: j, Token: password[i : j+1], SequenceName: "unicode", SequenceSpace: 26, Ascending: delta > 0}
			if strings.Trim(m.Token, "0123456789") == "" {
				m.SequenceName, m.SequenceSpace = "digits", 10
			}
			list = append(list, m)
		}
	}
	i, last := 0, int(password[1])-int(password[0])
	for k := 2; k < len(password); k++ {
		if delta := int(password[k]) - int(password[k-1]); delta != last {
			add(i, k-1, last)
			i, last = k-1, delta
		}
	}
	add(i, len(password)-1, last)
	return list
}
