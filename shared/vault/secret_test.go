package vault

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// TestASecretPrintsRedactedInEveryWay plants a canary and looks for it, and for its bytes as numbers, in all that Go prints.
func TestASecretPrintsRedactedInEveryWay(t *testing.T) {
	const canary = "canary-4711"
	s := NewSecret(canary)
	nested := struct {
		Public  Secret
		private Secret
		Pointer *Secret
		List    []Secret
		Map     map[string]Secret
		Any     any
		Payload Payload
	}{s, s, &s, []Secret{s}, map[string]Secret{"k": s}, s, Payload{Password: s, Fields: map[uint8]Secret{1: s}}}
	var printed strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%X", "% x", "%o", "%b", "%c", "%U", "%t", "%T", "%p", "%e", "%10.3s"} {
		for _, value := range []any{s, &s, nested, &nested, []any{s}, struct{ s Secret }{s}, struct{ s *Secret }{&s}, struct{ p Payload }{nested.Payload}} {
			fmt.Fprintf(&printed, verb+"\n", value)
		}
	}
	fmt.Fprintln(&printed, s, &s, nested)
	fmt.Fprintln(&printed, fmt.Errorf("wrapped: %v %w", s, fmt.Errorf("%s", s)))
	for _, h := range []slog.Handler{slog.NewTextHandler(&printed, nil), slog.NewJSONHandler(&printed, nil)} {
		slog.New(h).Info("m", "secret", s, "nested", nested, "pointer", &s, slog.Group("g", "s", s))
	}
	for _, form := range []string{canary, fmt.Sprintf("%x", canary), fmt.Sprintf("%d", []byte(canary)), fmt.Sprintf("%q", []byte(canary)), "0x63, 0x61, 0x6e"} {
		if strings.Contains(printed.String(), form) {
			t.Errorf("the secret shows as %q", form)
		}
	}
	if s.Reveal() != canary || s.IsEmpty() || !NewSecret("").IsEmpty() {
		t.Error("Reveal and IsEmpty must tell the truth")
	}
}

func TestASecretRefusesToBeMarshalled(t *testing.T) {
	s := NewSecret("canary-4711")
	for name, marshal := range map[string]func(any) error{
		"json": func(v any) error { _, err := json.Marshal(v); return err },
		"xml":  func(v any) error { _, err := xml.Marshal(v); return err },
		"gob":  func(v any) error { return gob.NewEncoder(new(bytes.Buffer)).Encode(v) },
	} {
		for _, v := range []any{s, &s, struct{ S Secret }{s}} {
			if err := marshal(v); err == nil {
				t.Errorf("%s marshals %T", name, v)
			}
		}
	}
}
