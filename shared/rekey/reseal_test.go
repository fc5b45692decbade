package rekey_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tresor/shared/archive"
	"tresor/shared/auth"
	"tresor/shared/blob"
	"tresor/shared/rekey"
	"tresor/shared/vault"
	"tresor/shared/vault/vaulttest"
)

// wantNothingOlder checks the store itself.
func (p *process) wantNothingOlder(t *testing.T) {
	t.Helper()
	if records, secrets, access, files := p.older(t); records+secrets+access+files != 0 {
		t.Errorf("under older keys: %d records, %d secrets, %d access records, %d files", records, secrets, access, files)
	}
}

// TestReseal puts everything under the new keys, changes no hash and no answer, and finds nothing to do the second time. Processes that began before read on, and so does
// an archive of before.
func TestReseal(t *testing.T) {
	for name, open := range stores {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := found(t, open(t))
			p.fill(t)
			old := p.another(t, p.store)
			old.check(t)
			before := backUp(t, p)
			p.rotate(t, vault.Purposes[:]...)
			heads := headsOf(p)
			if records, secrets, access, files := p.older(t); records == 0 || secrets != entries*versions || access == 0 || files != 20 {
				t.Fatalf("before: %d, %d, %d, %d under older keys", records, secrets, access, files)
			}
			done := p.reseal(t)
			if done.Fields != (auth.Fields{Passwords: 121, Keys: 1, Settings: 1}) || done.Secrets != (rekey.Counts{Seen: entries * versions, Resealed: entries * versions}) ||
				done.Files != (rekey.Counts{Seen: 20, Resealed: 20}) || done.Records.Resealed == 0 || done.Access.Resealed == 0 || len(done.Damaged) > 0 || done.Done() {
				t.Errorf("got %+v", done)
			}
			p.wantNothingOlder(t)
			if again := p.reseal(t); !again.Done() || again.Records.Seen < done.Records.Seen || again.Files.Seen != 20 {
				t.Errorf("again: got %+v, want nothing to do", again)
			}
			for _, q := range []*process{p, old, p.another(t, p.store)} {
				if err := q.vault.Fresh(t.Context()); err != nil {
					t.Fatal(err)
				}
				q.check(t)
			}
			wantSameRecords(t, old, heads)
			verifyArchive(t, p, before)
			verifyArchive(t, p, backUp(t, p))
		})
	}
}

func headsOf(p *process) (h vault.Heads) {
	p.log.Read(func(s *vault.State) { h = s.Heads() })
	return h
}

// wantSameRecords checks that the journals still hold, at the heads of before, the records of before.
func wantSameRecords(t *testing.T, p *process, heads vault.Heads) {
	t.Helper()
	for _, table := range vault.Tables {
		got := vault.Hash{}
		errStop := errors.New("far enough")
		head, err := p.log.History(t.Context(), table, vault.Head{}, func(r *vault.Record) error {
			if r.Seq == heads.Of(table).Seq+1 {
				got = r.Prev
				return errStop
			}
			return nil
		})
		if err == nil {
			got = head.Hash
		}
		if (err != nil && !errors.Is(err, errStop)) || got != heads.Of(table).Hash {
			t.Errorf("%s: record %d has another hash, %v", table, heads.Of(table).Seq, err)
		}
	}
}

