package tpm

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // RFC 6238 as every authenticator app has it
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"strings"
	"time"
)

// otpStep is how long a one-time password lasts (tpm 6.3).
const otpStep = 30

// otpKey reads a Base32 secret as people paste it: lower case, in groups, with or without padding.
func otpKey(secret string) ([]byte, bool) {
	s := strings.ToUpper(strings.Join(strings.Fields(secret), ""))
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.TrimRight(s, "="))
	return key, err == nil && len(key) > 0
}

// otpCode returns the six digits that a secret gives at a time (RFC 6238: SHA-1, 30 s); "" for what is no secret.
func otpCode(secret string, now time.Time) string {
	key, ok := otpKey(secret)
	if !ok {
		return ""
	}
	mac := hmac.New(sha1.New, key)
	_ = binary.Write(mac, binary.BigEndian, now.Unix()/otpStep) // a hash never fails
	sum := mac.Sum(nil)
	at := sum[len(sum)-1] & 0xf
	code := binary.BigEndian.Uint32(sum[at:]) & 0x7fffffff
	return fmt.Sprintf("%06d", code%1_000_000)
}
