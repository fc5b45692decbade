package journal

import (
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync"

	"github.com/fxamacker/cbor/v2"

	"tresor/shared/vault"
)

// codec encodes and seals what the store keeps. CBOR with integer keys, because records are small and many; deflate, because a record that
// stays within 1,024 bytes costs a third less to write.
type codec struct{ sealer vault.Sealer }

var (
	encoder = must(cbor.CoreDetEncOptions().EncMode())
	// Strings come back as the bytes they were written as, valid UTF-8 or not: the encoder does not refuse any, and a record that does not
	// decode would make the whole vault unreadable.
	// A member that this program does not know is an error: it would be lost with the next after-image that this program writes.
	decoder = must(cbor.DecOptions{MaxArrayElements: 1 << 24, MaxMapPairs: 1 << 20, MaxNestedLevels: 16, UTF8: cbor.UTF8DecodeInvalid,
		ExtraReturnErrors: cbor.ExtraDecErrorUnknownField}.DecMode())
	// header decodes the format of what need not decode otherwise.
	header = must(cbor.DecOptions{UTF8: cbor.UTF8DecodeInvalid}.DecMode())
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// opened is a record with the hash of its plaintext.
type opened struct {
	record *vault.Record
	hash   vault.Hash
	size   int // of it sealed, in bytes
}

func (o opened) head() vault.Head { return vault.Head{Seq: o.record.Seq, Hash: o.hash} }

// sealRecord encodes and seals a record.
func (c codec) sealRecord(r *vault.Record) (vault.StoredRecord, vault.Hash, error) {
	plain, err := encoder.Marshal(r)
	if err != nil {
		return vault.StoredRecord{}, vault.Hash{}, fmt.Errorf("encode %s record %d: %w", r.Table, r.Seq, err)
	}
	if len(plain) > maxPlain {
		return vault.StoredRecord{}, vault.Hash{}, &vault.Error{Kind: vault.TooLarge, Msg: "the change is too large for one transaction", Err: fmt.Errorf("%d bytes before compression", len(plain))}
	}
	if err := decoder.Unmarshal(plain, new(vault.Record)); err != nil { // what cannot be read back must not be written
		return vault.StoredRecord{}, vault.Hash{}, fmt.Errorf("encode %s record %d so that it decodes: %w", r.Table, r.Seq, err)
	}
	stored := vault.StoredRecord{RecordKey: vault.RecordKey{Table: r.Table, Seq: r.Seq}, Txn: r.Txn, Clear: r.Clear()}
	stored.Sealed, err = c.sealer.Seal(vault.PurposeIndex, pack(plain), recordBinding(&stored))
	if err != nil {
		return vault.StoredRecord{}, vault.Hash{}, fmt.Errorf("seal %s record %d: %w", r.Table, r.Seq, err)
	}
	return stored, sha256.Sum256(plain), nil
}

// recordBinding binds what lies in clear beside a record, but for Clear.More: that came later, and who does not know of it opens the record all the same (law 11).
func recordBinding(s *vault.StoredRecord) vault.Binding {
	clear := fmt.Sprintf("%q %q %d %d", s.Clear.Kind, s.Clear.Action, s.Clear.Target, s.Clear.Actor)
	return vault.Binding{Table: s.Table, Kind: "record", ID: s.Txn.String(), Field: clear, Version: uint64(s.Seq)}
}

// openRecord opens and decodes a record. Errors: NewerFormat, Corrupt, and the Sealer's.
func (c codec) openRecord(s *vault.StoredRecord) (opened, error) {
	packed, err := c.sealer.Open(vault.PurposeIndex, s.Sealed, recordBinding(s))
	if err != nil {
		return opened{}, fmt.Errorf("open %s record %d: %w", s.Table, s.Seq, err)
	}
	plain, err := unpack(packed)
	if err != nil {
		return opened{}, unpackError(err, "%s record %d", s.Table, s.Seq)
	}
	r := new(vault.Record)
	if err := decode(plain, r, &r.Format); err != nil {
		return opened{}, fmt.Errorf("%s record %d: %w", s.Table, s.Seq, err)
	}
	clear := r.Clear()
	if s.Clear.More == "" { // an older tresor wrote it; or somebody took it away, after the stream had told of it
		clear.More = ""
	}
	if r.Table != s.Table || r.Seq != s.Seq || r.Txn != s.Txn || clear != s.Clear {
		return opened{}, corrupt("%s record %d is not the one that its place names", s.Table, s.Seq)
	}
	return opened{r, sha256.Sum256(plain), len(s.Sealed)}, nil
}

// SealRecord encodes and seals a record as a store keeps it, and returns it with the hash of its plaintext. Errors: TooLarge, and the Sealer's.
func SealRecord(sealer vault.Sealer, r *vault.Record) (vault.StoredRecord, vault.Hash, error) {
	return codec{sealer}.sealRecord(r)
}

// OpenRecord opens a record as a store keeps it and returns it with the hash of its plaintext, by which the next one continues it. Errors: NewerFormat,
// Corrupt, and the Sealer's.
func OpenRecord(sealer vault.Sealer, s *vault.StoredRecord) (*vault.Record, vault.Hash, error) {
	o, err := codec{sealer}.openRecord(s)
	return o.record, o.hash, err
}

// decode reads a value whose format number is at format. A newer format is told as such, whether or not what it changed still decodes. Decoding
// once is what a cold start mostly does. No error quotes what was read: it may be secret.
func decode(plain []byte, into any, format *uint16) error {
	err := decoder.Unmarshal(plain, into)
	if err != nil {
		var head struct {
			Format uint16 `cbor:"0,keyasint"`
		}
		var unknown *cbor.UnknownFieldError
		switch failed := header.Unmarshal(plain, &head); {
		case failed == nil && errors.As(err, &unknown):
			return &vault.Error{Kind: vault.NewerFormat, Err: fmt.Errorf("format %d, with a member that this program does not know", head.Format)}
		case failed != nil || head.Format <= vault.Format:
			return &vault.Error{Kind: vault.Corrupt, Err: errors.New("does not decode")}
		}
		*format = head.Format
	}
	if *format > vault.Format {
		return &vault.Error{Kind: vault.NewerFormat, Err: fmt.Errorf("format %d, this program reads up to %d", *format, vault.Format)}
	}
	return nil
}

// unpackError keeps the kind of a newer packing and makes everything else Corrupt.
func unpackError(err error, format string, args ...any) error {
	what := fmt.Sprintf(format, args...)
	if errors.Is(err, vault.NewerFormat) {
		return fmt.Errorf("unpack %s: %w", what, err)
	}
	return corrupt("unpack %s: %w", what, err)
}

func corrupt(format string, args ...any) error {
	return &vault.Error{Kind: vault.Corrupt, Err: fmt.Errorf(format, args...)}
}

// payloadFormat is the format in which what sealedPayload holds appeared.
const payloadFormat = 1

// ShowRecord sets the clear attributes that came after records and archives got their format: an archive leaves them out, so that older programs can read it (law 11).
// Errors: those of OpenRecord.
func ShowRecord(sealer vault.Sealer, s *vault.StoredRecord) error {
	r, _, err := OpenRecord(sealer, s)
	if err == nil {
		s.Clear = r.Clear()
	}
	return err
}

// ShowAccess is ShowRecord for an access record.
func ShowAccess(sealer vault.Sealer, s *vault.StoredAccess) error {
	a, _, err := codec{sealer}.openAccess(s)
	if err == nil {
		s.Clear = a.Clear()
	}
	return err
}

// sealedPayload is a secret payload in clear, between the vault's types and the sealer.
type sealedPayload struct {
	Format   uint16           `cbor:"0,keyasint"`
	Password string           `cbor:"1,keyasint,omitempty"`
	Fields   map[uint8]string `cbor:"2,keyasint,omitempty"`
}

func payloadBinding(k vault.SecretKey) vault.Binding {
	return vault.Binding{Table: vault.Entries, Kind: "secret", ID: strconv.FormatUint(uint64(k.Entry), 10), Field: "payload", Version: uint64(k.Version)}
}

func (c codec) sealPayload(k vault.SecretKey, p vault.Payload) ([]byte, error) {
	w := sealedPayload{Format: payloadFormat, Password: p.Password.Reveal()}
	for n, s := range p.Fields {
		if !s.IsEmpty() {
			w.Fields = put(w.Fields, n, s.Reveal())
		}
	}
	plain, err := encoder.Marshal(w)
	if err != nil {
		return nil, fmt.Errorf("encode a payload: %w", err)
	}
	return c.sealer.Seal(vault.PurposeSecrets, plain, payloadBinding(k))
}

func put[K comparable, V any](m map[K]V, k K, v V) map[K]V {
	if m == nil {
		m = map[K]V{}
	}
	m[k] = v
	return m
}

func (c codec) openPayload(k vault.SecretKey, sealed []byte) (vault.Payload, error) {
	plain, err := c.sealer.Open(vault.PurposeSecrets, sealed, payloadBinding(k))
	if err != nil {
		return vault.Payload{}, fmt.Errorf("open secret %d version %d: %w", k.Entry, k.Version, err)
	}
	var w sealedPayload
	if err := decode(plain, &w, &w.Format); err != nil {
		return vault.Payload{}, fmt.Errorf("secret %d version %d: %w", k.Entry, k.Version, err)
	}
	p := vault.Payload{Password: vault.NewSecret(w.Password)}
	for n, s := range w.Fields {
		p.Fields = put(p.Fields, n, vault.NewSecret(s))
	}
	return p, nil
}

// accessBinding binds no clear attributes: they came later, and who does not know of them opens the record all the same (law 11). They follow from what is sealed, so that
// others than those are seen.
func accessBinding(a *vault.StoredAccess) vault.Binding {
	return vault.Binding{Table: vault.Permissions, Kind: "access", ID: a.ID, Version: uint64(a.Hour)<<8 | uint64(a.Shard)}
}

func (c codec) sealAccess(a *vault.AccessRecord, place vault.StoredAccess) (vault.StoredAccess, vault.Hash, error) {
	plain, err := encoder.Marshal(a)
	if err != nil {
		return place, vault.Hash{}, fmt.Errorf("encode an access record: %w", err)
	}
	place.Clear = a.Clear()
	place.Sealed, err = c.sealer.Seal(vault.PurposeIndex, pack(plain), accessBinding(&place))
	return place, sha256.Sum256(plain), err
}

func (c codec) openAccess(s *vault.StoredAccess) (*vault.AccessRecord, vault.Hash, error) {
	packed, err := c.sealer.Open(vault.PurposeIndex, s.Sealed, accessBinding(s))
	if err != nil {
		return nil, vault.Hash{}, fmt.Errorf("open access record %s: %w", s.ID, err)
	}
	plain, err := unpack(packed)
	if err != nil {
		return nil, vault.Hash{}, unpackError(err, "access record %s", s.ID)
	}
	a := new(vault.AccessRecord)
	if err := decode(plain, a, &a.Format); err != nil {
		return nil, vault.Hash{}, fmt.Errorf("access record %s: %w", s.ID, err)
	}
	if s.Clear != (vault.Clear{}) && s.Clear != a.Clear() {
		return nil, vault.Hash{}, corrupt("access record %s is not what its attributes say", s.ID)
	}
	return a, sha256.Sum256(plain), nil
}

// Packing: one byte says how, then the bytes. What does not shrink is kept as it is.
const (
	packedRaw     = 0
	packedDeflate = 1
)

// maxPlain bounds a record before it is packed, however well it packs: every replica holds what is in it. maxUnpacked bounds what unpack makes of a
// record. It is larger, because what was written once must be read for ever.
const (
	maxPlain    = 16 << 20
	maxUnpacked = 64 << 20
)

var deflaters = sync.Pool{New: func() any { return must(flate.NewWriter(io.Discard, flate.DefaultCompression)) }}

func pack(plain []byte) []byte {
	var b bytes.Buffer
	b.Grow(len(plain) + 1)
	b.WriteByte(packedDeflate)
	w := deflaters.Get().(*flate.Writer)
	defer deflaters.Put(w)
	w.Reset(&b)
	_, err := w.Write(plain)
	if err == nil {
		err = w.Close()
	}
	if err != nil || b.Len() > len(plain) {
		return append([]byte{packedRaw}, plain...)
	}
	return b.Bytes()
}

var inflaters = sync.Pool{New: func() any { return flate.NewReader(nil) }}

func unpack(packed []byte) ([]byte, error) {
	return unpackInto(new(bytes.Buffer), packed)
}

// unpackInto is unpack with room to unpack into: what it returns may lie there, and holds until the room is used again.
func unpackInto(room *bytes.Buffer, packed []byte) ([]byte, error) {
	if len(packed) == 0 {
		return nil, errors.New("empty")
	}
	body := packed[1:]
	switch packed[0] {
	case packedRaw:
		return body, nil
	case packedDeflate:
	default:
		return nil, &vault.Error{Kind: vault.NewerFormat, Err: fmt.Errorf("unknown packing %d", packed[0])}
	}
	r := inflaters.Get().(io.ReadCloser)
	defer inflaters.Put(r)
	if err := r.(flate.Resetter).Reset(bytes.NewReader(body), nil); err != nil {
		return nil, err
	}
	room.Reset()
	_, err := room.ReadFrom(io.LimitReader(r, maxUnpacked+1))
	if err == nil && room.Len() > maxUnpacked {
		err = errors.New("too long")
	}
	return room.Bytes(), err
}
