package localapi_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"tresor/infra/localapi"
	"tresor/shared/gateway"
	"tresor/shared/inbound"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"
)

// server serves one function at /{proxy+} and /, and returns its address.
func server(t *testing.T, f localapi.Invoke, opts ...localapi.Option) string {
	t.Helper()
	h, err := localapi.NewHandler(tree("ANY /{proxy+}"), map[string]localapi.Invoke{"F0": f}, opts...)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

// send writes raw bytes to a server and returns its answer.
func send(t *testing.T, addr, raw string) (status int, header http.Header, body string) {
	t.Helper()
	var d net.Dialer
	c, err := d.DialContext(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if _, err := io.WriteString(c, raw); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, string(text)
}

// capture returns the event that a raw request becomes.
func capture(t *testing.T, raw string, opts ...localapi.Option) events.APIGatewayProxyRequest {
	t.Helper()
	var got events.APIGatewayProxyRequest
	addr := server(t, func(_ context.Context, ev events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		got = ev
		return events.APIGatewayProxyResponse{StatusCode: 204}, nil
	}, opts...)
	if status, _, body := send(t, addr, raw); status != 204 {
		t.Fatalf("%q: got %d %s", raw, status, body)
	}
	return got
}

func TestEventHasTheLayoutOfALiveOne(t *testing.T) {
	ev := capture(t, "POST /capture/space%20value?literal=a+b&encoded=a%2Bb&repeat=one&repeat=two&empty=&bare HTTP/1.1\r\n"+
		"Host: vault.example:8080\r\nUser-Agent: curl/8.7.1\r\ncontent-type: application/json\r\nX-Probe: first\r\nx-probe: second\r\n"+
		"X-Forwarded-For: 192.0.2.66\r\nX-Forwarded-Proto: gopher\r\nConnection: close\r\nContent-Length: 5\r\n\r\nb\u00f6dy")
	rc := ev.RequestContext
	if len(rc.RequestID) != 36 || rc.RequestTimeEpoch == 0 || !strings.HasSuffix(rc.RequestTime, " +0000") || len(rc.ResourceID) != 6 {
		t.Errorf("request context %+v", rc)
	}
	ev.RequestContext = events.APIGatewayProxyRequestContext{
		Stage: rc.Stage, DomainName: rc.DomainName, ResourcePath: rc.ResourcePath, Path: rc.Path, HTTPMethod: rc.HTTPMethod, Protocol: rc.Protocol, Identity: rc.Identity,
	}
	want := events.APIGatewayProxyRequest{
		Resource: "/{proxy+}", Path: "/capture/space%20value", HTTPMethod: "POST",
		Headers: map[string]string{
			"Host": "vault.example:8080", "User-Agent": "curl/8.7.1", "Content-Type": "application/json", "X-Probe": "second",
			"X-Forwarded-For": "192.0.2.66, 127.0.0.1", "X-Forwarded-Port": "8080", "X-Forwarded-Proto": "http",
		},
		MultiValueHeaders: map[string][]string{
			"Host": {"vault.example:8080"}, "User-Agent": {"curl/8.7.1"}, "Content-Type": {"application/json"}, "X-Probe": {"first", "second"},
			"X-Forwarded-For": {"192.0.2.66, 127.0.0.1"}, "X-Forwarded-Port": {"8080"}, "X-Forwarded-Proto": {"http"},
		},
		QueryStringParameters: map[string]string{"literal": "a b", "encoded": "a+b", "repeat": "two", "empty": "", "bare": ""},
		MultiValueQueryStringParameters: map[string][]string{
			"literal": {"a b"}, "encoded": {"a+b"}, "repeat": {"one", "two"}, "empty": {""}, "bare": {""},
		},
		PathParameters: map[string]string{"proxy": "capture/space%20value"},
		RequestContext: events.APIGatewayProxyRequestContext{
			Stage: "local", DomainName: "vault.example:8080", ResourcePath: "/{proxy+}", Path: "/capture/space%20value", HTTPMethod: "POST", Protocol: "HTTP/1.1",
			Identity: events.APIGatewayRequestIdentity{SourceIP: "127.0.0.1", UserAgent: "curl/8.7.1"},
		},
		Body: "b\u00f6dy",
	}
	if diff := cmp.Diff(want, ev); diff != "" {
		t.Errorf("event (-want +got):\n%s", diff)
	}
}

// TestPathsThroughTheWholeWay sends targets over the wire and compares what the dialect gets with what was sent.
func TestPathsThroughTheWholeWay(t *testing.T) {
	var got string
	var refused bool
	g := gateway.New(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got, refused = inbound.RawPath(r), inbound.Refused(r) }),
		gateway.Options{Log: slog.New(slog.DiscardHandler)})
	addr := server(t, g.Proxy)
	for _, path := range []string{
		"/a%2Fb.json", "/a%3Fb", "/a%23b", "/100%25", "/100%2525", "/a+b", "/1;2;3", "/1%3B2", "/x=y==", "//a//b//", "/a/../b", "/./a", "/%2e%2e/b", "/%00", "/%FF",
		"/\u00fc", "/a|b^c`d", "/a\"b", "/" + strings.Repeat("x", 9000),
	} {
		if status, _, body := send(t, addr, "GET "+path+"?apikey=k%2F HTTP/1.1\r\nHost: h\r\n\r\n"); status != 200 {
			t.Errorf("%q: got %d %s", path, status, body)
		}
		if got != path || refused {
			t.Errorf("sent %q, the dialect got %q, refused %v", path, got, refused)
		}
	}
}

