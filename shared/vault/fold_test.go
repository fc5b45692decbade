package vault

import (
	"slices"
	"strings"
	"testing"
)

func TestSortKey(t *testing.T) {
	want := []string{"", " a", "_b", "-c", ".d", "(e)", "@f", "/g", "#h", "+i", "~j", "$k", "0", "10", "9", "a", "A b", "Á c", "a-d", "ab", "ss", "ß?", "z", "щ", "日"}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortStableFunc(got, func(a, b string) int { return strings.Compare(SortKey(a), SortKey(b)) })
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if SortKey("Ä  ") != SortKey("a") {
		t.Error("case, accents or trailing spaces count")
	}
	seen := map[byte]bool{}
	for _, c := range []byte(collated) {
		if seen[c] {
			t.Errorf("%q is listed twice", c)
		}
		seen[c] = true
	}
	for c := byte('!'); c < 0x7f; c++ { // all marks and symbols, each before the digits and in a place of its own
		letter := c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (!seen[c] || collation[c] >= '0') {
			t.Errorf("%q has no place", c)
		}
	}
}
