package blobtest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tresor/shared/blob"
)

// mustList checks the keys of one page.
func mustList(t *testing.T, s blob.Store, prefix, after string, limit int, want []string) {
	t.Helper()
	list, err := s.List(t.Context(), prefix, after, limit)
	if err != nil {
		t.Errorf("list %q after %q: %v", prefix, after, err)
		return
	}
	var got []string
	for _, o := range list {
		got = append(got, o.Key)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("list %d of %q after %q: -want +got\n%s", limit, prefix, after, diff)
	}
}

// listed are keys whose order as names in folders is not that of their bytes.
var listed = []string{"a-b", "a.b", "a/b", "a/b-c/d", "a/b.c", "a/z/1", "a/z/10", "a/z/2", "a0", "ab/c", "b/x y", "b/ü", "b/日本", "c"}

func testList(t *testing.T, s blob.Store) {
	mustList(t, s, "", "", 10, nil)
	before := time.Now()
	put(t, s, listed...)
	texts := map[string]bool{"zz": true, "a/b-c/": true, "A": true}
	for _, key := range listed {
		for i := range key { // at the start of a character
			texts[key[:i]] = true
		}
		texts[key] = true
	}
	for prefix := range texts {
		for after := range texts {
			for _, limit := range []int{0, 1, 2} {
				mustList(t, s, prefix, after, limit, model(prefix, after, limit))
			}
		}
	}
	mustTell(t, s, before)
}

// model is List as the contract has it.
func model(prefix, after string, limit int) []string {
	var found []string
	for _, key := range slices.Sorted(slices.Values(listed)) {
		if strings.HasPrefix(key, prefix) && key > after {
			found = append(found, key)
		}
	}
	if limit > 0 {
		found = found[:min(limit, len(found))]
	}
	return found
}

// mustTell checks sizes and times, which may be to the second and by another clock.
func mustTell(t *testing.T, s blob.Store, before time.Time) {
	t.Helper()
	list, err := s.List(t.Context(), "", "", 0)
	if err != nil {
		t.Errorf("list: %v", err)
	}
	for _, o := range list {
		if o.Size != int64(len(o.Key)) || o.Modified.Location() != time.UTC || o.Modified.Sub(before).Abs() > 10*time.Minute {
			t.Errorf("%q: got %d bytes of %s, want %d of about %s", o.Key, o.Size, o.Modified, len(o.Key), before)
		}
	}
}

// testListMany lists more than one page of every implementation.
func testListMany(t *testing.T, s blob.Store) {
	const objects = 1100
	var want []string
	for i := range objects {
		want = append(want, fmt.Sprintf("many/%02d/%04d", i%11, i))
	}
	slices.Sort(want)
	errs := make([]error, objects)
	var all sync.WaitGroup
	room := make(chan struct{}, 16)
	for i, key := range want {
		room <- struct{}{}
		all.Go(func() {
			_, errs[i] = s.Put(t.Context(), key, bytes.NewReader(nil))
			<-room
		})
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatalf("put: %v", err)
	}
	put(t, s, "before", "nanny")
	mustList(t, s, "many/", "", blob.MaxList, want[:blob.MaxList])
	mustList(t, s, "many/", want[blob.MaxList-1], blob.MaxList+1, want[blob.MaxList:])
	mustList(t, s, "many/", want[0], blob.MaxList+1, want[1:blob.MaxList+1])
	mustListAll(t, s, want)
}

func mustListAll(t *testing.T, s blob.Store, want []string) {
	t.Helper()
	var got []string
	for o, err := range blob.All(t.Context(), s, "many/") {
		if err != nil {
			t.Fatalf("list all: %v", err)
		}
		got = append(got, o.Key)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("list all: -want +got\n%s", diff)
	}
}
