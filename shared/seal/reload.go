package seal

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tink-crypto/tink-go/v2/tink"

	"tresor/shared/vault"
)

const (
	// ReloadInterval is the least time between two loads of a purpose's keyset on account of unknown key ids, so that values with
	// made-up ids cannot make a storm of loads.
	ReloadInterval = 10 * time.Second
	// PromoteWait is how long a rotation must wait between AddKey and Promote. A process with an old ring, however long it has slept, loads the keyset when it meets the
	// new key; only one that has loaded within ReloadInterval does not. That load must have shown the new key, so it must have begun after AddKey's keyset was put.
	PromoteWait = ReloadInterval + reloadTimeout + 2*time.Second
	// retryInterval is the same after a load that failed. Until it has passed, callers get that load's error.
	retryInterval = time.Second
	// reloadTimeout ends a load. The caller's own context is not known: vault.Sealer has none, as sealing makes no calls.
	reloadTimeout = 3 * time.Second
)

// Reload returns the vault's stored keysets, as vault.KeysetStore does.
type Reload func(ctx context.Context) ([]vault.StoredKeyset, error)

// ring holds the keys of one purpose.
type ring struct {
	purpose vault.Purpose
	keys    atomic.Pointer[keys]

	mu   sync.Mutex // held during a load, so that callers who meet the same key share one
	next time.Time  // no load before
	err  error      // of the last load
}

// ReloadWith tells the Sealer how to load the keysets anew. Without it an unknown key id is Corrupt at once. Call it before the
// first use, and only then.
func (s *Sealer) ReloadWith(r Reload) { s.reload = r }

// Refresh adopts whatever newer keysets are stored, for a process that knows that there are some (it has read the record they
// were put with). It is not held to ReloadInterval.
func (s *Sealer) Refresh(ctx context.Context) error {
	stored, err := s.load(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, r := range s.rings {
		r.mu.Lock()
		errs = append(errs, s.adopt(ctx, r, stored))
		r.mu.Unlock()
	}
	return errors.Join(errs...)
}

// key returns the key with the given id, after loading the keyset anew if it is not there.
func (s *Sealer) key(r *ring, id uint32) (tink.AEAD, error) {
	ks := r.keys.Load()
	if a := ks.byID[id]; a != nil {
		if ks.waits(id) {
			s.promoted(r)
		}
		return a, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	// Whoever waited here for another's load finds that it has just been: r.next is ahead.
	if r.mayLoad(s) {
		s.loadRing(r)
	}
	if a := r.keys.Load().byID[id]; a != nil {
		return a, nil
	}
	if r.err != nil { // nobody can say whether the key exists
		return nil, fmt.Errorf("open with keyset %s, unknown key %08x: %w", r.purpose, id, r.err)
	}
	return nil, corrupt(r.purpose, fmt.Sprintf("unknown key %08x", id))
}

// promoted loads the keyset anew because a key that waits, as far as this process knows, is in use: without that the process would go on to seal with
// the old one for as long as it lives. If it fails, nobody minds: the value opens all the same, and the next one tries again.
func (s *Sealer) promoted(r *ring) {
	if !r.mu.TryLock() {
		return // another is at it
	}
	defer r.mu.Unlock()
	if r.mayLoad(s) {
		s.loadRing(r)
	}
}

// mayLoad reports whether it is time for a load. Either clock will do: the monotonic one stands still while Lambda has the process frozen, and the other one may be set back.
func (r *ring) mayLoad(s *Sealer) bool {
	now := time.Now()
	return s.reload != nil && (!now.Before(r.next) || !now.Round(0).Before(r.next.Round(0)))
}

// loadRing loads r's keyset and notes when that may happen next. The caller holds r.mu. What it has loaded shows the other purposes' keysets too, so a process that
// meets a new key for one purpose seals with the new keys of all.
func (s *Sealer) loadRing(r *ring) {
	ctx, cancel := context.WithTimeout(context.Background(), reloadTimeout)
	defer cancel()
	stored, err := s.load(ctx)
	if err == nil {
		err = s.adopt(ctx, r, stored)
		s.adoptOthers(ctx, r, stored)
	}
	if errors.Is(err, context.DeadlineExceeded) { // ours, above
		err = &vault.Error{Kind: vault.Busy, Err: err}
	}
	r.err, r.next = err, time.Now().Add(ReloadInterval)
	if err != nil {
		r.next = time.Now().Add(retryInterval)
	}
}

func (s *Sealer) load(ctx context.Context) ([]vault.StoredKeyset, error) {
	if s.reload == nil {
		return nil, errors.New("load keysets: no way given")
	}
	stored, err := s.reload(ctx)
	if err != nil {
		return nil, fmt.Errorf("load keysets: %w", err)
	}
	return stored, nil
}

// adopt makes r use the newest of stored, if that is newer than what it has. The caller holds r.mu.
func (s *Sealer) adopt(ctx context.Context, r *ring, stored []vault.StoredKeyset) error {
	ks, err := s.newer(ctx, r.purpose, stored, r.keys.Load().version)
	if err == nil && ks != nil {
		r.keys.Store(ks)
	}
	return err
}

// adoptOthers is adopt for every ring but r and those that are being loaded. A keyset that fails here is loaded when one of its keys is met.
func (s *Sealer) adoptOthers(ctx context.Context, r *ring, stored []vault.StoredKeyset) {
	for _, other := range s.rings {
		if other != r && other.mu.TryLock() {
			_ = s.adopt(ctx, other, stored)
			other.mu.Unlock()
		}
	}
}

// newer unwraps p's newest keyset; nil if there is none above version after. There is no falling back to an older one if that does
// not verify: it could bring back a key that was rotated away.
func (s *Sealer) newer(ctx context.Context, p vault.Purpose, stored []vault.StoredKeyset, after uint32) (*keys, error) {
	var newest *vault.StoredKeyset
	for i := range stored {
		if stored[i].Purpose == p && stored[i].Version > after {
			newest, after = &stored[i], stored[i].Version
		}
	}
	if newest == nil {
		return nil, nil
	}
	if newest.VaultID != s.vaultID {
		return nil, &vault.Error{Kind: vault.Corrupt, Err: fmt.Errorf("open keyset %s version %d: it is another vault's", p, newest.Version)}
	}
	return unwrap(ctx, s.wrapper, s.context(p), *newest)
}
