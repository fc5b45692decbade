package localapi_test

import (
	"fmt"
	"strings"
	"testing"

	"tresor/infra/localapi"
	"tresor/infra/template"
)

// tree makes a template with one function per route, named by its number from 0.
func tree(routes ...string) []byte {
	var b strings.Builder
	b.WriteString("Resources:\n  Api: {Type: 'AWS::Serverless::Api', Properties: {BinaryMediaTypes: [image~1png]}}\n")
	for i, r := range routes {
		method, path, _ := strings.Cut(r, " ")
		fmt.Fprintf(&b, "  F%d: {Type: 'AWS::Serverless::Function', Properties: {Events: {E: {Type: Api, Properties: {Method: %s, Path: '%s'}}}}}\n", i, method, path)
	}
	return []byte(b.String())
}

func router(t testing.TB, text []byte) *localapi.Router {
	t.Helper()
	tmpl, err := template.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	r, err := localapi.NewRouter(tmpl)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestMatchAsMeasured repeats, with other names, what people measured of live REST APIs (see Router).
func TestMatchAsMeasured(t *testing.T) {
	r := router(t, tree("ANY /{proxy+}", "GET /jobs/{kind}", "OPTIONS /cors", "GET /users/{id}", "PATCH /users/me", "POST /things/real", "GET /things/{rest+}",
		"POST /deep/a/b", "ANY /deep/{rest+}", "GET /own", "ANY /own"))
	for request, want := range map[string]string{
		"GET /jobs/x":       "GET /jobs/{kind}",
		"GET /jobs":         "ANY /{proxy+}", // a node without methods
		"POST /jobs/x":      "ANY /{proxy+}", // the method is elsewhere
		"GET /cors":         "ANY /{proxy+}",
		"GET /users/me":     "GET /users/{id}",
		"PATCH /users/me":   "PATCH /users/me",
		"GET /things/real":  "GET /things/{rest+}",
		"POST /things/real": "POST /things/real",
		"GET /things":       "ANY /{proxy+}", // a greedy variable takes no empty rest
		"POST /deep/a/b":    "POST /deep/a/b",
		"POST /deep/a/c":    "ANY /deep/{rest+}", // back up from a dead end
		"POST /deep/a":      "ANY /deep/{rest+}",
		"GET /own":          "GET /own",
		"PUT /own":          "ANY /own",
		"GET //own":         "GET /own",
		"GET /own/":         "GET /own",
		"GET /own//":        "GET /own",
		"GET /OWN":          "ANY /{proxy+}",
		"GET /ow%6e":        "ANY /{proxy+}",
		"GET /..":           "ANY /{proxy+}",
		"GET /":             "",
		"GET ":              "",
	} {
		method, path, _ := strings.Cut(request, " ")
		_, route, ok := r.Event(localapi.Request{Method: method, Target: path})
		if got := route.String(); ok != (want != "") || ok && got != want {
			t.Errorf("%s: got %q, want %q", request, got, want)
		}
	}
}

func TestNoRoute(t *testing.T) {
	r := router(t, tree("GET /a", "POST /b/{proxy+}"))
	for _, q := range []localapi.Request{{Method: "POST", Target: "/a"}, {Method: "GET", Target: "/b/c"}, {Method: "POST", Target: "/b/"}, {Method: "GET", Target: "/c"}} {
		if _, route, ok := r.Event(q); ok {
			t.Errorf("%s %s: got %s, want none", q.Method, q.Target, route)
		}
	}
}

func TestPathParametersStayEncoded(t *testing.T) {
	r := router(t, tree("GET /a/{id}/{rest+}"))
	ev, _, ok := r.Event(localapi.Request{Method: "GET", Target: "/a//x%2Fy/b//c%3B;/d/?q=1"})
	if !ok || ev.PathParameters["id"] != "x%2Fy" || ev.PathParameters["rest"] != "b//c%3B;/d/" {
		t.Errorf("got %v", ev.PathParameters)
	}
	if ev.Path != "/a//x%2Fy/b//c%3B;/d/" {
		t.Errorf("path %s", ev.Path)
	}
}

func TestRoutesThatAPIGatewayRefuses(t *testing.T) {
	for name, routes := range map[string][]string{
		"variable beside greedy": {"GET /a/{id}", "GET /a/{proxy+}"},
		"two names":              {"GET /a/{id}", "GET /a/{name}"},
		"two greedy names":       {"GET /a/{p+}", "GET /a/{q+}"},
		"more after greedy":      {"GET /a/{p+}/b"},
	} {
		tmpl, err := template.Parse(tree(routes...))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := localapi.NewRouter(tmpl); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
