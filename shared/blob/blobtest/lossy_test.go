package blobtest_test

import (
	"errors"
	"strings"
	"testing"

	"tresor/shared/blob"
	"tresor/shared/blob/blobtest"
	"tresor/shared/vault"
)

// TestLossy: a fate is what the store shows and what the caller is told.
func TestLossy(t *testing.T) {
	folder := blobtest.Folder(t)
	var fate blobtest.Fate
	s := &blobtest.Lossy{Store: folder, Lose: func(string, string) blobtest.Fate { return fate }}
	for _, c := range []struct {
		fate          blobtest.Fate
		err           error
		there, remain int
	}{
		{blobtest.Answered, nil, 1, 0},
		{blobtest.AnswerLost, vault.Undecided, 1, 0},
		{blobtest.RequestLost, vault.Undecided, 0, 0},
	} {
		fate = c.fate
		if _, err := s.Put(t.Context(), "x", strings.NewReader("x")); !errors.Is(err, c.err) {
			t.Errorf("put, fate %d: got %v, want %v", fate, err, c.err)
		}
		mustHold(t, s, c.there)
		if err := s.Delete(t.Context(), "x"); !errors.Is(err, c.err) {
			t.Errorf("delete, fate %d: got %v, want %v", fate, err, c.err)
		}
		mustHold(t, s, c.remain)
	}
}

func mustHold(t *testing.T, s blob.Store, objects int) {
	t.Helper()
	if list, err := s.List(t.Context(), "", "", 0); err != nil || len(list) != objects {
		t.Errorf("got %v, error %v; want %d objects", list, err, objects)
	}
}

// TestAllEndsWithError: a list that breaks off says so, once.
func TestAllEndsWithError(t *testing.T) {
	folder, err := blob.OpenFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := folder.Close(); err != nil {
		t.Fatal(err)
	}
	errs := 0
	for _, err := range blob.All(t.Context(), folder, "") {
		if err == nil {
			t.Error("an object, and no error")
		}
		errs++
	}
	if errs != 1 {
		t.Errorf("got %d errors, want 1", errs)
	}
}
