package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"math/big"

	"tresor/shared/vault"
)

// NewHexToken returns 256 random bits as 64 lower-case hexadecimal digits: the form of a sysPass authToken and of TPM's keys.
func NewHexToken() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return hex.EncodeToString(b[:])
}

const alphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

// NewAPIKey returns a TeamPass API key: 43 letters and digits, a little more than 256 random bits. (The original's had 39, TeamPass 3.)
func NewAPIKey() string { return RandomString(alphanumeric, 43) }

// NewPassword returns a made-up password of 24 letters and digits, about 142 bits.
func NewPassword() string { return RandomString(alphanumeric, 24) }

// RandomString returns n random characters of an alphabet of single bytes, each as likely as any other.
func RandomString(alphabet string, n int) string {
	b := make([]byte, n)
	for i := range b {
		k, err := rand.Int(rand.Reader, big.NewInt(int64(len(alphabet))))
		if err != nil {
			panic(err) // crypto/rand never fails
		}
		b[i] = alphabet[k.Int64()]
	}
	return string(b)
}

// HashToken returns what is stored of a token. Its 256 random bits need no slow hash.
func HashToken(token string) vault.Hash { return sha256.Sum256([]byte(token)) }

// tokenAuth authenticates by a token.
type tokenAuth struct{ hash vault.Hash }

// Token returns the authenticator for a sysPass authToken or a TeamPass API key. The token is compared by its hash, so the time taken says
// nothing about any stored one.
func Token(token string) vault.Authenticator { return tokenAuth{HashToken(token)} }

// Authenticate looks the token up.
func (a tokenAuth) Authenticate(s *vault.State) (vault.UserID, *vault.Credential, error) {
	c := s.CredentialByToken(a.hash)
	if c == nil {
		return 0, nil, errUnknown
	}
	return c.User, c, nil
}

var errUnknown = &vault.Error{Kind: vault.Unauthenticated, Msg: "unknown credential"}

// MatchPass reports whether pass is the credential's sysPass tokenPass.
func MatchPass(c *vault.Credential, pass string) bool {
	if c == nil || c.PassHash.IsZero() {
		return false
	}
	h := HashToken(pass)
	return subtle.ConstantTimeCompare(h[:], c.PassHash[:]) == 1
}
