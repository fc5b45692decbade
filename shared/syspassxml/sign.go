package syspassxml

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // the format's hash: it finds damage, and the sign is an HMAC-SHA256 over it
	"crypto/sha256"
	"encoding/hex"
	"hash"
)

// newHash returns the hash of the format, for the unindented form of all that is not Meta.
func newHash() hash.Hash { return sha1.New() } //nolint:gosec // as above

// sign returns the signature of a stated hash. It covers the text as it stands in the file.
func sign(stated, key string) string {
	h := hmac.New(sha256.New, []byte(key))
	_, _ = h.Write([]byte(stated))
	return hex.EncodeToString(h.Sum(nil))
}

// judge compares what a file states with its computed hash and with the key of its sign; "" if there is none.
func judge(stated, signed, computed, key string) []Warning {
	var out []Warning
	switch stated {
	case computed:
	case "":
		out = append(out, HashMissing)
	default:
		out = append(out, HashDiffers)
	}
	switch {
	case signed == "" || key == "":
		out = append(out, SignUnchecked)
	case !hmac.Equal([]byte(sign(stated, key)), []byte(signed)):
		out = append(out, SignDiffers)
	}
	return out
}