func TestTargetInAbsoluteForm(t *testing.T) {
	if ev := capture(t, "GET http://other/a%2Fb?x=1 HTTP/1.1\r\nHost: other\r\n\r\n"); ev.Path != "/a%2Fb" || ev.QueryStringParameters["x"] != "1" {
		t.Errorf("got %s %v", ev.Path, ev.QueryStringParameters)
	}
}

func TestQueries(t *testing.T) {
	for query, want := range map[string]map[string][]string{
		"":               nil,
		"?":              nil,
		"?a=%zz&b=1":     {"a": {"%zz"}, "b": {"1"}},
		"?a=1;b=2":       {"a": {"1"}, "b": {"2"}},
		"?&&a=b=c&":      {"a": {"b=c"}},
		"?%61%20=x?y":    {"a ": {"x?y"}},
		"?a=%FF":         {"a": {"\uFFFD"}},
		"?apikey=a/b%3D": {"apikey": {"a/b="}},
	} {
		ev := capture(t, "GET /a"+query+" HTTP/1.1\r\nHost: h\r\n\r\n")
		if diff := cmp.Diff(want, ev.MultiValueQueryStringParameters); diff != "" {
			t.Errorf("%q (-want +got):\n%s", query, diff)
		}
		if (ev.QueryStringParameters == nil) != (want == nil) {
			t.Errorf("%q: single-valued form %v", query, ev.QueryStringParameters)
		}
	}
}

func TestBinaryBodies(t *testing.T) {
	for name, c := range map[string]struct {
		kind, body string
		base64     bool
	}{
		"text": {"text/plain", "x", false}, "not UTF-8": {"text/plain", "\xff\x00", true}, "declared binary": {"image/png; q=1", "x", true}, "NUL": {"", "\x00", false},
	} {
		ev := capture(t, fmt.Sprintf("POST /a HTTP/1.1\r\nHost: h\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", c.kind, len(c.body), c.body))
		want := c.body
		if c.base64 {
			want = base64.StdEncoding.EncodeToString([]byte(c.body))
		}
		if ev.Body != want || ev.IsBase64Encoded != c.base64 {
			t.Errorf("%s: got %q, base64 %v", name, ev.Body, ev.IsBase64Encoded)
		}
	}
}

