package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"tresor/shared/vault"
)

// FuzzContentRange: what is read from the header is what it says, and a range within its object.
func FuzzContentRange(f *testing.F) {
	for _, s := range []string{"bytes 0-9/10", "bytes 5-9/1234", "bytes */10", "bytes 0-9/*", "", "bytes 9-0/10", "bytes 0-10/10", "bytes -1-2/3", "bytes 0-0/99999999999999999999"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		first, size, err := parseContentRange(s)
		if err != nil {
			return
		}
		if first < 0 || first >= size || !strings.HasPrefix(s, "bytes ") {
			t.Errorf("%q: got %d of %d", s, first, size)
		}
		if again, n, err := parseContentRange(fmt.Sprintf("bytes %d-%d/%d", first, size-1, size)); err != nil || again != first || n != size {
			t.Errorf("%q: got %d of %d; written anew: %d of %d, error %v", s, first, size, again, n, err)
		}
	})
}

// reply is what a server answers to a GET.
type reply struct {
	status int
	header map[string]string
	body   string
}

func (a reply) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	for k, v := range a.header {
		w.Header().Set(k, v)
	}
	w.WriteHeader(a.status)
	_, _ = io.WriteString(w, a.body)
}

// TestWrongRange: an answer to another range than was asked for is none.
func TestWrongRange(t *testing.T) {
	for name, a := range map[string]reply{
		"the whole":      {200, nil, "0123456789"},
		"another start":  {206, map[string]string{"Content-Range": "bytes 0-2/10"}, "012"},
		"too much":       {206, map[string]string{"Content-Range": "bytes 2-4/4"}, "234"},
		"no size":        {206, map[string]string{"Content-Range": "bytes 2-4/*"}, "234"},
		"no such length": {206, map[string]string{"Content-Range": "bytes 2-4/5"}, "23456789"},
	} {
		if err := openOf(2, 3)(t, open(t, serve(t, a), Config{Bucket: bucket})); err == nil || vault.KindOf(err) != vault.Internal {
			t.Errorf("%s: got %v, want an internal error", name, err)
		}
	}
}

// TestContent: a content is checked against its checksum where there is one for the whole, and one that was cut off is never taken for
// whole.
func TestContent(t *testing.T) {
	sum := func(s, kind string) map[string]string {
		return map[string]string{"X-Amz-Checksum-Crc64nvme": *sumOf([]byte(s)), "X-Amz-Checksum-Type": kind}
	}
	cut := sum("0123456789", "FULL_OBJECT")
	cut["Content-Length"] = "10"
	for name, c := range map[string]struct {
		reply
		want error
	}{
		"right":       {reply{200, sum("0123456789", "FULL_OBJECT"), "0123456789"}, nil},
		"wrong":       {reply{200, sum("0123456789", "FULL_OBJECT"), "0123456780"}, vault.Corrupt},
		"no checksum": {reply{200, nil, "0123456789"}, nil},
		"cut off":     {reply{200, cut, "01234"}, vault.Busy},
		"cut, bare":   {reply{200, map[string]string{"Content-Length": "10"}, "01234"}, vault.Busy},
	} {
		r, _, err := open(t, serve(t, c), Config{Bucket: bucket}).Open(t.Context(), "x", 0, -1)
		if err != nil {
			t.Errorf("%s: open: %v", name, err)
			continue
		}
		if _, err = io.ReadAll(r); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
		_ = r.Close()
	}
}

// TestReadAfterEnd: a reader whose context has ended says so, and not that S3 is busy.
func TestReadAfterEnd(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := open(t, serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "10")
		_, _ = io.WriteString(w, "01234")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})), Config{Bucket: bucket})
	r, size, err := s.Open(ctx, "x", 0, -1)
	if err != nil || size != 10 {
		t.Fatalf("open: %d bytes, error %v", size, err)
	}
	defer r.Close()
	if _, err := io.CopyN(io.Discard, r, 5); err != nil {
		t.Error(err)
	}
	cancel()
	if _, err := io.ReadAll(r); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's error", err)
	}
}
