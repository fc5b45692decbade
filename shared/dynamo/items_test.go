package dynamo

import (
	"bytes"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"tresor/shared/vault"
	"tresor/shared/vault/vaulttest"
)

// size is an item's size by DynamoDB's rules: names and values in bytes; a number has a byte for each two digits and one more.
func size(i item) int {
	n := 0
	for name, v := range i {
		n += len(name)
		switch v := v.(type) {
		case *types.AttributeValueMemberS:
			n += len(v.Value)
		case *types.AttributeValueMemberB:
			n += len(v.Value)
		case *types.AttributeValueMemberN:
			n += len(v.Value)/2 + 2
		}
	}
	return n
}

// TestRecordFitsOneUnit: a record of 860 sealed bytes, with a long action and large ids, stays within the kilobyte that one write
// unit pays for.
func TestRecordFitsOneUnit(t *testing.T) {
	r := vaulttest.NewRecord(vault.Entries, 1<<40, 860)
	r.Clear = vault.Clear{Kind: "entry", Action: "teampass update/item_password", Target: 10_000_000, Actor: 100_000}
	if n := size(mustKeys(t, "production").recordItem(r)); n > 1024 {
		t.Errorf("the item takes %d bytes, want at most 1024", n)
	}
}

// TestAccessRecordFitsOneUnit: what an access record shows without a key leaves it within the one unit that a reveal may cost.
func TestAccessRecordFitsOneUnit(t *testing.T) {
	r := vault.StoredAccess{Hour: 500_000, Shard: 15, ID: "01JABCDEFGHJKMNPQRSTVWXYZ0", Sealed: make([]byte, 700)}
	r.Clear = vault.Clear{Kind: "withheld", Action: "teampass update/item_password", Actor: 100_000, More: "entry 10000000;locked 10000000"}
	if n := size(mustKeys(t, "production").accessItem(r)); n > 1024 {
		t.Errorf("the item takes %d bytes, want at most 1024", n)
	}
}

// TestMalformedItems: whatever is wrong with an item, parsing it is an error that quotes nothing of it.
func TestMalformedItems(t *testing.T) {
	k := mustKeys(t, "v")
	good := vaulttest.NewRecord(vault.Entries, 1, 100)
	for name, spoil := range map[string]func(item){
		"no txn":          func(i item) { delete(i, attrTxn) },
		"short txn":       func(i item) { i[attrTxn] = binary([]byte("short")) },
		"no sealed":       func(i item) { delete(i, attrSealed) },
		"sealed is text":  func(i item) { i[attrSealed] = text("canary-in-sealed") },
		"kind is binary":  func(i item) { i[attrKind] = binary(nil) },
		"target is text":  func(i item) { i[attrTarget] = text("1") },
		"negative target": func(i item) { i[attrTarget] = number(-1) },
		"other key":       func(i item) { i[attrSK] = text("canary-in-key") },
		"no key":          func(i item) { delete(i, attrPK) },
	} {
		i := k.recordItem(good)
		if _, err := k.parseRecordItem(vault.Entries, i); err != nil {
			t.Fatalf("before %s: %v", name, err)
		}
		spoil(i)
		_, err := k.parseRecordItem(vault.Entries, i)
		if err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: got %v, want an error that quotes nothing", name, err)
		}
	}
}

func TestLongTxnIsMalformed(t *testing.T) {
	k := mustKeys(t, "v")
	i := k.recordItem(vaulttest.NewRecord(vault.Entries, 1, 10))
	i[attrTxn] = binary(bytes.Repeat([]byte{1}, 17))
	if _, err := k.parseRecordItem(vault.Entries, i); err == nil {
		t.Error("a transaction id of 17 bytes was cut to 16")
	}
}
