package keyfile_test

import (
	"testing"

	"tresor/shared/seal"
	"tresor/shared/seal/keyfile"
	"tresor/shared/seal/sealtest"
)

func TestWrapper(t *testing.T) {
	sealtest.Wrapper(t, func(*testing.T) seal.Wrapper { return keyfile.Generate() })
}
