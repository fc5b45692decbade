package archive_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"testing"

	"tresor/shared/archive"
	"tresor/shared/vault"
	"tresor/shared/vault/vaulttest"
)

var errFull = errors.New("the disk is full")

// full takes n bytes.
type full struct {
	n    int
	data []byte
}

func (f *full) Write(p []byte) (int, error) {
	n := min(len(p), f.n-len(f.data))
	f.data = append(f.data, p[:n]...)
	if n < len(p) {
		return n, errFull
	}
	return n, nil
}

func TestAWriterThatFails(t *testing.T) {
	s := large(t)
	file, _ := s.write(t)
	for _, b := range borders(t, file) {
		for _, n := range []int{b - 1, b, b + 1} {
			w := &full{n: max(n, 0)}
			if n >= len(file) {
				continue
			}
			m, err := archive.Write(t.Context(), w, s.source())
			if !errors.Is(err, errFull) || m.Sections != nil {
				t.Errorf("full after %d bytes: got %v, want the writer's error", n, err)
			}
			refused(t, s, "what was written before", w.data, "cut off")
		}
	}
}

type short struct{}

func (short) Write(p []byte) (int, error) { return len(p) - 1, nil }

func TestAWriterThatTakesLess(t *testing.T) {
	s := newSystem(t)
	if _, err := archive.Write(t.Context(), short{}, s.source()); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("got %v, want io.ErrShortWrite", err)
	}
}

// disturbed calls a function before every call of its kind that a backup makes.
type disturbed struct {
	vault.Store
	before func(m vault.Store, method vaulttest.Method) error
}

func (d *disturbed) Tail(ctx context.Context, t vault.Table, after vault.Seq) ([]vault.StoredRecord, bool, error) {
	if err := d.before(d.Store, vaulttest.Tail); err != nil {
		return nil, false, err
	}
	return d.Store.Tail(ctx, t, after)
}

func (d *disturbed) Secrets(ctx context.Context, keys []vault.SecretKey) (map[vault.SecretKey][]byte, error) {
	if err := d.before(d.Store, vaulttest.Secrets); err != nil {
		return nil, err
	}
	return d.Store.Secrets(ctx, keys)
}

func (d *disturbed) AccessHour(ctx context.Context, h vault.Hour, after string) ([]vault.StoredAccess, error) {
	if err := d.before(d.Store, vaulttest.AccessHour); err != nil {
		return nil, err
	}
	return d.Store.AccessHour(ctx, h, after)
}

func (d *disturbed) Keysets(ctx context.Context) ([]vault.StoredKeyset, error) {
	if err := d.before(d.Store, vaulttest.Keysets); err != nil {
		return nil, err
	}
	return d.Store.Keysets(ctx)
}

// calls counts what a backup asks of its store.
func calls(t *testing.T, s *system) (n int) {
	t.Helper()
	src := s.source()
	src.Store = &disturbed{s.memory, func(vault.Store, vaulttest.Method) error { n++; return nil }}
	if _, err := archive.Write(t.Context(), io.Discard, src); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestTheStoreFailsAtAnyCall: whatever call fails, its error comes back, and what was written by then is no archive.
func TestTheStoreFailsAtAnyCall(t *testing.T) {
	s := rich(t)
	failure := errors.New("the store is gone")
	n := calls(t, s)
	if n < 8 {
		t.Fatalf("a backup makes %d calls", n)
	}
	for at := range n {
		left := at
		src := s.source()
		src.Store = &disturbed{s.memory, func(vault.Store, vaulttest.Method) error {
			if left--; left < 0 {
				return failure
			}
			return nil
		}}
		var b bytes.Buffer
		if _, err := archive.Write(t.Context(), &b, src); !errors.Is(err, failure) {
			t.Errorf("call %d fails: got %v, want its error", at, err)
		}
		refused(t, s, "what was written before", b.Bytes(), "cut off")
	}
}

func TestTheContextEndsAtAnyCall(t *testing.T) {
	s := rich(t)
	for at := range calls(t, s) {
		ctx, cancel := context.WithCancel(t.Context())
		left := at
		src := s.source()
		src.Store = &disturbed{s.memory, func(vault.Store, vaulttest.Method) error {
			if left--; left < 0 {
				cancel()
			}
			return nil
		}}
		if _, err := archive.Write(ctx, io.Discard, src); !errors.Is(err, context.Canceled) {
			t.Errorf("ended at call %d: got %v, want context.Canceled", at, err)
		}
		cancel()
	}
}

func TestTheContextEndsWhileVerifying(t *testing.T) {
	s := rich(t)
	file, m := s.write(t)
	total := m.Sections[0].Items + m.Sections[1].Items + m.Sections[2].Items + m.Sections[3].Items
	for _, n := range []int{0, 1, total / 2, total} {
		if _, err := archive.Verify(&ending{Context: t.Context(), left: n}, bytes.NewReader(file), s.known); !errors.Is(err, context.Canceled) {
			t.Errorf("ended after %d looks at it: got %v, want context.Canceled", n, err)
		}
	}
}

// ending is a context that ends after it has been looked at a number of times.
type ending struct {
	context.Context
	left int
}

func (c *ending) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}

