package kmswrap

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/google/go-cmp/cmp"

	"tresor/shared/seal"
	"tresor/shared/seal/sealtest"
	"tresor/shared/vault"
)

func TestWrapper(t *testing.T) {
	fake, keys := newFakeKMS(), 0
	sealtest.Wrapper(t, func(*testing.T) seal.Wrapper {
		keys++
		return New(fake, fmt.Sprintf("key-%d", keys))
	})
}

func wantKind(t *testing.T, what string, err error, want vault.Kind) {
	t.Helper()
	if err == nil || vault.KindOf(err) != want {
		t.Errorf("%s: got error %v, want kind %v", what, err, want)
	}
}

// One Decrypt for each keyset when a process starts; then none, however many values.
func TestCallsPerProcessNotPerValue(t *testing.T) {
	fake := newFakeKMS()
	stored, _, err := seal.Create(t.Context(), New(fake, "key"), "v")
	if err != nil {
		t.Fatal(err)
	}
	s, err := seal.Open(t.Context(), New(fake, "key"), stored)
	if err != nil {
		t.Fatal(err)
	}
	fake.throttled = true // from here on a call would fail
	for range 100 {
		sealed, err := s.Seal(vault.PurposeSecrets, []byte("x"), vault.Binding{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Open(vault.PurposeSecrets, sealed, vault.Binding{}); err != nil {
			t.Fatal(err)
		}
	}
	if fake.decrypts != len(vault.Purposes) {
		t.Errorf("got %d decrypts, want %d", fake.decrypts, len(vault.Purposes))
	}
}

func TestFaults(t *testing.T) {
	fake := newFakeKMS()
	w := New(fake, "key")
	stored, _, err := seal.Create(t.Context(), w, "v")
	if err != nil {
		t.Fatal(err)
	}
	open := func(purposes ...vault.Purpose) error {
		_, err := seal.Open(t.Context(), w, stored, purposes...)
		return err
	}
	fake.throttled = true
	wantKind(t, "throttled", open(), vault.Busy)
	fake.throttled = false
	fake.disabled["key"] = true
	wantKind(t, "disabled key", open(), vault.Forbidden)
	_, _, err = seal.Create(t.Context(), w, "v")
	wantKind(t, "create under a disabled key", err, vault.Forbidden)
	fake.disabled["key"] = false

	// A role whose policy names one purpose gets that and no other.
	for _, p := range vault.Purposes {
		fake.denied[string(p)] = p != vault.PurposeIndex
	}
	if err := open(vault.PurposeIndex); err != nil {
		t.Errorf("the granted purpose: %v", err)
	}
	wantKind(t, "a denied purpose", open(vault.PurposeIndex, vault.PurposeSecrets), vault.Forbidden)

	_, err = w.Wrap(t.Context(), seal.Context{}, make([]byte, 4097))
	wantKind(t, "4097 bytes", err, vault.TooLarge)
}

// server answers as KMS does: handle gets the decoded request.
func server(t *testing.T, handle func(target string, in map[string]any) (status int, out any)) *Wrapper {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var in map[string]any
		if err := json.Unmarshal(body, &in); err != nil {
			t.Errorf("request %q: %v", body, err)
		}
		status, out := handle(r.Header.Get("X-Amz-Target"), in)
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(out)
	}))
	t.Cleanup(srv.Close)
	return New(kms.New(kms.Options{
		BaseEndpoint: aws.String(srv.URL), Region: "eu-central-1", Retryer: aws.NopRetryer{},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "a", SecretAccessKey: "s"}, nil
		}),
	}), "alias/tresor")
}

// What goes over the wire, through the real client.
func TestRequests(t *testing.T) {
	var got []map[string]any
	w := server(t, func(target string, in map[string]any) (int, any) {
		got = append(got, map[string]any{"target": target, "in": in})
		return 200, map[string]any{
			"CiphertextBlob": base64.StdEncoding.EncodeToString([]byte("wrapped")), "Plaintext": base64.StdEncoding.EncodeToString([]byte("keyset")),
		}
	})
	c := seal.Context{VaultID: "0123", Purpose: vault.PurposeFiles}
	wrapped, err := w.Wrap(t.Context(), c, []byte("keyset"))
	if err != nil || string(wrapped) != "wrapped" {
		t.Errorf("got %q, %v, want %q", wrapped, err, "wrapped")
	}
	keyset, err := w.Unwrap(t.Context(), c, []byte("wrapped"))
	if err != nil || string(keyset) != "keyset" {
		t.Errorf("got %q, %v, want %q", keyset, err, "keyset")
	}
	pairs := map[string]any{"vault": "0123", "purpose": "files"}
	want := []map[string]any{
		{"target": "TrentService.Encrypt", "in": map[string]any{"KeyId": "alias/tresor", "EncryptionContext": pairs, "Plaintext": "a2V5c2V0"}},
		{"target": "TrentService.Decrypt", "in": map[string]any{"KeyId": "alias/tresor", "EncryptionContext": pairs, "CiphertextBlob": "d3JhcHBlZA=="}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("requests (-want +got):\n%s", d)
	}
}

// Every error code, as the real client reads it.
func TestErrorCodes(t *testing.T) {
	codes := map[string]vault.Kind{"ValidationException": vault.Internal, "NotFoundException": vault.Internal, "InvalidKeyUsageException": vault.Internal}
	for code, kind := range kinds {
		codes[code] = kind
	}
	for code, want := range codes {
		w := server(t, func(string, map[string]any) (int, any) { return 400, map[string]any{"__type": code, "message": "m"} })
		_, err := w.Unwrap(t.Context(), seal.Context{VaultID: "v", Purpose: "p"}, []byte("x"))
		wantKind(t, code, err, want)
	}
}

func TestEndedContextComesBack(t *testing.T) {
	w := server(t, func(string, map[string]any) (int, any) { return 200, nil })
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.Unwrap(ended, seal.Context{}, []byte("x")); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that the context ended", err)
	}
}
