package seal_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"tresor/shared/seal"
	"tresor/shared/vault"
)

// shows reports how text shows key, if it does: as it is, or in one of the forms that fmt gives bytes.
func shows(text string, key []byte) string {
	part := key[4:16] // any twelve bytes in a row would be a leak
	for form, s := range map[string]string{
		"raw": string(part), "hex": hex.EncodeToString(part), "base64": base64.StdEncoding.EncodeToString(key)[6:20],
		"decimal": strings.Trim(fmt.Sprint(part), "[]"), "Go syntax": strings.Trim(fmt.Sprintf("%#v", part)[len("[]byte"):], "{}"),
	} {
		if strings.Contains(strings.ToLower(text), strings.ToLower(s)) {
			return form
		}
	}
	return ""
}

func TestNothingPrintsKeys(t *testing.T) {
	s := sameKeys(t, "vault-one")
	type holder struct {
		S any
		s *seal.Sealer
	}
	values := map[string]any{
		"pointer": s, "value": *s, "holder": holder{s, s}, "holder of value": &holder{*s, s}, "slice": []*seal.Sealer{s},
		"error": openError(s),
	}
	for name, v := range values {
		texts := []string{}
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T", "%p"} {
			texts = append(texts, fmt.Sprintf(verb, v))
		}
		var log bytes.Buffer
		slog.New(slog.NewTextHandler(&log, nil)).Info("x", "v", v)
		slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "v", v)
		asJSON, _ := json.Marshal(v)
		for _, text := range append(texts, log.String(), string(asJSON)) {
			if form := shows(text, knownKey); form != "" {
				t.Errorf("%s shows the key as %s: %s", name, form, text)
			}
		}
	}
	if got := fmt.Sprint(s); got != "seal.Sealer[redacted]" {
		t.Errorf("got %s", got)
	}
}

// The test above must be able to fail.
func TestShowsFindsKeys(t *testing.T) {
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%X", "%d"} {
		if shows(fmt.Sprintf("before "+verb+" after", knownKey), knownKey) == "" {
			t.Errorf("%s is not noticed", verb)
		}
	}
	if shows("a key of another kind", knownKey) != "" {
		t.Error("found where there is none")
	}
}

func openError(s *seal.Sealer) error {
	sealed, _ := s.Seal(vault.PurposeIndex, knownKey, binding)
	sealed[20] ^= 1
	_, err := s.Open(vault.PurposeIndex, sealed, binding)
	return err
}
