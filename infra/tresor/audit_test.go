package main

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	_ "modernc.org/sqlite" // to tamper with the file behind tresor's back
)

// tamper changes a vault's file.
func tamper(t *testing.T, dir, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, vaultFile))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	res, err := db.ExecContext(t.Context(), statement)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		t.Fatalf("%s changed %d rows: %v", statement, n, err)
	}
}

func TestAuditNamesWhatWasTamperedWith(t *testing.T) {
	for _, c := range []struct{ name, statement, want string }{
		{"changed", "update records set sealed = cast(substr(sealed, 1, length(sealed) - 1) || x'00' as blob) where tbl = 2 and seq = 3", "permissions record 3 does not verify"},
		{"relabelled", "update records set actor = 2 where tbl = 2 and seq = 2", "permissions record 2 does not verify"},
		{"missing", "delete from records where tbl = 2 and seq = 2", "permissions record 2 is missing"},
		{"reordered", "update records set seq = case seq when 2 then -3 else -2 end where tbl = 2 and seq in (2, 3); update records set seq = -seq where seq < 0", "permissions record 2 does not verify"},
		{"rolled back", "delete from records where tbl = 1", "permissions record 1 has lost its partner, entries record 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir, _ := newVault(t)
			for i := range 3 {
				ok(t, "user", "add", "--data", dir, "--username", fmt.Sprintf("user%d", i))
			}
			if got := ok(t, "audit", "verify", "--data", dir, "--json"); got != `{"ok":true,"entries":1,"permissions":4}`+"\n" {
				t.Fatalf("before: %s", got)
			}
			tamper(t, dir, c.statement)
			o := runCommand(t, "", "audit", "verify", "--data", dir, "--json")
			got := object[auditResult](t, o.stdout)
			named := slices.ContainsFunc(got.Problems, func(p string) bool { return strings.Contains(p, c.want) })
			if o.status != statusError || got.OK || !named || !strings.Contains(o.stderr, c.want) {
				t.Errorf("got %+v; want %q named", o, c.want)
			}
		})
	}
}

// TestAnAnchorNamesWhatIsMissing from the end, where nothing else shows it.
func TestAnAnchorNamesWhatIsMissing(t *testing.T) {
	for _, c := range []struct{ name, statement, want string }{
		{"cut off", "delete from records where tbl = 2 and seq > 2", "the permissions journal ends with record 2, and the anchor of "},
		{"an access record", "delete from access", "is missing from "},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir, f := newVault(t)
			files := t.TempDir()
			first, second := filepath.Join(files, "1"), filepath.Join(files, "2")
			ok(t, "audit", "anchor", "--data", dir, "--out", first)
			for i := range 2 {
				ok(t, "user", "add", "--data", dir, "--username", fmt.Sprintf("user%d", i))
			}
			s := startServer(t, "--data", dir)
			sysPassOK(t, s.url, "config/backup", map[string]any{"authToken": f.SysPass.AuthToken, "path": ""})
			s.stop(t)
			made := object[anchorResult](t, ok(t, "audit", "anchor", "--data", dir, "--out", second, "--json"))
			if made.File != second || made.Entries != 1 || made.Permissions < 3 {
				t.Errorf("got %+v", made)
			}
			if o := runCommand(t, "", "audit", "anchor", "--data", dir, "--out", second); o.status != statusError || !strings.Contains(o.stderr, "exists") {
				t.Errorf("over another: %+v", o)
			}
			with := []string{"audit", "verify", "--data", dir, "--anchor", first, "--anchor", second}
			if got, want := ok(t, append(with, "--json")...), fmt.Sprintf(`{"ok":true,"entries":1,"permissions":%d}`+"\n", made.Permissions); got != want {
				t.Fatalf("before: %s, want %s", got, want)
			}
			if got := ok(t, with...); strings.Count(got, "the anchor of ") != 2 || strings.Count(got, " agrees\n") != 2 {
				t.Errorf("for people: %s", got)
			}
			tamper(t, dir, c.statement)
			if o := runCommand(t, "", "audit", "verify", "--data", dir); o.status != statusOK {
				t.Fatalf("without an anchor: %+v", o)
			}
			o := runCommand(t, "", append(with, "--json")...)
			if got := object[auditResult](t, o.stdout); o.status != statusError || got.OK || len(got.Problems) != 1 || !strings.Contains(o.stderr, c.want) {
				t.Errorf("got %+v; want %q named", o, c.want)
			}
		})
	}
}

// TestAFileThatIsNoAnchorIsAnError: nothing was compared with it.
func TestAFileThatIsNoAnchorIsAnError(t *testing.T) {
	dir, _ := newVault(t)
	other, _ := newVault(t)
	files := t.TempDir()
	foreign, damaged, large := filepath.Join(files, "foreign"), filepath.Join(files, "damaged"), filepath.Join(files, "large")
	ok(t, "audit", "anchor", "--data", other, "--out", foreign)
	if err := os.WriteFile(damaged, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(large, make([]byte, 9<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{foreign: "the anchor is another vault's", damaged: "this is no anchor", large: "too large", filepath.Join(files, "none"): "no such file"} {
		o := runCommand(t, "", "audit", "verify", "--data", dir, "--anchor", path)
		if o.status != statusError || !strings.Contains(o.stderr, want) {
			t.Errorf("%s: %+v, want %q", path, o, want)
		}
	}
	if o := runCommand(t, "", "audit", "anchor", "--data", dir); o.status != statusUsage {
		t.Errorf("no --out: %+v", o)
	}
}
