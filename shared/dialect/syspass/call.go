package syspass

import (
	"context"
	"net/http"
	"net/netip"
	"strconv"
	"strings"

	"tresor/shared/auth"
	"tresor/shared/vault"
)

// call is a request whose envelope is right and whose method is known.
type call struct {
	ctx    context.Context
	source netip.Addr
	method *method
	params params
	id     int64 // what the answer carries: 0 as long as the envelope was not read
}

// parseCall takes the steps 1 to 4 of syspass 1.2. The call is never nil: it carries the id to answer with.
func parseCall(body []byte) (*call, error) {
	c := &call{}
	if len(body) == 0 || string(body) == "0" {
		return c, undecoded(nil)
	}
	v, err := decodeJSON(body)
	if err != nil {
		return c, undecoded(err.Error())
	}
	if v == nil {
		return c, undecoded("No error")
	}
	envelope, _ := v.(object) // what is none has no fields
	p, _ := envelope["params"].(object)
	if envelope["jsonrpc"] == nil || envelope["method"] == nil || envelope["id"] == nil || p["authToken"] == nil {
		return c, &failure{Message: "Invalid format", Code: -32600, status: http.StatusNotFound}
	}
	c.id, c.params = callID(envelope["id"]), params(p)
	if c.method = find(phpString(envelope["method"])); c.method == nil {
		return c, &failure{Message: notHere, Code: -32601, status: http.StatusNotFound}
	}
	return c, nil
}

// undecoded is the answer to a body that is no JSON.
func undecoded(why any) *failure {
	return &failure{Message: "Invalid data", Code: -32700, Data: why, status: http.StatusNotFound}
}

// callID reads an id: an integer or a string holding one, as PHP's integer filter takes it. Everything else, 0 included, becomes 1
// (syspass 1.2).
func callID(v any) int64 {
	s := strings.Trim(phpString(v), " \t\n\r\v")
	digits := strings.TrimPrefix(s, "-")
	if digits == s {
		digits = strings.TrimPrefix(s, "+")
	}
	if digits == "" || !isDigit(digits[0]) || digits[0] == '0' {
		return 1
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 1
	}
	return n
}

// find looks a method up (syspass 1.2, step 4): everything but letters and slashes is dropped, the first two parts count, the
// controller's first letter may be of either case, the action's all. usergroup is what the 3.0 documentation called userGroup (syspass 7).
func find(name string) *method {
	name = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '/' {
			return r
		}
		return -1
	}, name)
	parts := strings.Split(name, "/")
	if len(parts) < 2 || parts[0] == "" {
		return nil
	}
	controller := strings.ToLower(parts[0][:1]) + parts[0][1:]
	if controller == "usergroup" {
		controller = "userGroup"
	}
	return byName[controller+"/"+strings.ToLower(parts[1])]
}

// request is the call as the vault sees it. The original ran the token through the string rule.
func (c *call) request(l *auth.Lockout) vault.Request {
	token := auth.Token(c.params.text("authToken"))
	return vault.Request{Auth: l.Guard(token, c.source), Action: c.method.action(), Source: c.source}
}
