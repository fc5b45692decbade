package dynamo

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"tresor/shared/vault"
)

// Feed reads what the tables' streams tell of items, without a key and without a call.
type Feed struct {
	tables map[string]vault.Table
	keys   keys
}

// NewFeed returns the feed of one vault.
func NewFeed(c Config) (*Feed, error) {
	s, err := New(nil, c)
	if err != nil {
		return nil, err
	}
	return &Feed{map[string]vault.Table{c.Entries: vault.Entries, c.Permissions: vault.Permissions}, s.keys}, nil
}

// Put is what an item that was put is: one of the two, or neither where it is of no interest to others, as secrets, counters and other vaults are.
type Put struct {
	Record *vault.StoredRecord
	Access *vault.StoredAccess
}

var errNotOurs = errors.New("a stream is of another table")

// Parse reads an item's image from the stream of a table, both as a stream's event has them: the stream's ARN, and attributes in DynamoDB's JSON.
// Errors quote nothing of the item.
func (f *Feed) Parse(streamARN string, image []byte) (Put, error) {
	_, rest, _ := strings.Cut(streamARN, ":table/")
	name, _, _ := strings.Cut(rest, "/")
	t, ok := f.tables[name]
	if !ok {
		return Put{}, errNotOurs
	}
	i, err := parseImage(image)
	if err != nil {
		return Put{}, err
	}
	x := fields{item: i}
	k := x.key()
	journal, access := k.pk == f.keys.journal(), strings.HasPrefix(k.pk, f.keys.vault+"#access#")
	switch {
	case journal:
		r, err := f.keys.parseRecordItem(t, i)
		return Put{Record: &r}, err
	case access && t == vault.Permissions:
		a, err := f.keys.parseAccessItem(i)
		return Put{Access: &a}, err
	}
	return Put{}, x.err
}

// parseImage reads DynamoDB's JSON of strings, numbers and bytes, which is all that items have.
func parseImage(image []byte) (item, error) {
	var raw map[string]struct {
		S *string
		N *string
		B []byte
	}
	if json.Unmarshal(image, &raw) != nil {
		return nil, errors.New("a stream's record has no image that can be read")
	}
	i := item{}
	for name, v := range raw {
		switch {
		case v.S != nil:
			i[name] = text(*v.S)
		case v.N != nil:
			i[name] = &types.AttributeValueMemberN{Value: *v.N}
		case v.B != nil:
			i[name] = binary(v.B)
		default:
			return nil, fmt.Errorf("an item's attribute %.10q is of a type that no item has", name)
		}
	}
	return i, nil
}
