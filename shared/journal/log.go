package journal

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"tresor/shared/vault"
)

// Log is a vault.Log over a Store and a Sealer. It is safe for concurrent use.
type Log struct {
	store vault.Store
	codec codec
	now   func() time.Time

	mu      sync.RWMutex // guards state, hashes and footing; never held across I/O
	state   *vault.State
	hashes  [2]ring
	footing footing

	flight  *flight
	writer  *accessWriter
	genesis []vault.StoredKeyset
}

// Option changes how a Log works.
type Option func(*Log)

// WithClock sets the clock; time.Now if not given.
func WithClock(now func() time.Time) Option { return func(l *Log) { l.now = now } }

// WithGenesis gives the keysets that the first transaction of a new vault puts, together with both records 1.
func WithGenesis(keysets []vault.StoredKeyset) Option {
	return func(l *Log) { l.genesis = keysets }
}

// Open returns a Log with an empty replica. The first CatchUp fills it.
func Open(store vault.Store, sealer vault.Sealer, options ...Option) *Log {
	l := &Log{store: store, codec: codec{sealer}, now: time.Now, state: vault.NewState(), flight: newFlight()}
	for _, o := range options {
		o(l)
	}
	l.writer = newAccessWriter()
	return l
}

// Read calls fn with the replica under a read lock.
func (l *Log) Read(fn func(*vault.State)) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	fn(l.state)
}

func (l *Log) heads() vault.Heads {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.state.Heads()
}

// Payloads fetches and opens secret payloads.
func (l *Log) Payloads(ctx context.Context, keys []vault.SecretKey) (map[vault.SecretKey]vault.Payload, error) {
	var sealed map[vault.SecretKey][]byte
	err := persist(ctx, func() (err error) { sealed, err = l.store.Secrets(ctx, keys); return err })
	if err != nil {
		return nil, fmt.Errorf("fetch secrets: %w", err)
	}
	out := make(map[vault.SecretKey]vault.Payload, len(sealed))
	for k, s := range sealed {
		p, err := l.codec.openPayload(k, s)
		if err != nil {
			return nil, err
		}
		out[k] = p
	}
	return out, nil
}

// persist is Persist, but an ended context is Busy too: never stale, never a wait beyond the deadline (law 4).
func persist(ctx context.Context, do func() error) error {
	err := Persist(ctx, do)
	if errors.Is(err, vault.Busy) {
		return err
	}
	return asBusy(err)
}

// Persist calls do again, with pauses, while it answers Busy, the context lasts, and vault.Patience.
func Persist(ctx context.Context, do func() error) error {
	end := time.Now().Add(vault.Patience)
	for try := 0; ; try++ {
		if err := do(); !errors.Is(err, vault.Busy) || time.Now().After(end) || Pause(ctx, try) != nil {
			return err
		}
	}
}

// asBusy makes an ended context the vault's Busy: the caller was not served in time.
func asBusy(err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return &vault.Error{Kind: vault.Busy, Msg: "the vault is busy", Err: err}
	}
	return err
}

// Pause waits a random time up to a limit that doubles with each try, from 10 ms to 640 ms.
func Pause(ctx context.Context, try int) error {
	return vault.Pause(ctx, 10*time.Millisecond<<min(try, 6))
}

// ring remembers the newest hashes of a journal, for checking what records of the other journal say about them.
type ring struct{ hashes [256]vault.Hash }

func (r *ring) set(h vault.Head) { r.hashes[h.Seq%vault.Seq(len(r.hashes))] = h.Hash }

// matches reports whether h may be right, given that the journal's head is now.
func (r *ring) matches(h vault.Head, now vault.Seq) bool {
	if h.Seq == 0 {
		return h.Hash.IsZero()
	}
	if h.Seq > now || now-h.Seq >= vault.Seq(len(r.hashes)) {
		return h.Seq <= now // too old to tell here; audit verify compares all
	}
	known := r.hashes[h.Seq%vault.Seq(len(r.hashes))]
	return known == h.Hash || known.IsZero() // a replica that began with a snapshot does not know what was before
}
