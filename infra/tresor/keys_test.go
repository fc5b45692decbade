package main

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tresor/shared/auth"
	"tresor/shared/seal"
	"tresor/shared/seal/keyfile"
	"tresor/shared/vault"
)

type (
	keysetsAnswer struct{ Keysets []keysetRow }
	rotatedAnswer struct{ Rotated []rotatedRow }
)

// signedMe asks who a key pair is.
func signedMe(t *testing.T, url string, keys auth.KeyPair) int {
	t.Helper()
	const path = "api/v6/users/me.json"
	s := auth.Sign(keys, time.Now(), path, nil)
	status, _ := send(t, http.MethodGet, url+"/index.php/"+path, "", func(r *http.Request) {
		r.Header.Set("X-Public-Key", s.PublicKey)
		r.Header.Set("X-Request-Timestamp", s.Timestamp)
		r.Header.Set("X-Request-Hash", s.Hash)
	})
	return status
}

// wantState checks the keys of every purpose.
func wantState(t *testing.T, got []keysetRow, version uint32, states ...seal.KeyState) {
	t.Helper()
	if len(got) != len(vault.Purposes) {
		t.Fatalf("got %d keysets", len(got))
	}
	for _, row := range got {
		if row.Version != version || len(row.Keys) != len(states) {
			t.Errorf("got %+v, want version %d with %v", row, version, states)
			continue
		}
		for i, s := range states {
			k := row.Keys[i]
			if k.State != s || len(k.ID) != 8 || (k.Since == "") != (s == seal.Waiting) {
				t.Errorf("%s: got %+v, want it %s", row.Purpose, k, s)
			}
		}
	}
}

// awaitWaiting returns when a key waits in every keyset. Rotations leave it there for seal.PromoteWait.
func awaitWaiting(t *testing.T, list func() []keysetRow) {
	t.Helper()
	waits := func(row keysetRow) bool { return row.Keys[len(row.Keys)-1].State == seal.Waiting }
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if rows := list(); !slices.ContainsFunc(rows, func(row keysetRow) bool { return !waits(row) }) {
			return
		}
	}
	t.Fatal("no rotation adds its keys")
}

// onKeys runs the life of keys in a vault that a server serves meanwhile.
func onKeys(t *testing.T, url string, f founding, with func(...string) []string) {
	t.Helper()
	list := func() []keysetRow {
		t.Helper()
		return object[keysetsAnswer](t, ok(t, with("keys", "list")...)).Keysets
	}
	made, failure := sysPass(t, url, "client/create", map[string]any{"authToken": f.SysPass.AuthToken, "name": "c"})
	if failure != "" {
		t.Fatal(failure)
	}
	account, failure := sysPass(t, url, "account/create", map[string]any{"authToken": f.SysPass.AuthToken, "tokenPass": f.SysPass.TokenPass, "name": "a", "categoryId": 1,
		"clientId": made["itemId"], "login": "l", "pass": "the password"})
	if failure != "" {
		t.Fatal(failure)
	}
	check := func(when string) {
		t.Helper()
		got, failure := sysPass(t, url, "account/viewPass", map[string]any{"authToken": f.SysPass.AuthToken, "tokenPass": f.SysPass.TokenPass, "id": account["itemId"]})
		if text, _ := json.Marshal(got); failure != "" || !strings.Contains(string(text), "the password") {
			t.Errorf("%s: the password: %s %s", when, text, failure)
		}
		if status := tpmMe(t, url, "admin", f.Admin.Password); status != http.StatusOK {
			t.Errorf("%s: the admin's password: %d", when, status)
		}
		if status := signedMe(t, url, auth.KeyPair{Public: f.TPM.PublicKey, Private: f.TPM.PrivateKey}); status != http.StatusOK {
			t.Errorf("%s: the key pair: %d", when, status)
		}
	}
	check("new")
	wantState(t, list(), 1, seal.Primary)

	var both [2]outcome // at once: one key between them
	var all sync.WaitGroup
	for i := range both {
		all.Go(func() { both[i] = runCommand(t, "", with("keys", "rotate")...) })
	}
	awaitWaiting(t, list)
	wantState(t, list(), 2, seal.Primary, seal.Waiting)
	check("while the new keys wait")
	all.Wait()
	wantState(t, list(), 3, seal.Old, seal.Primary)
	others := 0
	for _, o := range both {
		if o.status != statusOK {
			t.Fatalf("keys rotate: %+v", o)
		}
		rows := object[rotatedAnswer](t, o.stdout).Rotated
		if len(rows) != len(vault.Purposes) {
			t.Errorf("keys rotate: %s", o.stdout)
		}
		for _, r := range rows {
			if r.Another {
				others++
			}
		}
	}
	if others != len(vault.Purposes) {
		t.Errorf("of two rotations, %d keys were made primary by the other one", others)
	}
	check("rotated")
	first := object[resealAnswer](t, ok(t, with("keys", "reseal")...))
	if first.Done || first.Fields != (auth.Fields{Passwords: 1, Keys: 1, Settings: 1}) || first.Secrets.Resealed != 1 || first.Records.Resealed == 0 || first.Access.Resealed == 0 {
		t.Errorf("keys reseal: %+v", first)
	}
	check("resealed")
	for try := 0; ; try++ {
		if object[resealAnswer](t, ok(t, with("keys", "reseal", "--rate", "1000")...)).Done {
			break
		}
		if try == 3 {
			t.Error("there is always something left to reseal")
			break
		}
	}
	if got := ok(t, with("audit", "verify")...); !strings.HasPrefix(got, `{"ok":true`) {
		t.Errorf("audit: %s", got)
	}
	file := filepath.Join(t.TempDir(), "b")
	ok(t, with("backup", "--out", file)...)
	if got := ok(t, with("backup", "--verify", file)...); !strings.Contains(got, `"vault":"same"`) {
		t.Errorf("the drill: %s", got)
	}
}

