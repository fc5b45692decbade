package s3

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"tresor/shared/blob/blobtest"
	"tresor/shared/vault"
)

// answers are what S3, or what is before it, may say instead of what it was asked for, and what that means to a read and to a write.
var answers = map[string]struct {
	answer      func(http.ResponseWriter)
	read, write vault.Kind
}{
	"slow down":          {named(503, "SlowDown"), vault.Busy, vault.Busy},
	"unavailable":        {named(503, "ServiceUnavailable"), vault.Busy, vault.Busy},
	"throttled":          {named(400, "ThrottlingException"), vault.Busy, vault.Busy},
	"key throttled":      {named(400, "KMS.ThrottlingException"), vault.Busy, vault.Busy},
	"too slow":           {named(400, "RequestTimeout"), vault.Busy, vault.Busy},
	"conflict":           {named(409, "ConditionalRequestConflict"), vault.Busy, vault.Busy},
	"damaged":            {named(400, "BadDigest"), vault.Busy, vault.Busy},
	"unknown conflict":   {bare(409), vault.Busy, vault.Busy},
	"many requests":      {bare(429), vault.Busy, vault.Busy},
	"taken":              {named(412, "PreconditionFailed"), vault.Exists, vault.Exists},
	"taken, bare":        {bare(412), vault.Exists, vault.Exists},
	"too large":          {named(400, "EntityTooLarge"), vault.TooLarge, vault.TooLarge},
	"denied":             {named(403, "AccessDenied"), vault.Internal, vault.Internal},
	"denied, bare":       {bare(403), vault.Internal, vault.Internal},
	"no bucket":          {named(404, "NoSuchBucket"), vault.Internal, vault.Internal},
	"clock":              {named(403, "RequestTimeTooSkewed"), vault.Internal, vault.Internal},
	"elsewhere":          {named(301, "PermanentRedirect"), vault.Internal, vault.Internal},
	"failed":             {named(500, "InternalError"), vault.Busy, vault.Undecided},
	"failed, bare":       {bare(500), vault.Busy, vault.Undecided},
	"proxy":              {bare(502), vault.Busy, vault.Undecided},
	"unavailable, bare":  {bare(503), vault.Busy, vault.Busy}, // the SDK gives it S3's name
	"no answer in words": {func(w http.ResponseWriter) { _, _ = w.Write([]byte("<html>")); panic(http.ErrAbortHandler) }, vault.Busy, vault.Undecided},
	"broken connection":  {func(http.ResponseWriter) { panic(http.ErrAbortHandler) }, vault.Busy, vault.Undecided},
}

func named(status int, code string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) { fail(w, status, code) }
}

func bare(status int) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) { w.WriteHeader(status) }
}

// operations are the requests of a store that may fail, and how one of them is made to be sent.
var operations = map[string]struct {
	is       func(*http.Request) bool
	call     func(*testing.T, counted) error
	requests int32 // that are sent, however S3 answers
	write    bool
}{
	"put":    {isPut, putOf(100), 1, true},
	"delete": {isDelete, deleteOf, 1, true},
	"list":   {isList, func(t *testing.T, s counted) error { _, err := s.List(t.Context(), "", "", 1); return err }, 1, false},
	"get":    {isGet, openOf(0, -1), 1, false},
	"range":  {isGet, openOf(5, 1), 1, false},
	"start":  {isStart, putOf(partSize + 1), 1, false},
	"finish": {isComplete, putOf(partSize + 1), 1, true},
	"part":   {isPart, putOf(partSize + 1), partTries, false},
}

func isList(r *http.Request) bool {
	return r.Method == http.MethodGet && r.URL.Query().Has("list-type")
}
func isGet(r *http.Request) bool {
	return r.Method == http.MethodGet && !isList(r) && !r.URL.Query().Has("uploads")
}
func isHead(r *http.Request) bool { return r.Method == http.MethodHead }

// deleteOf removes an object that is there: of one that is not, no answer is needed.
func deleteOf(t *testing.T, s counted) error {
	t.Helper()
	if err := putOf(1)(t, s); err != nil {
		t.Errorf("put: %v", err)
	}
	return s.Delete(t.Context(), "x")
}

func putOf(size int64) func(*testing.T, counted) error {
	return func(t *testing.T, s counted) error {
		_, err := s.Put(t.Context(), "x", blobtest.Content{Size: size}.Reader())
		return err
	}
}

func openOf(offset, length int64) func(*testing.T, counted) error {
	return func(t *testing.T, s counted) error {
		r, _, err := s.Open(t.Context(), "x", offset, length)
		if err == nil {
			_ = r.Close()
		}
		return err
	}
}

// TestErrors: whatever S3 answers to whatever request, the error has the right kind, tells nothing, and nothing but a part is sent
// again; and of a failed upload nothing is left.
func TestErrors(t *testing.T) {
	for opName, op := range operations {
		for name, c := range answers {
			t.Run(opName+"/"+name, func(t *testing.T) {
				var sent atomic.Int32
				fake := newFake(t)
				s := open(t, serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if !op.is(r) {
						fake.ServeHTTP(w, r)
						return
					}
					sent.Add(1)
					_, _ = io.Copy(io.Discard, r.Body)
					c.answer(w)
				})), Config{Bucket: bucket})
				err, want := op.call(t, s), c.read
				if op.write {
					want = c.write
				}
				mustBeKind(t, err, want)
				if n := sent.Load(); n < 1 || n > op.requests {
					t.Errorf("sent %d requests, want 1 to %d", n, op.requests)
				}
				if n, err := s.Unfinished(t.Context()); n != 0 || err != nil {
					t.Errorf("%d uploads are left, error %v", n, err)
				}
			})
		}
	}
}

func mustBeKind(t *testing.T, err error, want vault.Kind) {
	t.Helper()
	if err == nil || vault.KindOf(err) != want {
		t.Errorf("got %v, want %v", err, want)
	}
	if err != nil && strings.Contains(err.Error(), "http://") {
		t.Errorf("the error tells a URL: %v", err)
	}
}

// TestHeadErrors: an answer to HEAD has no body, so that its status is all there is.
func TestHeadErrors(t *testing.T) {
	for status, want := range map[int]vault.Kind{
		301: vault.Internal, 400: vault.Internal, 403: vault.Internal, 404: vault.NotFound, 409: vault.Busy, 429: vault.Busy, 500: vault.Busy, 503: vault.Busy,
	} {
		s := open(t, serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })), Config{Bucket: bucket})
		mustBeKind(t, openOf(0, 0)(t, s), want)
	}
}

// TestMissing: a 404 is not found where it is the object's, with a body and without.
func TestMissing(t *testing.T) {
	s := open(t, serve(t, newFake(t)), Config{Bucket: bucket})
	for name, call := range map[string]func(*testing.T, counted) error{"get": openOf(0, -1), "head": openOf(0, 0), "range": openOf(3, 3)} {
		if err := call(t, s); !errors.Is(err, vault.NotFound) {
			t.Errorf("%s: got %v, want not found", name, err)
		}
	}
}