// failing is a sealer that fails after a number of calls.
type failing struct {
	vault.Sealer
	left int
	err  error
}

func (f *failing) Seal(p vault.Purpose, plain []byte, b vault.Binding) ([]byte, error) {
	if f.left--; f.left < 0 {
		return nil, f.err
	}
	return f.Sealer.Seal(p, plain, b)
}

func (f *failing) Open(p vault.Purpose, sealed []byte, b vault.Binding) ([]byte, error) {
	if f.left--; f.left < 0 {
		return nil, f.err
	}
	return f.Sealer.Open(p, sealed, b)
}

// TestTheSealerFailsAtAnyCall: its keys are out of reach, when writing and when verifying.
func TestTheSealerFailsAtAnyCall(t *testing.T) {
	s := large(t)
	file, m := s.write(t)
	failure := &vault.Error{Kind: vault.Forbidden, Err: errors.New("the key is disabled")}
	records := m.Sections[0].Items + m.Sections[1].Items
	for at := range records + 4 { // each record is opened, and four chunks are sealed
		src := s.source()
		src.Sealer = &failing{s.Sealer, at, failure}
		if _, err := archive.Write(t.Context(), io.Discard, src); !errors.Is(err, vault.Forbidden) {
			t.Errorf("writing, call %d: got %v, want its error", at, err)
		}
	}
	for _, at := range []int{0, records*2 + 1, records*2 + 2, records*2 + m.Secrets + 3} { // chunks, secrets; records are opened twice
		_, err := archive.Verify(t.Context(), bytes.NewReader(file), func(archive.Header) (vault.Sealer, error) { return &failing{s.Sealer, at, failure}, nil })
		if !errors.Is(err, vault.Forbidden) {
			t.Errorf("verifying, call %d: got %v, want its error", at, err)
		}
	}
}

func TestTheStoreIsBusyMidway(t *testing.T) {
	s := rich(t)
	f := vaulttest.NewFaulty(s.memory, 1)
	src := s.source()
	src.Store = f
	for _, m := range []vaulttest.Method{vaulttest.Tail, vaulttest.Secrets, vaulttest.AccessHour, vaulttest.Keysets} {
		f.Throttle(m, 2)
	}
	var b bytes.Buffer
	if _, err := archive.Write(t.Context(), &b, src); err != nil {
		t.Fatal(err)
	}
	if m, err := s.verify(t, b.Bytes()); err != nil || len(m.Purged) != 1 {
		t.Errorf("got %+v, %v", m, err)
	}
}

// A store that stays busy is asked until the context ends, and then the answer is Busy.
func TestTheStoreStaysBusy(t *testing.T) {
	s := rich(t)
	for _, m := range []vaulttest.Method{vaulttest.Tail, vaulttest.Secrets, vaulttest.AccessHour, vaulttest.Keysets} {
		ctx, cancel := context.WithCancel(t.Context())
		asked := 0
		src := s.source()
		src.Store = &disturbed{s.memory, func(_ vault.Store, called vaulttest.Method) error {
			if called != m {
				return nil
			}
			if asked++; asked == 3 {
				cancel()
			}
			return vault.Busy
		}}
		if _, err := archive.Write(ctx, io.Discard, src); !errors.Is(err, vault.Busy) || asked != 3 {
			t.Errorf("%s: got %v after %d calls, want Busy after 3", m, err, asked)
		}
		cancel()
	}
}

// TestLaw1APayloadThatDoesNotShowYet: its transaction is becoming visible. It must not count as purged.
func TestLaw1APayloadThatDoesNotShowYet(t *testing.T) {
	s := rich(t)
	src := s.source()
	src.Store = &late{Store: s.memory, key: vault.SecretKey{Entry: 2, Version: 3}, reads: 1}
	var b bytes.Buffer
	m, err := archive.Write(t.Context(), &b, src)
	if err != nil || len(m.Purged) != richPurged {
		t.Errorf("got %v purged, %v; want %d", m.Purged, err, richPurged)
	}
}

