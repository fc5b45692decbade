package dynamo

import (
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"tresor/shared/dynamo/layout"
	"tresor/shared/vault"
)

// Attribute names. Each counts towards the kilobyte that a write unit pays for, so they are one letter; ttl is the name that the
// table's time to live looks for. An attribute whose value is empty or zero is left out.
const (
	attrPK      = layout.PK
	attrSK      = layout.SK
	attrSealed  = layout.Sealed // binary: the sealed record, payload or access record; the wrapped keyset
	attrTxn     = layout.Txn    // binary, 16 bytes: the attempt that wrote the record or mark
	attrKind    = layout.Kind   // a record's clear attributes, for the change feed
	attrAction  = layout.Action
	attrTarget  = layout.Target
	attrActor   = layout.Actor
	attrMore    = layout.More
	attrVault   = "v"   // the vault's random id, on a keyset
	attrCount   = "n"   // of attempts
	attrExpires = "e"   // of attempts and marks: Unix microseconds
	attrTTL     = "ttl" // of attempts and marks: Unix seconds, not before attrExpires
)

// keys builds and parses the items of one vault.
type keys struct{ layout.Keys }

type key = layout.Key

type item map[string]types.AttributeValue

func newItem(k key) item {
	return item{attrPK: text(k.PK), attrSK: text(k.SK)}
}

func text(s string) types.AttributeValue   { return &types.AttributeValueMemberS{Value: s} }
func binary(b []byte) types.AttributeValue { return &types.AttributeValueMemberB{Value: b} }
func number[N ~int | ~int64 | ~uint64](n N) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: fmt.Sprint(n)}
}

func (k keys) recordItem(r vault.StoredRecord) item {
	i := newItem(k.Record(r.Seq))
	i[attrTxn], i[attrSealed] = binary(r.Txn[:]), binary(r.Sealed)
	i.setClear(r.Clear)
	return i
}

func (i item) setClear(c vault.Clear) {
	i.setText(attrKind, c.Kind)
	i.setText(attrAction, c.Action)
	i.setNumber(attrTarget, c.Target)
	i.setNumber(attrActor, uint64(c.Actor))
	i.setText(attrMore, c.More)
}

func (k keys) parseRecordItem(t vault.Table, i item) (vault.StoredRecord, error) {
	f := fields{item: i}
	n, err := k.ParseRecord(f.key())
	r := vault.StoredRecord{
		RecordKey: vault.RecordKey{Table: t, Seq: n},
		Clear:     f.clear(),
		Sealed:    f.binary(attrSealed),
	}
	if txn := f.binary(attrTxn); copy(r.Txn[:], txn) != len(txn) || len(txn) != len(r.Txn) {
		f.wrong(attrTxn)
	}
	return r, f.failed(err)
}

func (k keys) secretItem(s vault.StoredSecret) item {
	i := newItem(k.Secret(s.SecretKey))
	i[attrSealed] = binary(s.Sealed)
	return i
}

func (k keys) parseSecretItem(i item) (vault.StoredSecret, error) {
	f := fields{item: i}
	s, err := k.ParseSecret(f.key())
	return vault.StoredSecret{SecretKey: s, Sealed: f.binary(attrSealed)}, f.failed(err)
}

func (k keys) accessItem(r vault.StoredAccess) item {
	i := newItem(k.Access(r.Hour, r.Shard, r.ID))
	i[attrSealed] = binary(r.Sealed)
	i.setClear(r.Clear)
	return i
}

func (k keys) parseAccessItem(i item) (vault.StoredAccess, error) {
	f := fields{item: i}
	h, shard, id, err := k.ParseAccess(f.key())
	return vault.StoredAccess{Hour: h, Shard: shard, ID: id, Clear: f.clear(), Sealed: f.binary(attrSealed)}, f.failed(err)
}

func (k keys) keysetItem(s vault.StoredKeyset) item {
	i := newItem(k.Keyset(s.Purpose, s.Version))
	i[attrSealed] = binary(s.Wrapped)
	i.setText(attrVault, s.VaultID)
	return i
}

func (k keys) markItem(m vault.Mark, by vault.TxnID) item {
	i := newItem(k.Mark(m.Hash))
	i[attrTxn], i[attrExpires], i[attrTTL] = binary(by[:]), number(m.Expires.UnixMicro()), number(timeToLive(m.Expires))
	return i
}

// timeToLive returns the second from which DynamoDB may remove what expires at t: never before it has expired.
func timeToLive(t time.Time) int64 { return t.Add(time.Second - 1).Unix() }

func (k keys) parseKeysetItem(i item) (vault.StoredKeyset, error) {
	f := fields{item: i}
	p, v, err := k.ParseKeyset(f.key())
	return vault.StoredKeyset{Purpose: p, Version: v, VaultID: f.text(attrVault), Wrapped: f.binary(attrSealed)}, f.failed(err)
}

func (i item) setText(name, s string) {
	if s != "" {
		i[name] = text(s)
	}
}

func (i item) setNumber(name string, n uint64) {
	if n != 0 {
		i[name] = number(n)
	}
}

// fields reads the attributes of an item and remembers the first that is missing or of a wrong type.
type fields struct {
	item item
	err  error
}

func (f *fields) key() key { return key{PK: f.text(attrPK), SK: f.text(attrSK)} }

// clear returns a record's clear attributes.
func (f *fields) clear() vault.Clear {
	return vault.Clear{Kind: f.text(attrKind), Action: f.text(attrAction), Target: f.number(attrTarget), Actor: vault.UserID(f.number(attrActor)), More: f.text(attrMore)}
}

// text returns a string attribute, "" where there is none.
func (f *fields) text(name string) string {
	switch v := f.item[name].(type) {
	case nil:
		return ""
	case *types.AttributeValueMemberS:
		return v.Value
	}
	f.wrong(name)
	return ""
}

// number returns a number attribute, 0 where there is none.
func (f *fields) number(name string) uint64 {
	if f.item[name] == nil {
		return 0
	}
	v, ok := f.item[name].(*types.AttributeValueMemberN)
	if !ok {
		f.wrong(name)
		return 0
	}
	n, err := strconv.ParseUint(v.Value, 10, 64)
	if err != nil {
		f.wrong(name)
	}
	return n
}

// binary returns a binary attribute, which must be there.
func (f *fields) binary(name string) []byte {
	v, ok := f.item[name].(*types.AttributeValueMemberB)
	if !ok {
		f.wrong(name)
		return nil
	}
	return v.Value
}

func (f *fields) wrong(name string) {
	if f.err == nil {
		f.err = fmt.Errorf("an item's attribute %s is missing or malformed", name)
	}
}

// failed returns the first error: that of the key, or of an attribute.
func (f *fields) failed(key error) error {
	if key != nil {
		return key
	}
	return f.err
}
