package tpm

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"tresor/shared/attach"
	"tresor/shared/blob"
	"tresor/shared/gateway"
	"tresor/shared/vault"
)

// uploadBody is the body of an upload.
func uploadBody(t testing.TB, name string, content []byte) string {
	t.Helper()
	body, err := json.Marshal(map[string]string{"file_name": name, "file_data_base64": base64.StdEncoding.EncodeToString(content)})
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// uploaded uploads a file to a password and returns its id.
func (w *world) uploaded(t testing.TB, user, path, name string, content []byte) (id uint64) {
	t.Helper()
	out := w.ask(t, user, "POST", "/index.php/api/v6/"+path+"/upload.json", uploadBody(t, name, content))
	if _, err := fmt.Sscanf(out.Body, `{"id":%d}`, &id); err != nil || out.StatusCode != http.StatusCreated {
		t.Fatalf("upload: got %d %s", out.StatusCode, out.Body)
	}
	return id
}

// downloaded downloads a file.
func (w *world) downloaded(t testing.TB, user string, id uint64) (status int, name string, content []byte) {
	t.Helper()
	out := w.ask(t, user, "GET", fmt.Sprintf("/index.php/api/v6/files/download/%d.json", id), "")
	var body struct {
		Data []byte `json:"file_data_base64"`
		Name string `json:"file_name"`
	}
	if err := json.Unmarshal([]byte(out.Body), &body); err != nil {
		t.Fatal(err)
	}
	return out.StatusCode, body.Name, body.Data
}

// on serves the world's vault with other contents.
func (w *world) on(c vault.Contents) {
	logger := slog.New(slog.NewTextHandler(w.log, nil))
	w.gateway = gateway.New(NewHandler(Services{Vault: w.Vault, Auth: w.Auth, Files: c}), gateway.Options{Function: "test", Log: logger, Fail: Fail})
}

// inFolder serves it with contents in a folder, which is returned.
func (w *world) inFolder(t testing.TB) (dir string, s *attach.Store) {
	t.Helper()
	dir = t.TempDir()
	f, err := blob.OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	s = attach.New(f, w.Sealer)
	w.on(s)
	return dir, s
}

// contents lists the sealed contents in a folder.
func contents(t testing.TB, dir string) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(dir, "files", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestTheLargestFile goes both ways through the gateway, whose answers are below Lambda's limit; one byte more is refused in plain words.
func TestTheLargestFile(t *testing.T) {
	w := newWorld(t)
	large := bytes.Repeat([]byte{0, 0xff, 'x', '\n'}, vault.MaxFileSize/4)
	id := w.uploaded(t, "admin", "passwords/1", "large.bin", large)
	if status, _, got := w.downloaded(t, "nora", id); status != http.StatusOK || !bytes.Equal(got, large) {
		t.Errorf("got %d and %d bytes, want the %d that were sent", status, len(got), len(large))
	}
	before := w.heads()
	out := w.ask(t, "admin", "POST", "/index.php/api/v6/passwords/1/upload.json", uploadBody(t, "large.bin", append(large, 'x')))
	if out.StatusCode != http.StatusBadRequest || !strings.Contains(out.Body, "the file is larger than 4194304 bytes") || w.heads() != before {
		t.Errorf("one byte more: got %d %.200s", out.StatusCode, out.Body)
	}
}

// TestFileNames: what is a bare name comes back byte for byte, and anything else is refused.
func TestFileNames(t *testing.T) {
	w := newWorld(t)
	for i, name := range []string{"Äpfel.txt", "日本語 🍎.pdf", "a b'c\"d<e>&.html", "..a", "-rf", "%2e%2e%2f", "CON", strings.Repeat("x", 255), ".htaccess", "a\u202etxt.exe"} {
		content := []byte(fmt.Sprint("content ", i))
		id := w.uploaded(t, "admin", "projects/4", name, content)
		if status, got, data := w.downloaded(t, "admin", id); status != http.StatusOK || got != name || !bytes.Equal(data, content) {
			t.Errorf("%q: got %d %q %q", name, status, got, data)
		}
	}
	before := w.heads()
	for _, name := range []string{"", " ", ".", "..", " .. ", "../a", "a/b", "/etc/passwd", `a\b`, `C:\a`, "a\x00b", "a\nb", "a\x7fb", "a\u0085b", strings.Repeat("x", 256)} {
		out := w.ask(t, "admin", "POST", "/index.php/api/v6/projects/4/upload.json", uploadBody(t, name, []byte("x")))
		if out.StatusCode != http.StatusBadRequest {
			t.Errorf("%q: got %d %s", name, out.StatusCode, out.Body)
		}
	}
	if w.heads() != before {
		t.Error("the vault has changed")
	}
}

// TestSizeText holds the documented samples (tpm 5).
func TestSizeText(t *testing.T) {
	for size, want := range map[int64]string{3571: "3.49 kb", 2868081: "2.74 mb", 70337: "68.69 kb", 2017894: "1.92 mb", 0: "0 bytes", 1023: "1023 bytes", 1024: "1.00 kb", 1 << 20: "1.00 mb"} {
		if got := sizeText(size); got != want {
			t.Errorf("%d: got %s, want %s", size, got, want)
		}
	}
}

// TestContentsLieSealed: neither name nor content is readable where contents lie, and no two uploads share one.
func TestContentsLieSealed(t *testing.T) {
	w := newWorld(t)
	dir, _ := w.inFolder(t)
	for range 2 {
		w.uploaded(t, "admin", "passwords/1", "canary-name.txt", []byte("canary-content"))
	}
	list := contents(t, dir)
	if len(list) != 2 {
		t.Fatalf("%d contents, want 2", len(list))
	}
	for _, path := range list {
		sealed, err := os.ReadFile(path)
		if err != nil || bytes.Contains(sealed, []byte("canary")) || strings.Contains(path, "canary") {
			t.Errorf("%s: %q, %v", path, sealed, err)
		}
	}
}

// TestDamagedContents: a content that is changed, cut, another's or gone is an internal error with the request's id, and nothing of it leaves.
func TestDamagedContents(t *testing.T) {
	w := newWorld(t)
	dir, _ := w.inFolder(t)
	w.uploaded(t, "admin", "passwords/1", "other.txt", []byte("canary of another"))
	other := contents(t, dir)[0]
	id := w.uploaded(t, "admin", "passwords/1", "a.txt", []byte("canary-content 12"))
	path := contents(t, dir)[0]
	if path == other {
		path = contents(t, dir)[1]
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	another, err := os.ReadFile(other)
	if err != nil {
		t.Fatal(err)
	}
	changed := bytes.Clone(whole)
	changed[len(changed)-1] ^= 1
	for what, content := range map[string][]byte{"changed": changed, "cut": whole[:len(whole)-1], "lengthened": append(bytes.Clone(whole), 0), "empty": {}, "another's": another, "gone": nil} {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if content != nil {
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		out := w.ask(t, "admin", "GET", fmt.Sprintf("/index.php/api/v6/files/download/%d.json", id), "")
		if out.StatusCode != http.StatusInternalServerError || !strings.Contains(out.Body, "Request req-1.") || strings.Contains(out.Body, "file_") || strings.Contains(out.Body, "canary") {
			t.Errorf("%s: got %d %s", what, out.StatusCode, out.Body)
		}
		if err := os.WriteFile(path, whole, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if status, _, got := w.downloaded(t, "admin", id); status != http.StatusOK || string(got) != "canary-content 12" {
		t.Errorf("restored: got %d %q", status, got)
	}
}

// stubborn is contents whose calls fail or do something first.
type stubborn struct {
	vault.Contents
	put, get error
	afterPut func()
	onGet    func()
	puts     int
}

func (s *stubborn) Put(ctx context.Context, content []byte) (string, error) {
	s.puts++
	if s.put != nil {
		return "", s.put
	}
	object, err := s.Contents.Put(ctx, content)
	if s.afterPut != nil {
		s.afterPut()
	}
	return object, err
}

func (s *stubborn) Get(ctx context.Context, object string, size int64) ([]byte, error) {
	if s.onGet != nil {
		s.onGet()
	}
	if s.get != nil {
		return nil, s.get
	}
	return s.Contents.Get(ctx, object, size)
}

// TestUploadsThatFail: a content that cannot be stored makes no record; one whose record is refused goes again.
func TestUploadsThatFail(t *testing.T) {
	w := newWorld(t)
	dir, s := w.inFolder(t)
	const path = "/index.php/api/v6/passwords/1/upload.json"
	for _, c := range []struct {
		kind vault.Kind
		want int
	}{{vault.Busy, 503}, {vault.Undecided, 500}, {vault.Internal, 500}} {
		before := w.heads()
		w.on(&stubborn{Contents: s, put: &vault.Error{Kind: c.kind, Err: errors.New("no")}})
		if out := w.ask(t, "admin", "POST", path, uploadBody(t, "x", []byte("x"))); out.StatusCode != c.want || w.heads() != before {
			t.Errorf("%v: got %d %s", c.kind, out.StatusCode, out.Body)
		}
	}
	archive := func() {
		w.as(t, "admin", func(tx *vault.Tx) error { return tx.SetArchived(1, true) })
	}
	w.on(&stubborn{Contents: s, afterPut: archive}) // beside the upload
	out := w.ask(t, "nora", "POST", path, uploadBody(t, "x", []byte("x")))
	if out.StatusCode != http.StatusForbidden || len(contents(t, dir)) != 0 {
		t.Errorf("refused after it was stored: got %d %s, and %d contents are left", out.StatusCode, out.Body, len(contents(t, dir)))
	}
}

// TestWhoMayNotUploadStoresNothing: refusals come before the content is stored.
func TestWhoMayNotUploadStoresNothing(t *testing.T) {
	w := newWorld(t)
	_, s := w.inFolder(t)
	counted := &stubborn{Contents: s}
	w.on(counted)
	for call, want := range map[string]int{
		"rita passwords/1": 403, "rita passwords/5": 404, "nora passwords/7": 404, "admin my_passwords/7": 404, "admin passwords/7": 404, "admin passwords/4": 403, "admin passwords/2": 403,
		"rita my_passwords/7": 403, "nora projects/3": 403, "rita projects/1": 403, "nora projects/4": 404, "admin projects/5": 403,
	} {
		user, path, _ := strings.Cut(call, " ")
		if out := w.ask(t, user, "POST", "/index.php/api/v6/"+path+"/upload.json", uploadBody(t, "x", []byte("x"))); out.StatusCode != want {
			t.Errorf("%s: got %d %s, want %d", call, out.StatusCode, out.Body, want)
		}
	}
	if counted.puts != 0 {
		t.Errorf("%d contents were stored", counted.puts)
	}
}

// TestNoFilesWithoutAPlace: everything but uploads and downloads works.
func TestNoFilesWithoutAPlace(t *testing.T) {
	w := newWorld(t)
	id := w.uploaded(t, "admin", "passwords/1", "a.txt", []byte("x"))
	for _, c := range []vault.Contents{nil, attach.New(nil, w.Sealer)} {
		w.on(c)
		for call, want := range map[string]string{
			"POST passwords/1/upload":             "there is no place for files",
			fmt.Sprint("GET files/download/", id): "there is no place for files",
			"GET files/uploads_folder_info":       `"writable":false`,
			fmt.Sprint("GET files/", id):          `"name":"a.txt"`,
			"GET passwords/1/files":               `"filename":"a.txt"`,
		} {
			method, path, _ := strings.Cut(call, " ")
			if out := w.ask(t, "admin", method, "/index.php/api/v6/"+path+".json", uploadBody(t, "x", []byte("x"))); !strings.Contains(out.Body, want) {
				t.Errorf("%s: got %d %s, want %s", call, out.StatusCode, out.Body, want)
			}
		}
	}
}

// TestADownloadIsOnRecordFirst: when the content is fetched, the record is there; and it stays when the content is not to be had (law 3).
func TestADownloadIsOnRecordFirst(t *testing.T) {
	w := newWorld(t)
	_, s := w.inFolder(t)
	id := w.uploaded(t, "admin", "passwords/1", "a.txt", []byte("x"))
	onRecord := func() (n int) {
		records, err := w.Log.Accesses(t.Context(), vault.HourOf(w.Clock.Now()), "")
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range records {
			if !a.Withheld && len(a.Files) == 1 && a.Files[0] == vault.FileID(id) && a.Action == "tpm files/download" && a.User == 3 {
				n++
			}
		}
		return n
	}
	seen := 0
	w.on(&stubborn{Contents: s, onGet: func() { seen = onRecord() }, get: &vault.Error{Kind: vault.Busy}})
	if status, _, got := w.downloaded(t, "nora", id); status != http.StatusServiceUnavailable || got != nil || seen != 1 {
		t.Errorf("got %d %q, with %d records at the time", status, got, seen)
	}
	w.on(s)
	if status, _, got := w.downloaded(t, "nora", id); status != http.StatusOK || string(got) != "x" || onRecord() != 2 {
		t.Errorf("got %d %q and %d records, want 2", status, got, onRecord())
	}
}

// TestPersonalFilesWhileThereAreNone: 403, as every call about personal passwords (tpm 6.4); others' are not found, as ever.
func TestPersonalFilesWhileThereAreNone(t *testing.T) {
	w := newWorld(t)
	id := w.uploaded(t, "nora", "my_passwords/7", "diary.txt", []byte("canary"))
	w.Do(t, func(tx *vault.Tx) error { return tx.SetSetting(SettingPersonal, "0") })
	for _, call := range []string{"GET files/%d", "PUT files/%d", "DELETE files/%d", "GET files/download/%d", "GET my_passwords/7/files", "POST my_passwords/7/upload"} {
		method, path, _ := strings.Cut(call, " ")
		if strings.Contains(path, "%d") {
			path = fmt.Sprintf(path, id)
		}
		for user, want := range map[string]int{"nora": 403, "admin": 404} {
			if !strings.HasPrefix(path, "files") {
				want = 403
			}
			out := w.ask(t, user, method, "/index.php/api/v6/"+path+".json", `{"notes":"x"}`)
			if out.StatusCode != want || want == 403 && !strings.Contains(out.Body, "Personal passwords are disabled") {
				t.Errorf("%s %s: got %d %s, want %d", user, call, out.StatusCode, out.Body, want)
			}
		}
	}
}

// TestUploadsAtOnce: each has its own content.
func TestUploadsAtOnce(t *testing.T) {
	w := newWorld(t)
	w.inFolder(t)
	const n = 16
	ids := make([]uint64, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { ids[i] = w.uploaded(t, "admin", "passwords/1", "same name", []byte(fmt.Sprint("content ", i))) })
	}
	all.Wait()
	seen := map[uint64]bool{}
	for i, id := range ids {
		if _, _, got := w.downloaded(t, "nora", id); seen[id] || string(got) != fmt.Sprint("content ", i) {
			t.Errorf("file %d: got %q, want content %d", id, got, i)
		}
		seen[id] = true
	}
}
