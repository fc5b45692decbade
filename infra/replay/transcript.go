package replay

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"golang.org/x/tools/txtar"

	"tresor"
	"tresor/infra/localapi"
	"tresor/infra/template"
	"tresor/shared/auth"
	"tresor/shared/dialect"
)

// Request is one of a transcript, as the event that the deployed API would make of it.
type Request struct {
	Name     string // "tpm/errors: 3"
	Function string // "tpm-passwords"
	Event    events.APIGatewayProxyRequest
}

// Transcripts returns the requests of the dialects' transcripts under the module's root, with this world's admin in the place of everybody that they
// name, and canaries in every field that may hold a secret. What they are about is not there, so their answers differ from what the transcripts say: they are for
// looking at what is written meanwhile. Requests that the template has no route for, which the gateway refuses without calling a function, are left out.
func (w *World) Transcripts(root string, now time.Time) ([]Request, error) {
	files, err := filepath.Glob(filepath.Join(root, "shared", "dialect", "*", "testdata", "*.txtar"))
	if err != nil {
		return nil, fmt.Errorf("find transcripts: %w", err)
	}
	tmpl, err := template.Parse(tresor.Template)
	if err != nil {
		return nil, err
	}
	router, err := localapi.NewRouter(tmpl)
	if err != nil {
		return nil, err
	}
	var all []Request
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read a transcript: %w", err)
		}
		name := filepath.Base(filepath.Dir(filepath.Dir(file))) + "/" + strings.TrimSuffix(filepath.Base(file), ".txtar")
		for i, part := range txtar.Parse(text).Files {
			if part.Name != "request" && !strings.HasSuffix(part.Name, " request") {
				continue
			}
			if r, ok := w.request(router, string(part.Data), now); ok {
				r.Name = fmt.Sprintf("%s: %d", name, i)
				all = append(all, r)
			}
		}
	}
	return all, nil
}

// request makes the event of a request as it is written in a transcript.
func (w *World) request(router *localapi.Router, text string, now time.Time) (Request, bool) {
	head, body, _ := strings.Cut(w.fill(text), "\n\n")
	line, head, _ := strings.Cut(strings.TrimSpace(head), "\n")
	method, target, _ := strings.Cut(line, " ")
	q := localapi.Request{Method: method, Target: strings.TrimSuffix(target, " HTTP/1.1"), Host: "vault.example.org", Header: http.Header{}, Body: []byte(w.planted(strings.TrimSuffix(body, "\n"))),
		Source: "203.0.113.9", TLS: true, Stage: "prod", ID: "7c2af7db-31f3-42b5-8a6d-000000000000", Time: now}
	for h := range strings.Lines(head) {
		name, value, _ := strings.Cut(strings.TrimSpace(h), ":")
		q.Header.Add(name, strings.TrimSpace(value))
	}
	w.credentials(q, now)
	ev, route, ok := router.Event(q)
	return Request{Function: dialect.FunctionName(route.Function), Event: ev}, ok
}

// planted makes an own canary of every field of a JSON body that may hold a secret: what a transcript says there is often too short, or too common a word, to be
// looked for. What only says who calls stays, or nothing would be carried out.
func (w *World) planted(body string) string {
	d := json.NewDecoder(strings.NewReader(body))
	d.UseNumber() // ids keep their digits
	var v any
	if err := d.Decode(&v); err != nil || d.More() {
		return body
	}
	n := len(w.Planted)
	v = w.plant("", v)
	text, err := json.Marshal(v)
	if err != nil || len(w.Planted) == n {
		return body
	}
	return string(text)
}

func (w *World) plant(name string, v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k := range v {
			v[k] = w.plant(k, v[k])
		}
	case []any:
		for i := range v {
			v[i] = w.plant(name, v[i])
		}
	case string:
		if v != "" && !speaking.MatchString(name) {
			return w.canary()
		}
	}
	return v
}

// speaking are the names of the fields that say who calls, for what, or in which form. All other texts may hold a secret, or what nobody else may read.
var speaking = regexp.MustCompile(`^(jsonrpc|method|id|authToken|tokenPass|path|role|type|level|expiry_date|expireDate|tags|tagsId|file_data_base64|\w*[iI]d)$`)

// fields are those of TeamPass's separated lists (an item's label, password, description, ...), with a canary for each that is no number. What stands alone names who
// or what is asked for.
func (w *World) fields(list string) []string {
	fields := strings.Split(list, ";")
	for i, f := range fields {
		if len(fields) > 1 && !number.MatchString(f) {
			fields[i] = w.canary()
		}
	}
	return fields
}

// canary returns a text that is nowhere else.
func (w *World) canary() string {
	c := fmt.Sprintf("CANARY%04d+é", len(w.Planted)) // in bytes that encodings change
	w.Planted = append(w.Planted, c)
	return c
}

// credentials gives a TPM request, in which "As" and "Signed-By" name a user, what that user would send.
func (w *World) credentials(q localapi.Request, now time.Time) {
	if q.Header.Get("As") != "" {
		q.Header.Set("Authorization", "Basic "+w.basic())
	}
	if q.Header.Get("Signed-By") != "" {
		uri := q.Header.Get("Signed-URI")
		if uri == "" {
			uri = signedURI(q.Target)
		}
		sig := auth.Sign(w.Admin.TPM, now, uri, q.Body)
		q.Header.Set("X-Public-Key", sig.PublicKey)
		q.Header.Set("X-Request-Timestamp", sig.Timestamp)
		q.Header.Set("X-Request-Hash", sig.Hash)
	}
	for _, name := range []string{"As", "Signed-By", "Signed-URI", "Resource", "Host"} {
		q.Header.Del(name)
	}
}

var (
	macro    = regexp.MustCompile(`\{(key|blob|each) ([^{}]*)\}`)
	number   = regexp.MustCompile(`^-?\d*$`)
	variable = regexp.MustCompile(`\$[A-Z]+_(TOKEN|PASS)\b`)
)

// fill replaces the dialects' ways of writing a credential or an encoding: $ADMIN_TOKEN, {key ann}, {each a;b}.
func (w *World) fill(text string) string {
	text = variable.ReplaceAllStringFunc(text, func(m string) string {
		if strings.HasSuffix(m, "_TOKEN") {
			return w.Admin.SysPass.AuthToken
		}
		return w.Admin.SysPass.TokenPass
	})
	return macro.ReplaceAllStringFunc(text, func(m string) string {
		switch part := macro.FindStringSubmatch(m); part[1] {
		case "blob":
			return base64.StdEncoding.EncodeToString([]byte(strings.Join(w.fields(part[2]), ";")))
		case "each":
			fields := w.fields(part[2])
			for i, f := range fields {
				fields[i] = base64.URLEncoding.EncodeToString([]byte(f))
			}
			return strings.Join(fields, ";")
		}
		return w.Admin.APIKey
	})
}
