package gateway_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"strings"
	"testing"

	"tresor/shared/gateway"
	"tresor/shared/inbound"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"
)

// event returns a REST event with the layout of a live one.
func event(t testing.TB) events.APIGatewayProxyRequest {
	t.Helper()
	text, err := os.ReadFile("testdata/rest-v1.json")
	if err != nil {
		t.Fatal(err)
	}
	var ev events.APIGatewayProxyRequest
	if err := json.Unmarshal(text, &ev); err != nil {
		t.Fatal(err)
	}
	return ev
}

func silent() gateway.Options { return gateway.Options{Log: slog.New(slog.DiscardHandler)} }

// proxy passes one event through h.
func proxy(t testing.TB, opts gateway.Options, ev events.APIGatewayProxyRequest, h http.HandlerFunc) events.APIGatewayProxyResponse {
	t.Helper()
	out, err := gateway.New(h, opts).Proxy(t.Context(), ev)
	if err != nil {
		t.Fatalf("Proxy returned an error: %v", err)
	}
	return out
}

func TestLiveEvent(t *testing.T) {
	called := false
	out := proxy(t, silent(), event(t), func(w http.ResponseWriter, r *http.Request) {
		called = true
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got := map[string]any{
			"method": r.Method, "raw path": inbound.RawPath(r), "escaped": r.URL.EscapedPath(), "url raw path": r.URL.RawPath, "path": r.URL.Path,
			"probe": r.Header["X-Probe"], "query": r.URL.RawQuery, "uri": r.RequestURI, "host": r.Host, "remote": r.RemoteAddr,
			"body": string(body), "source": inbound.SourceAddr(r), "id": inbound.RequestID(r), "resource": inbound.Resource(r),
			"base": inbound.BaseURL(r), "refused": inbound.Refused(r), "url host": r.URL.Host,
		}
		want := map[string]any{
			"method": "POST", "raw path": "/index.php/api/v6/passwords/search/a%2Fb.json", "escaped": "/index.php/api/v6/passwords/search/a%2Fb.json",
			"url raw path": "/index.php/api/v6/passwords/search/a%2Fb.json", "path": "/index.php/api/v6/passwords/search/a/b.json",
			"probe": []string{"first", "second"}, "query": "empty=&plus=a%2Bb&repeat=one&repeat=two&space=a+b",
			"uri":  "/index.php/api/v6/passwords/search/a%2Fb.json?empty=&plus=a%2Bb&repeat=one&repeat=two&space=a+b",
			"host": "q1w2e3r4t5.execute-api.eu-west-1.amazonaws.com", "remote": "203.0.113.9:0",
			"body": `{"message":"lambda-λ"}`, "source": netip.MustParseAddr("203.0.113.9"), "id": "7c2af7db-31f3-42b5-8a6d-9ffc74e3b9e0",
			"resource": "/index.php/{proxy+}", "base": "https://q1w2e3r4t5.execute-api.eu-west-1.amazonaws.com/prod", "refused": false, "url host": "",
		}
		if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
			t.Errorf("request (-want +got):\n%s", diff)
		}
		w.Header().Add("Link", "<a>")
		w.Header().Add("Link", "<b>")
		w.WriteHeader(http.StatusCreated)
	})
	if !called {
		t.Fatal("handler not called")
	}
	if out.StatusCode != 201 || len(out.MultiValueHeaders["Link"]) != 2 {
		t.Errorf("got status %d and headers %v, want 201 and two Link headers", out.StatusCode, out.MultiValueHeaders)
	}
}

func TestPathFidelity(t *testing.T) {
	prefix := "/index.php/api/v6/passwords/search/"
	for _, rest := range []string{
		"a%2Fb.json", "a%3Fb.json", "a%23b.json", "100%25.json", "100%2525.json", "a%2Bb.json", "a+b.json", "1;2;3", "1%3B2", "x=y==", "TWcrLz09",
		"//double//", "a/../b", "..", "%2e%2e/b", ".", "a.json.json", "%20 %7C", "%00", "%FF%fe", "ünïcode", "a:b@c!$&'()*,", "a|b\"<>^`{}", `back\slash`, "[x]",
	} {
		ev := event(t)
		ev.Path = prefix + rest
		proxy(t, silent(), ev, func(_ http.ResponseWriter, r *http.Request) {
			if got := inbound.RawPath(r); got != ev.Path {
				t.Errorf("%q: RawPath is %q", ev.Path, got)
			}
			if inbound.Refused(r) {
				t.Errorf("%q: refused", ev.Path)
			}
			if r.URL.RawPath != r.URL.EscapedPath() || r.URL.RawPath == "" {
				t.Errorf("%q: URL.RawPath is %q, EscapedPath %q", ev.Path, r.URL.RawPath, r.URL.EscapedPath())
			}
			if plain := !strings.ContainsAny(rest, " |\"<>^`{}\\ü"); plain && r.URL.RawPath != ev.Path {
				t.Errorf("%q: URL.RawPath is %q", ev.Path, r.URL.RawPath)
			}
		})
	}
}

