// Package strength rates passwords: how many guesses a cracker who knows zxcvbn's dictionaries and patterns would need. It is not a policy; it
// refuses nothing.
//
// The one idea: TPM documents zxcvbn, so the numbers must be zxcvbn's. Scoring is that of github.com/trustelem/zxcvbn, the only Go port of zxcvbn 4
// (guesses; others port version 1, entropy, and rate the documented samples differently). Its matchers are written again here, because the
// library's build 94,000 words into maps when the program starts, used or not: 18 ms of every cold start. Here the words lie sorted in the program and
// are looked up where they lie. A test holds the two to the same number of guesses.
package strength

import (
	"fmt"
	"math"
	"strings"

	"github.com/trustelem/zxcvbn/match"
	"github.com/trustelem/zxcvbn/scoring"

	"tresor/shared/vault"
)

// maxRated is how much of a password is looked at, in bytes: the work grows with the cube of the length, and whoever needs more than this is not
// guessing.
const maxRated = 72

// guessesPerSecond is an attacker with the stored hashes, where these are slow ones (zxcvbn: offline_slow_hashing_1e4_per_second).
const guessesPerSecond = 1e4

// Rate rates a password; the zero Strength for an empty one.
func Rate(password string) vault.Strength {
	if password == "" {
		return vault.Strength{}
	}
	n := guesses(strings.ToValidUTF8(password[:min(len(password), maxRated)], "?"))
	return vault.Strength{Score: score(n) + 1, CrackTime: display(n / guessesPerSecond)}
}

func guesses(password string) float64 {
	return scoring.MostGuessableMatchSequence(password, matches(password), false).Guesses
}

func matches(password string) []*match.Match {
	lower := lowerASCII(password)
	list := dictionary(password, lower)
	list = append(list, reversed(password, lower)...)
	list = append(list, leet(password, lower)...)
	list = append(list, spatial(password)...)
	list = append(list, repeats(password)...)
	list = append(list, sequences(password)...)
	list = append(list, years(password)...)
	list = append(list, dates(password)...)
	match.Sort(list)
	return list
}

// score is zxcvbn's, 0 to 4.
func score(guesses float64) uint8 {
	const delta = 5
	for i, limit := range [...]float64{1e3, 1e6, 1e8, 1e10} {
		if guesses < limit+delta {
			return uint8(i)
		}
	}
	return 4
}

// display writes a time as zxcvbn does, with months of 31 days.
func display(seconds float64) string {
	const minute, hour, day = 60, 60 * 60, 24 * 60 * 60
	const month, year, century = 31 * day, 12 * 31 * day, 100 * 12 * 31 * day
	count := func(n float64, unit string) string {
		if n = math.Round(n); n != 1 {
			unit += "s"
		}
		return fmt.Sprintf("%.0f %s", n, unit)
	}
	switch {
	case seconds < 1:
		return "less than a second"
	case seconds < minute:
		return count(seconds, "second")
	case seconds < hour:
		return count(seconds/minute, "minute")
	case seconds < day:
		return count(seconds/hour, "hour")
	case seconds < month:
		return count(seconds/day, "day")
	case seconds < year:
		return count(seconds/month, "month")
	case seconds < century:
		return count(seconds/year, "year")
	}
	return "centuries"
}
