package vaulttest

import (
	"strconv"
	"time"

	"tresor/shared/vault"
)

// Method names a method of vault.Store.
type Method string

// The methods that a Faulty counts and can disturb.
const (
	Tail        Method = "Tail"
	Commit      Method = "Commit"
	Secrets     Method = "Secrets"
	PutAccess   Method = "PutAccess"
	AccessHour  Method = "AccessHour"
	AddAttempts Method = "AddAttempts"
	Attempts    Method = "Attempts"
	Marked      Method = "Marked"
	Keysets     Method = "Keysets"
	Reseal      Method = "Reseal"
)

// Count is what calls of one method have used. The units are what DynamoDB would bill by its published rules, whatever the store is:
//
//   - A query that is strongly consistent reads 1 unit per started 4 KB of all its items together, at least 1.
//   - A batch read of single items reads 1 unit per started 4 KB of each item, and 1 for a missing one.
//   - A write takes 1 unit per started KB of the item, in a transaction 2.
//   - A condition check takes 2 for an item that is absent, which is what a check here hopes for.
//   - A condition that fails is billed like one that holds; a request that never arrived or was throttled is not.
//
// The size of an item is the sum of its attribute names and values. It is an approximation in three places: the names are taken as
// two bytes each beside pk and sk, the vault's prefix in the key as 8 bytes, and what a dropped secret held is not known here: its
// deletion counts as 1 KB.
//
// The rules: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
type Count struct {
	Calls      int // including those that were disturbed
	Items      int // items read or written, missing ones included
	ReadUnits  int
	WriteUnits int
}

func (c Count) plus(d Count) Count {
	return Count{c.Calls + d.Calls, c.Items + d.Items, c.ReadUnits + d.ReadUnits, c.WriteUnits + d.WriteUnits}
}

const (
	prefixSize    = 8           // the vault's prefix in a partition key
	keyNamesSize  = len("pksk") //
	attributeName = 2           // bytes of any other attribute's name
	numberSize    = 6           // a number's bytes: two digits in one, and one or two more
	unitRead      = 4 << 10
	unitWrite     = 1 << 10
)

// units returns how many units of the given size are started; at least one.
func units(size, unit int) int { return max(1, (size+unit-1)/unit) }

// recordSize approximates a record's item: pk, sk of 20 digits, transaction id, kind, action, target, actor, sealed.
func recordSize(r vault.StoredRecord) int {
	return keyNamesSize + prefixSize + len("#journal") + 20 +
		2*attributeName + len(r.Txn) + clearSize(r.Clear) + len(r.Sealed)
}

func clearSize(c vault.Clear) int {
	n := 4*attributeName + len(c.Kind) + len(c.Action) + 2*numberSize
	if c.More != "" {
		n += attributeName + len(c.More)
	}
	return n
}

// secretSize approximates a payload's item: pk, sk of entry and version, sealed.
func secretSize(k vault.SecretKey, sealed []byte) int {
	sk := strconv.FormatUint(uint64(k.Entry), 10) + "#" + strconv.FormatUint(uint64(k.Version), 10)
	return keyNamesSize + prefixSize + len("#secret") + len(sk) + attributeName + len(sealed)
}

func accessSize(r vault.StoredAccess) int {
	return keyNamesSize + prefixSize + len("#access##f") + len(r.Hour.String()) + len(r.ID) + attributeName + clearSize(r.Clear) + len(r.Sealed)
}

func keysetSize(k vault.StoredKeyset) int {
	return keyNamesSize + prefixSize + len("#keyset") + len(k.Purpose) + 4 + 2*attributeName + len(k.VaultID) + len(k.Wrapped)
}

func tailCount(records []vault.StoredRecord) Count {
	size := 0
	for _, r := range records {
		size += recordSize(r)
	}
	return Count{Items: len(records), ReadUnits: units(size, unitRead)}
}

func secretsCount(keys []vault.SecretKey, found map[vault.SecretKey][]byte) Count {
	c := Count{Items: len(keys)}
	for _, k := range keys {
		c.ReadUnits += units(secretSize(k, found[k]), unitRead)
	}
	return c
}

func commitCount(tx vault.Transaction) Count {
	c := Count{Items: tx.Items()}
	for _, r := range tx.Put {
		c.WriteUnits += 2 * units(recordSize(r), unitWrite)
	}
	for _, s := range tx.PutSecrets {
		c.WriteUnits += 2 * units(secretSize(s.SecretKey, s.Sealed), unitWrite)
	}
	for _, k := range tx.PutKeysets {
		c.WriteUnits += 2 * units(keysetSize(k), unitWrite)
	}
	c.WriteUnits += 2 * (len(tx.Absent) + len(tx.DropSecrets) + len(tx.DropKeysets) + len(tx.PutMarks)) // a mark takes about 150 bytes
	return c
}

func putAccessCount(records []vault.StoredAccess) Count {
	c := Count{Items: len(records)}
	for _, r := range records {
		c.WriteUnits += units(accessSize(r), unitWrite)
	}
	return c
}

// resealCount counts the sealed bytes alone: what else an item holds is not known here.
func resealCount(items []vault.Resealed) Count {
	c := Count{Items: len(items)}
	for _, i := range items {
		c.WriteUnits += units(max(len(i.Was), len(i.Sealed)), unitWrite)
	}
	return c
}

// accessHourCount counts one query per shard.
func accessHourCount(records []vault.StoredAccess) Count {
	var sizes [vault.AccessShards]int
	for _, r := range records {
		sizes[r.Shard%vault.AccessShards] += accessSize(r)
	}
	c := Count{Items: len(records)}
	for _, s := range sizes {
		c.ReadUnits += units(s, unitRead)
	}
	return c
}

func keysetsCount(keysets []vault.StoredKeyset) Count {
	size := 0
	for _, k := range keysets {
		size += keysetSize(k)
	}
	return Count{Items: len(keysets), ReadUnits: units(size, unitRead)}
}

// attemptsCount counts one small item, read or written.
func attemptsCount(write bool) Count {
	if write {
		return Count{Items: 1, WriteUnits: 1}
	}
	return Count{Items: 1, ReadUnits: 1}
}

// pauseFor sleeps for d, or until done is closed.
func pauseFor(done <-chan struct{}, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-done:
		return false
	}
}
