// Package kmslocal is AWS KMS for tests and local work, over HTTP: the two calls that wrapping keysets takes, with one key. It keeps KMS's rules that matter to
// a caller (a ciphertext opens only under the encryption context that it was made under) and none of its policies.
//
// The one idea: processes are tested, so the fake is at the end of a socket and the real SDK speaks to it.
package kmslocal

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
)

// KeyID is the one key. It is the only id that is known.
const KeyID = "alias/local"

// Server is a running KMS. It must be closed.
type Server struct {
	*httptest.Server
	aead     cipher.AEAD
	down     atomic.Bool
	disabled atomic.Bool
	decrypts atomic.Int64
}

// Start runs a KMS with a key of its own on a free port of this machine, for it alone.
func Start() (*Server, error) { return StartOn(context.Background(), "127.0.0.1") }

// StartOn is Start on an address that others may reach, such as containers.
func StartOn(ctx context.Context, host string) (*Server, error) {
	var key [32]byte
	_, _ = rand.Read(key[:]) // never fails
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, fmt.Errorf("start the local KMS: %w", err)
	}
	k := &Server{}
	if k.aead, err = cipher.NewGCMWithRandomNonce(block); err != nil {
		return nil, fmt.Errorf("start the local KMS: %w", err)
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return nil, fmt.Errorf("start the local KMS: %w", err)
	}
	k.Server = httptest.NewUnstartedServer(k)
	_ = k.Listener.Close() // its own
	k.Listener = listener
	k.Server.Start()
	return k, nil
}

// SetDown makes every call fail with AccessDeniedException, or ends that.
func (k *Server) SetDown(down bool) { k.down.Store(down) }

// SetDisabled disables the key, or enables it again.
func (k *Server) SetDisabled(disabled bool) { k.disabled.Store(disabled) }

// Decrypts returns how many calls of Decrypt there were.
func (k *Server) Decrypts() int { return int(k.decrypts.Load()) }

// input has the members of both calls.
type input struct {
	KeyID             string `json:"KeyId"`
	Plaintext         []byte
	CiphertextBlob    []byte
	EncryptionContext map[string]string
}

// ServeHTTP answers one call of KMS's JSON 1.1 protocol.
func (k *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	var in input
	switch {
	case k.down.Load():
		refuse(w, "AccessDeniedException")
	case json.NewDecoder(r.Body).Decode(&in) != nil:
		refuse(w, "SerializationException")
	case in.KeyID != KeyID:
		refuse(w, "NotFoundException")
	case k.disabled.Load():
		refuse(w, "DisabledException")
	default:
		k.answer(w, r.Header.Get("X-Amz-Target"), &in)
	}
}

func (k *Server) answer(w http.ResponseWriter, target string, in *input) {
	bound, _ := json.Marshal(in.EncryptionContext) // in the order of its keys; strings always marshal
	switch target {
	case "TrentService.Encrypt":
		send(w, map[string]any{"KeyId": KeyID, "CiphertextBlob": k.aead.Seal(nil, nil, in.Plaintext, bound)}) //nolint:gosec // it makes its own nonces
	case "TrentService.Decrypt":
		k.decrypts.Add(1)
		plain, err := k.aead.Open(nil, nil, in.CiphertextBlob, bound)
		if err != nil {
			refuse(w, "InvalidCiphertextException")
			return
		}
		send(w, map[string]any{"KeyId": KeyID, "Plaintext": plain})
	default:
		refuse(w, "UnknownOperationException")
	}
}

func refuse(w http.ResponseWriter, kind string) {
	w.WriteHeader(http.StatusBadRequest)
	send(w, map[string]any{"__type": kind})
}

func send(w http.ResponseWriter, out map[string]any) {
	_ = json.NewEncoder(w).Encode(out) // a client that went away
}
