package kmslocal_test

import (
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"tresor/infra/coldstart/kmslocal"
	"tresor/shared/seal"
	"tresor/shared/seal/kmswrap"
	"tresor/shared/seal/sealtest"
	"tresor/shared/vault"
)

func client(t *testing.T) (*kmslocal.Server, *kms.Client) {
	t.Helper()
	server, err := kmslocal.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	return server, kms.New(kms.Options{BaseEndpoint: aws.String(server.URL), Region: "us-east-1", Retryer: aws.NopRetryer{},
		Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")})
}

// The rules of a wrapper hold over this KMS and the real client: the context binds, what is changed or another's does not open.
func TestWrapsKeysets(t *testing.T) {
	sealtest.Wrapper(t, func(t *testing.T) seal.Wrapper {
		_, c := client(t)
		return kmswrap.New(c, kmslocal.KeyID)
	})
}

func TestRefuses(t *testing.T) {
	server, c := client(t)
	context := seal.Context{VaultID: "v", Purpose: vault.PurposeIndex}
	wrapped, err := kmswrap.New(c, kmslocal.KeyID).Wrap(t.Context(), context, []byte("keyset"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := kmswrap.New(c, "alias/other").Unwrap(t.Context(), context, wrapped); err == nil {
		t.Error("another key opens what this one wrapped")
	}
	server.SetDown(true)
	if _, err := kmswrap.New(c, kmslocal.KeyID).Unwrap(t.Context(), context, wrapped); !errors.Is(err, vault.Forbidden) {
		t.Errorf("while down: got %v, want %v", err, vault.Forbidden)
	}
	server.SetDown(false)
	if _, err := kmswrap.New(c, kmslocal.KeyID).Unwrap(t.Context(), context, wrapped); err != nil {
		t.Errorf("up again: %v", err)
	}
	server.SetDisabled(true)
	if _, err := kmswrap.New(c, kmslocal.KeyID).Unwrap(t.Context(), context, wrapped); err == nil {
		t.Error("a disabled key opens")
	}
	if _, err := kmswrap.New(c, kmslocal.KeyID).Wrap(t.Context(), context, []byte("keyset")); err == nil {
		t.Error("a disabled key wraps")
	}
	server.SetDisabled(false)
	other := context
	other.Purpose = vault.PurposeSecrets
	if _, err := kmswrap.New(c, kmslocal.KeyID).Unwrap(t.Context(), other, wrapped); err == nil {
		t.Error("another purpose opens")
	}
	if n := server.Decrypts(); n != 2 {
		t.Errorf("counted %d decrypts, want the 2 that were looked at", n)
	}
}

func TestOnAnAddressThatIsNotThisMachines(t *testing.T) {
	if k, err := kmslocal.StartOn(t.Context(), "192.0.2.250"); err == nil {
		k.Close()
		t.Error("no error")
	}
}
