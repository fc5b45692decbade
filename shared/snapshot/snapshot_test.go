package snapshot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"tresor/shared/blob"
	"tresor/shared/blob/blobtest"
	"tresor/shared/scenario"
	"tresor/shared/vault"
)

// entries makes n entries, one record each.
func entries(t *testing.T, s *scenario.System, n int) {
	t.Helper()
	for i := range n {
		s.Do(t, func(tx *vault.Tx) error {
			_, err := tx.CreateTag(fmt.Sprintf("tag %d of %d at %d", i, n, s.Heads().Entries.Seq))
			return err
		})
	}
}

// heads returns where a process's replica is.
func heads(s *scenario.System) vault.Heads { return s.Heads() }

func TestTheNewestIsUsed(t *testing.T) {
	s, objects := scenario.New(t), blobtest.Folder(t)
	if used, err := Use(t.Context(), s.Another(t, s.Store).Log, objects); used || err != nil {
		t.Fatalf("without any: %v, %v", used, err)
	}
	var last vault.Heads
	for range 12 { // more than one digit
		entries(t, s, 1)
		var err error
		if _, last, err = Write(t.Context(), s.Log, objects); err != nil {
			t.Fatal(err)
		}
	}
	other := s.Another(t, s.Store)
	if used, err := Use(t.Context(), other.Log, objects); !used || err != nil || heads(other) != last {
		t.Errorf("got %v, %v at %v, want %v", used, err, heads(other), last)
	}
}

// spoilt gives other contents for the newest keys.
type spoilt struct {
	blob.Store
	bad   int
	opens int
}

func (s *spoilt) Open(ctx context.Context, key string, offset, length int64) (io.ReadCloser, int64, error) {
	if s.opens++; s.opens > s.bad {
		return s.Store.Open(ctx, key, offset, length)
	}
	if s.opens == 2 {
		return nil, 0, &vault.Error{Kind: vault.NotFound, Err: errors.New("gone")}
	}
	return io.NopCloser(strings.NewReader("x")), 1, nil
}

func TestADamagedOneOnlyCostsTime(t *testing.T) {
	s, objects := scenario.New(t), blobtest.Folder(t)
	for range 3 {
		entries(t, s, 2)
		if _, _, err := Write(t.Context(), s.Log, objects); err != nil {
			t.Fatal(err)
		}
	}
	for bad, want := range []bool{true, true, true, false} {
		other := s.Another(t, s.Store)
		if used, err := Use(t.Context(), other.Log, &spoilt{Store: objects, bad: bad}); used != want || (err != nil) != (bad > 0) {
			t.Errorf("%d bad ones: got %v, %v", bad, used, err)
		}
		if err := other.Vault.Fresh(t.Context()); err != nil || heads(other) != heads(s) {
			t.Errorf("%d bad ones: then %v at %v", bad, err, heads(other))
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	Begin(ended, s.Another(t, s.Store).Log, objects, time.Second) // what goes wrong is no failure
}

func TestOneIsWrittenWhenItIsDue(t *testing.T) {
	s, objects := scenario.New(t), blobtest.Folder(t)
	refresh := func() string {
		t.Helper()
		key, err := Refresh(t.Context(), s.Log, s.Heads, objects)
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	entries(t, s, Due-10)
	if key := refresh(); key != "" {
		t.Fatalf("too early: %s", key)
	}
	entries(t, s, 10)
	key := refresh()
	if n, ok := recordsIn(key); !ok || n != records(s.Heads()) {
		t.Fatalf("got %q", key)
	}
	if key := refresh(); key != "" {
		t.Errorf("again: %s", key)
	}
}

func TestOldOnesGo(t *testing.T) {
	s, objects := scenario.New(t), blobtest.Folder(t)
	var keys []string
	for range Keep + 4 {
		entries(t, s, 1)
		key, _, err := Write(t.Context(), s.Log, objects)
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, key)
	}
	if err := Prune(t.Context(), objects, s.Heads(), time.Now().Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	if list, _ := objects.List(t.Context(), folder, "", 0); len(list) != len(keys) {
		t.Errorf("young ones went: %d are left", len(list))
	}
	if err := Prune(t.Context(), objects, s.Heads(), time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	list, err := objects.List(t.Context(), folder, "", 0)
	if err != nil || len(list) != Keep {
		t.Fatalf("got %v, %v", list, err)
	}
	for i, o := range list {
		if want := keys[len(keys)-1-i]; o.Key != want {
			t.Errorf("got %s, want %s", o.Key, want)
		}
	}
}

// TestThoseOfAVaultThatWentBack are ahead of the journals: they are not taken for the newest, go when they are old, and take no other's place. Clear removes all.
func TestThoseOfAVaultThatWentBack(t *testing.T) {
	s, objects := scenario.New(t), blobtest.Folder(t)
	var ours []string
	for range 2 {
		entries(t, s, 1)
		key, _, err := Write(t.Context(), s.Log, objects)
		if err != nil {
			t.Fatal(err)
		}
		ours = append(ours, key)
	}
	ahead := s.Heads()
	ahead.Entries.Seq += 5000
	for range Keep {
		if _, err := objects.Put(t.Context(), keyOf(ahead), strings.NewReader("x")); err != nil {
			t.Fatal(err)
		}
	}
	entries(t, s, Due)
	if key, err := Refresh(t.Context(), s.Log, s.Heads, objects); err != nil || key == "" {
		t.Fatalf("got %q, %v; want a new one", key, err)
	}
	if err := Prune(t.Context(), objects, s.Heads(), time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	list, err := objects.List(t.Context(), folder, "", 0)
	if err != nil || len(list) != 3 || list[1].Key != ours[1] || list[2].Key != ours[0] {
		t.Errorf("got %v, %v; want the new one and %v", list, err, ours)
	}
	if err := Clear(t.Context(), objects); err != nil {
		t.Fatal(err)
	}
	if list, err := objects.List(t.Context(), folder, "", 0); err != nil || len(list) != 0 {
		t.Errorf("got %v, %v; want none", list, err)
	}
}

func TestTwoMayWriteAtOnce(t *testing.T) {
	s, objects := scenario.New(t), blobtest.Folder(t)
	entries(t, s, 3)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, _, err := Write(t.Context(), s.Log, objects); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	other := s.Another(t, s.Store)
	if used, err := Use(t.Context(), other.Log, objects); !used || err != nil {
		t.Errorf("got %v, %v", used, err)
	}
}

func TestKeysSayHowFar(t *testing.T) {
	for _, h := range []vault.Heads{{}, {Entries: vault.Head{Seq: 9}, Permissions: vault.Head{Seq: 1}}, {Entries: vault.Head{Seq: 10}, Permissions: vault.Head{Seq: 1}}, {Entries: vault.Head{Seq: 1 << 40}, Permissions: vault.Head{Seq: 7}}} {
		if n, ok := recordsIn(keyOf(h)); !ok || n != records(h) {
			t.Errorf("%v: got %d, %v", h, n, ok)
		}
	}
	for _, key := range []string{"", folder, folder + "x", folder + "ffffffffffffffff-1-1-x", "other/" + keyOf(vault.Heads{})} {
		if n, ok := recordsIn(key); ok {
			t.Errorf("%q: got %d", key, n)
		}
	}
}
