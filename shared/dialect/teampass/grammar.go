package teampass

import (
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"tresor/shared/inbound"
)

// call is a request taken apart: <action>/<what>/<argument>.
type call struct {
	action string
	name   string // action/what
	arg    argument
	rest   argument // all that follows <action>, for the calls that have no <what>
}

// argument is all that follows <action>/<what>, as it came.
type argument struct {
	raw     string
	present bool // a slash followed <what>
	escaped bool // it came in a URL, so it is percent-encoded; a body is taken as it is
}

// apiKey returns the key that came with the request. It may stand anywhere in the query, which gateways reorder; where it is given twice
// the last one counts, as in PHP. The header is ours: it keeps the key out of URLs.
func apiKey(r *http.Request) (key string, given bool) {
	if list := r.URL.Query()["apikey"]; len(list) > 0 {
		return list[len(list)-1], true
	}
	if list := r.Header.Values("X-Api-Key"); len(list) > 0 {
		return list[len(list)-1], true
	}
	return "", false
}

// parseCall reads the call from the body of a POST, whose path is ignored, and from the path of anything else (teampass 2).
func parseCall(r *http.Request) (call, error) {
	escaped := r.Method != http.MethodPost
	text, err := callText(r)
	if err != nil {
		return call{}, err
	}
	if !sound(text, escaped) {
		return call{}, faultFormat
	}
	parts := strings.SplitN(text, "/", 3)
	c := call{action: parts[0], name: strings.Join(parts[:min(2, len(parts))], "/")}
	if len(parts) == 3 {
		c.arg = argument{raw: parts[2], present: true, escaped: escaped}
	}
	if _, rest, found := strings.Cut(text, "/"); found {
		c.rest = argument{raw: rest, present: true, escaped: escaped}
	}
	return c, nil
}

func callText(r *http.Request) (string, error) {
	if r.Method == http.MethodPost {
		return bodyText(r)
	}
	if inbound.Refused(r) {
		return "", faultFormat
	}
	// The first /api/: stage, base path and install path come before it (teampass 15).
	_, text, found := strings.Cut(inbound.RawPath(r), "/api/")
	if !found {
		return "", faultFormat
	}
	return strings.TrimPrefix(text, "index.php/"), nil
}

// bodyText returns the call in a body. Its content type does not matter, except that PHP gives no raw body for multipart ones. The line
// end that editors leave behind a text is no part of the call.
func bodyText(r *http.Request) (string, error) {
	if isMultipart(r) {
		return "", nil
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return "", faultFormat // too large, or not what the gateway says it is
	}
	return strings.TrimRight(string(body), "\r\n"), nil
}

// sound reports whether a call is UTF-8 without NUL bytes once percent-encoding is taken off.
func sound(text string, escaped bool) bool {
	if escaped {
		decoded, err := url.PathUnescape(text)
		if err != nil {
			return false
		}
		text = decoded
	}
	return isText(text)
}

func isText(s string) bool { return utf8.ValidString(s) && !strings.Contains(s, "\x00") }

// isBlank reports whether there is no argument.
func (a argument) isBlank() bool { return strings.Trim(a.raw, "/") == "" }

// text takes percent-encoding off, once. The call was found sound, so that every part of it is.
func (a argument) text(raw string) string {
	if !a.escaped {
		return raw
	}
	decoded, err := url.PathUnescape(raw)
	if err != nil {
		return raw
	}
	return decoded
}

// first returns the argument up to the next slash: what follows is a login for the log (teampass 5.10), or a trailing slash.
func (a argument) first() string {
	first, _, _ := strings.Cut(a.raw, "/")
	return a.text(first)
}

// cut splits the argument at its first slash.
func (a argument) cut() (first string, rest argument) {
	first, raw, found := strings.Cut(a.raw, "/")
	return a.text(first), argument{raw: raw, present: found, escaped: a.escaped}
}

// list returns the pieces of a list of ids.
func (a argument) list() []string { return strings.Split(a.first(), ";") }

// fields takes the fields of an item out of the encoding they came in; number says which of them is a number. There are three
// encodings, which can be told apart (teampass 1):
//
//	A: plain text, joined by ;       the number begins with a digit
//	B: one base64 of all of A        has no ; in it
//	C: base64 of each, joined by ;   base64 of a number begins with M, N or O
//
// Slashes belong to the argument: they are in standard base64 and in URLs. A trailing one does not: the last field is a flag.
func (a argument) fields(number int) []string {
	raw := strings.TrimRight(a.raw, "/")
	pieces := a.split(raw)
	if len(pieces) == 1 {
		return strings.Split(decodeBase64(pieces[0]), ";")
	}
	if number < len(pieces) && startsNumber(pieces[number]) {
		return pieces
	}
	for i, p := range pieces {
		pieces[i] = decodeBase64(p)
	}
	return pieces
}

// joined takes the fields of a user: plain text joined by ;, or one base64 of it, which has no ; in it (teampass 1). Each by itself
// was never encoded there.
func (a argument) joined() []string {
	pieces := a.split(strings.TrimRight(a.raw, "/"))
	if len(pieces) == 1 {
		return strings.Split(decodeBase64(pieces[0]), ";")
	}
	return pieces
}

// split separates at semicolons. Where there are raw ones an encoded one is part of a field; else encoded ones separate, which the original
// did not know.
func (a argument) split(raw string) []string {
	if !strings.Contains(raw, ";") {
		return strings.Split(a.text(raw), ";")
	}
	pieces := strings.Split(raw, ";")
	for i, p := range pieces {
		pieces[i] = a.text(p)
	}
	return pieces
}

func startsNumber(s string) bool {
	return s != "" && (s[0] >= '0' && s[0] <= '9' || s[0] == '-')
}

// areTexts reports whether no field decoded to something else than text.
func areTexts(fields []string) bool {
	return !slices.ContainsFunc(fields, func(f string) bool { return !isText(f) })
}

// unserved answers a call that is not served.
func (c call) unserved() (answer, error) {
	if _, _, served := find(c); served { // by another function
		return nil, faultMethod
	}
	switch c.action {
	case "read", "delete": // teampass 5.1, 5.10
		return nil, faultEmpty
	case "info": // teampass 5.18
		return nil, faultNoParameters
	case "find": // an empty 200 (teampass 5.7)
		return nil, nil
	}
	return nil, faultMethod
}
