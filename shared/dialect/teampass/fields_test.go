package teampass

import (
	"encoding/base64"
	"net/url"
	"strings"
)

// clean makes s a field that dialects A and B can carry: they cannot carry a semicolon.
func clean(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "?"), ";", ",")
}

// encodings writes fields in every way that clients do.
func encodings(fields []string) map[string]string {
	joined := strings.Join(fields, ";")
	escaped := make([]string, len(fields))
	for i, f := range fields {
		escaped[i] = url.PathEscape(f)
	}
	all := map[string]string{"plain": strings.Join(escaped, ";"), "plain, all escaped": strings.Join(escaped, "%3B")}
	for name, e := range map[string]*base64.Encoding{"standard": base64.StdEncoding, "standard unpadded": base64.RawStdEncoding,
		"URL-safe": base64.URLEncoding, "URL-safe unpadded": base64.RawURLEncoding} {
		each := make([]string, len(fields))
		for i, f := range fields {
			each[i] = e.EncodeToString([]byte(f))
		}
		blob := e.EncodeToString([]byte(joined))
		all["blob "+name], all["each "+name] = blob, strings.Join(each, ";")
		all["blob escaped "+name], all["each escaped "+name] = url.QueryEscape(blob), url.QueryEscape(strings.Join(each, ";"))
	}
	return all
}