func TestRefusedPathsReachTheDialect(t *testing.T) {
	for _, path := range []string{"/api/%zz", "/api/100%", "/api/%2", "/a\x00b", "/a\nb", "/a\x7fb", "/a?b", "/a#b", "", "no-slash", "http://evil/%"} {
		ev := event(t)
		ev.Path = path
		out := proxy(t, silent(), ev, func(w http.ResponseWriter, r *http.Request) {
			if !inbound.Refused(r) || inbound.RawPath(r) != path || r.URL.Path != "/" || r.URL.RawPath != "/" {
				t.Errorf("%q: refused %v, raw path %q, URL %q", path, inbound.Refused(r), inbound.RawPath(r), r.URL)
			}
			w.WriteHeader(http.StatusTeapot)
		})
		if out.StatusCode != http.StatusTeapot {
			t.Errorf("%q: got %d, want the dialect's own answer", path, out.StatusCode)
		}
	}
}

func TestOddEventsReachTheDialect(t *testing.T) {
	for name, change := range map[string]func(*events.APIGatewayProxyRequest){
		"invented method":     func(ev *events.APIGatewayProxyRequest) { ev.HTTPMethod = "GE T\n" },
		"domain not a domain": func(ev *events.APIGatewayProxyRequest) { ev.RequestContext.DomainName = "a b%zz/\n" },
		"empty event":         func(ev *events.APIGatewayProxyRequest) { *ev = events.APIGatewayProxyRequest{} },
		"bad source address":  func(ev *events.APIGatewayProxyRequest) { ev.RequestContext.Identity.SourceIP = "x" },
	} {
		ev := event(t)
		change(&ev)
		out := proxy(t, silent(), ev, func(w http.ResponseWriter, r *http.Request) {
			_, _ = inbound.SourceAddr(r), inbound.BaseURL(r)
			w.WriteHeader(http.StatusTeapot)
		})
		if out.StatusCode != http.StatusTeapot {
			t.Errorf("%s: got %d", name, out.StatusCode)
		}
	}
}

func TestForgedHeadersAreDropped(t *testing.T) {
	ev := event(t)
	for _, name := range []string{"x-golambdaproxy-apigw-context", "X-GoLambdaProxy-ApiGw-StageVars", "X-Forwarded-For", "x-forwarded-host", "Forwarded"} {
		ev.MultiValueHeaders[name] = []string{"6.6.6.6"}
	}
	proxy(t, silent(), ev, func(_ http.ResponseWriter, r *http.Request) {
		for name, values := range r.Header {
			if strings.Contains(strings.Join(values, ""), "6.6.6.6") {
				t.Errorf("header %s reached the dialect", name)
			}
		}
		if got := inbound.SourceAddr(r).String(); got != "203.0.113.9" {
			t.Errorf("source %s", got)
		}
		if strings.Contains(inbound.BaseURL(r), "6.6.6.6") {
			t.Errorf("base URL %s", inbound.BaseURL(r))
		}
	})
}

