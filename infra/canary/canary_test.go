package canary_test

import (
	"encoding/base64"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"tresor/infra/canary"
	"tresor/shared/auth"
)

const secret = `CANARY"7f/3a +&<`

// TestWrittenSeesEveryWay: a search over what Written returns proves something only if everything gets there.
func TestWrittenSeesEveryWay(t *testing.T) {
	written := canary.Written(t, func() {
		log.Print("one")
		slog.Debug("two")
		_, _ = io.WriteString(os.Stdout, "three")
		_, _ = io.WriteString(os.Stderr, "four")
	})
	for _, text := range []string{"one", "two", "three", "four"} {
		if !strings.Contains(written, text) {
			t.Errorf("%s is not in %q", text, written)
		}
	}
}

func TestFindsEveryForm(t *testing.T) {
	var s canary.Set
	s.Add("the secret", secret)
	before := func(n int) string {
		return base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", n) + secret + "yy"))
	}
	for name, text := range map[string]string{
		"plain": secret, "a URL's query": url.QueryEscape(secret), "a URL's path": url.PathEscape(secret), "Go's quotes": fmt.Sprintf("%q", secret),
		"JSON": `CANARY\"7f/3a +\u0026\u003c`, "base64": before(0), "base64 after one byte": before(1), "base64 after two": before(2), "base64 after three": before(3),
		"base64 of a URL": strings.NewReplacer("+", "-", "/", "_").Replace(before(4)),
	} {
		if got := s.Found("before " + text + " after"); len(got) != 1 || got[0] != "the secret" {
			t.Errorf("%s: found %q in %s", name, got, text)
		}
	}
	for _, text := range []string{"", "CANARY", "other text"} {
		if got := s.Found(text); len(got) != 0 {
			t.Errorf("found %q in %q", got, text)
		}
	}
}

func TestAllOfARequestIsSecret(t *testing.T) {
	var s canary.Set
	s.AddRequest(events.APIGatewayProxyRequest{
		Resource: "/api/index.php/{proxy+}", Path: "/api/index.php/add/item/" + base64.StdEncoding.EncodeToString([]byte("label;in the path;x")),
		PathParameters: map[string]string{"proxy": "add%2Fitem"}, QueryStringParameters: map[string]string{"apikey": "in the query", "a name": "x"},
		Headers: map[string]string{"Authorization": "Basic " + base64.StdEncoding.EncodeToString([]byte("user:in the header")), "X-Forwarded-For": "203.0.113.9"},
		Body:    `{"a":[{"b":"in the body"}]}`,
	})
	s.AddCredentials(&auth.Founding{Password: "the password", APIKey: "the API key", TPM: auth.KeyPair{Private: "the private key"}})
	s.AddAnswer(events.APIGatewayProxyResponse{Body: "the answer"})
	for _, text := range []string{"in the path", "in the query", "in the header", "in the body", "a name", "add/item", "the password", "the API key", "the private key", "the answer"} {
		if len(s.Found(text)) == 0 {
			t.Errorf("%q is not found", text)
		}
	}
	line := `{"timestamp":"2026-11-26T12:00:00Z","level":"INFO","message":"request","function":"teampass-items","resource":"/api/index.php/{proxy+}","source":"203.0.113.9"}`
	if got := s.Found(line); len(got) > 0 {
		t.Errorf("found %q in what a line holds on purpose", got)
	}
}

func TestBut(t *testing.T) {
	var s canary.Set
	s.Add("one", "secret one")
	s.Add("two", "secret two")
	if got := s.But("this is secret two").Found("secret one, secret two"); len(got) != 1 || got[0] != "one" {
		t.Errorf("without two: found %q", got)
	}
	if got := s.Found("secret one, secret two"); len(got) != 2 {
		t.Errorf("the set itself: found %q", got)
	}
}
