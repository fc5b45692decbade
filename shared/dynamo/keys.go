package dynamo

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

// key is the primary key of an item.
type key struct{ pk, sk string }

// keys builds and parses the keys of one vault.
type keys struct{ vault string }

const (
	maxVault     = 64
	seqDigits    = 20 // of the largest uint64, so that text order is number order
	keysetDigits = 10 // of the largest uint32
	maxPartition = 2048
	noSort       = "-"
)

// errKey says that stored data has a key that this file does not build. It names no part of the key.
var errKey = errors.New("an item's key is not of the expected form")

func newKeys(v string) (keys, error) {
	if v == "" || len(v) > maxVault || strings.Trim(v, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") != "" {
		return keys{}, fmt.Errorf("a vault's prefix is 1 to %d letters, digits, '.', '-' and '_'", maxVault)
	}
	return keys{v}, nil
}

func (k keys) journal() string { return k.vault + "#journal" }

func (k keys) record(n vault.Seq) key {
	return key{k.journal(), fmt.Sprintf("%0*d", seqDigits, uint64(n))}
}

func (k keys) parseRecord(x key) (vault.Seq, error) {
	n, err := parseNumber(x.sk, 64, seqDigits)
	if err != nil || x.pk != k.journal() {
		return 0, errKey
	}
	return vault.Seq(n), nil
}

func (k keys) secret(s vault.SecretKey) key {
	return key{k.vault + "#secret", strconv.FormatUint(uint64(s.Entry), 10) + "#" + strconv.FormatUint(uint64(s.Version), 10)}
}

func (k keys) parseSecret(x key) (vault.SecretKey, error) {
	entry, version, found := strings.Cut(x.sk, "#")
	e, errE := parseNumber(entry, 64, 1)
	v, errV := parseNumber(version, 32, 1)
	if !found || errE != nil || errV != nil || x.pk != k.vault+"#secret" {
		return vault.SecretKey{}, errKey
	}
	return vault.SecretKey{Entry: vault.EntryID(e), Version: uint32(v)}, nil
}

func (k keys) accessShard(h vault.Hour, shard uint8) string {
	return k.vault + "#access#" + strconv.FormatInt(int64(h), 10) + "#" + strconv.FormatUint(uint64(shard), 16)
}

func (k keys) access(h vault.Hour, shard uint8, id string) key {
	return key{k.accessShard(h, shard), id}
}

func (k keys) parseAccess(x key) (h vault.Hour, shard uint8, id string, err error) {
	rest, ok := strings.CutPrefix(x.pk, k.vault+"#access#")
	hour, digit, found := strings.Cut(rest, "#")
	n, errHour := strconv.ParseInt(hour, 10, 64)
	d, errShard := strconv.ParseUint(digit, 16, 8)
	h, shard = vault.Hour(n), uint8(d)
	if !ok || !found || errHour != nil || errShard != nil || d >= vault.AccessShards || k.access(h, shard, x.sk) != x {
		return 0, 0, "", errKey
	}
	return h, shard, x.sk, nil
}

// attempts escapes the counter's key, which may be anything that a client sent.
func (k keys) attempts(counter string) (key, error) {
	pk := k.vault + "#attempts#" + url.QueryEscape(counter)
	if len(pk) > maxPartition {
		return key{}, errors.New("the key of an attempts counter is too long")
	}
	return key{pk, noSort}, nil
}

func (k keys) parseAttempts(x key) (counter string, err error) {
	rest, ok := strings.CutPrefix(x.pk, k.vault+"#attempts#")
	counter, err = url.QueryUnescape(rest)
	if !ok || err != nil || url.QueryEscape(counter) != rest || x.sk != noSort {
		return "", errKey
	}
	return counter, nil
}

// mark gives each mark a partition of its own: they are put at the rate of writes, and nobody lists them.
func (k keys) mark(h vault.Hash) key {
	return key{k.vault + "#mark#" + hex.EncodeToString(h[:]), noSort}
}

func (k keys) keysets() string { return k.vault + "#keyset" }

func (k keys) keyset(p vault.Purpose, version uint32) key {
	return key{k.keysets(), fmt.Sprintf("%s#%0*d", p, keysetDigits, version)}
}

// parseKeyset cuts at the last '#', since the version holds none.
func (k keys) parseKeyset(x key) (vault.Purpose, uint32, error) {
	at := strings.LastIndexByte(x.sk, '#')
	v, err := parseNumber(x.sk[at+1:], 32, keysetDigits)
	if at < 0 || err != nil || x.pk != k.keysets() {
		return "", 0, errKey
	}
	return vault.Purpose(x.sk[:at]), uint32(v), nil
}

// parseNumber parses exactly what %0*d prints: at least digits digits, no sign, no zeros in front that padding does not ask for.
func parseNumber(s string, bits, digits int) (uint64, error) {
	n, err := strconv.ParseUint(s, 10, bits)
	if err != nil || fmt.Sprintf("%0*d", digits, n) != s {
		return 0, errKey
	}
	return n, nil
}