func TestBodyLimit(t *testing.T) {
	called := 0
	addr := server(t, func(_ context.Context, ev events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		called = len(ev.Body)
		return events.APIGatewayProxyResponse{StatusCode: 200}, nil
	})
	for size, want := range map[int]int{localapi.MaxBody: 200, localapi.MaxBody + 1: 413} {
		called = -1
		req, err := http.NewRequestWithContext(t.Context(), "POST", "http://"+addr+"/a", bytes.NewReader(make([]byte, size)))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if resp.StatusCode != want || (called == size) != (want == 200) {
			t.Errorf("%d bytes: got %d, function saw %d", size, resp.StatusCode, called)
		}
		if want == 413 && string(body) != `{"message":"Request Too Long"}` {
			t.Errorf("got %s", body)
		}
	}
}

func TestNoRouteAnswer(t *testing.T) {
	addr := server(t, func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		t.Error("function called")
		return events.APIGatewayProxyResponse{}, nil
	})
	status, h, body := send(t, addr, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	if status != 403 || body != `{"message":"Missing Authentication Token"}` || h.Get("Content-Type") != "application/json" || h.Get("X-Amzn-Requestid") == "" {
		t.Errorf("got %d %s %v", status, body, h)
	}
}

// TestTheTemplatesAnswers: where the template says what API Gateway answers by itself, that is said here too.
func TestTheTemplatesAnswers(t *testing.T) {
	text := `
Resources:
  Api:
    Type: AWS::Serverless::Api
    Properties:
      GatewayResponses:
        MISSING_AUTHENTICATION_TOKEN: {StatusCode: '404', ResponseParameters: {Headers: {Cache-Control: "'no-store'"}}, ResponseTemplates: {application/json: '{"none":1}'}}
        DEFAULT_4XX: {ResponseTemplates: {application/json: '{"bad":1}'}}
        DEFAULT_5XX: {ResponseTemplates: {application/json: '{"broken":1}'}}
  F:
    Type: AWS::Serverless::Function
    Properties: {Events: {E: {Type: Api, Properties: {RestApiId: !Ref Api, Method: ANY, Path: /a}}}}
`
	h, err := localapi.NewHandler([]byte(text), map[string]localapi.Invoke{"F": func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		return events.APIGatewayProxyResponse{}, errors.New("a failure")
	}})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		path   string
		body   []byte
		status int
		want   string
	}{
		"no route":       {"/b", nil, 404, `{"none":1}`},
		"too large":      {"/a", make([]byte, localapi.MaxBody+1), 413, `{"bad":1}`},
		"a bad function": {"/a", nil, 502, `{"broken":1}`},
	} {
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, c.path, bytes.NewReader(c.body))
		h.ServeHTTP(w, r)
		if w.Code != c.status || w.Body.String() != c.want || w.Header().Get("Content-Type") != "application/json" {
			t.Errorf("%s: got %d %s %v", name, w.Code, w.Body, w.Header())
		}
		if name == "no route" && w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: got %v", name, w.Header())
		}
	}
}

func TestAnswers(t *testing.T) {
	var out events.APIGatewayProxyResponse
	var fail error
	addr := server(t, func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		return out, fail
	})
	const get = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"

	out = events.APIGatewayProxyResponse{StatusCode: 201, Headers: map[string]string{"A": "1", "B": "2"}, MultiValueHeaders: map[string][]string{"B": {"3", "4"}}, Body: "{}"}
	status, h, body := send(t, addr, get)
	if status != 201 || body != "{}" || h.Get("A") != "1" || strings.Join(h["B"], ",") != "3,4" || h.Get("Content-Type") != "application/json" {
		t.Errorf("got %d %q %v", status, body, h)
	}
	for _, bad := range []int{0, 100, 600} {
		out, fail = events.APIGatewayProxyResponse{StatusCode: bad}, nil
		if status, _, body := send(t, addr, get); status != 502 || body != `{"message":"Internal server error"}` {
			t.Errorf("status %d: got %d %s", bad, status, body)
		}
	}
	out, fail = events.APIGatewayProxyResponse{StatusCode: 200}, errors.New("secret text")
	if status, _, body := send(t, addr, get); status != 502 || strings.Contains(body, "secret") {
		t.Errorf("error: got %d %s", status, body)
	}
}

