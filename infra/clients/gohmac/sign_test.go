package main

import "testing"

// What two public clients of the original have in their own tests.
func TestSign(t *testing.T) {
	for _, v := range []struct{ private, timestamp, body, want string }{
		{"dc6laksjddk1l23kl12j31l23j2k2jlfaa88afbdd51d7089calsdjaslkdjljc9", "1644913719", `{"name":"This is a new password","parent_id":0}`,
			"44105abe110f2e02b75584b939e294886a4e5cc42bc873e58d75ebb78795c2f5"},
		{"0000000000000000002j31l23j2k2jlfaa88afbdd51d70800000000000000000", "1644915273", `{"name":"This is a new password"}`,
			"5fe43518b641d5c56a7e68d4937f2daad46c405bec2c36a0fb4563a22a51f986"},
	} {
		if got := sign(v.private, "api/v5/projects.json", v.timestamp, []byte(v.body)); got != v.want {
			t.Errorf("%s: got %s, want %s", v.timestamp, got, v.want)
		}
	}
}
