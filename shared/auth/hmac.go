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

// WindowSetting is how far a signature's timestamp may be from now, either way: 1 to 3600 seconds (TPM 1.5).
const WindowSetting = "tpm.hmac_window"

// DefaultWindow is WindowSetting where it is unset.
const DefaultWindow = 300 * time.Second

const (
	maxWindow = time.Hour
	// markSlack is how much longer a mark lives than the oldest signature may: clocks of processes differ.
	markSlack = 10 * time.Minute
)

// ParseWindow reads a value of WindowSetting; false: it is none.
func ParseWindow(value string) (time.Duration, bool) {
	seconds, err := strconv.ParseUint(value, 10, 16)
	window := time.Duration(seconds) * time.Second
	return window, err == nil && window > 0 && window <= maxWindow
}

// windowOf returns the window that a state asks for.
func windowOf(s *vault.State) time.Duration {
	if window, ok := ParseWindow(s.Setting(WindowSetting, "")); ok {
		return window
	}
	return DefaultWindow
}

// Verify checks a signature and returns the authenticator for it and the index of the URI that matched. It costs no I/O unless the key
// is not known to the replica yet, or the timestamp is beyond the window that the replica knows of. Errors: Unauthenticated; those of the catch-up.
func (s *Service) Verify(ctx context.Context, sig Signature) (*Signed, int, error) {
	a, ok := s.signed(sig)
	if !ok {
		return nil, 0, errUnknown
	}
	c, err := s.credential(ctx, a)
	if err != nil {
		return nil, 0, err
	}
	if len(c.PrivateKey) == 0 {
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

// signed reads what a signature claims. It refuses what no setting of the window allows.
func (s *Service) signed(sig Signature) (*Signed, bool) {
	t, err := strconv.ParseInt(sig.Timestamp, 10, 64)
	if err != nil || strconv.FormatInt(t, 10) != sig.Timestamp { // "+1" or "01" would let digits move between the uri and the timestamp
		return nil, false
	}
	at, limit := time.Unix(t, 0), maxWindow
	if sig.Write && len(sig.Body) == 0 {
		limit = s.bodyless
	}
	a := &Signed{key: HashToken(sig.PublicKey), apart: s.now().Sub(at).Abs()}
	if sig.Write && len(sig.Body) > 0 {
		a.once = &vault.Mark{Hash: sig.mark(), Expires: at.Add(maxWindow + markSlack)}
	}
	return a, a.apart <= limit
}

// mark returns what a request with this signature has in common with its repetitions, in whatever case the hash is written.
func (sig *Signature) mark() vault.Hash {
	claimed, _ := hex.DecodeString(sig.Hash) // what does not decode does not match
	return sha256.Sum256(append([]byte(sig.PublicKey+"\x00"), claimed...))
}

// credential returns the credential that a signature names. It refuses by the caught-up state only.
func (s *Service) credential(ctx context.Context, a *Signed) (*vault.Credential, error) {
	if c := s.guess(a); c != nil {
		return c, nil
	}
	if err := s.vault.Fresh(ctx); err != nil {
		return nil, err
	}
	if c := s.guess(a); c != nil {
		return c, nil
	}
	return nil, errUnknown
}

func (s *Service) guess(a *Signed) (c *vault.Credential) {
	s.vault.Peek(func(state *vault.State) { _, c, _ = a.Authenticate(state) }) // c is nil with an error
	return c
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

// Signed authenticates by a signature that was verified. A credential's keys never change, so that finding the same public key again is
// enough; the window may change, and is asked for again.
type Signed struct {
	key   vault.Hash
	apart time.Duration // of the timestamp and now
	once  *vault.Mark
}

// Once returns the mark of a write with a body, which the vault is to carry out once (vault.Request); nil for any other request. The mark
// outlives the time in which the signature is taken, under whatever window.
func (a *Signed) Once() *vault.Mark { return a.once }

// Authenticate looks the public key up, and how old the signature may be.
func (a *Signed) Authenticate(s *vault.State) (vault.UserID, *vault.Credential, error) {
	c := s.CredentialByToken(a.key)
	if c == nil || a.apart > windowOf(s) {
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
