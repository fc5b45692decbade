package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"tresor/shared/blob"
	"tresor/shared/blob/blobtest"
	"tresor/shared/vault"
)

// makers are the requests that make an object, and a size that each is for.
var makers = map[string]struct {
	is   func(*http.Request) bool
	size int64
}{
	"whole": {isPut, 100},
	"parts": {isComplete, partSize + 1},
}

// eachMaker runs a test for each. A request that makes an object goes to instead, with what would carry it out.
func eachMaker(t *testing.T, instead func(real http.Handler, w http.ResponseWriter, r *http.Request), test func(t *testing.T, s counted, c blobtest.Content)) {
	t.Helper()
	for name, m := range makers {
		t.Run(name, func(t *testing.T) {
			fake := newFake(t)
			s := open(t, serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if m.is(r) {
					instead(fake, w, r)
					return
				}
				fake.ServeHTTP(w, r)
			})), Config{Bucket: bucket})
			test(t, s, blobtest.Content{Seed: 1, Size: m.size})
			if n, err := s.Unfinished(t.Context()); n != 0 || err != nil {
				t.Errorf("%d uploads are left, error %v", n, err)
			}
		})
	}
}

func mustList(t *testing.T, s blob.Store, want ...string) {
	t.Helper()
	list, err := s.List(t.Context(), "", "", 0)
	var got []string
	for _, o := range list {
		got = append(got, o.Key)
	}
	if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("list: got %v, error %v; want %v", got, err, want)
	}
}

// TestAnswerLost: an object that was made is found to be ours, though nobody said so; and a second Put is told that it is not its own.
func TestAnswerLost(t *testing.T) {
	eachMaker(t, func(real http.Handler, _ http.ResponseWriter, r *http.Request) {
		real.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	}, func(t *testing.T, s counted, c blobtest.Content) {
		if _, err := s.Put(t.Context(), "x", c.Reader()); err != nil {
			t.Errorf("put: %v", err)
		}
		if _, err := s.Put(t.Context(), "x", c.Reader()); !errors.Is(err, vault.Exists) {
			t.Errorf("put again: got %v, want that it is taken", err)
		}
		mustList(t, s, "x")
	})
}

// TestRequestLost: where nothing is found nobody knows.
func TestRequestLost(t *testing.T) {
	eachMaker(t, func(http.Handler, http.ResponseWriter, *http.Request) {
		panic(http.ErrAbortHandler)
	}, func(t *testing.T, s counted, c blobtest.Content) {
		if _, err := s.Put(t.Context(), "x", c.Reader()); !errors.Is(err, vault.Undecided) {
			t.Errorf("put: got %v, want undecided", err)
		}
		mustList(t, s)
	})
}

// TestUnsettled: nor where nobody can be asked.
func TestUnsettled(t *testing.T) {
	s := open(t, serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isHead(r) {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		panic(http.ErrAbortHandler)
	})), Config{Bucket: bucket})
	if err := putOf(1)(t, s); !errors.Is(err, vault.Undecided) {
		t.Errorf("put: got %v, want undecided", err)
	}
	if err := s.Delete(t.Context(), "x"); !errors.Is(err, vault.Undecided) {
		t.Errorf("delete: got %v, want undecided", err)
	}
}

// TestContextEndsOnTheWay: a caller who leaves while the request is on its way learns what became of it, if that can be found out.
func TestContextEndsOnTheWay(t *testing.T) {
	for name, landed := range map[string]bool{"landed": true, "lost": false} {
		t.Run(name, func(t *testing.T) {
			var leave atomic.Value
			eachMaker(t, func(real http.Handler, _ http.ResponseWriter, r *http.Request) {
				if landed {
					real.ServeHTTP(httptest.NewRecorder(), r)
				} else {
					_, _ = io.Copy(io.Discard, r.Body)
				}
				leave.Load().(context.CancelFunc)()
				<-r.Context().Done() // until the client is gone
			}, func(t *testing.T, s counted, c blobtest.Content) {
				ctx, cancel := context.WithCancel(t.Context())
				leave.Store(cancel)
				_, err := s.Put(ctx, "x", c.Reader())
				if landed && err != nil {
					t.Errorf("got %v, want that it is found", err)
				}
				if !landed && !errors.Is(err, vault.Undecided) {
					t.Errorf("got %v, want undecided", err)
				}
			})
		})
	}
}

// TestGraceEnds: what is done after the caller has gone ends too, and not with the caller.
func TestGraceEnds(t *testing.T) {
	for grace, ends := range map[time.Duration]bool{1: true, time.Hour: false} {
		s := Store{grace: grace}
		ctx, leave := context.WithCancel(t.Context())
		own, done := s.afterwards(ctx)
		leave()
		if ends {
			<-own.Done() // or never, and the test with it
		} else if err := own.Err(); err != nil {
			t.Errorf("it ended with the caller: %v", err)
		}
		done()
	}
}

// TestTooManyParts: what S3 cannot take is refused before it is complete, and nothing of it is left.
func TestTooManyParts(t *testing.T) {
	s := open(t, serve(t, newFake(t)), Config{Bucket: bucket})
	s.maxParts = 2
	if err := putOf(2*partSize)(t, s); err != nil {
		t.Errorf("put of two parts: %v", err)
	}
	if _, err := s.Put(t.Context(), "y", blobtest.Content{Size: 2*partSize + 1}.Reader()); !errors.Is(err, vault.TooLarge) {
		t.Errorf("put of three parts: got %v, want too large", err)
	}
	mustList(t, s, "x")
	if n, err := s.Unfinished(t.Context()); n != 0 || err != nil {
		t.Errorf("%d uploads are left, error %v", n, err)
	}
}
