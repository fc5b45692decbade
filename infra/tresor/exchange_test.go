package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"tresor/shared/syspassxml"
	"tresor/shared/vault"
)

// TestSysPassFilesBothWays takes a file in, reads it through the API, and out and into another vault again.
func TestSysPassFilesBothWays(t *testing.T) {
	dir, first := newVault(t)
	in := writeExport(t, "m", 3)
	got := object[importResult](t, ok(t, "import", "syspass", "--data", dir, "--json", "--in", in, "--master-password", "m", "--owner", "admin"))
	if got.Accounts != 3 || len(got.Skipped) != 0 {
		t.Fatalf("got %+v", got)
	}
	s := startServer(t, "--data", dir)
	viewed, _ := sysPass(t, s.url, "account/view", map[string]any{"authToken": first.SysPass.AuthToken, "tokenPass": first.SysPass.TokenPass, "id": 2})
	if a := fmt.Sprint(viewed["result"]); !strings.Contains(a, "account 1 <&>") || !strings.Contains(a, "clientName:Acme") || !strings.Contains(a, "userLogin:admin") {
		t.Errorf("account/view: %v", a)
	}
	revealed, _ := sysPass(t, s.url, "account/viewPass", map[string]any{"authToken": first.SysPass.AuthToken, "tokenPass": first.SysPass.TokenPass, "id": 2})
	if a := fmt.Sprint(revealed["result"]); !strings.Contains(a, "secret 1") {
		t.Errorf("account/viewPass: %v", a)
	}
	for _, password := range []string{"", "of the file"} {
		out := filepath.Join(t.TempDir(), "out.xml")
		made := object[exportResult](t, runIn(t, password+"\n", append([]string{"export", "syspass", "--data", dir, "--json", "--out", out}, secretFlag("--password", password)...)...))
		content, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(content)
		if info, err := os.Stat(out); err != nil || info.Mode().Perm() != 0o600 || made.File != out || made.Accounts != 3 || made.SHA256 != hex.EncodeToString(sum[:]) {
			t.Errorf("got %+v, %v", made, err)
		}
		if strings.Contains(string(content), "account 1") != (password == "") || strings.Contains(string(content), "secret 1") {
			t.Errorf("password %q: the file shows what it should not, or the reverse", password)
		}
		other, _ := newVault(t)
		args := append([]string{"import", "syspass", "--data", other, "--in", out, "--master-password", first.SysPass.MasterPassword}, secretFlag("--password", password)...)
		if got := runIn(t, password+"\n", args...); got != "3 accounts imported, 0 skipped, of which 0 exist\n" {
			t.Errorf("got %q", got)
		}
		own := append([]string{"import", "syspass", "--data", dir, "--in", out, "--skip-existing", "--json"}, secretFlag("--password", password)...) // the vault's own file needs no master password
		if got := object[importResult](t, runIn(t, password+"\n", own...)); got.Accounts != 0 || len(got.Skipped) != 3 || got.Skipped[0] != (skippedResult{"account 0 <&>", "exists"}) {
			t.Errorf("got %+v", got)
		}
	}
	out := filepath.Join(t.TempDir(), "out.xml") // an empty password is that of a variable that is not set
	o := runCommand(t, "", "export", "syspass", "--data", dir, "--out", out, "--password", "")
	if _, err := os.Stat(out); o.status != statusUsage || !strings.Contains(o.stderr, "empty") || err == nil {
		t.Errorf("got %+v; want it to be refused", o)
	}
	ok(t, "audit", "verify", "--data", dir)
}

// secretFlag gives a password through standard input.
func secretFlag(flag, password string) []string {
	if password == "" {
		return nil
	}
	return []string{flag, "-"}
}

func runIn(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	o := runCommand(t, stdin, args...)
	if o.status != 0 {
		t.Fatalf("tresor %s: %+v", strings.Join(args, " "), o)
	}
	return o.stdout
}

