package attach_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"tresor/shared/attach"
	"tresor/shared/blob"
	"tresor/shared/blob/blobtest"
	"tresor/shared/blob/s3"
	"tresor/shared/scenario"
	"tresor/shared/seal/sealtest"
	"tresor/shared/vault"
)

// bucket is S3 in this process.
func bucket(t testing.TB) blob.Store {
	t.Helper()
	backend := s3mem.New()
	if err := backend.CreateBucket("files-test"); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(gofakes3.New(backend).Server())
	t.Cleanup(server.Close)
	credentials := aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "local", SecretAccessKey: "localsecret"}, nil
	})
	store, err := s3.New(s3.NewClient(aws.Config{Region: "us-east-1", BaseEndpoint: &server.URL, Credentials: credentials}), s3.Config{Bucket: "files-test", Prefix: "vault"})
	if err != nil {
		t.Fatal(err)
	}
	return store
}

// stores are where contents may lie.
var stores = map[string]func(testing.TB) blob.Store{"folder": func(t testing.TB) blob.Store { return blobtest.Folder(t) }, "s3": bucket}

func TestContentsComeBack(t *testing.T) {
	for name, open := range stores {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := attach.New(open(t), sealtest.New(t))
			if !s.Ready() {
				t.Error("not ready")
			}
			for _, n := range []int{0, 1, 1<<20 - 1, 1 << 20, 1<<20 + 1, 4 << 20} {
				content := bytes.Repeat([]byte("0123456\xff"), n/8+1)[:n]
				object := put(t, s, content)
				if got, err := s.Get(t.Context(), object, int64(n)); err != nil || !bytes.Equal(got, content) {
					t.Errorf("%d bytes: got %d, %v", n, len(got), err)
				}
				for _, size := range []int64{int64(n) - 1, int64(n) + 1} {
					if got, err := s.Get(t.Context(), object, max(size, 2)); got != nil || !errors.Is(err, vault.Corrupt) {
						t.Errorf("%d bytes, asked for %d: got %d, %v", n, size, len(got), err)
					}
				}
				for range 2 { // what is gone may be removed
					if err := s.Remove(t.Context(), object); err != nil {
						t.Error(err)
					}
				}
				if got, err := s.Get(t.Context(), object, int64(n)); got != nil || !errors.Is(err, vault.Corrupt) {
					t.Errorf("after it was removed: got %d, %v", len(got), err)
				}
			}
		})
	}
}

func put(t testing.TB, s *attach.Store, content []byte) string {
	t.Helper()
	object, err := s.Put(t.Context(), content)
	if err != nil {
		t.Fatal(err)
	}
	if len(object) != 32 || strings.Trim(object, "0123456789abcdef") != "" {
		t.Fatalf("a content is called %q", object)
	}
	return object
}

func TestManyAtOnce(t *testing.T) {
	for name, open := range stores {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := attach.New(open(t), sealtest.New(t))
			var all sync.WaitGroup
			for i := range 20 {
				all.Go(func() {
					content := []byte(fmt.Sprint("content ", i))
					object, err := s.Put(t.Context(), content)
					if err != nil {
						t.Error(err)
						return
					}
					if got, err := s.Get(t.Context(), object, int64(len(content))); err != nil || !bytes.Equal(got, content) {
						t.Errorf("got %q, %v, want %q", got, err, content)
					}
				})
			}
			all.Wait()
		})
	}
}

// TestContentsAreBoundToTheirNames: under another's name, or another vault's keys, none opens.
func TestContentsAreBoundToTheirNames(t *testing.T) {
	blobs := blobtest.Folder(t)
	s := attach.New(blobs, sealtest.New(t))
	one, two := put(t, s, []byte("one")), put(t, s, []byte("two"))
	if got, err := attach.New(blobs, sealtest.New(t)).Get(t.Context(), one, 3); got != nil || !errors.Is(err, vault.Corrupt) && !errors.Is(err, vault.Forbidden) {
		t.Errorf("under other keys: got %q, %v", got, err)
	}
	r, _, err := blobs.Open(t.Context(), "files/"+two, 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close(), blobs.Delete(t.Context(), "files/"+one)); err != nil {
		t.Fatal(err)
	}
	if _, err := blobs.Put(t.Context(), "files/"+one, bytes.NewReader(sealed)); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Get(t.Context(), one, 3); got != nil || !errors.Is(err, vault.Corrupt) {
		t.Errorf("another's content: got %q, %v", got, err)
	}
}

