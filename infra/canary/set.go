// Package canary says whether a secret was written where none may be: it knows what is secret in requests and credentials, in the forms that
// a program may write it in, and searches what a process wrote. It is for tests.
//
// The one idea: everything that a client sends is taken to be secret, but for the few words that a line of the log is made of. So a new header or a
// new way to carry a password needs no new test.
package canary

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"tresor/shared/auth"
	"tresor/shared/vault"
)

// shortest is the least length in bytes of what is searched for: shorter texts are in every log by chance.
const shortest = 6

// public are the words of the lines that a request, a start and a job leave, and of a line of metrics. A value that is part of one is no secret.
var public = `timestamp level INFO ERROR message request job start function resource method status request_id source dialect outcome actor calls catch_up conflicts malformed ` +
	`_aws Timestamp CloudWatchMetrics Namespace Dimensions Metrics Stack Reveals Denials Conflicts CatchUp ColdStarts Count ` +
	`syspass teampass-items teampass-folders teampass-users teampass-auth teampass-info teampass-post tpm-passwords tpm-my-passwords tpm-projects tpm-users tpm-groups tpm-log tpm-files tpm-version compactor exporter anchor verifier backup notifier expiry events answers` + outcomes()

func outcomes() (text string) {
	for _, k := range vault.Kinds() {
		text += " " + k.Error()
	}
	return text
}

// Set is what must not be written. The zero value is empty and ready.
type Set struct {
	forms  map[string]string // text to what it is
	public strings.Builder
}

// Allow takes texts out of what is secret, wherever they were added: a route's own path is in the log on purpose.
func (s *Set) Allow(texts ...string) {
	for _, t := range texts {
		s.public.WriteString(" " + t)
	}
}

// But returns the set without some texts, for where those may be.
func (s *Set) But(texts ...string) *Set {
	other := &Set{forms: s.forms}
	other.Allow(append(texts, s.public.String())...)
	return other
}

// Add makes a value secret, in every form. what names it in a complaint.
func (s *Set) Add(what, value string) {
	if _, err := time.Parse(time.DateOnly, value); err == nil || len(value) < shortest {
		return // a line of the log begins with a date
	}
	if s.forms == nil {
		s.forms = map[string]string{}
	}
	forms := append(inBase64(value), value, url.QueryEscape(value), url.PathEscape(value), inJSON(value, true), inJSON(value, false))
	for _, form := range forms {
		if _, known := s.forms[form]; !known && len(form) >= shortest {
			s.forms[form] = what
		}
	}
}

// inJSON returns value as it stands between the quotes of JSON.
func inJSON(value string, html bool) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(html)
	_ = e.Encode(value) // a string always does
	return strings.TrimSuffix(strings.TrimPrefix(b.String(), `"`), "\"\n")
}

// inBase64 returns the part of value's base64 that does not depend on what stands around it, for each of the three places that it can begin at.
func inBase64(value string) (forms []string) {
	for skip := range 3 {
		text := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("\x00", skip) + value))
		text = text[(skip*8+5)/6 : len(text)-1]
		forms = append(forms, text, strings.NewReplacer("+", "-", "/", "_").Replace(text))
	}
	return forms
}

// AddCredentials makes a user's credentials secret. The public key of TPM names its owner and opens nothing, but is nobody's to log either.
func (s *Set) AddCredentials(f *auth.Founding) {
	for what, value := range map[string]string{
		"the password": f.Password, "the API key": f.APIKey, "TPM's private key": f.TPM.Private, "TPM's public key": f.TPM.Public,
		"the sysPass token": f.SysPass.AuthToken, "the sysPass tokenPass": f.SysPass.TokenPass, "the master password": f.SysPass.MasterPassword,
	} {
		s.Add(what, value)
	}
}

// AddRequest makes all that a client sent secret: path, query, headers and body, whole and in parts.
func (s *Set) AddRequest(ev events.APIGatewayProxyRequest) {
	s.Allow(ev.Resource)
	s.Add("the path", ev.Path)
	for part := range strings.FieldsFuncSeq(ev.Path, func(r rune) bool { return r == '/' || r == ';' }) {
		s.addDecoded("a part of the path", part)
	}
	for _, v := range ev.PathParameters {
		s.addDecoded("the path's parameter", v)
	}
	for name, v := range ev.QueryStringParameters {
		s.addDecoded("a name in the query", name)
		s.addDecoded("a value in the query", v)
	}
	for name, v := range ev.Headers {
		if !strings.HasPrefix(name, "X-Forwarded-") { // the client's address is logged on purpose
			s.addDecoded("the header "+name, v)
		}
	}
	s.Add("the body", ev.Body)
	var body any
	if json.Unmarshal([]byte(ev.Body), &body) == nil {
		s.addLeaves(body)
	}
}

// AddAnswer makes an answer's body secret.
func (s *Set) AddAnswer(out events.APIGatewayProxyResponse) { s.Add("an answer", out.Body) }

func (s *Set) addLeaves(node any) {
	switch node := node.(type) {
	case string:
		s.Add("a value in the body", node)
	case []any:
		for _, v := range node {
			s.addLeaves(v)
		}
	case map[string]any:
		for _, v := range node {
			s.addLeaves(v)
		}
	}
}

// addDecoded adds a value and what a server reads in it: percent-encoding, TeamPass's base64, the two parts of Basic.
func (s *Set) addDecoded(what, value string) {
	s.Add(what, value)
	if plain, err := url.PathUnescape(value); err == nil {
		s.Add(what, plain)
	}
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
		if plain, err := encoding.DecodeString(strings.TrimPrefix(value, "Basic ")); err == nil {
			for part := range strings.FieldsFuncSeq(string(plain), func(r rune) bool { return r == ';' || r == ':' }) {
				s.Add(what+", decoded", part)
			}
		}
	}
}

// Len returns how many texts are searched for.
func (s *Set) Len() int { return len(s.forms) }

// Found names what is in text, ordered, without repeating it.
func (s *Set) Found(text string) []string {
	known := public + s.public.String()
	var found []string
	for form, what := range s.forms {
		if strings.Contains(text, form) && !strings.Contains(known, form) {
			found = append(found, what)
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}
