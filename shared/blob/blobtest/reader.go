package blobtest

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tresor/shared/blob"
)

// RunReader puts objects into an empty store, and checks that a reader of the same place lists and gives them as the store does.
func RunReader(t *testing.T, s blob.Store, r blob.ReadOnly) {
	t.Helper()
	contents := map[string]string{"a/1": "one", "a/2 3+4": "two", "a/ü&=%": "", "b/1": strings.Repeat("other ", 1<<20)}
	for key, content := range contents {
		if _, err := s.Put(t.Context(), key, strings.NewReader(content)); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		prefix, after string
		limit         int
	}{{"", "", 0}, {"a/", "", 0}, {"a/", "", 2}, {"a/", "a/1", 1}, {"a/2 3", "", 5}, {"c", "", 0}, {"a/ü&", "", 0}} {
		got, err := r.List(t.Context(), c.prefix, c.after, c.limit)
		want, wrong := s.List(t.Context(), c.prefix, c.after, c.limit)
		if diff := cmp.Diff(append([]blob.Object{}, want...), got); err != nil || wrong != nil || diff != "" {
			t.Errorf("%+v: %v, %v, -store +reader\n%s", c, err, wrong, diff)
		}
	}
	for key, want := range contents {
		content, size, err := r.Open(t.Context(), key, 0, -1)
		if err != nil {
			t.Errorf("%s: %v", key, err)
			continue
		}
		got, err := io.ReadAll(content)
		if err := errors.Join(err, content.Close()); err != nil || string(got) != want || size != int64(len(want)) {
			t.Errorf("%s: got %d bytes of %d, %v", key, len(got), size, err)
		}
	}
}
