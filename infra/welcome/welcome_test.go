package welcome_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tresor/infra/welcome"
	"tresor/shared/auth"
)

func TestNothingIsLostOnTheWay(t *testing.T) {
	f := &auth.Founding{AdminID: 7, Username: "admin", Password: "p", TPM: auth.KeyPair{Public: "pub", Private: "priv"},
		SysPass: auth.SysPassToken{AuthToken: "at", TokenPass: "tp", MasterPassword: "mp"}, APIKey: "key"}
	text, err := json.Marshal(welcome.Of(f))
	if err != nil {
		t.Fatal(err)
	}
	var c welcome.Credentials
	if err := json.Unmarshal(text, &c); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(f, c.Founding()); diff != "" {
		t.Errorf("-founded +read:\n%s", diff)
	}
}

func TestCallsAreALineEach(t *testing.T) {
	var out bytes.Buffer
	welcome.Of(&auth.Founding{Username: "admin", APIKey: "the-key"}).Calls(&out, "http://127.0.0.1:3000", 4)
	calls := 0
	for line := range strings.Lines(out.String()) {
		if strings.HasPrefix(line, "curl ") {
			calls++
			if !strings.Contains(line, "http://127.0.0.1:3000/") {
				t.Errorf("another place: %s", line)
			}
		}
	}
	if calls != 3 || !strings.Contains(out.String(), `"clientId":4}`) || !strings.Contains(out.String(), "apikey=the-key") {
		t.Errorf("got %s", out.String())
	}
}
