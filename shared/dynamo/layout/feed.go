package layout

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"tresor/shared/vault"
)

// Feed reads what the tables' streams tell of items, without a key and without a call.
type Feed struct {
	tables map[string]vault.Table
	keys   Keys
}

// NewFeed returns the feed of one vault.
func NewFeed(c Config) (*Feed, error) {
	k, err := c.Keys()
	if err != nil {
		return nil, fmt.Errorf("follow the tables' streams: %w", err)
	}
	return &Feed{map[string]vault.Table{c.Entries: vault.Entries, c.Permissions: vault.Permissions}, k}, nil
}

// Put is what an item that was put is: one of the two, or neither where it is of no interest to others, as secrets, counters and other vaults are.
type Put struct {
	Record *vault.StoredRecord
	Access *vault.StoredAccess
}

var errNotOurs = errors.New("a stream is of another table")

// Parse reads an item's image from the stream of a table, both as a stream's event has them: the stream's ARN, and attributes in DynamoDB's JSON.
// Attributes that it does not know are left alone: a newer tresor may have put them. Errors quote nothing of the item.
func (f *Feed) Parse(streamARN string, image []byte) (Put, error) {
	_, rest, _ := strings.Cut(streamARN, ":table/")
	name, _, _ := strings.Cut(rest, "/")
	t, ok := f.tables[name]
	if !ok {
		return Put{}, errNotOurs
	}
	i := imageReader{}
	if json.Unmarshal(image, &i.attributes) != nil {
		return Put{}, errors.New("a stream's record has no image that can be read")
	}
	k := Key{i.text(PK), i.text(SK)}
	if k.PK == "" {
		i.wrong(PK)
	}
	switch {
	case i.err != nil:
		return Put{}, i.err
	case k.PK == f.keys.Journal():
		return f.record(t, k, &i)
	case t == vault.Permissions && strings.HasPrefix(k.PK, f.keys.accesses()):
		return f.access(k, &i)
	}
	return Put{}, nil
}

func (f *Feed) record(t vault.Table, k Key, i *imageReader) (Put, error) {
	n, err := f.keys.ParseRecord(k)
	r := vault.StoredRecord{RecordKey: vault.RecordKey{Table: t, Seq: n}, Clear: i.clear(), Sealed: i.binary(Sealed)}
	if txn := i.binary(Txn); copy(r.Txn[:], txn) != len(txn) || len(txn) != len(r.Txn) {
		i.wrong(Txn)
	}
	return Put{Record: &r}, errors.Join(err, i.err)
}

func (f *Feed) access(k Key, i *imageReader) (Put, error) {
	h, shard, id, err := f.keys.ParseAccess(k)
	a := vault.StoredAccess{Hour: h, Shard: shard, ID: id, Clear: i.clear(), Sealed: i.binary(Sealed)}
	return Put{Access: &a}, errors.Join(err, i.err)
}

// imageReader reads an item as a stream's event has it: of each attribute one member, by its type.
type imageReader struct {
	attributes map[string]struct {
		S *string
		N *string
		B []byte
	}
	err error // the first attribute that is missing or of a wrong type
}

func (i *imageReader) clear() vault.Clear {
	return vault.Clear{Kind: i.text(Kind), Action: i.text(Action), Target: i.number(Target), Actor: vault.UserID(i.number(Actor)), More: i.text(More)}
}

// text returns a string attribute, "" where there is none.
func (i *imageReader) text(name string) string {
	a, ok := i.attributes[name]
	if ok && a.S == nil {
		i.wrong(name)
	}
	if a.S == nil {
		return ""
	}
	return *a.S
}

// number returns a number attribute, 0 where there is none.
func (i *imageReader) number(name string) uint64 {
	a, ok := i.attributes[name]
	if !ok {
		return 0
	}
	if a.N == nil {
		i.wrong(name)
		return 0
	}
	n, err := strconv.ParseUint(*a.N, 10, 64)
	if err != nil {
		i.wrong(name)
	}
	return n
}

// binary returns a binary attribute, which must be there.
func (i *imageReader) binary(name string) []byte {
	b := i.attributes[name].B
	if b == nil {
		i.wrong(name)
	}
	return b
}

func (i *imageReader) wrong(name string) {
	if i.err == nil {
		i.err = fmt.Errorf("an item's attribute %s is missing or malformed", name)
	}
}