func backUp(t *testing.T, p *process) []byte {
	t.Helper()
	var file bytes.Buffer
	if _, err := archive.Write(t.Context(), &file, archive.Source{Store: p.store, Log: p.log, Sealer: p.sealer, Blobs: p.blobs}); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func verifyArchive(t *testing.T, p *process, file []byte) {
	t.Helper()
	if _, err := archive.Verify(t.Context(), bytes.NewReader(file), func(h archive.Header) (vault.Sealer, error) { return openKeysets(t, p, h.Keysets) }); err != nil {
		t.Errorf("the archive: %v", err)
	}
}

// TestResealOfAnEmptyVault has fields and records, and nothing else.
func TestResealOfAnEmptyVault(t *testing.T) {
	p := found(t, vaulttest.NewMemory())
	p.blobs = nil
	if done := p.reseal(t); !done.Done() || done.Records.Seen != 2 {
		t.Errorf("nothing was rotated: %+v", done)
	}
	p.rotate(t, vault.PurposeIndex)
	if done := p.reseal(t); done.Records.Resealed != 2 || done.Fields != (auth.Fields{}) {
		t.Errorf("the index alone: %+v", done)
	}
	p.rotate(t, vault.PurposeExports)
	if done := p.reseal(t); done.Fields != (auth.Fields{Settings: 1}) {
		t.Errorf("exports: %+v", done)
	}
	p.audit(t)
}

// TestResealWhileOthersWrite: nothing that others write, purge or read meanwhile is lost or comes back, whatever key they know.
func TestResealWhileOthersWrite(t *testing.T) {
	for name, open := range stores {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := found(t, open(t))
			p.fill(t)
			writers := [2]*process{p.another(t, p.store), p.another(t, p.store)}
			p.rotate(t, vault.Purposes[:]...)
			stop, cancel := context.WithCancel(t.Context())
			var all sync.WaitGroup
			var written atomic.Int64
			defer all.Wait()
			defer cancel()
			for i, w := range writers {
				all.Go(func() {
					for n := 0; stop.Err() == nil; n++ {
						id := vault.EntryID(60 + i + 2*(n%12))
						err := w.try(t.Context(), func(tx *vault.Tx) error { return tx.SetPassword(id, vault.NewSecret(fmt.Sprint("new ", i, n))) })
						if err == nil && n < 10 {
							err = w.try(t.Context(), func(tx *vault.Tx) error {
								_, err := tx.TrashEntries([]vault.EntryID{vault.EntryID(100 + i + 2*n)}, false)
								return err
							})
						}
						if err == nil && n < 10 {
							err = purgeNow(t, w)
						}
						if err != nil {
							t.Errorf("writer %d: %v", i, err)
							return
						}
						written.Add(1)
						time.Sleep(time.Millisecond)
					}
				})
			}
			for end := time.Now().Add(time.Minute); written.Load() < 4 && time.Now().Before(end); { // one that failed writes no more
				time.Sleep(time.Millisecond)
			}
			two := p.another(t, p.store) // two reseals at once
			all.Go(func() {
				if _, err := two.tryReseal(t.Context()); err != nil {
					t.Errorf("the other reseal: %v", err)
				}
			})
			p.reseal(t)
			cancel()
			all.Wait()
			for try := 0; !p.reseal(t).Done(); try++ {
				if try == 3 {
					t.Fatal("there is always something left")
				}
			}
			p.wantNothingOlder(t)
			var living []vault.SecretKey
			if err := p.vault.Fresh(t.Context()); err != nil {
				t.Fatal(err)
			}
			p.log.Read(func(s *vault.State) {
				for k := range s.SecretKeys() {
					living = append(living, k)
				}
			})
			got, err := p.store.Secrets(t.Context(), living)
			if err != nil || len(got) != len(living) {
				t.Errorf("%d of %d secrets are there, %v", len(got), len(living), err)
			}
			var purged []vault.SecretKey
			for id := vault.EntryID(100); id < 120; id++ {
				for v := uint32(1); v <= versions; v++ {
					if k := (vault.SecretKey{Entry: id, Version: v}); !slices.Contains(living, k) {
						purged = append(purged, k)
					}
				}
			}
			if got, err := p.store.Secrets(t.Context(), purged); err != nil || len(got) != 0 || len(purged) == 0 {
				t.Errorf("%d of %d purged secrets came back, %v", len(got), len(purged), err)
			}
			p.check(t)
		})
	}
}

// purgeNow purges what is in the trash.
func purgeNow(t *testing.T, p *process) error {
	return p.try(t.Context(), func(tx *vault.Tx) error { _, _, err := tx.Purge(vault.StampOf(time.Now().Add(time.Hour))); return err })
}

// dying is a store whose process is killed after some calls of Reseal.
type dying struct {
	vault.Store
	left atomic.Int64
	kill context.CancelFunc
}

func (d *dying) Reseal(ctx context.Context, items []vault.Resealed) (int, error) {
	if d.left.Add(-1) < 0 {
		d.kill()
		return 0, ctx.Err()
	}
	return d.Store.(vault.ResealStore).Reseal(ctx, items)
}

// TestResealGoesOn: whoever is killed at any moment leaves a vault that answers and verifies, and the next run does the rest.
func TestResealGoesOn(t *testing.T) {
	memory := vaulttest.NewMemory()
	p := found(t, memory)
	p.fill(t)
	p.rotate(t, vault.Purposes[:]...)
	for after := range 4 {
		q := p.another(t, memory.Open())
		ctx, cancel := context.WithCancel(t.Context())
		d := &dying{Store: memory, kill: cancel}
		d.left.Store(1)
		done, err := rekey.Reseal(ctx, rekey.Vault{Vault: q.vault, Log: q.log, Store: d, Sealer: q.sealer, Blobs: q.blobs, Request: operator})
		if !errors.Is(err, context.Canceled) || done.Records.Resealed+done.Secrets.Resealed == 0 {
			t.Fatalf("run %d: %+v, %v", after, done, err)
		}
		q.check(t)
	}
	faulty := vaulttest.NewFaulty(memory.Open(), 7)
	faulty.SetChaos(vaulttest.Chaos{LoseAnswer: 0.1, Throttle: 0.3})
	q := p.another(t, faulty)
	for try := 0; ; try++ {
		done, err := q.tryReseal(t.Context())
		if err == nil && done.Done() {
			break
		}
		if try == 5 {
			t.Fatalf("got %+v, %v", done, err)
		}
	}
	p.wantNothingOlder(t)
	p.check(t)
}