func TestBaseURL(t *testing.T) {
	for _, c := range []struct{ domain, stage, resource, path, proto, base, urlPath string }{
		{"vault.example.org", "prod", "/index.php/api/{proxy+}", "/index.php/api/v6/x.json", "https", "https://vault.example.org", "/index.php/api/v6/x.json"},
		{"vault.example.org", "prod", "/index.php/api/{proxy+}", "/tpm/index.php/api/v6/x.json", "https", "https://vault.example.org/tpm", "/index.php/api/v6/x.json"},
		{"vault.example.org", "prod", "/api.php", "/a/b/api.php", "https", "https://vault.example.org/a/b", "/api.php"},
		{"vault.example.org", "prod", "/api/index.php/{proxy+}", "/api/index.php//read/items/1", "https", "https://vault.example.org", "/api/index.php//read/items/1"},
		{"vault.example.org", "prod", "/api/{proxy+}", "/api/a/api/b", "https", "https://vault.example.org", "/api/a/api/b"},
		{"x.execute-api.cn-north-1.amazonaws.com.cn", "v1", "/api.php", "/api.php", "https", "https://x.execute-api.cn-north-1.amazonaws.com.cn/v1", "/api.php"},
		{"127.0.0.1:8080", "local", "/api.php", "/api.php", "http", "http://127.0.0.1:8080", "/api.php"},
		{"127.0.0.1:8080", "local", "/api.php", "/api.php", "gopher", "https://127.0.0.1:8080", "/api.php"},
		{"a.execute-api.evil.com", "prod", "/api.php", "/api.php", "https", "https://a.execute-api.evil.com", "/api.php"},
	} {
		ev := event(t)
		ev.RequestContext.DomainName, ev.RequestContext.Stage, ev.RequestContext.ResourcePath, ev.Path = c.domain, c.stage, c.resource, c.path
		ev.MultiValueHeaders["X-Forwarded-Proto"] = []string{c.proto}
		proxy(t, silent(), ev, func(_ http.ResponseWriter, r *http.Request) {
			if inbound.BaseURL(r) != c.base || r.URL.Path != c.urlPath || inbound.RawPath(r) != c.path {
				t.Errorf("%s %s: base %s, URL path %s, raw path %s", c.domain, c.path, inbound.BaseURL(r), r.URL.Path, inbound.RawPath(r))
			}
		})
	}
}

func TestBodies(t *testing.T) {
	for name, c := range map[string]struct {
		body   string
		base64 bool
		want   string
	}{
		"text":         {"text", false, "text"},
		"base64":       {base64.StdEncoding.EncodeToString([]byte("\xff\x00x")), true, "\xff\x00x"},
		"empty":        {"", false, ""},
		"empty base64": {"", true, ""},
	} {
		ev := event(t)
		ev.Body, ev.IsBase64Encoded = c.body, c.base64
		proxy(t, silent(), ev, func(_ http.ResponseWriter, r *http.Request) {
			got, err := io.ReadAll(r.Body)
			if string(got) != c.want || err != nil || r.ContentLength != int64(len(c.want)) {
				t.Errorf("%s: got %q, %v, length %d", name, got, err, r.ContentLength)
			}
		})
	}
}

func TestBodyThatIsNoBase64(t *testing.T) {
	ev := event(t)
	ev.Body, ev.IsBase64Encoded = "%%%", true
	proxy(t, silent(), ev, func(_ http.ResponseWriter, r *http.Request) {
		if got, err := io.ReadAll(r.Body); err == nil || len(got) > 0 || inbound.TooLarge(err) {
			t.Errorf("got %q, %v; want an error that is not TooLarge", got, err)
		}
	})
}

func TestBodyAboveTheLimit(t *testing.T) {
	ev := event(t)
	ev.Body = strings.Repeat("x", 10<<20)
	out := proxy(t, silent(), ev, func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.ReadAll(r.Body); !inbound.TooLarge(err) {
			t.Errorf("got %v, want an error that is TooLarge", err)
		}
		w.WriteHeader(http.StatusRequestEntityTooLarge)
	})
	if out.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("got %d", out.StatusCode)
	}
	opts := silent()
	opts.MaxBody = 10 << 20
	proxy(t, opts, ev, func(_ http.ResponseWriter, r *http.Request) {
		if got, err := io.ReadAll(r.Body); err != nil || len(got) != 10<<20 {
			t.Errorf("at the limit: got %d bytes, %v", len(got), err)
		}
	})
}

func TestWithoutGateway(t *testing.T) {
	r := httptest.NewRequest("GET", "/api/index.php/read/a%2Fb?apikey=k", nil)
	r.RemoteAddr, r.Host = "[::ffff:192.0.2.7]:1234", "localhost:99"
	if inbound.RawPath(r) != "/api/index.php/read/a%2Fb" || inbound.SourceAddr(r).String() != "192.0.2.7" || inbound.BaseURL(r) != "http://localhost:99" ||
		inbound.RequestID(r) != "" || inbound.Resource(r) != "" || inbound.Refused(r) {
		t.Errorf("got %s %s %s", inbound.RawPath(r), inbound.SourceAddr(r), inbound.BaseURL(r))
	}
	if inbound.TooLarge(errors.New("other")) || inbound.TooLarge(nil) {
		t.Error("TooLarge is true for other errors")
	}
}

func BenchmarkProxy(b *testing.B) {
	g := gateway.New(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") }), silent())
	ev := event(b)
	for b.Loop() {
		_, _ = g.Proxy(b.Context(), ev)
	}
}
