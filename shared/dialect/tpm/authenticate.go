package tpm

import (
	"net/http"

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
	username, password, ok := r.BasicAuth()
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
