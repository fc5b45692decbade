package auth

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"time"

	"tresor/shared/vault"
)

// Signature is a TPM HMAC signature and what it is over (contracts: TPM 1.5): message = uri + timestamp + body, plain
// concatenation; key = the private key's text.
type Signature struct {
	PublicKey string
	Timestamp string // Unix seconds, as sent
	Hash      string // lower-case hexadecimal
	// URIs are the forms of the path that the client may have signed, the likeliest first. The request must be routed on exactly the one that
	// matches: the signature covers no other.
	URIs []string
	Body []byte
	// Write says that the method changes something; the signature does not cover the method.
	Write bool
}

// Verify checks a signature and returns the authenticator for it and the index of the URI that matched. It costs no I/O unless the key
// is not known to the replica yet. Errors: Unauthenticated; those of the catch-up.
func (s *Service) Verify(ctx context.Context, sig Signature) (vault.Authenticator, int, error) {
	if !s.timely(sig) {
		return nil, 0, errUnknown
	}
	a := &signatureAuth{hash: HashToken(sig.PublicKey)}
	c := s.credential(a.hash)
	if c == nil {
		if err := s.vault.Fresh(ctx); err != nil {
			return nil, 0, err
		}
		c = s.credential(a.hash)
	}
	if c == nil || len(c.PrivateKey) == 0 {
		return nil, 0, errUnknown
	}
	private, err := s.sealer.Open(vault.PurposeCredentials, c.PrivateKey, keyBinding(c.ID))
	if err != nil {
		return nil, 0, err
	}
	matched := sig.match(private)
	if matched < 0 {
		return nil, 0, errUnknown
	}
	return a, matched, nil
}

func (s *Service) credential(h vault.Hash) (c *vault.Credential) {
	s.vault.Peek(func(state *vault.State) { c = state.CredentialByToken(h) })
	return c
}

func (s *Service) timely(sig Signature) bool {
	t, err := strconv.ParseInt(sig.Timestamp, 10, 64)
	if err != nil || strconv.FormatInt(t, 10) != sig.Timestamp { // "+1" or "01" would let digits move between the uri and the timestamp
		return false
	}
	window := s.window
	if sig.Write && len(sig.Body) == 0 {
		window = min(window, s.bodyless)
	}
	apart := s.now().Sub(time.Unix(t, 0))
	return apart <= window && -apart <= window
}

// match returns the first URI that the signature is over; -1 if there is none. All are tried, so that the time does not tell which.
func (sig *Signature) match(private []byte) int {
	claimed, err := hex.DecodeString(sig.Hash)
	if err != nil {
		return -1
	}
	matched := -1
	for i, uri := range sig.URIs {
		mac := hmac.New(sha256.New, private)
		mac.Write([]byte(uri))
		mac.Write([]byte(sig.Timestamp))
		mac.Write(sig.Body)
		if hmac.Equal(mac.Sum(nil), claimed) && matched < 0 {
			matched = i
		}
	}
	return matched
}

// signatureAuth authenticates by a signature that was verified. A credential's keys never change, so that finding the same public key
// again is enough.
type signatureAuth struct{ hash vault.Hash }

// Authenticate looks the public key up.
func (a *signatureAuth) Authenticate(s *vault.State) (vault.UserID, *vault.Credential, error) {
	c := s.CredentialByToken(a.hash)
	if c == nil {
		return 0, nil, errUnknown
	}
	return c.User, c, nil
}

// Sign makes a signature as a client does (contracts: TPM 1.5).
func Sign(keys KeyPair, at time.Time, uri string, body []byte) Signature {
	timestamp := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(keys.Private))
	mac.Write([]byte(uri + timestamp))
	mac.Write(body)
	return Signature{PublicKey: keys.Public, Timestamp: timestamp, Hash: hex.EncodeToString(mac.Sum(nil)), URIs: []string{uri}, Body: body}
}
