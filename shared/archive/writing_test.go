package archive_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"
	"time"

	"tresor/shared/archive"
	"tresor/shared/journal"
	"tresor/shared/scenario"
	"tresor/shared/vault"
	"tresor/shared/vault/vaulttest"
)

// branch is a store with the records of one future up to a number, and from there on with those of another.
type branch struct {
	vault.Store
	other *vaulttest.Memory
	from  vault.Seq
}

func (b *branch) Tail(ctx context.Context, t vault.Table, after vault.Seq) ([]vault.StoredRecord, bool, error) {
	page, more, err := b.Store.Tail(ctx, t, after)
	others, _, failed := b.other.Tail(ctx, t, after)
	for i := range page {
		if t == vault.Entries && page[i].Seq >= b.from {
			page[i] = others[i]
		}
	}
	return page, more, errors.Join(err, failed)
}

// TestAnotherFuture: the store holds other records than those that the replica has seen, each of them authentic.
func TestAnotherFuture(t *testing.T) {
	s := newSystem(t)
	project(t, s)
	other := vaulttest.NewMemory()
	tx := vault.Transaction{ID: vaulttest.NewTxnID()}
	for _, table := range vault.Tables {
		page, _, err := s.memory.Tail(t.Context(), table, 0)
		if err != nil {
			t.Fatal(err)
		}
		tx.Put = append(tx.Put, page...)
	}
	if err := other.Commit(t.Context(), tx); err != nil {
		t.Fatal(err)
	}
	second := vault.New(journal.Open(other, s.Sealer), vault.Options{})
	for range 3 {
		s.create(t, 1, 20)
		if _, err := vault.Update(t.Context(), second, scenario.Operator(), func(tx *vault.Tx) (vault.EntryID, error) {
			return tx.CreateEntry(vault.Entry{Name: "other", Project: 1}, vault.Payload{})
		}); err != nil {
			t.Fatal(err)
		}
	}
	src := s.source()
	for from, want := range map[vault.Seq]string{3: "is not the one that was read before", 4: "does not continue", 5: "does not continue"} {
		src.Store = &branch{s.memory, other, from}
		_, err := archive.Write(t.Context(), io.Discard, src)
		wantCorrupt(t, fmt.Sprintf("other records from %d on", from), err, want)
	}
}

// patiently asks again while the answer is Busy, which it is where the parts of a transaction take their time to show.
func patiently(t *testing.T, ask func() error) {
	t.Helper()
	err := ask()
	for errors.Is(err, vault.Busy) {
		err = ask()
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestWritingGoesOn: other processes write, in transactions that become visible item by item, while backups are made. Each backup verifies, and is what the
// vault was at its heads.
func TestWritingGoesOn(t *testing.T) {
	s := newSystem(t)
	project(t, s)
	s.create(t, 40, 100)
	f := vaulttest.NewFaulty(s.memory, 7)
	f.ShowInParts(vaulttest.Jitter(50 * time.Microsecond))
	f.SetChaos(vaulttest.Chaos{Throttle: 0.02})
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for range 2 {
		v := vault.New(journal.Open(f, s.Sealer), vault.Options{})
		wg.Go(func() {
			for ctx.Err() == nil {
				if err := change(ctx, v); err != nil && !errors.Is(err, vault.Busy) && ctx.Err() == nil {
					t.Error(err)
					cancel()
				}
			}
		})
	}
	src := archive.Source{Store: f, Log: journal.Open(f, s.Sealer), Sealer: s.Sealer, Now: s.clock}
	before := vault.Seq(0)
	for range 8 {
		var b bytes.Buffer
		var m archive.Manifest
		patiently(t, func() (err error) {
			b.Reset()
			m, err = archive.Write(t.Context(), &b, src)
			return err
		})
		checkMoment(t, s, m, b.Bytes())
		if m.Heads.Entries.Seq < before {
			t.Errorf("backed up to %d after %d", m.Heads.Entries.Seq, before)
		}
		before = m.Heads.Entries.Seq
		for waited := before; waited == before && ctx.Err() == nil; { // for the writers, so that there is something new
			patiently(t, func() error { return src.Log.CatchUp(t.Context()) })
			src.Log.Read(func(state *vault.State) { waited = state.Heads().Entries.Seq })
		}
	}
	cancel()
	wg.Wait()
}

// change makes an entry and a new version of the secret of another, and now and then a user.
func change(ctx context.Context, v *vault.Vault) error {
	_, err := vault.Update(ctx, v, scenario.Operator(), func(tx *vault.Tx) (int, error) {
		id, err := tx.CreateEntry(vault.Entry{Name: "new", Project: 1}, vault.Payload{Password: vault.NewSecret("new")})
		if err == nil && id%3 == 0 {
			_, err = tx.CreateGroup(vault.Group{Name: random(20)})
		}
		return 0, errors.Join(err, tx.SetPassword(id%40+1, vault.NewSecret("newer")))
	})
	return err
}

// checkMoment holds an archive to what the vault was at its heads: nothing was purged, so every secret of then is there, and none that came later.
func checkMoment(t *testing.T, s *system, m archive.Manifest, file []byte) {
	t.Helper()
	verified, err := s.verify(t, file)
	if err != nil {
		t.Fatal(err)
	}
	if verified.Heads != m.Heads || len(m.Purged) > 0 {
		t.Errorf("got heads %v, want %v; %v purged", verified.Heads, m.Heads, m.Purged)
	}
	at := [2]vault.Seq{m.Heads.Entries.Seq, m.Heads.Permissions.Seq}
	var read [2]vault.Seq
	for _, it := range items(t, s, file) {
		if it.Record != nil {
			read[it.Record.Table-vault.Entries] = it.Record.Seq
		}
	}
	if read != at {
		t.Errorf("got records up to %v, want %v", read, at)
	}
	// One secret for each of the first forty, two with each record that change wrote.
	if first := vault.Seq(2); m.Secrets != 40+2*int(at[0]-1-first) {
		t.Errorf("got %d secrets at record %d", m.Secrets, at[0])
	}
}