func TestBehindProxy(t *testing.T) {
	const raw = "GET /a HTTP/1.1\r\nHost: vault.example\r\nX-Forwarded-For: 192.0.2.1, 198.51.100.7\r\n\r\n"
	ev := capture(t, raw, localapi.BehindProxy())
	if ev.RequestContext.Identity.SourceIP != "198.51.100.7" || ev.Headers["X-Forwarded-Proto"] != "https" || ev.Headers["X-Forwarded-Port"] != "443" {
		t.Errorf("behind a proxy: got %s %v", ev.RequestContext.Identity.SourceIP, ev.Headers)
	}
	for host, want := range map[string]string{"pub.example:8443": "pub.example:8443", "pub.example/x": "vault.example", "a b": "vault.example", "a@b": "vault.example"} {
		in := strings.Replace(raw, "X-Forwarded-For", "X-Forwarded-Host: "+host+"\r\nX-Forwarded-For", 1)
		if ev := capture(t, in, localapi.BehindProxy()); ev.RequestContext.DomainName != want || ev.Headers["Host"] != want {
			t.Errorf("X-Forwarded-Host %q: got %s, %s", host, ev.RequestContext.DomainName, ev.Headers["Host"])
		}
		if ev := capture(t, in); ev.RequestContext.DomainName != "vault.example" {
			t.Errorf("X-Forwarded-Host %q without a proxy: got %s", host, ev.RequestContext.DomainName)
		}
	}
	if ev := capture(t, raw); ev.RequestContext.Identity.SourceIP != "127.0.0.1" || ev.Headers["X-Forwarded-Proto"] != "http" {
		t.Errorf("without: got %s", ev.RequestContext.Identity.SourceIP)
	}
	if ev := capture(t, "GET /a HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: x\r\n\r\n", localapi.BehindProxy()); ev.RequestContext.Identity.SourceIP != "127.0.0.1" {
		t.Errorf("junk from a proxy: got %s", ev.RequestContext.Identity.SourceIP)
	}
}

func TestFunctionsMustBeTheTemplates(t *testing.T) {
	ok := func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		return events.APIGatewayProxyResponse{StatusCode: 200}, nil
	}
	text := tree("GET /a", "GET /b")
	for name, c := range map[string]struct {
		functions map[string]localapi.Invoke
		want      string
	}{
		"one missing":  {map[string]localapi.Invoke{"F0": ok}, "the template's F1 is not given"},
		"nil":          {map[string]localapi.Invoke{"F0": ok, "F1": nil}, "the template's F1 is not given"},
		"one too many": {map[string]localapi.Invoke{"F0": ok, "F1": ok, "G": ok}, "G has no route in the template"},
	} {
		if _, err := localapi.NewHandler(text, c.functions); err == nil || err.Error() != c.want {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
	if _, err := localapi.NewHandler([]byte("x: ["), nil); err == nil {
		t.Error("no error for what is no template")
	}
}

func TestDeadlineAndDisconnect(t *testing.T) {
	h, err := localapi.NewHandler(tree("ANY /{proxy+}"), map[string]localapi.Invoke{"F0": func(ctx context.Context, _ events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		if _, ok := ctx.Deadline(); !ok || ctx.Err() != nil {
			t.Errorf("deadline set: %v, error %v", ok, ctx.Err())
		}
		return events.APIGatewayProxyResponse{StatusCode: 200}, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(gone, "GET", "/a", nil))
	if w.Code != 200 {
		t.Errorf("got %d", w.Code)
	}
}

func BenchmarkServe(b *testing.B) {
	g := gateway.New(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") }),
		gateway.Options{Log: slog.New(slog.DiscardHandler)})
	h, err := localapi.NewHandler(tree("ANY /{proxy+}"), map[string]localapi.Invoke{"F0": g.Proxy})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(b.Context(), "GET", "/a/b%2Fc?apikey=k", nil))
	}
}
