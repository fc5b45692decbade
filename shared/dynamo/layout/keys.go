package layout

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"tresor/shared/vault"
)

// This file builds and parses every key. Partition keys start with the vault's prefix, which holds no '#', and a part that may hold
// one is escaped, so no part can reach into its neighbour.
//
//	table        partition key                    sort key
//	both         <vault>#journal                  number, 20 digits
//	entries      <vault>#secret                   <entry>#<version>
//	permissions  <vault>#access#<hour>#<0-f>      id (a ULID); the hour counts from the Unix epoch
//	permissions  <vault>#attempts#<escaped key>   -
//	permissions  <vault>#mark#<hash, hexadecimal> -
//	permissions  <vault>#keyset                   <purpose>#<version, 10 digits>

// Key is the primary key of an item.
type Key struct{ PK, SK string }

// Keys builds and parses the keys of one vault.
type Keys struct{ vault string }

// MaxVault is the length of a vault's prefix at most.
const MaxVault = 64

const (
	seqDigits    = 20 // of the largest uint64, so that text order is number order
	keysetDigits = 10 // of the largest uint32
	maxPartition = 2048
	noSort       = "-"
)

// errKey says that stored data has a key that this file does not build. It names no part of the key.
var errKey = errors.New("an item's key is not of the expected form")

// NewKeys returns the keys of the vault with a prefix.
func NewKeys(v string) (Keys, error) {
	if v == "" || len(v) > MaxVault || strings.Trim(v, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") != "" {
		return Keys{}, fmt.Errorf("a vault's prefix is 1 to %d letters, digits, '.', '-' and '_'", MaxVault)
	}
	return Keys{v}, nil
}

// Journal returns the partition of a journal.
func (k Keys) Journal() string { return k.vault + "#journal" }

// Record returns the key of a journal's record.
func (k Keys) Record(n vault.Seq) Key {
	return Key{k.Journal(), fmt.Sprintf("%0*d", seqDigits, uint64(n))}
}

// ParseRecord returns the number of a record.
func (k Keys) ParseRecord(x Key) (vault.Seq, error) {
	n, err := parseNumber(x.SK, 64, seqDigits)
	if err != nil || x.PK != k.Journal() {
		return 0, errKey
	}
	return vault.Seq(n), nil
}

// Secret returns the key of a payload.
func (k Keys) Secret(s vault.SecretKey) Key {
	return Key{k.vault + "#secret", strconv.FormatUint(uint64(s.Entry), 10) + "#" + strconv.FormatUint(uint64(s.Version), 10)}
}

// ParseSecret returns whose payload it is.
func (k Keys) ParseSecret(x Key) (vault.SecretKey, error) {
	entry, version, found := strings.Cut(x.SK, "#")
	e, errE := parseNumber(entry, 64, 1)
	v, errV := parseNumber(version, 32, 1)
	if !found || errE != nil || errV != nil || x.PK != k.vault+"#secret" {
		return vault.SecretKey{}, errKey
	}
	return vault.SecretKey{Entry: vault.EntryID(e), Version: uint32(v)}, nil
}

// accesses is what the partitions of all access records begin with.
func (k Keys) accesses() string { return k.vault + "#access#" }

// AccessShard returns the partition of one shard of an hour.
func (k Keys) AccessShard(h vault.Hour, shard uint8) string {
	return k.accesses() + strconv.FormatInt(int64(h), 10) + "#" + strconv.FormatUint(uint64(shard), 16)
}

// Access returns the key of an access record.
func (k Keys) Access(h vault.Hour, shard uint8, id string) Key {
	return Key{k.AccessShard(h, shard), id}
}

// ParseAccess returns where an access record belongs.
func (k Keys) ParseAccess(x Key) (h vault.Hour, shard uint8, id string, err error) {
	rest, ok := strings.CutPrefix(x.PK, k.accesses())
	hour, digit, found := strings.Cut(rest, "#")
	n, errHour := strconv.ParseInt(hour, 10, 64)
	d, errShard := strconv.ParseUint(digit, 16, 8)
	h, shard = vault.Hour(n), uint8(d)
	if !ok || !found || errHour != nil || errShard != nil || d >= vault.AccessShards || k.Access(h, shard, x.SK) != x {
		return 0, 0, "", errKey
	}
	return h, shard, x.SK, nil
}

// Attempts returns the key of a counter. It escapes the counter's name, which may be anything that a client sent.
func (k Keys) Attempts(counter string) (Key, error) {
	pk := k.vault + "#attempts#" + url.QueryEscape(counter)
	if len(pk) > maxPartition {
		return Key{}, errors.New("the key of an attempts counter is too long")
	}
	return Key{pk, noSort}, nil
}

func (k Keys) parseAttempts(x Key) (counter string, err error) {
	rest, ok := strings.CutPrefix(x.PK, k.vault+"#attempts#")
	counter, err = url.QueryUnescape(rest)
	if !ok || err != nil || url.QueryEscape(counter) != rest || x.SK != noSort {
		return "", errKey
	}
	return counter, nil
}

// Mark returns the key of a mark. It gives each a partition of its own: they are put at the rate of writes, and nobody lists them.
func (k Keys) Mark(h vault.Hash) Key {
	return Key{k.vault + "#mark#" + hex.EncodeToString(h[:]), noSort}
}

// Keysets returns the partition of all keysets.
func (k Keys) Keysets() string { return k.vault + "#keyset" }

// Keyset returns the key of a keyset.
func (k Keys) Keyset(p vault.Purpose, version uint32) Key {
	return Key{k.Keysets(), fmt.Sprintf("%s#%0*d", p, keysetDigits, version)}
}

// ParseKeyset returns which keyset it is. It cuts at the last '#', since the version holds none.
func (k Keys) ParseKeyset(x Key) (vault.Purpose, uint32, error) {
	at := strings.LastIndexByte(x.SK, '#')
	v, err := parseNumber(x.SK[at+1:], 32, keysetDigits)
	if at < 0 || err != nil || x.PK != k.Keysets() {
		return "", 0, errKey
	}
	return vault.Purpose(x.SK[:at]), uint32(v), nil
}

// parseNumber parses exactly what %0*d prints: at least digits digits, no sign, no zeros in front that padding does not ask for.
func parseNumber(s string, bits, digits int) (uint64, error) {
	n, err := strconv.ParseUint(s, 10, bits)
	if err != nil || fmt.Sprintf("%0*d", digits, n) != s {
		return 0, errKey
	}
	return n, nil
}
