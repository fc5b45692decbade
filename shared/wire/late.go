package wire

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"tresor/shared/seal"
	"tresor/shared/vault"
)

// lateSealer opens the keysets when they are first needed. That lets a function start beside a vault that does not exist yet, which has nothing to open, and
// while KMS is out of reach; and it lets the journals be read while KMS is being asked.
type lateSealer struct {
	store    vault.KeysetStore
	wrapper  seal.Wrapper
	purposes []vault.Purpose

	open atomic.Pointer[seal.Sealer]

	mu   sync.Mutex // held while loading, so that callers share one load
	next time.Time  // no load before
	err  error      // of the last load
}

var _ vault.Sealer = (*lateSealer)(nil)

const (
	// loadTimeout ends a load.
	loadTimeout = 8 * time.Second
	// loadInterval is the least time between a load that failed and the next. Until then callers get its error.
	loadInterval = time.Second
)

// load opens the keysets unless they are open. Sealing takes no context: what it loads is in nobody's ledger.
func (l *lateSealer) load(ctx context.Context) (*seal.Sealer, error) {
	if s := l.open.Load(); s != nil {
		return s, nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if s := l.open.Load(); s != nil {
		return s, nil
	}
	if time.Now().Before(l.next) {
		return nil, l.err
	}
	s, err := l.fetch(ctx)
	if err != nil {
		l.err, l.next = err, time.Now().Add(loadInterval)
		return nil, err
	}
	l.open.Store(s)
	return s, nil
}

// fetch does not end with its caller: that is no reason to fail those who wait with it.
func (l *lateSealer) fetch(ctx context.Context) (*seal.Sealer, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), loadTimeout)
	defer cancel()
	stored, err := l.store.Keysets(ctx)
	var s *seal.Sealer
	if err == nil {
		s, err = seal.Open(ctx, l.wrapper, stored, l.purposes...)
	}
	switch {
	// The deadline is ours, above. And where a record is there to be opened, a keyset that is not will be: they were put together.
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, vault.NotFound):
		err = &vault.Error{Kind: vault.Busy, Msg: "the vault is busy", Err: err}
	// It is this process that may not use the key. The caller, who would be told so, may well read the entry.
	case errors.Is(err, vault.Forbidden):
		err = &vault.Error{Kind: vault.Internal, Err: err}
	}
	if err != nil {
		return nil, fmt.Errorf("load keysets: %w", err)
	}
	s.ReloadWith(l.store.Keysets)
	return s, nil
}

// VaultID returns the vault's random id; "" where it is not known yet.
func (l *lateSealer) VaultID() string {
	if s, err := l.load(context.Background()); err == nil {
		return s.VaultID()
	}
	return ""
}

// Seal implements vault.Sealer.
func (l *lateSealer) Seal(p vault.Purpose, plaintext []byte, b vault.Binding) ([]byte, error) {
	s, err := l.load(context.Background())
	if err != nil {
		return nil, err
	}
	return s.Seal(p, plaintext, b)
}

// Open implements vault.Sealer.
func (l *lateSealer) Open(p vault.Purpose, sealed []byte, b vault.Binding) ([]byte, error) {
	s, err := l.load(context.Background())
	if err != nil {
		return nil, err
	}
	return s.Open(p, sealed, b)
}
