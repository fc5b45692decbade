package localapi

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"tresor/infra/template"
)

// refusal is what API Gateway answers by itself.
type refusal struct {
	kind    string // of gateway responses: https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
	general string // the kind that stands in for it
	status  int    // unless the template says otherwise
	message string // API Gateway's own, where the template has no answer
}

var (
	noRoute     = refusal{"MISSING_AUTHENTICATION_TOKEN", "DEFAULT_4XX", http.StatusForbidden, "Missing Authentication Token"}
	tooLarge    = refusal{"REQUEST_TOO_LARGE", "DEFAULT_4XX", http.StatusRequestEntityTooLarge, "Request Too Long"}
	unreadable  = refusal{"BAD_REQUEST_BODY", "DEFAULT_4XX", http.StatusBadRequest, "Bad Request"}
	badFunction = refusal{"DEFAULT_5XX", "", http.StatusBadGateway, "Internal server error"}
)

// answer is a gateway response of the template.
type answer struct {
	status int // 0: API Gateway's own
	header map[string]string
	body   string
}

// answers returns the gateway responses of the template's API.
func answers(t *template.Template) map[string]answer {
	out := map[string]answer{}
	for _, r := range t.Resources {
		if r.Type != "AWS::Serverless::Api" {
			continue
		}
		for kind, v := range template.Map(r.Properties["GatewayResponses"]) {
			response := template.Map(v)
			a := answer{header: map[string]string{}}
			a.body, _ = template.Map(response["ResponseTemplates"])["application/json"].(string)
			a.status, _ = strconv.Atoi(fmt.Sprint(response["StatusCode"]))
			for name, value := range template.Map(template.Map(response["ResponseParameters"])["Headers"]) {
				a.header[name] = strings.Trim(fmt.Sprint(value), "'") // a constant is quoted
			}
			out[kind] = a
		}
	}
	return out
}

// refuse answers as API Gateway does, with the template's answer if it has one.
func (a *api) refuse(w http.ResponseWriter, r refusal) {
	w.Header().Set("Content-Type", "application/json")
	own, ok := a.answers[r.kind]
	if !ok {
		own, ok = a.answers[r.general]
	}
	if !ok {
		own.body = fmt.Sprintf(`{"message":%q}`, r.message)
	}
	for name, value := range own.header {
		w.Header().Set(name, value)
	}
	if own.status == 0 {
		own.status = r.status
	}
	w.WriteHeader(own.status)
	_, _ = io.WriteString(w, own.body)
}
