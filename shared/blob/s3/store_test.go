package s3

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"tresor/shared/blob"
	"tresor/shared/blob/blobtest"
	"tresor/shared/vault"
)

// TestStore runs the suite on S3 in memory. infra/localtest runs it on a server of its own.
func TestStore(t *testing.T) {
	blobtest.RunStore(t, func(t *testing.T) blob.Store {
		return open(t, serve(t, newFake(t)), Config{Bucket: bucket, Prefix: "vault-1"})
	})
}

// TestStoreLosingAnswers: every answer to a request that makes or removes an object is lost, and one of the upload of a part.
func TestStoreLosingAnswers(t *testing.T) {
	blobtest.RunStore(t, func(t *testing.T) blob.Store {
		var lost sync.Map
		h := losing(newFake(t), func(r *http.Request) bool {
			if isPart(r) && r.URL.Query().Get("partNumber") == "2" {
				_, again := lost.LoadOrStore(r.URL.String(), true)
				return !again
			}
			return isPut(r) || isComplete(r) || isDelete(r)
		})
		return open(t, serve(t, h), Config{Bucket: bucket})
	})
}

func TestNewRefuses(t *testing.T) {
	for name, c := range map[string]Config{
		"no bucket":         {Prefix: "v"},
		"ARN":               {Bucket: "arn:aws:s3:us-east-1:123456789012:accesspoint/x"},
		"prefix with slash": {Bucket: "b", Prefix: "v/"},
		"prefix above":      {Bucket: "b", Prefix: "../v"},
		"long prefix":       {Bucket: "b", Prefix: strings.Repeat("v", maxPrefix+1)},
	} {
		if _, err := New(nil, c); err == nil {
			t.Errorf("%s: opened", name)
		}
	}
}

// TestVaultsApart: stores with different prefixes in one bucket do not see one another, even where one's is the beginning of the other's.
func TestVaultsApart(t *testing.T) {
	cfg := serve(t, newFake(t))
	a, b := open(t, cfg, Config{Bucket: bucket, Prefix: "v"}), open(t, cfg, Config{Bucket: bucket, Prefix: "v2"})
	location, err := a.Put(t.Context(), "files/1", strings.NewReader("a"))
	if err != nil || location != "s3://"+bucket+"/v/files/1" || a.Location("files/1") != location {
		t.Errorf("got location %q, error %v", location, err)
	}
	if _, err := b.Put(t.Context(), "files/1", strings.NewReader("b")); err != nil {
		t.Errorf("put the same key in another vault: %v", err)
	}
	for name, s := range map[string]blob.Store{"v": a, "v2": b} {
		if list, err := s.List(t.Context(), "", "", 0); err != nil || len(list) != 1 || list[0].Key != "files/1" {
			t.Errorf("%s: list: got %v, error %v; want its own files/1", name, list, err)
		}
	}
	if err := a.Delete(t.Context(), "files/1"); err != nil {
		t.Error(err)
	}
	if r, _, err := b.Open(t.Context(), "files/1", 0, -1); err != nil {
		t.Errorf("open in the other vault: %v", err)
	} else if err := r.Close(); err != nil {
		t.Error(err)
	}
}

// TestLongestKey: prefix and key together are what S3 takes.
func TestLongestKey(t *testing.T) {
	s := open(t, serve(t, newFake(t)), Config{Bucket: bucket, Prefix: strings.Repeat("v", maxPrefix)})
	key := strings.Repeat(strings.Repeat("x", 224)+"/", 4)[:blob.MaxKey-1] + "x"
	if err := blob.ValidKey(key + "x"); vault.KindOf(err) != vault.Invalid {
		t.Fatalf("%d bytes are not the longest key", len(key))
	}
	if _, err := s.Put(t.Context(), key, strings.NewReader("x")); err != nil {
		t.Errorf("put: %v", err)
	}
}

// TestListGoesOn: a short or empty page is not the end while S3 says so, and an object without a valid key is nobody's.
func TestListGoesOn(t *testing.T) {
	page := func(more, token string, keys ...string) string {
		x := "<ListBucketResult><IsTruncated>" + more + "</IsTruncated>" + token
		for _, k := range keys {
			x += "<Contents><Key>v/" + k + "</Key><Size>1</Size><LastModified>2026-01-02T03:04:05.000Z</LastModified></Contents>"
		}
		return x + "</ListBucketResult>"
	}
	s := open(t, serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		body := ""
		switch {
		case q.Get("continuation-token") == "next":
			body = page("true", "", "a", "b//c")
		case q.Get("start-after") == "":
			body = page("true", "<NextContinuationToken>next</NextContinuationToken>")
		case q.Get("start-after") == "v/b//c":
			body = page("false", "", "d/", "e")
		}
		_, _ = w.Write([]byte(body))
	})), Config{Bucket: bucket, Prefix: "v"})
	list, err := s.List(t.Context(), "", "", 10)
	if err != nil || len(list) != 2 || list[0].Key != "a" || list[1].Key != "e" || list[0].Modified.Hour() != 3 {
		t.Errorf("got %v, error %v; want a and e", list, err)
	}
}

// TestKMSKey: a key that was named goes with what makes an object, and with nothing else.
func TestKMSKey(t *testing.T) {
	const header = "X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id"
	var mu sync.Mutex
	with, without := 0, 0
	fake := newFake(t)
	cfg := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		if r.Header.Get(header) == "alias/tresor" && r.Header.Get("X-Amz-Server-Side-Encryption") == "aws:kms" && (isPut(r) || isStart(r)) {
			with++
		} else if r.Header.Get(header) == "" {
			without++
		}
		mu.Unlock()
		fake.ServeHTTP(w, r)
	}))
	for key, k := range map[string]string{"a": "alias/tresor", "b": ""} {
		s := open(t, cfg, Config{Bucket: bucket, Prefix: key, KMSKey: k})
		for name, size := range map[string]int64{"small": 1, "large": partSize + 1} {
			if _, err := s.Put(t.Context(), name, blobtest.Content{Size: size}.Reader()); err != nil {
				t.Error(err)
			}
		}
	}
	if with != 2 || without != 8 {
		t.Errorf("the key went with %d requests and was absent from %d, want 2 and 8", with, without)
	}
}
