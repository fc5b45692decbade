package main

import (
	"database/sql"
	"fmt"
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
