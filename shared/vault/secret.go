package vault

import (
	"fmt"
	"io"
	"log/slog"
)

// Secret is a value that must not be printed. Every way that Go can print, log or marshal it gives "[redacted]" or an error; only
// Reveal gives the bytes. They lie behind a pointer so that %d, %x and the printing of nested or unexported fields cannot reach
// them either.
type Secret struct{ p *secretBytes }

type secretBytes struct{ b []byte }

const redacted = "[redacted]"

// NewSecret keeps s as a secret. The empty string is the zero Secret.
func NewSecret(s string) Secret {
	if s == "" {
		return Secret{}
	}
	return Secret{&secretBytes{[]byte(s)}}
}

// Reveal returns the secret itself. Call it where the secret leaves for its reader, and nowhere else.
func (s Secret) Reveal() string {
	if s.p == nil {
		return ""
	}
	return string(s.p.b)
}

// IsEmpty reports whether there is no secret.
func (s Secret) IsEmpty() bool { return s.p == nil }

// Format implements fmt.Formatter for every verb.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// String implements fmt.Stringer.
func (Secret) String() string { return redacted }

// GoString implements fmt.GoStringer.
func (Secret) GoString() string { return redacted }

// LogValue implements slog.LogValuer.
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText refuses: a secret is never part of an encoding by accident.
func (Secret) MarshalText() ([]byte, error) { return nil, errSecretMarshal }

// MarshalJSON refuses.
func (Secret) MarshalJSON() ([]byte, error) { return nil, errSecretMarshal }

// MarshalBinary refuses.
func (Secret) MarshalBinary() ([]byte, error) { return nil, errSecretMarshal }

var errSecretMarshal = fmt.Errorf("vault: a secret cannot be marshalled")

func (secretBytes) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }
