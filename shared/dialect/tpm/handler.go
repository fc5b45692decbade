package tpm

import (
	"bytes"
	"io"
	"net/http"
	"strings"

	"tresor/shared/auth"
	"tresor/shared/inbound"
	"tresor/shared/trail"
	"tresor/shared/vault"
)

// Part is a group of calls that one function serves.
type Part uint8

// The parts of the API.
const (
	Passwords Part = iota + 1
	Projects
	Users
	Version
	MyPasswords
	Groups
	Log
	Files
)

// Services are what the API is served from.
type Services struct {
	Vault *vault.Vault
	Auth  *auth.Service
	Log   *trail.Trail   // nil: the part Log is not served
	Files vault.Contents // nil: there is no place for files
}

// api serves the calls of some parts.
type api struct {
	Services
	parts map[Part]bool // empty: all
}

// NewHandler returns the API's handler, for the parts named or, if none is, for all that the services suffice for. Calls outside the parts do not exist.
// It panics where a part is named that the services do not suffice for.
func NewHandler(s Services, parts ...Part) http.Handler {
	if s.Files == nil {
		s.Files = vault.NoContents{}
	}
	h := &api{Services: s, parts: map[Part]bool{}}
	for _, p := range parts {
		h.parts[p] = true
	}
	if h.parts[Log] && s.Log == nil {
		panic("tpm: the part Log needs a log")
	}
	return h
}

func (a *api) serves(p Part) bool {
	return (len(a.parts) == 0 || a.parts[p]) && (p != Log || a.Log != nil)
}

// ServeHTTP answers one call.
func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	out, err := a.serve(r)
	if err != nil {
		out = failure(r, err)
	}
	out.send(w)
}

// serve finds out what is called and by whom, and calls it.
func (a *api) serve(r *http.Request) (reply, error) {
	forms, err := locate(r)
	if err != nil {
		return reply{}, err
	}
	body, err := read(r)
	if err != nil {
		return reply{}, err
	}
	req, form, err := a.authenticate(r, forms, body)
	if err != nil {
		return reply{}, err
	}
	var door entrance
	req.Admit = door.admit
	c := &call{r: r, req: req, log: a.Log, files: a.Files, prefix: forms.prefix, body: body, sealer: a.Auth.Sealer()}
	e, err := a.find(c, form)
	c.req.Action, c.req.Source, c.req.Reason = e.action, inbound.SourceAddr(r), reason(r)
	var out reply
	if err == nil {
		out, err = e.run(a.Vault, c)
	}
	if err != nil && !door.asked.Load() {
		err = a.refusedFirst(r.Context(), c.req, err)
	}
	out.version = c.version
	return out, err
}

// maxReason bounds what a client can put into the log with each call, in bytes.
const maxReason = 1000

// reason returns why a locked entry is used (tpm 6.2). A header may hold any bytes; records hold only valid UTF-8.
func reason(r *http.Request) string {
	text := strings.TrimSpace(utf8Of(r.Header.Get("X-Unlock-Reason")))
	return strings.ToValidUTF8(text[:min(len(text), maxReason)], "\uFFFD")
}

func read(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(r.Body)
	switch {
	case inbound.TooLarge(err):
		return nil, &vault.Error{Kind: vault.TooLarge, Msg: "the request is too large"}
	case err != nil:
		return nil, invalid("the request body cannot be read")
	}
	return body, nil
}

// call is a request that was routed.
type call struct {
	r       *http.Request
	req     vault.Request
	log     *trail.Trail
	files   vault.Contents
	prefix  string // of the path, before index.php
	version string // "3" to "6", as called
	list    string // the path of the list, decoded, without count and page
	id      uint64
	second  uint64 // the other id in the path
	search  string // decoded
	count   bool
	paged   bool // the path names a page
	page    int  // from 1
	body    []byte
	sealer  vault.Sealer // of credentials
}

// flag reports whether a header is "true"; any other value is as good as none (tpm 6.1).
func (c *call) flag(header string) bool { return c.r.Header.Get(header) == "true" }

// reply is a whole answer. A nil body is an empty one.
type reply struct {
	status  int
	link    string
	allow   string
	version string // whose representation the body gets; empty: the latest's
	body    any
}

// send writes the answer. 204 has no byte of body: clients test for that (tpm 1.7).
func (out reply) send(w http.ResponseWriter) {
	if out.link != "" {
		w.Header().Set("Link", out.link)
	}
	if out.allow != "" {
		w.Header().Set("Allow", out.allow)
	}
	if out.body == nil {
		w.WriteHeader(out.status)
		return
	}
	var b bytes.Buffer
	if err := encode(&b, out.version, out.body); err != nil {
		panic("tpm: a reply cannot be encoded") // a wire struct of ours is wrong; nothing of the value is said
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(out.status)
	_, _ = w.Write(b.Bytes())
}

// invalid is a request whose content is refused.
func invalid(msg string) error { return &vault.Error{Kind: vault.Invalid, Msg: msg} }

func notFound(msg string) error { return &vault.Error{Kind: vault.NotFound, Msg: msg} }
