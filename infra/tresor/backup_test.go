package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"tresor/shared/blob"
	"tresor/shared/seal/keyfile"
)

// newBackup makes a vault with an entry in it, and a backup of it.
func newBackup(t *testing.T) (dir, file string, f founding) {
	t.Helper()
	dir, f = newVault(t)
	s := startServer(t, "--data", dir)
	sysPassOK(t, s.url, "client/create", map[string]any{"authToken": f.SysPass.AuthToken, "name": "Initech"})
	sysPassOK(t, s.url, "account/create", map[string]any{"authToken": f.SysPass.AuthToken, "tokenPass": f.SysPass.TokenPass, "name": "mail", "categoryId": 1, "clientId": 1, "pass": "s3cret"})
	file = filepath.Join(t.TempDir(), "vault.backup")
	out := ok(t, "backup", "--data", dir, "--out", file, "--json") // while a server runs
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(whole)
	if want := `{"file":"` + file + `","sha256":"` + hex.EncodeToString(sum[:]) + `","entries":1}` + "\n"; out != want {
		t.Errorf("backup: got %s, want %s", out, want)
	}
	return dir, file, f
}

func sysPassOK(t *testing.T, url, method string, params map[string]any) map[string]any {
	t.Helper()
	result, failure := sysPass(t, url, method, params)
	if failure != "" {
		t.Fatalf("%s: %s", method, failure)
	}
	return result
}

func secretOf(t *testing.T, url string, f founding) string {
	t.Helper()
	r := sysPassOK(t, url, "account/viewPass", map[string]any{"authToken": f.SysPass.AuthToken, "tokenPass": f.SysPass.TokenPass, "id": 1})
	secret, _ := r["result"].(map[string]any)["password"].(string)
	return secret
}

// TestBackupAndRestore: a vault goes into a file and comes out of it in another folder, where its tokens work.
func TestBackupAndRestore(t *testing.T) {
	dir, file, f := newBackup(t)
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file: %v, %v; want mode 0600", info, err)
	}
	fresh := filepath.Join(t.TempDir(), "new", "vault")
	if got := ok(t, "restore", "--data", fresh, "--in", file, "--key", filepath.Join(dir, keyFile), "--json"); got != `{"entries":1}`+"\n" {
		t.Errorf("restore: %s", got)
	}
	s := startServer(t, "--data", fresh)
	if got := secretOf(t, s.url, f); got != "s3cret" {
		t.Errorf("got secret %q", got)
	}
	if got := ok(t, "audit", "verify", "--data", fresh, "--json"); !strings.HasPrefix(got, `{"ok":true,"entries":3,`) {
		t.Errorf("audit: %s", got)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(file), ".tresor-*")); len(left) > 0 {
		t.Errorf("left %v behind", left)
	}
}

// TestTheDrill opens an archive and compares it with the vault.
func TestTheDrill(t *testing.T) {
	dir, file, f := newBackup(t)
	key := filepath.Join(dir, keyFile)
	for name, want := range map[string]string{dir: "same", t.TempDir(): "none"} {
		got := ok(t, "backup", "--verify", file, "--data", name, "--key-file", key, "--json")
		if !regexp.MustCompile(`^\{"ok":true,"entries":1,"secrets":1,"files":0,"entries_seq":3,"permissions_seq":\d,"created":"\d{4}-.*Z","vault":"` + want + `"\}\n$`).MatchString(got) {
			t.Errorf("%s: got %s", want, got)
		}
	}
	s := startServer(t, "--data", dir)
	sysPassOK(t, s.url, "client/create", map[string]any{"authToken": f.SysPass.AuthToken, "name": "Another"})
	if got := ok(t, "backup", "--verify", file, "--data", dir); !strings.Contains(got, "continues it") {
		t.Errorf("of a vault that went on: %s", got)
	}
	earlier := filepath.Join(t.TempDir(), "earlier")
	ok(t, "restore", "--data", earlier, "--in", file, "--key", key, "--to-seq", "2")
	ok(t, "user", "add", "--data", earlier, "--username", "bob")
	ok(t, "user", "add", "--data", earlier, "--username", "eve")
	wantRefused(t, "ends before entries record 3", "backup", "--verify", file, "--data", earlier)
	s = startServer(t, "--data", earlier)
	sysPassOK(t, s.url, "client/create", map[string]any{"authToken": f.SysPass.AuthToken, "name": "Another"})
	wantRefused(t, "has another entries record 3", "backup", "--verify", file, "--data", earlier)
}

