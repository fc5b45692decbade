package tpm

import (
	"strconv"
	"strings"
)

// shownName returns a name, or what else people write, as raw shows it. One with a character that separates raw's parts, or that does not print, is quoted: nobody
// can make a part of a row by the name of a thing.
func shownName(name string) string {
	odd := func(r rune) bool { return strings.ContainsRune(`;|"`, r) || !strconv.IsPrint(r) }
	if strings.ContainsFunc(name, odd) {
		return strconv.Quote(name)
	}
	return name
}
