package vault

import (
	"fmt"
	"io"
	"log/slog"
)

// Secret is a value that must not be printed. Every way that Go can print, log or marshal it gives "[redacted]" or an error; only
// Reveal gives the bytes. They are captured by a function, because printing does not stop at methods: fmt ignores those of a Secret in an
// unexported field, and for a verb that does not fit ("%s" of a pointer) it follows pointers by reflection. Nothing looks into a function.
type Secret struct{ reveal func() string }

const redacted = "[redacted]"

// NewSecret keeps s as a secret. The empty string is the zero Secret.
func NewSecret(s string) Secret {
	if s == "" {
		return Secret{}
	}
	return Secret{func() string { return s }}
}

// Reveal returns the secret itself. Call it where the secret leaves for its reader, and nowhere else.
func (s Secret) Reveal() string {
	if s.reveal == nil {
		return ""
	}
	return s.reveal()
}

// IsEmpty reports whether there is no secret.
func (s Secret) IsEmpty() bool { return s.reveal == nil }

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
