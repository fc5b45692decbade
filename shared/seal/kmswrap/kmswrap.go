// Package kmswrap wraps keysets with AWS KMS. It is not a KMS client of general use: it knows the two calls that wrapping takes.
//
// The one idea: vault and purpose are real key/value pairs of the encryption context. So an IAM or key policy can grant a function
// one purpose and not another (kms:EncryptionContext:purpose), and CloudTrail shows which keyset of which vault was asked for. This is why
// tink-go-awskms is not used: it puts all additional data into one entry of the context, in hexadecimal, which no policy
// could tell apart, and it takes the whole KMS interface.
package kmswrap

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"tresor/shared/seal"
	"tresor/shared/vault"
)

// API is what is needed of *kms.Client.
type API interface {
	Encrypt(ctx context.Context, in *kms.EncryptInput, opts ...func(*kms.Options)) (*kms.EncryptOutput, error)
	Decrypt(ctx context.Context, in *kms.DecryptInput, opts ...func(*kms.Options)) (*kms.DecryptOutput, error)
}

// maxPlaintext is what KMS encrypts in one call, in bytes:
// https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html
const maxPlaintext = 4096

// Wrapper implements seal.Wrapper. It holds no key: KMS does.
type Wrapper struct {
	api   API
	keyID string
}

var _ seal.Wrapper = (*Wrapper)(nil)

// New returns a Wrapper that uses the symmetric key with the given id, ARN or alias.
func New(api API, keyID string) *Wrapper { return &Wrapper{api: api, keyID: keyID} }

// EncryptionContext returns the pairs that policies may refer to.
func EncryptionContext(c seal.Context) map[string]string {
	return map[string]string{"vault": c.VaultID, "purpose": string(c.Purpose)}
}

// Wrap implements seal.Wrapper.
func (w *Wrapper) Wrap(ctx context.Context, c seal.Context, keyset []byte) ([]byte, error) {
	if len(keyset) > maxPlaintext {
		return nil, &vault.Error{Kind: vault.TooLarge, Err: fmt.Errorf("kms encrypt: %d bytes, at most %d", len(keyset), maxPlaintext)}
	}
	out, err := w.api.Encrypt(ctx, &kms.EncryptInput{
		KeyId: aws.String(w.keyID), Plaintext: keyset, EncryptionContext: EncryptionContext(c),
	})
	if err != nil {
		return nil, classify("kms encrypt", err)
	}
	return out.CiphertextBlob, nil
}

// Unwrap implements seal.Wrapper. It names the key, although KMS would find it: else any key that this role may use would do, one
// of an attacker's account among them.
func (w *Wrapper) Unwrap(ctx context.Context, c seal.Context, wrapped []byte) ([]byte, error) {
	if len(wrapped) == 0 { // the SDK would refuse it as a mistake of ours
		return nil, &vault.Error{Kind: vault.Corrupt, Err: errors.New("kms decrypt: nothing is wrapped")}
	}
	out, err := w.api.Decrypt(ctx, &kms.DecryptInput{
		KeyId: aws.String(w.keyID), CiphertextBlob: wrapped, EncryptionContext: EncryptionContext(c),
	})
	if err != nil {
		return nil, classify("kms decrypt", err)
	}
	return out.Plaintext, nil
}
