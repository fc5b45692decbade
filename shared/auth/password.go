package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strconv"

	"golang.org/x/crypto/argon2"

	"tresor/shared/vault"
)

// argon2id parameters of new hashes: OWASP's minimum (19 MiB, 2 passes), about 36 ms on a full core. The parameters are part of the
// stored hash, so that they can change.
const (
	argonTime   = 2
	argonMemory = 19 << 10 // KiB
	argonLanes  = 1
	argonSalt   = 16
	argonKey    = 32
)

// hashers limits how many argon2 run at once in a process: each takes 19 MiB and a core.
var hashers = make(chan struct{}, 2)

// HashPassword returns the argon2id hash of a password in PHC form. It waits for one of the process's two places.
func HashPassword(ctx context.Context, password string) (string, error) {
	salt := make([]byte, argonSalt)
	_, _ = rand.Read(salt) // never fails (crypto/rand)
	key, err := derive(ctx, password, salt, argonTime, argonMemory, argonLanes, argonKey)
	if err != nil {
		return "", err
	}
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonTime, argonLanes, b64.EncodeToString(salt), b64.EncodeToString(key)), nil
}

func derive(ctx context.Context, password string, salt []byte, time, memory uint32, lanes uint8, length uint32) ([]byte, error) {
	select {
	case hashers <- struct{}{}:
	case <-ctx.Done():
		return nil, &vault.Error{Kind: vault.Busy, Msg: "busy", Err: ctx.Err()}
	}
	defer func() { <-hashers }()
	return argon2.IDKey([]byte(password), salt, time, memory, lanes, length), nil
}

// checkPassword reports whether the password has the hash.
func checkPassword(ctx context.Context, hash, password string) (bool, error) {
	var version int
	var memory, time uint32
	var lanes uint8
	var rest string
	if _, err := fmt.Sscanf(hash, "$argon2id$v=%d$m=%d,t=%d,p=%d$%s", &version, &memory, &time, &lanes, &rest); err != nil || version != argon2.Version {
		return false, &vault.Error{Kind: vault.Corrupt, Err: fmt.Errorf("a password hash has an unknown form")}
	}
	salt, key, err := splitHash(rest)
	if err != nil {
		return false, err
	}
	got, err := derive(ctx, password, salt, time, memory, lanes, uint32(len(key)))
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(got, key) == 1, nil
}

func splitHash(s string) (salt, key []byte, err error) {
	for i := range len(s) {
		if s[i] != '$' {
			continue
		}
		salt, err = base64.RawStdEncoding.DecodeString(s[:i])
		if err == nil {
			key, err = base64.RawStdEncoding.DecodeString(s[i+1:])
		}
		if err == nil && len(key) > 0 {
			return salt, key, nil
		}
		break
	}
	return nil, nil, &vault.Error{Kind: vault.Corrupt, Err: fmt.Errorf("a password hash has an unknown form")}
}

// SealHash seals a password hash for the user that CreateUser or SetUserPassword makes it for.
func SealHash(s vault.Sealer, hash string) func(vault.UserID, uint32) ([]byte, error) {
	return func(id vault.UserID, version uint32) ([]byte, error) {
		return s.Seal(vault.PurposeCredentials, []byte(hash), passwordBinding(id, version))
	}
}

func passwordBinding(id vault.UserID, version uint32) vault.Binding {
	return vault.Binding{Table: vault.Permissions, Kind: "user", ID: strconv.FormatUint(uint64(id), 10), Field: "password", Version: uint64(version)}
}

func keyBinding(id vault.CredentialID) vault.Binding {
	return vault.Binding{Table: vault.Permissions, Kind: "credential", ID: strconv.FormatUint(uint64(id), 10), Field: "private key", Version: 1}
}

// SealKey seals a TPM private key for the credential that CreateCredential makes it for.
func SealKey(s vault.Sealer, private string) func(vault.CredentialID) ([]byte, error) {
	return func(id vault.CredentialID) ([]byte, error) {
		return s.Seal(vault.PurposeCredentials, []byte(private), keyBinding(id))
	}
}
