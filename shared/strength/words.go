package strength

import (
	_ "embed"
	"strconv"
	"strings"
)

// words holds zxcvbn's dictionaries (passwords, English words, names, film and television) as lines "word rank", sorted by word, a
// word that is in several with its best rank: no other can matter. TestWords makes it of the library's
// lists, which are Dropbox's (MIT, see LICENSE.zxcvbn).
//
//go:embed words.txt
var words string

// longestWord is the length of the longest word, in bytes.
const longestWord = 23

// rank returns the rank of a word in lower case, 0 for none, by bisection over the lines: nothing is built first.
func rank(word string) int {
	low, high := 0, len(words) // of the lines' starts
	for low < high {
		mid := (low + high) / 2
		start := strings.LastIndexByte(words[low:mid], '\n') + 1 + low
		end := start + strings.IndexByte(words[start:], '\n')
		line := words[start:end]
		at := strings.IndexByte(line, ' ')
		switch found := line[:at]; {
		case found == word:
			n, _ := strconv.Atoi(line[at+1:]) // the test reads every line
			return n
		case found < word:
			low = end + 1
		default:
			high = start
		}
	}
	return 0
}
