package archive

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/fxamacker/cbor/v2"

	"tresor/shared/stream"
	"tresor/shared/vault"
)

// Format is the newest archive format that this code reads and the one that it writes.
const Format = 1

const (
	magic     = "tresor archive\n"
	maxHeader = 1 << 20
)

// ID is an archive's random id.
type ID [16]byte

// String returns the id as 32 hexadecimal digits.
func (id ID) String() string { return hex.EncodeToString(id[:]) }

// Header is what an archive says in clear: enough to find the key that unwraps its keysets.
type Header struct {
	ID      ID
	VaultID string
	Created time.Time   // UTC, whole seconds
	Heads   vault.Heads // the moment of the vault that the archive holds
	Keysets []vault.StoredKeyset
}

// wireHeader is a Header as it is encoded.
type wireHeader struct {
	Format      uint16       `cbor:"0,keyasint"`
	ID          []byte       `cbor:"1,keyasint"`
	VaultID     string       `cbor:"2,keyasint"`
	Created     vault.Stamp  `cbor:"3,keyasint"`
	Entries     vault.Head   `cbor:"4,keyasint"`
	Permissions vault.Head   `cbor:"5,keyasint"`
	Keysets     []wireKeyset `cbor:"6,keyasint"`
}

type wireKeyset struct {
	Purpose vault.Purpose `cbor:"1,keyasint"`
	Version uint32        `cbor:"2,keyasint"`
	Wrapped []byte        `cbor:"3,keyasint"`
}

var (
	encoder = must(cbor.CoreDetEncOptions().EncMode())
	// Strict: what a newer program adds, it adds under a new format number or a new kind. Strings come back as the bytes that they are.
	decoder = must(cbor.DecOptions{MaxArrayElements: 1 << 24, MaxMapPairs: 1 << 10, MaxNestedLevels: 8, UTF8: cbor.UTF8DecodeInvalid,
		DupMapKey: cbor.DupMapKeyEnforcedAPF, ExtraReturnErrors: cbor.ExtraDecErrorUnknownField}.DecMode())
	lenient = must(cbor.DecOptions{}.DecMode())
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err) // constants above
	}
	return v
}

func newHeader(vaultID string, now time.Time, heads vault.Heads, keysets []vault.StoredKeyset) Header {
	h := Header{VaultID: vaultID, Created: vault.StampOf(now).Time(), Heads: heads, Keysets: keysets}
	_, _ = rand.Read(h.ID[:]) // never fails (crypto/rand)
	return h
}

// encode returns all that comes before the first chunk.
func (h *Header) encode() ([]byte, error) {
	w := wireHeader{Format: Format, ID: h.ID[:], VaultID: h.VaultID, Created: vault.StampOf(h.Created), Entries: h.Heads.Entries, Permissions: h.Heads.Permissions}
	for _, k := range h.Keysets {
		w.Keysets = append(w.Keysets, wireKeyset{k.Purpose, k.Version, k.Wrapped})
	}
	body, err := encoder.Marshal(w)
	if err != nil {
		return nil, fmt.Errorf("encode the archive's header: %w", err)
	}
	if len(body) > maxHeader {
		return nil, &vault.Error{Kind: vault.TooLarge, Msg: "the keysets are too large for an archive"}
	}
	out := binary.BigEndian.AppendUint32([]byte(magic), uint32(len(body)))
	return append(out, body...), nil
}

// digest is what binds the chunks to all that comes before them.
func digest(beginning []byte) string {
	sum := sha256.Sum256(beginning)
	return hex.EncodeToString(sum[:])
}

// readHeader reads up to the first chunk. Nothing of it is authenticated until a chunk has opened.
func readHeader(r io.Reader) (h Header, id string, err error) {
	beginning := make([]byte, len(magic)+4)
	if err := readFull(r, beginning[:len(magic)]); err != nil {
		return h, "", err
	}
	if string(beginning[:len(magic)]) != magic {
		return h, "", corrupt("this is not an archive of tresor", nil)
	}
	if err := readFull(r, beginning[len(magic):]); err != nil {
		return h, "", err
	}
	size := binary.BigEndian.Uint32(beginning[len(magic):])
	if size > maxHeader {
		return h, "", corrupt("the archive's header is changed", errors.New("too long"))
	}
	body := make([]byte, size)
	if err := readFull(r, body); err != nil {
		return h, "", err
	}
	h, err = decodeHeader(body)
	return h, digest(append(beginning, body...)), err
}

func decodeHeader(body []byte) (h Header, err error) {
	var w wireHeader
	if err := decoder.Unmarshal(body, &w); err != nil {
		var newer struct {
			Format uint16 `cbor:"0,keyasint"`
		}
		if lenient.Unmarshal(body, &newer) != nil || newer.Format <= Format {
			return h, corrupt("the archive's header is changed", errors.New("does not decode"))
		}
		w.Format = newer.Format
	}
	if w.Format > Format {
		return h, &vault.Error{Kind: vault.NewerFormat, Msg: "the archive was written by a newer tresor",
			Err: fmt.Errorf("archive format %d, this program reads up to %d", w.Format, Format)}
	}
	if w.Format == 0 || len(w.ID) != len(h.ID) || w.VaultID == "" || w.Entries.Seq == 0 || w.Permissions.Seq == 0 {
		return h, corrupt("the archive's header is changed", errors.New("incomplete"))
	}
	h = Header{ID: ID(w.ID), VaultID: w.VaultID, Created: w.Created.Time(), Heads: vault.Heads{Entries: w.Entries, Permissions: w.Permissions}}
	for _, k := range w.Keysets {
		h.Keysets = append(h.Keysets, vault.StoredKeyset{Purpose: k.Purpose, Version: k.Version, VaultID: w.VaultID, Wrapped: k.Wrapped})
	}
	return h, nil
}

// chunked is how the rest of the file is sealed. A stream's id is the hash of all before its first chunk.
var chunked = stream.Kind{Purpose: vault.PurposeExports, Name: "archive", What: "the archive"}

// readFull fills p. An end before that is a cut.
func readFull(r io.Reader, p []byte) error {
	_, err := io.ReadFull(r, p)
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errCut()
	case err != nil:
		return fmt.Errorf("read the archive: %w", err)
	}
	return nil
}
