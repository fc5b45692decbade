package gateway_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"tresor/infra/canary"
	"tresor/shared/gateway"
	"tresor/shared/inbound"

	"github.com/aws/aws-lambda-go/events"
)

// bird stands for every secret.
const bird = "CANARY7f3a"

// planted is an event with the bird wherever a client can put something.
func planted(t *testing.T) events.APIGatewayProxyRequest {
	ev := event(t)
	ev.Path = "/index.php/api/v6/" + bird
	ev.PathParameters = map[string]string{"proxy": bird}
	ev.RequestContext.Path = ev.Path
	ev.QueryStringParameters = map[string]string{"apikey": bird, bird: "x"}
	ev.MultiValueQueryStringParameters = map[string][]string{"apikey": {bird}, bird: {"x"}}
	ev.MultiValueHeaders["authorization"] = []string{bird}
	ev.MultiValueHeaders["x-"+bird] = []string{"x"}
	ev.MultiValueHeaders["user-agent"] = []string{bird}
	ev.RequestContext.Identity.UserAgent = bird
	ev.Body = bird
	return ev
}

type stubborn struct{ s string }

func (s stubborn) Error() string { return s.s }

func TestNothingOfARequestIsWritten(t *testing.T) {
	changes := map[string]func(*events.APIGatewayProxyRequest){
		"plain":           func(*events.APIGatewayProxyRequest) {},
		"bad escape":      func(ev *events.APIGatewayProxyRequest) { ev.Path += "%zz" },
		"control byte":    func(ev *events.APIGatewayProxyRequest) { ev.Path += "\x00\n" },
		"raw hash":        func(ev *events.APIGatewayProxyRequest) { ev.Path += "#%" },
		"no slash":        func(ev *events.APIGatewayProxyRequest) { ev.Path = bird + ":%" },
		"bad base64":      func(ev *events.APIGatewayProxyRequest) { ev.Body, ev.IsBase64Encoded = bird+"%", true },
		"bad method":      func(ev *events.APIGatewayProxyRequest) { ev.HTTPMethod = bird + " \n" },
		"invented method": func(ev *events.APIGatewayProxyRequest) { ev.HTTPMethod = bird },
		"bad domain":      func(ev *events.APIGatewayProxyRequest) { ev.RequestContext.DomainName = bird + " %zz" },
		"bad source":      func(ev *events.APIGatewayProxyRequest) { ev.RequestContext.Identity.SourceIP = bird },
	}
	handlers := map[string]http.HandlerFunc{
		"answer":       func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) },
		"panic string": func(_ http.ResponseWriter, r *http.Request) { panic(inbound.RawPath(r) + r.URL.RawQuery) },
		"panic error":  func(http.ResponseWriter, *http.Request) { panic(errors.Join(stubborn{bird})) },
		"panic struct": func(http.ResponseWriter, *http.Request) { panic(struct{ Secret string }{bird}) },
		"map panic":    func(http.ResponseWriter, *http.Request) { panic(map[string]int{bird: 1}) },
		"silent":       func(http.ResponseWriter, *http.Request) {},
	}
	written := canary.Written(t, func() {
		for _, change := range changes {
			for _, h := range handlers {
				ev := planted(t)
				change(&ev)
				proxy(t, gateway.Options{Function: "test"}, ev, h)
			}
		}
	})
	if at := strings.Index(written, bird); at >= 0 {
		t.Errorf("canary written: %q", written[max(0, at-200):min(len(written), at+100)])
	}
	if got, want := strings.Count(written, "\n"), len(changes)*len(handlers); got != want {
		t.Errorf("got %d lines, want one per request: %d", got, want)
	}
	for line := range strings.Lines(written) {
		if !json.Valid([]byte(line)) {
			t.Errorf("not a structured line: %q", line)
		}
	}
}
