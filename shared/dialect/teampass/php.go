package teampass

import (
	"encoding/base64"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The original is written in PHP, and its clients have learnt what PHP takes for empty, for a number, for base64, and how it writes JSON.

// isEmpty is PHP's: "0" is empty too.
func isEmpty(s string) bool { return s == "" || s == "0" }

const phpSpace = " \t\n\r\v\f"

// numericPrefix returns the number that s begins with, behind white space, and what follows it.
func numericPrefix(s string) (value float64, rest string, ok bool) {
	s = strings.TrimLeft(s, phpSpace)
	end := 0
	if end < len(s) && (s[end] == '+' || s[end] == '-') {
		end++
	}
	whole := digits(s, &end)
	fraction := 0
	if end < len(s) && s[end] == '.' {
		end++
		fraction = digits(s, &end)
	}
	if whole+fraction == 0 {
		return 0, s, false
	}
	end = exponent(s, end)
	value, _ = strconv.ParseFloat(s[:end], 64) // only out of range can go wrong, and then it is infinite
	return value, s[end:], true
}

func digits(s string, at *int) int {
	start := *at
	for *at < len(s) && s[*at] >= '0' && s[*at] <= '9' {
		*at++
	}
	return *at - start
}

// exponent returns where an exponent at end ends; end if there is none.
func exponent(s string, end int) int {
	at := end
	if at >= len(s) || s[at] != 'e' && s[at] != 'E' {
		return end
	}
	at++
	if at < len(s) && (s[at] == '+' || s[at] == '-') {
		at++
	}
	if digits(s, &at) == 0 {
		return end
	}
	return at
}

// isNumeric is PHP's is_numeric: 1e3, " 12" and 1.5 pass.
func isNumeric(s string) bool {
	_, rest, ok := numericPrefix(s)
	return ok && strings.Trim(rest, phpSpace) == ""
}

// toInt is PHP's cast to an integer: 4abc is 4, abc is 0. What is beyond any id or limit is cut off there.
func toInt(s string) int64 {
	value, _, _ := numericPrefix(s)
	const limit = 1 << 53 // float64 holds every integer up to here
	return int64(math.Trunc(max(-limit, min(limit, value))))
}

// toID returns the id that a number names; 0 if it names none: a fraction, a negative number.
func toID(s string) uint64 {
	value, _, _ := numericPrefix(s)
	if !isNumeric(s) || value != math.Trunc(value) || value < 1 || value >= 1<<53 {
		return 0
	}
	return uint64(value)
}

// decodeBase64 decodes as leniently as the original: standard or URL-safe, padded or not, other characters skipped (teampass 2).
func decodeBase64(s string) string {
	kept := make([]byte, 0, len(s))
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '+', c == '/':
			kept = append(kept, c)
		case c == '-':
			kept = append(kept, '+')
		case c == '_':
			kept = append(kept, '/')
		}
	}
	if len(kept)%4 == 1 {
		kept = kept[:len(kept)-1] // six bits are no byte
	}
	out, err := base64.RawStdEncoding.DecodeString(string(kept))
	if err != nil {
		return "" // cannot be: only characters of the alphabet are left
	}
	return string(out)
}

// object is a JSON object with its members in the order that PHP gives them.
type object []member

type member struct {
	name  string
	value any // string, object or []object
}

// encode writes a string, an object or a list of objects as PHP does: / escaped, everything beyond ASCII as \u, no HTML escaping (teampass 4).
func encode(value any) answer { return appendJSON(nil, value) }

func appendJSON(b []byte, value any) []byte {
	switch v := value.(type) {
	case string:
		return appendString(b, v)
	case []object:
		b = append(b, '[')
		for i, o := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendJSON(b, o)
		}
		return append(b, ']')
	case object:
		b = append(b, '{')
		for i, m := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(appendString(b, m.name), ':')
			b = appendJSON(b, m.value)
		}
		return append(b, '}')
	}
	return append(b, "null"...)
}

func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	for _, r := range s {
		switch {
		case r == '"', r == '\\', r == '/':
			b = append(b, '\\', byte(r))
		case r >= ' ' && r < utf8.RuneSelf:
			b = append(b, byte(r))
		default:
			b = appendEscape(b, r)
		}
	}
	return append(b, '"')
}

func appendEscape(b []byte, r rune) []byte {
	const named = "\b\f\n\r\t"
	if i := strings.IndexRune(named, r); i >= 0 {
		return append(b, '\\', "bfnrt"[i])
	}
	if r > 0xffff {
		r -= 0x10000
		return appendHex(appendHex(b, 0xd800+r>>10), 0xdc00+r&0x3ff)
	}
	return appendHex(b, r)
}

func appendHex(b []byte, r rune) []byte {
	const hex = "0123456789abcdef"
	return append(b, '\\', 'u', hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15])
}
