package replay

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/aws/aws-lambda-go/events"
)

// Judge says what is wrong with an answer to r: another status than wanted, or another shape than its dialect has.
func Judge(r Request, want int, out events.APIGatewayProxyResponse) error {
	var problems []error
	if out.StatusCode != want {
		problems = append(problems, fmt.Errorf("status %d, want %d", out.StatusCode, want))
	}
	h := http.Header(out.MultiValueHeaders)
	if h.Get("Cache-Control") != "no-store" {
		problems = append(problems, fmt.Errorf("Cache-Control is %q: a shared cache may keep a secret", h.Get("Cache-Control")))
	}
	dialect, _, _ := strings.Cut(r.Function, "-")
	kind := contentTypes[dialect]
	check := shapes[dialect]
	switch {
	case out.StatusCode == http.StatusNoContent, dialect == "teampass" && slices.Contains([]string{http.MethodPut, http.MethodHead}, r.Event.HTTPMethod):
		kind, check = h.Get("Content-Type"), nobody // TeamPass 2: PUT and HEAD answer with nothing
	case dialect == "syspass" && r.Event.HTTPMethod == http.MethodGet:
		kind, check = "text/plain; charset=utf-8", oops
	}
	if got := h.Get("Content-Type"); got != kind {
		problems = append(problems, fmt.Errorf("Content-Type is %q, want %q", got, kind))
	}
	return errors.Join(append(problems, check(out.StatusCode, out.Body))...)
}

var contentTypes = map[string]string{"syspass": "application/json; charset=utf-8", "teampass": "application/json", "tpm": "application/json; charset=utf-8"}

var shapes = map[string]func(status int, body string) error{"syspass": inJSON(sysPass), "teampass": inJSON(teamPass), "tpm": inJSON(tpm)}

func inJSON(check func(status int, body any) error) func(int, string) error {
	return func(status int, text string) error {
		var body any
		if err := json.Unmarshal([]byte(text), &body); err != nil {
			return fmt.Errorf("the body is no JSON: %w", err)
		}
		return check(status, body)
	}
}

func nobody(_ int, body string) error {
	if body != "" {
		return errors.New("there is a body")
	}
	return nil
}

// oops is what sysPass answers a GET with (syspass 1.1), in no JSON.
func oops(_ int, body string) error {
	if body != "Oops, it looks like this content does not exist..." {
		return errors.New("the body is not the text that sysPass has")
	}
	return nil
}

// sysPass: JSON-RPC 2.0, either a result or an error.
func sysPass(_ int, body any) error {
	o, _ := body.(map[string]any)
	_, result := o["result"]
	_, failed := o["error"]
	if _, id := o["id"]; o["jsonrpc"] != "2.0" || result == failed || !id {
		return errors.New("the body is no JSON-RPC answer")
	}
	return nil
}

// teamPass: success is a list or an object without "err", failure an object with it.
func teamPass(status int, body any) error {
	o, isObject := body.(map[string]any)
	if text, failed := o["err"].(string); failed && text == "" || status >= 400 && !failed {
		return errors.New("the body does not say what failed")
	}
	if _, isList := body.([]any); !isList && !isObject {
		return errors.New("the body is neither a list nor an object")
	}
	return nil
}

// tpm: an error has three members, no success has "error".
func tpm(status int, body any) error {
	o, _ := body.(map[string]any)
	if _, failed := o["error"]; failed != (status >= 400) {
		return errors.New("status and body differ on whether it failed")
	}
	if status < 400 {
		return nil
	}
	if text, _ := o["message"].(string); o["error"] != true || o["type"] != http.StatusText(status) || text == "" || len(o) != 3 {
		return errors.New("the body is no TPM error")
	}
	return nil
}
