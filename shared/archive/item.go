package archive

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"tresor/shared/vault"
)

// kind says what an item is. Numbers are part of the format and never given again.
type kind uint8

const (
	kindRecord   kind = 1
	kindHour     kind = 2
	kindAccess   kind = 3 // of the hour before it
	kindSecret   kind = 4
	kindManifest kind = 5
	kindFile     kind = 6
)

const (
	itemHead = 5        // bytes of kind and length
	maxItem  = 64 << 20 // of a body; the manifest names the purged secrets, everything else is below vault.MaxSealedItem
)

// Item is a piece of the vault as it is stored: exactly one member is set. They come in the order of the sections (see the package comment).
type Item struct {
	Record *vault.StoredRecord // of the entries journal from 1 to its head, then of the permissions journal
	Hour   *Hour               // begins an hour; its access records follow, in the order of their shards and ids
	Access *vault.StoredAccess
	Secret *vault.StoredSecret // ascending by entry and version
	File   *FilePiece          // ascending by object, each from its beginning to its end without a gap
}

// Hour is an hour of access records.
type Hour struct {
	Hour   vault.Hour
	Closed bool // the permissions journal in the archive vouches for it; the closed ones come first, in the journal's order
}

// The wire forms.
type (
	wireRecord struct {
		Table  vault.Table  `cbor:"1,keyasint"`
		Seq    vault.Seq    `cbor:"2,keyasint"`
		Txn    []byte       `cbor:"3,keyasint"`
		Kind   string       `cbor:"4,keyasint,omitempty"`
		Action string       `cbor:"5,keyasint,omitempty"`
		Target uint64       `cbor:"6,keyasint,omitempty"`
		Actor  vault.UserID `cbor:"7,keyasint,omitempty"`
		Sealed []byte       `cbor:"8,keyasint"`
	}
	wireHour struct {
		Hour   vault.Hour `cbor:"1,keyasint"`
		Closed bool       `cbor:"2,keyasint,omitempty"`
	}
	wireAccess struct {
		Shard  uint8  `cbor:"1,keyasint"`
		ID     string `cbor:"2,keyasint"`
		Sealed []byte `cbor:"3,keyasint"`
	}
	wireSecret struct {
		Entry   vault.EntryID `cbor:"1,keyasint"`
		Version uint32        `cbor:"2,keyasint"`
		Sealed  []byte        `cbor:"3,keyasint"`
	}
	wireFile struct {
		Object string `cbor:"1,keyasint"`
		Offset int64  `cbor:"2,keyasint,omitempty"`
		Data   []byte `cbor:"3,keyasint"`
	}
)

// wire returns the item's kind and what of it is encoded.
func (it *Item) wire() (kind, any) {
	switch {
	case it.Record != nil:
		r := it.Record
		return kindRecord, wireRecord{r.Table, r.Seq, r.Txn[:], r.Clear.Kind, r.Clear.Action, r.Clear.Target, r.Clear.Actor, r.Sealed}
	case it.Hour != nil:
		return kindHour, wireHour(*it.Hour)
	case it.Access != nil:
		return kindAccess, wireAccess{it.Access.Shard, it.Access.ID, it.Access.Sealed}
	case it.File != nil:
		return kindFile, wireFile(*it.File)
	}
	return kindSecret, wireSecret{it.Secret.Entry, it.Secret.Version, it.Secret.Sealed}
}

var errMalformed = errors.New("an item does not decode")

// decodeItem decodes the body of an item that is not the manifest. An access record gets its hour from who knows the one before it.
func decodeItem(k kind, body []byte) (it Item, err error) {
	switch k {
	case kindRecord:
		var w wireRecord
		if err = decoder.Unmarshal(body, &w); err != nil || len(w.Txn) != len(vault.TxnID{}) {
			return it, malformed()
		}
		it.Record = &vault.StoredRecord{RecordKey: vault.RecordKey{Table: w.Table, Seq: w.Seq}, Txn: vault.TxnID(w.Txn),
			Clear: vault.Clear{Kind: w.Kind, Action: w.Action, Target: w.Target, Actor: w.Actor}, Sealed: w.Sealed}
	case kindHour:
		var w wireHour
		err = decoder.Unmarshal(body, &w)
		it.Hour = (*Hour)(&w)
	case kindAccess:
		var w wireAccess
		err = decoder.Unmarshal(body, &w)
		it.Access = &vault.StoredAccess{Shard: w.Shard, ID: w.ID, Sealed: w.Sealed}
	case kindSecret:
		var w wireSecret
		err = decoder.Unmarshal(body, &w)
		it.Secret = &vault.StoredSecret{SecretKey: vault.SecretKey{Entry: w.Entry, Version: w.Version}, Sealed: w.Sealed}
	case kindFile:
		var w wireFile
		err = decoder.Unmarshal(body, &w)
		it.File = (*FilePiece)(&w)
	default:
		return it, &vault.Error{Kind: vault.NewerFormat, Msg: "the archive holds what this version of tresor does not know", Err: fmt.Errorf("items of kind %d", k)}
	}
	if err != nil {
		return Item{}, malformed()
	}
	return it, nil
}

// malformed quotes nothing of what was read.
func malformed() error { return corrupt("the archive does not decode", errMalformed) }

// itemHeadOf returns the bytes before an item's body.
func itemHeadOf(k kind, size int) (head [itemHead]byte) {
	head[0] = byte(k)
	binary.BigEndian.PutUint32(head[1:], uint32(size))
	return head
}

// readItem reads the next item's kind and body into buf. The stream must not end here: the manifest is last, and who has read that reads no more.
func readItem(r io.Reader, buf *bytes.Buffer) (kind, error) {
	var head [itemHead]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, itemEnds(err)
	}
	size := int64(binary.BigEndian.Uint32(head[1:]))
	if size > maxItem {
		return 0, malformed()
	}
	buf.Reset()
	if _, err := io.CopyN(buf, r, size); err != nil { // grows with what is there, not with what the length promises
		return 0, itemEnds(err)
	}
	return kind(head[0]), nil
}

// itemEnds makes an end within the items what it is. Other errors are the chunk reader's own.
func itemEnds(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return corrupt("the archive ends without its manifest", nil)
	}
	return err
}