// late does not show a payload, or records 2, for a number of reads.
type late struct {
	vault.Store
	key   vault.SecretKey
	reads int
	tails int
}

func (l *late) Secrets(ctx context.Context, keys []vault.SecretKey) (map[vault.SecretKey][]byte, error) {
	found, err := l.Store.Secrets(ctx, keys)
	if l.reads--; l.reads >= 0 {
		delete(found, l.key)
	}
	return found, err
}

func (l *late) Tail(ctx context.Context, t vault.Table, after vault.Seq) ([]vault.StoredRecord, bool, error) {
	page, more, err := l.Store.Tail(ctx, t, after)
	if l.tails--; l.tails >= 0 { // a gap
		page = slices.DeleteFunc(page, func(r vault.StoredRecord) bool { return r.Seq == 2 })
	}
	return page, more, err
}

func TestARecordThatDoesNotShow(t *testing.T) {
	s := rich(t)
	src := s.source()
	src.Store = &late{Store: s.memory, tails: 2}
	if _, err := archive.Write(t.Context(), io.Discard, src); err != nil {
		t.Errorf("shows later: %v", err)
	}
	src.Store = &late{Store: s.memory, tails: 1000}
	_, err := archive.Write(t.Context(), io.Discard, src)
	wantCorrupt(t, "never shows", err, "record 2 is missing")
}

// TestKeysAreRotatedMeanwhile: what is sealed under a key that the header does not hold would never open.
func TestKeysAreRotatedMeanwhile(t *testing.T) {
	s := rich(t)
	rotated := false
	src := s.source()
	src.Store = &disturbed{s.memory, func(m vault.Store, called vaulttest.Method) error {
		if called != vaulttest.Secrets || rotated {
			return nil
		}
		rotated = true
		next, err := s.sealer.AddKey(t.Context(), vault.PurposeSecrets)
		if err != nil {
			return err
		}
		return m.Commit(t.Context(), vault.Transaction{ID: vaulttest.NewTxnID(), PutKeysets: []vault.StoredKeyset{next}})
	}}
	var b bytes.Buffer
	if _, err := archive.Write(t.Context(), &b, src); !errors.Is(err, vault.Busy) {
		t.Errorf("got %v, want Busy", err)
	}
	refused(t, s, "what was written", b.Bytes(), "cut off")
	file, m := s.write(t)
	if _, err := archive.Verify(t.Context(), bytes.NewReader(file), s.open(t)); err != nil || len(m.Keysets) != len(vault.Purposes)+1 {
		t.Errorf("after the rotation: %d keysets, %v", len(m.Keysets), err)
	}
}

// tampered is a vault whose store was changed by hand.
type tampered struct {
	vault.Store
	record func(*vault.StoredRecord)
	keys   func([]vault.StoredKeyset) []vault.StoredKeyset
}

func (x *tampered) Tail(ctx context.Context, t vault.Table, after vault.Seq) ([]vault.StoredRecord, bool, error) {
	page, more, err := x.Store.Tail(ctx, t, after)
	for i := range page {
		if x.record != nil {
			x.record(&page[i])
		}
	}
	return page, more, err
}

func (x *tampered) Keysets(ctx context.Context) ([]vault.StoredKeyset, error) {
	keysets, err := x.Store.Keysets(ctx)
	if x.keys != nil {
		keysets = x.keys(keysets)
	}
	return keysets, err
}

// A vault that does not verify gives no backup that would be found bad on the day that it is needed.
func TestAVaultThatDoesNotVerify(t *testing.T) {
	s := rich(t)
	for what, store := range map[string]*tampered{
		"a changed record": {record: func(r *vault.StoredRecord) {
			if r.Seq == 3 {
				r.Sealed[40] ^= 1
			}
		}},
		"a changed attribute": {record: func(r *vault.StoredRecord) { r.Clear.Actor += 100 }},
		"no keyset for files": {keys: func(all []vault.StoredKeyset) []vault.StoredKeyset { return all[:2] }},
		"another's keyset":    {keys: func(all []vault.StoredKeyset) []vault.StoredKeyset { all[0].VaultID = "another"; return all }},
	} {
		store.Store = s.memory
		src := s.source()
		src.Store = store
		_, err := archive.Write(t.Context(), io.Discard, src)
		wantCorrupt(t, what, err)
	}
}
