package tpm

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"tresor/shared/inbound"
)

// forms is the path of a request: what is before the API, and the API's part in the two forms that a client may have signed (tpm 1.5).
type forms struct {
	prefix string // the installation's path, as it came, without a trailing slash
	uris   []string
}

// form is one of them, chosen by the credential.
type form struct {
	uri     string
	decoded bool // the percent-encoding is gone already: nothing of it is decoded again
}

func (f forms) at(i int) form { return form{f.uris[i], i > 0} }

// locate cuts the path where clients cut it before they sign it: after index.php/, or before the first api/ where the server is called without
// index.php. A version that does not exist is told to anyone: the extension looks for this very text before it has any credential (tpm 1.1).
func locate(r *http.Request) (forms, error) {
	if inbound.Refused(r) {
		return forms{}, invalid("the URL is malformed")
	}
	raw := inbound.RawPath(r)
	f := forms{}
	uri := ""
	if before, after, ok := strings.Cut(raw, "/index.php/"); ok {
		f.prefix, uri = before, after
	} else if before, after, ok := strings.Cut(raw, "/api/"); ok {
		f.prefix, uri = before, "api/"+after
	}
	if _, _, err := split(form{uri: uri}); err != nil {
		return forms{}, err
	}
	f.uris = []string{uri}
	if decoded, err := url.PathUnescape(uri); err == nil && decoded != uri {
		f.uris = append(f.uris, decoded)
	}
	return f, nil
}

// versions are the API versions answered. Data and rights are the same in all of them; each has its own representation, and v3 its own names in writes (tpm 1.2).
var versions = []string{"3", "4", "5", "6"}

// split takes a URI apart: the version and the segments behind it, without ".json". Empty segments right behind the version are an old
// client's double slash (tpm 1.1).
func split(f form) (version string, segments []string, err error) {
	all := strings.Split(f.uri, "/")
	if len(all) < 2 || !strings.EqualFold(all[0], "api") || len(all[1]) != 2 || all[1][0]|0x20 != 'v' || !slices.Contains(versions, all[1][1:]) {
		return "", nil, notFound("Controller does not exist.") // this text exactly (tpm 1.1)
	}
	segments = all[2:]
	for len(segments) > 1 && segments[0] == "" {
		segments = segments[1:]
	}
	if len(segments) == 0 {
		return "", nil, errNoRoute
	}
	last := len(segments) - 1
	name, ok := strings.CutSuffix(segments[last], ".json")
	if !ok {
		return "", nil, errNoRoute
	}
	segments[last] = name
	return all[1][1:], segments, nil
}

var errNoRoute = notFound("Method does not exist.")

// unescape decodes a search string, once. In the form that is decoded already only the plus signs are not, because percent-decoding leaves them;
// there they cannot be told from real ones and stay.
func (f form) unescape(s string) (string, error) {
	if f.decoded {
		return s, nil
	}
	text, err := url.QueryUnescape(s) // + and %20 are spaces, %2B is a plus
	if err != nil {
		return "", invalid("the URL is malformed")
	}
	return text, nil
}
