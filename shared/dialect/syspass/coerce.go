package syspass

import (
	"errors"
	"math"
	"strconv"
	"strings"
)

// params are a call's parameters. Their values become what a method wants by PHP's rules (syspass 1.3): nothing is refused for its
// type, except what is no array where one is wanted. Absent and null are the same: "" or 0.
type params object

// has reports whether a parameter is there, null or not: all that "required" asks for.
func (p params) has(name string) bool {
	_, ok := p[name]
	return ok
}

// integer applies the int rule: whatever is neither digit nor sign goes, so that 1.5 is 15 and "12abc3" is 123.
func (p params) integer(name string) int64 { return intRule(p[name]) }

// flag reports whether one of our own parameters, which extend the API, is truthy as PHP sees it: all but null, false, 0, "", "0" and an
// empty array.
func (p params) flag(name string) bool {
	switch v := p[name].(type) {
	case []any:
		return len(v) > 0
	case object:
		return len(v) > 0
	case float64: // -0.0 too
		return v != 0
	default:
		text := phpString(v)
		return text != "" && text != "0"
	}
}

// text applies the string rule: trimmed, then tags stripped.
func (p params) text(name string) string { return stringRule(p[name]) }

// raw applies the raw rule: only trimmed.
func (p params) raw(name string) string { return trim(phpString(p[name])) }

// integers applies the array rule and casts each element. errNoArray: the value is neither null nor an array.
func (p params) integers(name string) ([]int64, error) {
	if p[name] == nil {
		return nil, nil
	}
	list, ok := p[name].([]any)
	if !ok {
		return nil, errNoArray
	}
	ids := make([]int64, len(list))
	for i, v := range list {
		if isNumeric(v) {
			ids[i] = intRule(v)
		} else {
			ids[i] = leadingInt(stringRule(v))
		}
	}
	return ids, nil
}

func intRule(v any) int64 {
	kept := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r == '+' || r == '-' {
			return r
		}
		return -1
	}, phpString(v))
	return castInt(kept)
}

func stringRule(v any) string { return stripTags(trim(phpString(v))) }

func trim(s string) string { return strings.Trim(s, " \t\n\r\x00\v") }

// phpString is PHP's conversion to a string; arrays and objects, at which PHP warns, give "".
func phpString(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return phpFloat(v)
	case bool:
		if v {
			return "1"
		}
	}
	return ""
}

// phpFloat writes 14 significant digits, with an exponent from 1.0E+14 and below 0.0001 on.
func phpFloat(f float64) string {
	switch {
	case math.IsInf(f, 1):
		return "INF"
	case math.IsInf(f, -1):
		return "-INF"
	}
	mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(f, 'e', 13, 64), "e")
	n, _ := strconv.Atoi(exponent)
	if n >= -5+1 && n < 14 {
		fixed := strconv.FormatFloat(f, 'f', 13-n, 64)
		if strings.Contains(fixed, ".") {
			fixed = strings.TrimRight(strings.TrimRight(fixed, "0"), ".")
		}
		return fixed
	}
	mantissa = strings.TrimRight(mantissa, "0")
	if strings.HasSuffix(mantissa, ".") {
		mantissa += "0"
	}
	sign := "+"
	if n < 0 {
		sign = "" // Itoa writes it
	}
	return mantissa + "E" + sign + strconv.Itoa(n)
}

// castInt is PHP's (int) of a string of digits and signs: what leads, saturated at the ends of int64.
func castInt(s string) int64 {
	end := 0
	if end < len(s) && (s[0] == '+' || s[0] == '-') {
		end++
	}
	for end < len(s) && isDigit(s[end]) {
		end++
	}
	n, _ := strconv.ParseInt(s[:end], 10, 64) // 0 for nothing; the nearest for what does not fit
	return n
}

// leadingInt is PHP's (int) of any string: a leading number, its fraction cut off.
func leadingInt(s string) int64 {
	s = strings.TrimLeft(s, " \t\n\r\v\f")
	f, whole := leadingNumber(s)
	switch {
	case whole:
		return castInt(s)
	case math.IsInf(f, 0):
		return 0
	case f >= 1<<63:
		return math.MaxInt64
	case f < -1<<63:
		return math.MinInt64
	}
	return int64(f)
}

// leadingNumber returns the longest number that s begins with, and whether it is a plain integer (or nothing).
func leadingNumber(s string) (f float64, whole bool) {
	sc := scanner{text: []byte(s)}
	sc.pass("+-")
	before := sc.digits()
	after := sc.pass(".") && sc.digits()
	if !after && !before {
		return 0, true
	}
	end := sc.at // behind a point even if no digit follows: "9.e3" is 9000
	whole = !after
	if sc.pass("eE") {
		sc.pass("+-")
		if sc.digits() {
			end, whole = sc.at, false
		}
	}
	f, _ = strconv.ParseFloat(s[:end], 64)
	return f, whole
}

// isNumeric is PHP's is_numeric.
func isNumeric(v any) bool {
	switch v := v.(type) {
	case int64, float64:
		return true
	case string:
		s := strings.Trim(v, " \t\n\r\v\f")
		if s == "" || strings.Trim(s, "+-.0123456789eE") != "" {
			return false
		}
		_, err := strconv.ParseFloat(s, 64)
		return err == nil || errors.Is(err, strconv.ErrRange)
	}
	return false
}
