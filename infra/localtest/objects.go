package main

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"tresor/shared/blob"
	"tresor/shared/blob/blobtest"
	"tresor/shared/blob/s3"
	"tresor/shared/vault"
)

func (b *bucket) testStore(t *testing.T) {
	blobtest.RunStore(t, func(t *testing.T) blob.Store { return b.open(t) })
}

// testBounded: of 100 MB two parts of 8 MB are in memory.
func (b *bucket) testBounded(t *testing.T) {
	blobtest.RunBounded(t, b.open(t), 16<<20)
}

// testDeletedIsAVersion: what tresor deletes is there for as long as the bucket's lifecycle keeps it, and nobody sees it.
func (b *bucket) testDeletedIsAVersion(t *testing.T) {
	s := b.open(t)
	for range 2 { // what is gone may be removed
		if _, err := s.Put(t.Context(), "files/1", strings.NewReader("one")); err != nil && !errors.Is(err, vault.Exists) { // see store.Delete
			t.Fatal(err)
		}
		if err := s.Store.Delete(t.Context(), "files/1"); err != nil {
			t.Fatal(err)
		}
	}
	versions, err := b.versions(t.Context(), s.prefix+"/files/1")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(versions, func(v version) bool { return v.mark }) || !slices.ContainsFunc(versions, func(v version) bool { return !v.mark }) {
		t.Errorf("got %v, want a content and a mark", versions)
	}
	if err := second(s.Open(t.Context(), "files/1", 0, -1)); !errors.Is(err, vault.NotFound) {
		t.Errorf("open: got %v", err)
	}
	if list, err := b.reader(t, s, b.ID, b.Secret).List(t.Context(), "", "", 0); err != nil || len(list) != 0 {
		t.Errorf("list: got %v, %v", list, err)
	}
}

// testWrongKeys: who cannot sign gets nothing and changes nothing, and is not told that it may try again.
func (b *bucket) testWrongKeys(t *testing.T) {
	good := b.open(t)
	if _, err := good.Put(t.Context(), "files/1", strings.NewReader("one")); err != nil {
		t.Fatal(err)
	}
	for call, err := range b.calls(t, good, b.ID, b.Secret+"x") {
		// The SDK tells the code of S3's answer, the plain reader its status.
		if vault.KindOf(err) != vault.Internal || err == nil || !strings.Contains(err.Error(), "SignatureDoesNotMatch") && !strings.Contains(err.Error(), "403") {
			t.Errorf("a wrong secret: %s: got %v", call, err)
		}
	}
	// To an id that it does not know versitygw answers 404 XAdminUserNotFound, where AWS answers 403 InvalidAccessKeyId: what kind that makes says nothing here.
	for call, err := range b.calls(t, good, b.ID+"x", b.Secret) {
		if err == nil {
			t.Errorf("a wrong id: %s: worked", call)
		}
	}
	if list, err := good.List(t.Context(), "", "", 0); err != nil || len(list) != 1 {
		t.Errorf("then got %v, %v", list, err)
	}
}

// calls are all calls, on what a store holds, with given credentials.
func (b *bucket) calls(t *testing.T, on *store, id, secret string) map[string]error {
	t.Helper()
	s, err := s3.New(s3.NewClient(b.Config(id, secret)), s3.Config{Bucket: b.name, Prefix: on.prefix})
	if err != nil {
		t.Fatal(err)
	}
	reader := b.reader(t, on, id, secret)
	return map[string]error{
		"open":      second(s.Open(t.Context(), "files/1", 0, -1)),
		"list":      last(s.List(t.Context(), "", "", 0)),
		"put":       last(s.Put(t.Context(), "files/2", strings.NewReader("two"))),
		"put parts": last(s.Put(t.Context(), "files/3", blobtest.Content{Size: 9 << 20}.Reader())),
		"delete":    s.Delete(t.Context(), "files/1"),
		"read":      second(reader.Open(t.Context(), "files/1", 0, -1)),
		"read list": last(reader.List(t.Context(), "", "", 0)),
	}
}

// testReader: the reader without the SDK's client sees what the store does.
func (b *bucket) testReader(t *testing.T) {
	s := b.open(t)
	reader := b.reader(t, s, b.ID, b.Secret)
	blobtest.RunReader(t, s, reader)
	if err := second(reader.Open(t.Context(), "none", 0, -1)); !errors.Is(err, vault.NotFound) {
		t.Errorf("missing: got %v", err)
	}
}
