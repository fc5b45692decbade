package kmswrap

import (
	"errors"
	"fmt"

	"github.com/aws/smithy-go"

	"tresor/shared/vault"
)

// kinds turns KMS's error codes into kinds; what is not here is Internal. Sources: the common errors, and those of
// https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html
var kinds = map[string]vault.Kind{
	"InvalidCiphertextException":  vault.Corrupt, // also: another encryption context
	"IncorrectKeyException":       vault.Corrupt,
	"AccessDeniedException":       vault.Forbidden,
	"DisabledException":           vault.Forbidden,
	"KMSInvalidStateException":    vault.Forbidden, // pending deletion, or its material not imported
	"ThrottlingException":         vault.Busy,
	"LimitExceededException":      vault.Busy,
	"KMSInternalException":        vault.Busy,
	"DependencyTimeoutException":  vault.Busy,
	"KeyUnavailableException":     vault.Busy,
	"RequestLimitExceeded":        vault.Busy,
	"ServiceUnavailableException": vault.Busy,
}

// classify gives err its kind. KMS's messages name keys and roles, never key material or plaintext.
func classify(what string, err error) error {
	err = fmt.Errorf("%s: %w", what, err)
	var api smithy.APIError
	if !errors.As(err, &api) {
		return err
	}
	if k, ok := kinds[api.ErrorCode()]; ok {
		return &vault.Error{Kind: k, Err: err}
	}
	return err
}
