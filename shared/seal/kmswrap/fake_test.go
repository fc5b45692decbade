package kmswrap

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/smithy-go"
)

// fakeKMS is KMS as far as the wrapper uses it: keys that can be disabled, a role that may use only some purposes, a quota, and an
// encryption context that must be the same at Decrypt as it was at Encrypt.
type fakeKMS struct {
	mu        sync.Mutex
	blobs     map[string]blob // by ciphertext
	disabled  map[string]bool // by key id
	denied    map[string]bool // by the context's purpose, as a condition on kms:EncryptionContext:purpose denies
	throttled bool
	decrypts  int
}

type blob struct {
	key, context string
	plaintext    []byte
}

func newFakeKMS() *fakeKMS {
	return &fakeKMS{blobs: map[string]blob{}, disabled: map[string]bool{}, denied: map[string]bool{}}
}

func contextText(c map[string]string) string {
	b, _ := json.Marshal(c) // sorts the keys
	return string(b)
}

func (f *fakeKMS) check(keyID *string, c map[string]string) error {
	switch {
	case keyID == nil:
		return &smithy.GenericAPIError{Code: "ValidationException"}
	case f.throttled:
		return &smithy.GenericAPIError{Code: "ThrottlingException", Message: "Rate exceeded"}
	case f.disabled[*keyID]:
		return &types.DisabledException{}
	case f.denied[c["purpose"]]:
		return &smithy.GenericAPIError{Code: "AccessDeniedException", Message: "not authorized to perform: kms:Decrypt"}
	}
	return nil
}

func (f *fakeKMS) Encrypt(_ context.Context, in *kms.EncryptInput, _ ...func(*kms.Options)) (*kms.EncryptOutput, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.check(in.KeyId, in.EncryptionContext); err != nil {
		return nil, err
	}
	if len(in.Plaintext) > 4096 {
		return nil, &smithy.GenericAPIError{Code: "ValidationException"}
	}
	id := make([]byte, 32)
	_, _ = rand.Read(id)
	f.blobs[string(id)] = blob{*in.KeyId, contextText(in.EncryptionContext), bytes.Clone(in.Plaintext)}
	return &kms.EncryptOutput{CiphertextBlob: id, KeyId: in.KeyId}, nil
}

func (f *fakeKMS) Decrypt(_ context.Context, in *kms.DecryptInput, _ ...func(*kms.Options)) (*kms.DecryptOutput, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.decrypts++
	if err := f.check(in.KeyId, in.EncryptionContext); err != nil {
		return nil, err
	}
	b, ok := f.blobs[string(in.CiphertextBlob)]
	switch {
	case !ok || b.context != contextText(in.EncryptionContext):
		return nil, &types.InvalidCiphertextException{}
	case b.key != *in.KeyId:
		return nil, &types.IncorrectKeyException{}
	}
	return &kms.DecryptOutput{Plaintext: bytes.Clone(b.plaintext), KeyId: in.KeyId}, nil
}