func TestNoPlace(t *testing.T) {
	s := attach.New(nil, sealtest.New(t))
	_, put := s.Put(t.Context(), []byte("x"))
	_, get := s.Get(t.Context(), "x", 1)
	for what, err := range map[string]error{"put": put, "get": get, "remove": s.Remove(t.Context(), "x")} {
		if !errors.Is(err, vault.Invalid) {
			t.Errorf("%s: got %v", what, err)
		}
	}
	if n, err := s.Sweep(t.Context(), scenario.New(t).Vault, time.Now()); s.Ready() || n != 0 || err != nil {
		t.Errorf("ready %v, swept %d, %v", s.Ready(), n, err)
	}
}

// TestLostAnswers: a put whose answer was lost says so and names nothing; what lies there then is an orphan.
func TestLostAnswers(t *testing.T) {
	blobs := blobtest.Folder(t)
	lossy := &blobtest.Lossy{Store: blobs, Lose: func(string, string) blobtest.Fate { return blobtest.AnswerLost }}
	s := attach.New(lossy, sealtest.New(t))
	if object, err := s.Put(t.Context(), []byte("x")); object != "" || !errors.Is(err, vault.Undecided) {
		t.Errorf("got %q, %v", object, err)
	}
	if n := keys(t, blobs); len(n) != 1 {
		t.Errorf("%d contents lie there, want 1", len(n))
	}
	if err := s.Remove(t.Context(), "x"); !errors.Is(err, vault.Undecided) {
		t.Errorf("remove: got %v", err)
	}
}

// TestTheCallersTimeIsNotAllUsed: with a deadline that leaves no time to answer, nothing is begun.
func TestTheCallersTimeIsNotAllUsed(t *testing.T) {
	blobs := blobtest.Folder(t)
	s := attach.New(blobs, sealtest.New(t))
	object := put(t, s, []byte("x"))
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	if _, err := s.Put(ctx, []byte("x")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("put: got %v", err)
	}
	if _, err := s.Get(ctx, object, 1); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("get: got %v", err)
	}
	if n := keys(t, blobs); len(n) != 1 {
		t.Errorf("%d contents, want 1", len(n))
	}
}

func keys(t testing.TB, blobs blob.Store) (list []string) {
	t.Helper()
	for o, err := range blob.All(t.Context(), blobs, "") {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, o.Key)
	}
	return list
}

// TestSweep removes what is old and has no name in the vault, and nothing else.
func TestSweep(t *testing.T) {
	for name, open := range stores {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := scenario.New(t)
			blobs := open(t)
			s := attach.New(blobs, w.Sealer)
			named, trashed := put(t, s, []byte("named")), put(t, s, []byte("trashed"))
			w.Do(t, func(tx *vault.Tx) error {
				project, err := tx.CreateProject(vault.Project{Name: "P"})
				if err != nil {
					return err
				}
				if _, err := tx.AddFile(vault.File{Project: project, Name: "a", Object: named}); err != nil {
					return err
				}
				id, err := tx.AddFile(vault.File{Project: project, Name: "b", Object: trashed})
				if err != nil {
					return err
				}
				return tx.TrashFile(id)
			})
			put(t, s, []byte("orphan"))
			foreign := "files/readme.txt"
			for _, key := range []string{foreign, "backups/0123456789abcdef0123456789abcdef"} {
				if _, err := blobs.Put(t.Context(), key, strings.NewReader("x")); err != nil {
					t.Fatal(err)
				}
			}
			if n, err := s.Sweep(t.Context(), w.Vault, time.Now().Add(attach.Age-time.Hour)); n != 0 || err != nil {
				t.Errorf("too early: swept %d, %v", n, err)
			}
			for _, want := range []int{1, 0} {
				if n, err := s.Sweep(t.Context(), w.Vault, time.Now().Add(attach.Age+time.Hour)); n != want || err != nil {
					t.Errorf("swept %d, %v, want %d", n, err, want)
				}
			}
			left := strings.Join(keys(t, blobs), " ")
			for _, key := range []string{"files/" + named, "files/" + trashed, foreign, "backups/"} {
				if !strings.Contains(left, key) {
					t.Errorf("%s is gone", key)
				}
			}
			if n := len(keys(t, blobs)); n != 4 {
				t.Errorf("%d objects are left, want 4: %s", n, left)
			}
		})
	}
}
