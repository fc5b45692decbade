package vault

import (
	"context"
	"fmt"
	"time"
)

// Limits of one transaction. They are DynamoDB's (100 items, 4 MB, 400 KB an item), with room left for keys.
const (
	MaxTransactionItems = 98
	MaxSealedItem       = 350 << 10
	MaxTransactionBytes = 3500 << 10
)

// Store is what the vault needs of a database. shared/dynamo and shared/sqlite implement it; shared/vault/vaulttest
// holds both to the same conformance suite. A Store is bound to one vault (a key prefix) when it is opened.
//
// Errors: any method may answer Busy: throttled or out of reach, ask again. Conflict comes only from Commit; Undecided only from what
// cannot simply be repeated, Commit and AddAttempts: the answer was lost. An ended
// context may come back as it is (context.Canceled, context.DeadlineExceeded). Everything else is Internal. No error text holds
// a secret, a key, or sealed bytes. Methods are safe for concurrent use, start nothing that outlives the call, and
// never retry by themselves: the vault decides what may be sent again.
type Store interface {
	JournalStore
	SecretStore
	AccessStore
	AttemptStore
	MarkStore
	KeysetStore
	// Close releases what the store holds. Nothing may be called after it.
	Close() error
}

// JournalStore is the put-if-absent log: two journals of numbered records.
type JournalStore interface {
	// Tail returns records of t with a number above after, in ascending order, as one strongly consistent read. more says
	// that the read was cut (a page is about 1 MB) and that a call after the last number returned goes on.
	// The read is only read-committed against transactions in flight: it may show a record and not yet the one before it.
	// Busy: throttled; ask again.
	Tail(ctx context.Context, t Table, after Seq) (records []StoredRecord, more bool, err error)

	// Commit carries out all of tx or nothing, atomically and durably.
	//
	// Errors:
	//   *ConflictError (kind Conflict): a record to put exists, or one required absent exists, or a mark. Nothing was done. It carries the existing
	//      record at a number that tx puts, if there is one, and which marks another transaction has put.
	//   Busy: refused (throttled, or in conflict with a transaction in flight). This sending did nothing; the same tx may be sent again.
	//   Undecided: the answer was lost. tx may have been carried out, may still be, or may never be.
	Commit(ctx context.Context, tx Transaction) error
}

// SecretStore holds sealed secret payloads by entry and version.
type SecretStore interface {
	// Secrets returns the sealed payloads of keys by one round of parallel strongly consistent batch reads of at most 100 keys
	// each, asking again for what a batch left unprocessed. A key without a payload is absent from the result. Busy: throttled.
	Secrets(ctx context.Context, keys []SecretKey) (map[SecretKey][]byte, error)
}

// AccessStore holds access records: who saw which secret. They are written once and never changed.
type AccessStore interface {
	// PutAccess durably writes every record, or returns an error (some may then be written all the same). Writing the same record
	// again is harmless. Busy: throttled.
	PutAccess(ctx context.Context, records []StoredAccess) error
	// AccessHour returns the records of an hour whose ids come after one, of all its shards, ordered by shard and then by id; "" is before all ids.
	AccessHour(ctx context.Context, h Hour, after string) ([]StoredAccess, error)
}

// AttemptStore counts failed logins.
type AttemptStore interface {
	// AddAttempts atomically adds delta (which may be negative) to the count under key and returns the new count. A counter whose
	// expiry is not after now counts as 0, whether or not the store has removed it. The counter then expires at expires.
	// A count never falls below 0.
	AddAttempts(ctx context.Context, key string, delta int, now, expires time.Time) (int, error)
	// Attempts returns the count under key at the time now.
	Attempts(ctx context.Context, key string, now time.Time) (int, error)
}

// MarkStore tells which marks there are. They are put by Commit.
type MarkStore interface {
	// Marked reports whether there is a mark with that hash that has not expired at the time now.
	Marked(ctx context.Context, mark Hash, now time.Time) (bool, error)
}

// KeysetStore holds wrapped keysets. They are put and dropped by Commit, and never overwritten.
type KeysetStore interface {
	// Keysets returns every keyset of the vault, ordered by purpose and version; none if there is no vault.
	Keysets(ctx context.Context) ([]StoredKeyset, error)
}

// ResealStore gives items other sealed bytes. Only who puts them under another key does so, with the same plaintext. Every Store is one; it is an interface of its own, so that
// no function links what none of them does.
type ResealStore interface {
	// Reseal puts the new bytes into each item that still holds the old ones, and returns how many those were. An item that is gone, or holds other bytes, stays as it is.
	// Each item is changed by itself, durably; after an error some may have been. Doing it again is harmless. Busy: throttled. Invalid: what CheckResealed says.
	Reseal(ctx context.Context, items []Resealed) (changed int, err error)
}

// Resealed is an item's sealed bytes, as they were read and as they are to be. Exactly one of Record, Secret and Access says which item it is.
type Resealed struct {
	Record *RecordKey
	Secret *SecretKey
	Access *AccessKey
	Was    []byte
	Sealed []byte
}

