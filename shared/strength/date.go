package strength

import (
	"strconv"
	"strings"

	"github.com/trustelem/zxcvbn/match"
	"github.com/trustelem/zxcvbn/scoring"
)

func digits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// years finds recent years, as zxcvbn 4.4.2 has them: 1900 to 2019.
func years(password string) (list []*match.Match) {
	for i := 0; i+4 <= len(password); i++ {
		if y := password[i : i+4]; digits(y) && (y[:2] == "19" || y[:3] == "200" || y[:3] == "201") {
			list = append(list, &match.Match{Pattern: "regex", RegexName: "recent_year", Token: y, I: i, J: i + 3})
			i += 3
		}
	}
	return list
}

// date is a day without a check of its month's length.
type date struct{ day, month, year int }

// splits says where dates of so many digits may be cut.
var splits = [...][][2]int{
	4: {{1, 2}, {2, 3}},
	5: {{1, 3}, {2, 3}},
	6: {{1, 2}, {2, 4}, {4, 5}},
	7: {{1, 3}, {2, 3}, {4, 5}, {4, 6}},
	8: {{2, 4}, {4, 6}},
}

// dates finds dates in all orders, with and without separators, and leaves out those within others.
func dates(password string) (kept []*match.Match) {
	var list []*match.Match
	for i := range len(password) {
		for j := i + 4; j <= min(len(password), i+10); j++ {
			token := password[i:j]
			m := &match.Match{Pattern: "date", Token: token, I: i, J: j - 1}
			d, ok := joined(token)
			if !ok {
				d, m.Separator, ok = separated(token)
			}
			if ok {
				m.Day, m.Month, m.Year = d.day, d.month, d.year
				list = append(list, m)
			}
		}
	}
	for _, m := range list {
		if !within(m, list) {
			kept = append(kept, m)
		}
	}
	return kept
}

func within(m *match.Match, list []*match.Match) bool {
	for _, other := range list {
		if m != other && other.I <= m.I && other.J >= m.J {
			return true
		}
	}
	return false
}

// joined reads a date without separators: of the ways to cut it, the one whose year is nearest to now.
func joined(s string) (best date, ok bool) {
	if len(s) >= len(splits) || !digits(s) {
		return best, false
	}
	for _, cut := range splits[len(s)] {
		d, valid := newDate(s[:cut[0]], s[cut[0]:cut[1]], s[cut[1]:])
		if valid && (!ok || distance(d) < distance(best)) {
			best, ok = d, true
		}
	}
	return best, ok
}

func distance(d date) int { return max(d.year-scoring.ReferenceYear, scoring.ReferenceYear-d.year) }

// separated reads a date like 1.1.91 or 1991/11/11, with the same separator twice.
func separated(s string) (d date, separator string, ok bool) {
	at := strings.IndexAny(s, " \t\n\v\f\r/\\_.-")
	if at < 0 {
		return d, "", false
	}
	separator = s[at : at+1]
	parts := strings.Split(s, separator)
	if len(parts) != 3 || !digits(parts[0]) || !digits(parts[1]) || !digits(parts[2]) || len(parts[0]) > 4 || len(parts[1]) > 2 || len(parts[2]) > 4 || len(s) < 6 {
		return d, "", false
	}
	d, ok = newDate(parts[0], parts[1], parts[2])
	return d, separator, ok
}

// Years that are taken for such.
const (
	minYear = 1000
	maxYear = 2050
)

// newDate makes a date of three numbers, if they can be one: the year first or last, of four digits if one is, else of two.
func newDate(a, b, c string) (date, bool) {
	x, _ := strconv.Atoi(a) // digits all
	y, _ := strconv.Atoi(b)
	z, _ := strconv.Atoi(c)
	if !plausible(x, y, z) {
		return date{}, false
	}
	for _, order := range [...][3]int{{z, x, y}, {x, y, z}} {
		if order[0] >= minYear {
			return dayAndMonth(order[1], order[2], order[0])
		}
	}
	for _, order := range [...][3]int{{z, x, y}, {x, y, z}} {
		if d, ok := dayAndMonth(order[1], order[2], fourDigits(order[0])); ok {
			return d, true
		}
	}
	return date{}, false
}

func plausible(x, y, z int) bool {
	over12, over31, zero := 0, 0, 0
	for _, n := range [...]int{x, y, z} {
		switch {
		case n > 99 && n < minYear, n > maxYear:
			return false
		case n > 31:
			over31++
			over12++
		case n > 12:
			over12++
		case n == 0:
			zero++
		}
	}
	return 0 < y && y <= 31 && over31 < 2 && over12 < 3 && zero < 2
}

func dayAndMonth(a, b, year int) (date, bool) {
	switch {
	case a <= 31 && b <= 12:
		return date{a, b, year}, true
	case b <= 31 && a <= 12:
		return date{b, a, year}, true
	}
	return date{}, false
}

func fourDigits(year int) int {
	switch {
	case year > 99:
		return year
	case year > 50:
		return year + 1900
	}
	return year + 2000
}