// writeExport makes a file of n accounts, with one key for all of them.
func writeExport(t *testing.T, master string, n int) string {
	t.Helper()
	s, err := syspassxml.NewSealer(master)
	if err != nil {
		t.Fatal(err)
	}
	d := &syspassxml.Document{Version: syspassxml.Version, Time: time.Unix(1795305600, 0), Categories: []syspassxml.Item{{ID: 1, Name: "Web"}}, Clients: []syspassxml.Item{{ID: 1, Name: "Acme"}}}
	for i := range n {
		pass, key, err := s.Seal(fmt.Sprint("secret ", i))
		if err != nil {
			t.Fatal(err)
		}
		d.Accounts = append(d.Accounts, syspassxml.Account{ID: uint64(i + 1), Name: fmt.Sprintf("account %d <&>", i), ClientID: 1, CategoryID: 1, Pass: pass, Key: key})
	}
	path := filepath.Join(t.TempDir(), "in.xml")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := syspassxml.Write(f, d, syspassxml.Options{}); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestBadImports are refused with a word that says why, and change nothing.
func TestBadImports(t *testing.T) {
	dir, _ := newVault(t)
	write := func(content string) string {
		path := filepath.Join(t.TempDir(), "bad.xml")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := writeExport(t, "m", 2)
	before := ok(t, "audit", "verify", "--data", dir, "--json")
	for _, test := range []struct {
		args []string
		why  string
	}{
		{[]string{"--in", good, "--master-password", "wrong"}, "no password opens"},
		{[]string{"--in", good}, "no password opens"},
		{[]string{"--in", good, "--master-password", "m", "--owner", "eve"}, `there is no user "eve"`},
		{[]string{"--in", "../../shared/syspassxml/testdata/encrypted.xml"}, "Encryption password not set"},
		{[]string{"--in", "../../shared/syspassxml/testdata/encrypted.xml", "--password", "wrong"}, "Wrong encryption password"},
		{[]string{"--in", filepath.Join(dir, "none.xml")}, "no such file"},
		{[]string{"--in", write("")}, "not well-formed XML"},
		{[]string{"--in", write("<html/>")}, "XML file not supported"},
		{[]string{"--in", write(`<!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;">]><Root>&lol2;</Root>`)}, "has a document type definition"},
		{[]string{"--in", write(`<!DOCTYPE Root [<!ENTITY x SYSTEM "file:///etc/passwd">]><Root><Meta>&x;</Meta></Root>`)}, "has a document type definition"},
		{[]string{"--in", write(strings.Repeat("<Root>", 17<<20))}, "deep"}, // 100 MB of nesting
		{[]string{"--in", write("<Root>" + strings.Repeat("x", 5<<20))}, "too large"},
	} {
		o := runCommand(t, "", append([]string{"import", "syspass", "--data", dir, "--json"}, test.args...)...)
		if o.status != statusError || o.stdout != "" || !strings.Contains(o.stderr, test.why) {
			t.Errorf("%q: got %+v, want %q", test.args[1], o, test.why)
		}
	}
	if after := ok(t, "audit", "verify", "--data", dir, "--json"); after != before {
		t.Errorf("got %s, before %s", after, before)
	}
	if o := runCommand(t, "", "import", "syspass", "--data", dir, "--in", good, "--password", "-", "--master-password", "-"); o.status != statusUsage {
		t.Errorf("two passwords from standard input: %+v", o)
	}
}

// TestAChangedFileIsTakenWithAWarning: sysPass does not notice (sysPass 4.6), and who edited a file by hand knows why.
func TestAChangedFileIsTakenWithAWarning(t *testing.T) {
	dir, _ := newVault(t)
	in := writeExport(t, "m", 2)
	content, err := os.ReadFile(in)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(string(content), "<name>Acme</name>", "<name>Ajax</name>", 1)
	if err := os.WriteFile(in, []byte(changed), 0o600); err != nil || changed == string(content) {
		t.Fatal("nothing to change", err)
	}
	o := runCommand(t, "", "import", "syspass", "--data", dir, "--json", "--in", in, "--master-password", "m")
	if o.stdout != `{"accounts":2,"skipped":[]}`+"\n" || !strings.Contains(o.stderr, "the content does not match the file's hash") {
		t.Errorf("got %+v", o)
	}
}

// TestAnExportTakesNobodysPlace, and leaves nothing where it fails.
func TestAnExportTakesNobodysPlace(t *testing.T) {
	dir, _ := newVault(t)
	to := t.TempDir()
	out := filepath.Join(to, "out.xml")
	ok(t, "export", "syspass", "--data", dir, "--out", out)
	before, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	for path, why := range map[string]string{out: "nothing is overwritten", filepath.Join(to, "none", "out.xml"): "no such file", to: "nothing is overwritten"} {
		if o := runCommand(t, "", "export", "syspass", "--data", dir, "--out", path); o.status != statusError || !strings.Contains(o.stderr, why) {
			t.Errorf("to %s: %+v", path, o)
		}
	}
	after, err := os.ReadFile(out)
	left, failed := os.ReadDir(to)
	if err != nil || failed != nil || string(after) != string(before) || len(left) != 1 {
		t.Errorf("%d files, %v, %v", len(left), err, failed)
	}
}

// TestAnImportThatWasKilled is finished by running it again: each account is there, and once.
func TestAnImportThatWasKilled(t *testing.T) {
	const n = 3000
	dir, _ := newVault(t)
	in := writeExport(t, "m", n)
	args := []string{"import", "syspass", "--data", dir, "--in", in, "--master-password", "m", "--skip-existing", "--json"}
	first := tresorProcess(t.Context(), args...)
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	p := place{data: dir}
	s, err := p.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	count := func() int {
		req := vault.Request{Auth: vault.Operator{}, Action: vault.Action{Dialect: vault.Command, Name: "test"}}
		have, err := vault.View(t.Context(), s.vault, req, func(r *vault.Reader) (int, error) {
			_, total := r.Entries(vault.ByUpdated, func(*vault.Row) bool { return true }, 0, 0)
			return total, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return have
	}
	ended := make(chan struct{})
	go func() { _ = first.Wait(); close(ended) }() // it is killed
	for end := time.Now().Add(hung); count() < n/10; {
		if time.Now().After(end) {
			t.Fatalf("%d accounts within %s", count(), hung)
		}
		select {
		case <-ended:
			if count() < n/10 {
				t.Fatal("the import ended by itself")
			}
		case <-time.After(time.Millisecond):
		}
	}
	_ = first.Process.Signal(syscall.SIGKILL)
	<-ended
	had := count()
	got := object[importResult](t, ok(t, args...))
	if got.Accounts != n-had || len(got.Skipped) != had || count() != n {
		t.Errorf("%d when it was killed, then %d taken and %d skipped, %d in all", had, got.Accounts, len(got.Skipped), count())
	}
	t.Logf("killed after %d of %d", had, n)
	ok(t, "audit", "verify", "--data", dir)
}
