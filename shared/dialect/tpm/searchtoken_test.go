package tpm

import (
	"slices"
	"strings"
	"testing"
)

// TestTokens is what both searches have in common, and what each takes.
func TestTokens(t *testing.T) {
	op := func(t token) bool { return t.op == "" && !t.exact || t.op == "op" && t.text != "bad" }
	for s, want := range map[string][]token{
		"":                         nil,
		"a  B":                     {{"", "a", false}, {"", "b", false}},
		`OP:x op:[y z] op:"v w"`:   {{"op", "x", false}, {"op", "y z", true}, {"op", "v w", false}},
		`[y z] "v w"`:              {{"", "[y", false}, {"", "z]", false}, {"", "v w", false}},
		`op:bad op:"bad" op:[bad]`: {{"", "op:bad", false}, {"", `op:"bad"`, false}, {"", "op:[bad]", false}},
		"other:x :y":               {{"", "other:x", false}, {"", ":y", false}},
		"a\x00b \xff":              {{"", "ab", false}, {"", "\uFFFD", false}},
	} {
		if got := slices.Collect(tokens(s, op)); !slices.Equal(got, want) {
			t.Errorf("%q: got %+v, want %+v", s, got, want)
		}
	}
	many := slices.Collect(tokens(strings.Repeat("x ", maxTerms)+"the rest", op))
	if len(many) != maxTerms+1 || many[maxTerms] != (token{text: "the rest"}) {
		t.Errorf("%d conditions, the last %+v", len(many), many[len(many)-1])
	}
	for range tokens("a b", op) {
		break
	}
	q, err := parseLogQuery(`action_id:[a b] [c d] user_id:"3" ip: x:y`)
	want := []logTerm{{logActionID, "a b", 0}, {logText, "[c", 0}, {logText, "d]", 0}, {logUser, "3", 3}, {logText, "x:y", 0}}
	if err != nil || !slices.Equal(q.terms, want) {
		t.Errorf("the log: got %+v, %v", q, err)
	}
}
