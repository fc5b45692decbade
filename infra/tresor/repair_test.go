package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tresor/shared/sqlite"
	"tresor/shared/vault"
	"tresor/shared/vault/vaulttest"
)

// TestRepair takes the newest permissions record away, as bringing the tables back to two moments does.
func TestRepair(t *testing.T) {
	dir, f := newVault(t)
	const nothing = `{"entries":1,"permissions":1,"cut_entries":0,"cut_permissions":0}` + "\n"
	if got := ok(t, "repair", "--data", dir, "--json"); got != nothing {
		t.Errorf("a healthy vault: %s", got)
	}
	ok(t, "user", "add", "--data", dir, "--username", "bob")
	s := startServer(t, "--data", dir)
	sysPassOK(t, s.url, "client/create", map[string]any{"authToken": f.SysPass.AuthToken, "name": "Initech"})
	s.stop(t)
	dropRecord(t, dir, vault.RecordKey{Table: vault.Permissions, Seq: 2})
	wantRefused(t, "the vault is busy", "user", "list", "--data", dir)
	const want = `{"entries":1,"permissions":1,"cut_entries":1,"cut_permissions":0}` + "\n"
	if got := ok(t, "repair", "--check", "--data", dir, "--json"); got != want {
		t.Errorf("repair --check: %s", got)
	}
	wantRefused(t, "the vault is busy", "user", "list", "--data", dir)
	if got := ok(t, "repair", "--data", dir, "--json"); got != want {
		t.Errorf("repair: %s", got)
	}
	if got := ok(t, "user", "list", "--data", dir); strings.Contains(got, "bob") {
		t.Errorf("user list: %s", got)
	}
	if got := ok(t, "audit", "verify", "--data", dir, "--json"); got != `{"ok":true,"entries":1,"permissions":2}`+"\n" {
		t.Errorf("audit: %s", got)
	}
	if got := ok(t, "settings", "--data", dir, "--json"); !strings.Contains(got, `"vault.repaired":"entries record 1 of 2, permissions record 1 of 1"`) {
		t.Errorf("it is not on record: %s", got)
	}
}

// TestSnapshotsOfWhatARepairTookOff go with it, also where the journals were of one moment: nothing speaks of records that are gone.
func TestSnapshotsOfWhatARepairTookOff(t *testing.T) {
	for _, table := range []vault.Table{vault.Entries, vault.Permissions} {
		dir, f := newVault(t)
		s := startServer(t, "--data", dir)
		sysPassOK(t, s.url, "client/create", map[string]any{"authToken": f.SysPass.AuthToken, "name": "Initech"})
		s.stop(t)
		ok(t, "user", "add", "--data", dir, "--username", "bob") // after the entries record: no entries record names it
		ok(t, "snapshot", "--data", dir)
		dropRecord(t, dir, vault.RecordKey{Table: table, Seq: 2})
		ok(t, "repair", "--check", "--data", dir)
		wantObjects(t, dir, "snapshots", 1)
		ok(t, "repair", "--data", dir)
		wantObjects(t, dir, "snapshots", 0)
		ok(t, "audit", "verify", "--data", dir)
	}
}

func dropRecord(t *testing.T, dir string, k vault.RecordKey) {
	t.Helper()
	store, err := sqlite.Open(t.Context(), filepath.Join(dir, vaultFile))
	if err != nil {
		t.Fatal(err)
	}
	err = store.Commit(t.Context(), vault.Transaction{ID: vaulttest.NewTxnID(), DropRecords: []vault.RecordKey{k}})
	if err != nil || store.Close() != nil {
		t.Fatal(err)
	}
}

func wantObjects(t *testing.T, dir, below string, want int) {
	t.Helper()
	files, err := os.ReadDir(filepath.Join(dir, objectsFolder, below))
	if err != nil && !os.IsNotExist(err) || len(files) != want {
		t.Errorf("%s: got %d objects, %v; want %d", below, len(files), err, want)
	}
}
