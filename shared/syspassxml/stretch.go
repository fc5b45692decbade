package syspassxml

import (
	"bytes"
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/subtle"
	"encoding"
	"encoding/binary"
	"hash"
	"sync"
)

// stretch is PBKDF2-HMAC-SHA256 with the format's iterations, of a 32-byte password and salt. A file of sysPass's own costs one of these for each account
// (sysPass 4.4), and nothing else in reading it counts. crypto/pbkdf2 spends half of the time beside the hash: on padding the same 32 bytes each time.
// So the two blocks of an iteration are written padded, and the result is taken out of the hash's saved state. Where the saved state is not what it was when this
// was written, which is asked once, crypto/pbkdf2 does the work.
func stretch(password, salt []byte) ([]byte, error) {
	if quickStretches() {
		return quickStretch(password, salt, iterations), nil
	}
	return pbkdf2.Key(sha256.New, string(password), salt, iterations, keySize)
}

// quickStretches compares the two, over a few iterations.
var quickStretches = sync.OnceValue(func() bool {
	if _, ok := sha256.New().(resumable); !ok {
		return false
	}
	password, salt := []byte("of 32 bytes, as a SHA-256 has it"), bytes.Repeat([]byte{7}, saltSize)
	want, err := pbkdf2.Key(sha256.New, string(password), salt, 3, keySize)
	got := quickStretch(password, salt, 3)
	return err == nil && bytes.Equal(got, want)
})

// resumable is what sha256.New says that it returns.
type resumable interface {
	hash.Hash
	encoding.BinaryAppender
	encoding.BinaryUnmarshaler
}

const (
	stateMagic = 4 // bytes before the eight words of a saved state
	stateSize  = 128
)

// quickStretch takes passwords of up to a block.
func quickStretch(password, salt []byte, n int) []byte {
	d, ok := sha256.New().(resumable)
	if !ok {
		return nil
	}
	inner, outer := keyedState(password, 0x36), keyedState(password, 0x5c)
	var block [sha256.BlockSize]byte
	first := func(state []byte, parts ...[]byte) {
		_ = d.UnmarshalBinary(state) // one of ours
		for _, p := range parts {
			_, _ = d.Write(p)
		}
		d.Sum(block[:0])
	}
	first(inner, salt, []byte{0, 0, 0, 1})
	first(outer, bytes.Clone(block[:sha256.Size]))
	key := bytes.Clone(block[:sha256.Size])
	block[sha256.Size] = 0x80
	binary.BigEndian.PutUint64(block[sha256.BlockSize-8:], 8*(sha256.BlockSize+sha256.Size))
	saved := make([]byte, 0, stateSize)
	for range n - 1 {
		for _, state := range [...][]byte{inner, outer} {
			_ = d.UnmarshalBinary(state)
			_, _ = d.Write(block[:])
			saved, _ = d.AppendBinary(saved[:0])
			copy(block[:sha256.Size], saved[min(stateMagic, len(saved)):])
		}
		subtle.XORBytes(key, key, block[:sha256.Size])
	}
	return key
}

// keyedState returns the state of a hash that has taken in the padded key of an HMAC.
func keyedState(key []byte, pad byte) []byte {
	block := bytes.Repeat([]byte{pad}, sha256.BlockSize)
	subtle.XORBytes(block, block, key)
	d, ok := sha256.New().(resumable)
	if !ok {
		return nil
	}
	_, _ = d.Write(block)
	state, _ := d.AppendBinary(nil)
	return state
}