// TestResealStopsAtDamage names what does not open, and goes on past damaged contents of files.
func TestResealStopsAtDamage(t *testing.T) {
	memory := vaulttest.NewMemory()
	p := found(t, memory)
	p.fill(t)
	var contents []vault.ContentFiles
	p.log.Read(func(s *vault.State) { contents = s.ContentFiles() })
	if err := p.blobs.Delete(t.Context(), vault.ContentKey(contents[4].Object)); err != nil {
		t.Fatal(err)
	}
	p.rotate(t, vault.Purposes[:]...)
	if done := p.reseal(t); len(done.Damaged) != 1 || done.Damaged[0] != contents[4].Object || done.Files != (rekey.Counts{Seen: 20, Resealed: 19}) {
		t.Errorf("a missing content: %+v", done)
	}
	sealed, err := p.store.Secrets(t.Context(), []vault.SecretKey{{Entry: 9, Version: 1}})
	if err != nil {
		t.Fatal(err)
	}
	p.rotate(t, vault.PurposeSecrets)
	swap := vault.Transaction{ID: vaulttest.NewTxnID(), PutSecrets: []vault.StoredSecret{{SecretKey: vault.SecretKey{Entry: 9, Version: 2}, Sealed: sealed[vault.SecretKey{Entry: 9, Version: 1}]}}}
	if err := memory.Commit(t.Context(), swap); err != nil {
		t.Fatal(err)
	}
	if _, err := p.tryReseal(t.Context()); !errors.Is(err, vault.Corrupt) || !bytes.Contains([]byte(err.Error()), []byte("version 2 of the secrets of entry 9")) {
		t.Errorf("a payload in another's place: %v", err)
	}
}

// vanishing is a place where an object goes away when it is opened first.
type vanishing struct {
	blob.Store
	key    string
	before func()
}

func (v vanishing) Open(ctx context.Context, key string, offset, length int64) (io.ReadCloser, int64, error) {
	if key == v.key {
		v.before()
	}
	return v.Store.Open(ctx, key, offset, length)
}

// TestAContentThatIsPurgedUnderAResealIsNotDamaged.
func TestAContentThatIsPurgedUnderAResealIsNotDamaged(t *testing.T) {
	p := found(t, vaulttest.NewMemory())
	p.fill(t)
	other := p.another(t, p.store)
	var contents []vault.ContentFiles
	p.log.Read(func(s *vault.State) { contents = s.ContentFiles() })
	gone := vault.ContentKey(contents[2].Object) // of the file in the trash
	blobs := vanishing{p.blobs, gone, func() {
		if err := errors.Join(purgeNow(t, other), p.blobs.Delete(t.Context(), gone)); err != nil {
			t.Error(err)
		}
	}}
	p.rotate(t, vault.PurposeFiles)
	done, err := rekey.Reseal(t.Context(), rekey.Vault{Vault: p.vault, Log: p.log, Store: p.store, Sealer: p.sealer, Blobs: blobs, Request: operator})
	if err != nil || len(done.Damaged) != 0 || done.Files != (rekey.Counts{Seen: 20, Resealed: 19}) {
		t.Errorf("got %+v, %v", done, err)
	}
}

// TestResealKeepsItsRate: 260 secrets and some records at 400 a second take more than half a second.
func TestResealKeepsItsRate(t *testing.T) {
	p := found(t, vaulttest.NewMemory())
	p.fill(t)
	p.rotate(t, vault.PurposeSecrets)
	begun := time.Now()
	done, err := rekey.Reseal(t.Context(), rekey.Vault{Vault: p.vault, Log: p.log, Store: p.store, Sealer: p.sealer, Request: operator, Rate: 400})
	items := done.Secrets.Resealed + done.Records.Resealed + done.Access.Resealed
	if took, least := time.Since(begun), time.Duration(items)*time.Second/400; err != nil || items < 260 || took < least*9/10 {
		t.Errorf("%d items in %v, %v; want at least %v", items, took, err, least)
	}
}

// TestOthersMayNotReseal: what a reseal does to records is the operator's.
func TestOthersMayNotReseal(t *testing.T) {
	p := found(t, vaulttest.NewMemory())
	req := vault.Request{Auth: auth.Token(p.first.APIKey), Action: vault.Action{Dialect: vault.TeamPass, Name: "test", Writes: true}}
	for name, do := range map[string]func(*vault.Tx) error{
		"password": func(t *vault.Tx) error { return t.ResealPassword(1, nil) },
		"key":      func(t *vault.Tx) error { return t.ResealKey(1, nil) },
		"content":  func(t *vault.Tx) error { _, err := t.MoveContent(nil, "", ""); return err },
	} {
		if _, err := vault.Update(t.Context(), p.vault, req, func(tx *vault.Tx) (struct{}, error) { return struct{}{}, do(tx) }); !errors.Is(err, vault.Forbidden) {
			t.Errorf("%s: got %v, want Forbidden", name, err)
		}
	}
}