// resealAnswer is what reseal prints, flat.
type resealAnswer struct {
	Fields                          auth.Fields
	Records, Secrets, Access, Files struct{ Seen, Resealed int }
	Damaged                         []string
	Snapshot                        string
	Done                            bool
}

func TestKeys(t *testing.T) {
	t.Parallel()
	dir, f := newVault(t)
	s := startServer(t, "--data", dir)
	with := func(args ...string) []string { return append(args, "--data", dir, "--json") }
	onKeys(t, s.url, f, with)

	for args, why := range map[string]string{
		"rotate --wait 1s": "--wait must be at least", "rotate --purpose nothing": `no keyset is called "nothing": there are index, secrets, credentials, files, exports`, "rewrap": "--new-key-file is missing", "reseal --rate -7": "--rate is a number of items",
		"rewrap --store dynamodb": "exclude each other", "list x": "is too much",
	} {
		o := runCommand(t, "", with(append([]string{"keys"}, strings.Fields(args)...)...)...)
		if o.status != statusUsage || !strings.Contains(o.stderr, why) {
			t.Errorf("keys %s: %+v, want %q", args, o, why)
		}
	}
	// Under another key file.
	fresh, foreign := filepath.Join(t.TempDir(), "new"), filepath.Join(t.TempDir(), "foreign")
	if _, err := keyfile.Create(foreign); err != nil {
		t.Fatal(err)
	}
	if o := runCommand(t, "", with("keys", "rewrap", "--key-file", foreign, "--new-key-file", fresh)...); o.status != statusError || !strings.Contains(o.stderr, "wrapped by another key file") {
		t.Errorf("rewrap with a foreign key file: %+v", o)
	}
	if _, err := os.Stat(fresh); !os.IsNotExist(err) {
		t.Errorf("a rewrap that was refused leaves a key file: %v", err)
	}
	if got := ok(t, with("keys", "rewrap", "--new-key-file", fresh)...); got != `{"key_file":"`+fresh+`","dropped":15}`+"\n" {
		t.Errorf("keys rewrap: %s", got)
	}
	if got := ok(t, with("keys", "rewrap", "--new-key-file", fresh)...); got != `{"key_file":"`+fresh+`","already":true,"dropped":0}`+"\n" {
		t.Errorf("keys rewrap, again: %s", got)
	}
	if status := tpmMe(t, s.url, "admin", f.Admin.Password); status != http.StatusOK { // its keys are in memory
		t.Errorf("the running server: %d", status)
	}
	s.stop(t)
	if o := runCommand(t, "", with("user", "list")...); o.status != statusError || !strings.Contains(o.stderr, "wrapped by another key file") {
		t.Errorf("with the old key file: %+v", o)
	}
	ok(t, with("user", "list", "--key-file", fresh)...)
	if err := os.Rename(fresh, filepath.Join(dir, keyFile)); err != nil {
		t.Fatal(err)
	}
	s = startServer(t, "--data", dir)
	if status := tpmMe(t, s.url, "admin", f.Admin.Password); status != http.StatusOK {
		t.Errorf("after a restart: %d", status)
	}
}

// TestARotationIsKilled while it waits, and another one goes on.
func TestARotationIsKilled(t *testing.T) {
	t.Parallel()
	dir, _ := newVault(t)
	list := func() []keysetRow {
		return object[keysetsAnswer](t, ok(t, "keys", "list", "--data", dir, "--json")).Keysets
	}
	cmd := tresorProcess(t.Context(), "keys", "rotate", "--data", dir)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	awaitWaiting(t, list)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	before := list()
	wantState(t, before, 2, seal.Primary, seal.Waiting)
	ok(t, "keys", "rotate", "--data", dir)
	after := list()
	wantState(t, after, 3, seal.Old, seal.Primary)
	for i := range after {
		if after[i].Keys[1].ID != before[i].Keys[1].ID {
			t.Errorf("%s: another key was added than the one that waited", after[i].Purpose)
		}
	}
}
