package tpm

import (
	"net/http"
	"unicode/utf8"

	"tresor/shared/auth"
	"tresor/shared/inbound"
	"tresor/shared/vault"
)

// authenticate finds out who calls, and which form of the path counts: the one that was signed, or as it came. Where all three headers of a
// signature are there, it alone counts (tpm 1.5), and a write with a body counts once: Basic has no timestamp, and repeats at will.
func (a *api) authenticate(r *http.Request, f forms, body []byte) (vault.Request, form, error) {
	sig := auth.Signature{
		PublicKey: r.Header.Get("X-Public-Key"),
		Timestamp: r.Header.Get("X-Request-Timestamp"),
		Hash:      r.Header.Get("X-Request-Hash"),
		URIs:      f.uris,
		Body:      body,
		Write:     r.Method != http.MethodGet && r.Method != http.MethodHead,
	}
	if sig.PublicKey != "" && sig.Timestamp != "" && sig.Hash != "" {
		if err := byHMAC.check(r.Context(), a.Vault); err != nil {
			return vault.Request{}, form{}, err
		}
		who, matched, err := a.Auth.Verify(r.Context(), sig)
		if err != nil {
			return vault.Request{}, form{}, byHMAC.failed(a.Vault, err)
		}
		return vault.Request{Auth: admitted{who, byHMAC}, Once: who.Once()}, f.at(matched), nil
	}
	username, password, ok := basic(r)
	if !ok {
		return vault.Request{}, form{}, &vault.Error{Kind: vault.Unauthenticated, Msg: "credentials are needed"}
	}
	if err := byBasic.check(r.Context(), a.Vault); err != nil {
		return vault.Request{}, form{}, err
	}
	who, err := a.Auth.Basic(r.Context(), username, password, inbound.SourceAddr(r))
	if err != nil {
		return vault.Request{}, form{}, byBasic.failed(a.Vault, err)
	}
	return vault.Request{Auth: admitted{who, byBasic}}, f.at(0), nil
}

// basic returns the username and password of HTTP Basic. What is no UTF-8 is Latin-1, as common clients send umlauts (Python's requests; RFC 7617 leaves the
// encoding open); no stored name or password is anything but UTF-8.
func basic(r *http.Request) (username, password string, ok bool) {
	username, password, ok = r.BasicAuth()
	return utf8Of(username), utf8Of(password), ok
}

func utf8Of(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	runes := make([]rune, len(s))
	for i := range len(s) {
		runes[i] = rune(s[i])
	}
	return string(runes)
}