// CheckResealed returns Invalid unless every item has one place.
func CheckResealed(items []Resealed) error {
	for _, i := range items {
		places := 0
		for _, there := range [...]bool{i.Record != nil, i.Secret != nil, i.Access != nil} {
			if there {
				places++
			}
		}
		if places != 1 {
			return &Error{Kind: Invalid, Msg: fmt.Sprintf("an item to reseal has %d places", places)}
		}
	}
	return nil
}

// Transaction is what Commit carries out. At most MaxTransactionItems items, no two with the same key.
type Transaction struct {
	ID          TxnID          // also the client request token
	Put         []StoredRecord // each put only if no record has its table and number
	Absent      []RecordKey    // records that must not exist
	PutSecrets  []StoredSecret
	DropSecrets []SecretKey
	PutKeysets  []StoredKeyset // each put only if absent
	DropKeysets []KeysetKey    // of those that are wrapped under a key that is not to be used any more
	// Replace and DropRecords overwrite and take away records. A repair does so (law 17), and nothing else: journals only grow.
	Replace     []StoredRecord
	DropRecords []RecordKey
	// PutMarks are each put only if absent, or expired at Now, or put by a transaction with this ID: tx sent again does not meet itself.
	PutMarks []Mark
	Now      time.Time // part of tx, so that sending it again sends the same bytes
}

// Items returns how many items tx takes, of the MaxTransactionItems.
func (tx *Transaction) Items() int {
	return len(tx.Put) + len(tx.Absent) + len(tx.PutSecrets) + len(tx.DropSecrets) + len(tx.PutKeysets) + len(tx.DropKeysets) + len(tx.PutMarks) + len(tx.Replace) + len(tx.DropRecords)
}

// Mark says that a request was carried out, until it expires: by then the request must be refused for its age. Its hash tells nothing of
// the request. A store may remove expired marks.
type Mark struct {
	Hash    Hash
	Expires time.Time
}

// RecordKey is a record's place.
type RecordKey struct {
	Table Table
	Seq   Seq
}

// RestoreMark is where a restore notes that it has begun, before anything else of it is there (law 16): as record 0, which is in no journal, since a journal's tail
// begins after 0. It is put, required absent and shown in a conflict as every record is. It stays for good, and says where the vault came from.
// RestoreEnd is where the restore notes that it has ended.
var (
	RestoreMark = RecordKey{Permissions, 0}
	RestoreEnd  = RecordKey{Entries, 0}
)

// StoredRecord is a journal record as a table holds it.
type StoredRecord struct {
	RecordKey
	Txn    TxnID  // the attempt that wrote it
	Clear  Clear  // readable without a key, bound in the additional data
	Sealed []byte // the sealed record
}

// SecretKey names one version of an entry's secret payload.
type SecretKey struct {
	Entry   EntryID
	Version uint32
}

// StoredSecret is a sealed secret payload.
type StoredSecret struct {
	SecretKey
	Sealed []byte
}

// Hour is a UTC hour, counted from the Unix epoch.
type Hour int64

// HourOf returns the hour that t lies in.
func HourOf(t time.Time) Hour { return Hour(t.Unix() / 3600) }

// Start returns the hour's first instant.
func (h Hour) Start() time.Time { return time.Unix(int64(h)*3600, 0).UTC() }

// String returns the hour as 2006-01-02T15.
func (h Hour) String() string { return h.Start().Format("2006-01-02T15") }

// AccessShards is the number of partitions that an hour's access records are spread over.
const AccessShards = 16

// StoredAccess is a sealed access record.
type StoredAccess struct {
	Hour   Hour
	Shard  uint8  // below AccessShards
	ID     string // a ULID
	Clear  Clear  // readable without a key, bound in the additional data; a record of an older tresor has none
	Sealed []byte
}

// Key names the access record's place.
func (a *StoredAccess) Key() AccessKey { return AccessKey{a.Hour, a.Shard, a.ID} }

// AccessKey is an access record's place.
type AccessKey struct {
	Hour  Hour
	Shard uint8
	ID    string
}

// KeysetKey names one version of a purpose's keyset.
type KeysetKey struct {
	Purpose Purpose
	Version uint32
}

// StoredKeyset is a wrapped keyset.
type StoredKeyset struct {
	Purpose Purpose
	Version uint32
	VaultID string // the random id of the vault, bound in all additional data
	Wrapped []byte
}

// ConflictError is a proven lost race.
type ConflictError struct {
	// Existing holds the records found at numbers that the transaction wanted to put; empty if the store did not say, or if
	// only a record required absent was found.
	Existing []StoredRecord
	// Marks holds the hashes of those marks to put that another transaction has put and that have not expired.
	Marks []Hash
}

// Error says that the race was lost.
func (e *ConflictError) Error() string {
	if len(e.Marks) > 0 {
		return "journal: a mark exists"
	}
	return "journal: a record with that number exists"
}

// Is reports whether target is Conflict.
func (e *ConflictError) Is(target error) bool { return target == error(Conflict) }