func wantRefused(t *testing.T, why string, args ...string) {
	t.Helper()
	o := runCommand(t, "", append(args, "--json")...)
	if o.status != statusError || o.stdout != "" || !strings.Contains(o.stderr, why) {
		t.Errorf("tresor %s: %+v; want %q", strings.Join(args, " "), o, why)
	}
}

// TestWhatRestoreRefuses: each leaves everything as it was.
func TestWhatRestoreRefuses(t *testing.T) {
	dir, file, _ := newBackup(t)
	key := filepath.Join(dir, keyFile)
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	nowhere := filepath.Join(t.TempDir(), "nowhere")
	bad := func(b []byte) string {
		path := filepath.Join(t.TempDir(), "bad")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	changed := bytes.Clone(whole)
	changed[len(changed)-5] ^= 1
	other, _ := newVault(t)
	wantRefused(t, "an archive does not carry its key", "restore", "--data", nowhere, "--in", file)
	wantRefused(t, "the key does not open this archive", "restore", "--data", nowhere, "--in", file, "--key", filepath.Join(other, keyFile))
	wantRefused(t, "cut off", "restore", "--data", nowhere, "--in", bad(whole[:len(whole)-1]), "--key", key)
	wantRefused(t, "is changed", "restore", "--data", nowhere, "--in", bad(changed), "--key", key)
	wantRefused(t, "not an archive", "restore", "--data", nowhere, "--in", key, "--key", key)
	wantRefused(t, "ends with record 3", "restore", "--data", nowhere, "--in", file, "--key", key, "--to-seq", "4")
	wantRefused(t, "did not exist yet", "restore", "--data", nowhere, "--in", file, "--key", key, "--to-time", "2001-01-01T00:00:00Z")
	if _, err := os.Lstat(nowhere); err == nil {
		t.Error("a refused restore made the folder")
	}
	wantRefused(t, "there is a vault here already", "restore", "--data", dir, "--in", file)
	wantRefused(t, "the folder has a key already", "restore", "--data", other, "--in", file, "--key", key)
	wantRefused(t, "nothing is overwritten", "backup", "--data", dir, "--out", file)
	if again, err := os.ReadFile(file); err != nil || !bytes.Equal(again, whole) {
		t.Errorf("the archive was changed: %v", err)
	}
	ok(t, "restore", "--data", nowhere, "--in", file, "--key-file", key)
	wantRefused(t, "this very restore has made", "restore", "--data", nowhere, "--in", file, "--key-file", key)
	if _, err := os.Lstat(filepath.Join(nowhere, keyFile)); err == nil {
		t.Error("with --key-file, the key lies in the folder too")
	}
}

// TestAKeyThatNoVaultNeeds, which an init leaves that was killed, is named, and moved away the restore goes on.
func TestAKeyThatNoVaultNeeds(t *testing.T) {
	dir, file, _ := newBackup(t)
	fresh := t.TempDir()
	there := filepath.Join(fresh, keyFile)
	if _, err := keyfile.Create(there); err != nil {
		t.Fatal(err)
	}
	restoring := []string{"restore", "--data", fresh, "--in", file, "--key", filepath.Join(dir, keyFile)}
	wantRefused(t, "if no vault needs it, move it away", restoring...)
	if err := os.Rename(there, there+".old"); err != nil {
		t.Fatal(err)
	}
	ok(t, restoring...)
}

// TestSnapshotsGoBeforeTheVaultIsThere: a restore that is killed after that is not run again.
func TestSnapshotsGoBeforeTheVaultIsThere(t *testing.T) {
	dir, _ := newVault(t)
	ok(t, "snapshot", "--data", dir)
	objects, err := blob.OpenFolder(filepath.Join(dir, objectsFolder))
	if err != nil {
		t.Fatal(err)
	}
	if err := new(restoring).ready(t.Context(), nil, objects); err != nil {
		t.Fatal(err)
	}
	wantObjects(t, dir, "snapshots", 0)
}

// TestRestoreToATime leaves out what came later, and keeps out who was shut out later.
func TestRestoreToATime(t *testing.T) {
	dir, f := newVault(t)
	token := object[tokenResult](t, ok(t, "token", "add", "--data", dir, "--dialect", "teampass", "--user", "admin", "--json"))
	then := time.Now().UTC().Format(time.RFC3339Nano)
	s := startServer(t, "--data", dir)
	sysPassOK(t, s.url, "client/create", map[string]any{"authToken": f.SysPass.AuthToken, "name": "Initech"})
	ok(t, "token", "revoke", "4", "--data", dir)
	file := filepath.Join(t.TempDir(), "b")
	ok(t, "backup", "--data", dir, "--out", file)
	for _, c := range []struct {
		args []string
		in   bool
	}{{nil, false}, {[]string{"--with-old-credentials"}, true}} {
		fresh := t.TempDir()
		ok(t, append([]string{"restore", "--data", fresh, "--in", file, "--key", filepath.Join(dir, keyFile), "--to-time", then}, c.args...)...)
		s := startServer(t, "--data", fresh)
		if got := sysPassOK(t, s.url, "client/search", map[string]any{"authToken": f.SysPass.AuthToken}); got["count"] != 0.0 {
			t.Errorf("%v: got clients %v", c.args, got)
		}
		status, body := teamPass(t, s.url, "info/version", token.APIKey)
		if in := status == http.StatusOK && !strings.Contains(body, "err"); in != c.in {
			t.Errorf("%v: the revoked key: %d %s", c.args, status, body)
		}
		if got := ok(t, "settings", "--data", fresh, "--json"); !strings.Contains(got, `"vault.restored":"entries record 1, permissions record 2, of archive `) {
			t.Errorf("%v: it is not on record: %s", c.args, got)
		}
		if got := ok(t, "audit", "verify", "--data", fresh, "--json"); got != `{"ok":true,"entries":1,"permissions":3}`+"\n" {
			t.Errorf("%v: audit: %s", c.args, got)
		}
	}
}

// TestARestoreThatWasKilled kills restore at once, a little later, and so on, and says in between that there is no vault.
func TestARestoreThatWasKilled(t *testing.T) {
	dir, file, f := newBackup(t)
	fresh := t.TempDir()
	restoring := []string{"restore", "--data", fresh, "--in", file, "--key", filepath.Join(dir, keyFile)}
	for wait := time.Duration(0); ; wait += 2 * time.Millisecond {
		cmd := tresorProcess(t.Context(), restoring...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(wait)
		_ = cmd.Process.Kill() // it may have ended
		_ = cmd.Wait()
		o := runCommand(t, "", "user", "list", "--data", fresh, "--key-file", filepath.Join(dir, keyFile), "--json")
		if o.status == statusOK {
			break
		}
		if !strings.Contains(o.stderr, "there is no vault here") && !strings.Contains(o.stderr, "a restore has begun here and has not ended") {
			t.Fatalf("killed after %v: %+v", wait, o)
		}
		if wait > time.Second { // hundreds of runs
			t.Fatalf("no restore comes to its end: %+v", runCommand(t, "", restoring...))
		}
	}
	_ = runCommand(t, "", restoring...) // killed with its work done, but for the last note of it: either answer is right
	if got := secretOf(t, startServer(t, "--data", fresh).url, f); got != "s3cret" {
		t.Errorf("got secret %q", got)
	}
}
