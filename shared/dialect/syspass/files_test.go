package syspass

import (
	"encoding/json"
	"testing"

	"tresor/shared/vault"
)

// TestSearchCountsFiles: files that another API attached, and no removed ones (syspass 3.2).
func TestSearchCountsFiles(t *testing.T) {
	w := newWorld(t)
	id := vault.EntryID(w.create(t, w.admin, `"name":"counted","clientId":1,"categoryId":1,"login":"l","pass":"p"`))
	count := func() int {
		var rows []struct {
			Files int `json:"num_files"`
		}
		if err := json.Unmarshal(w.must(t, w.admin, "account/search", `"text":"counted"`).Result.Result, &rows); err != nil || len(rows) != 1 {
			t.Fatalf("%d rows, %v", len(rows), err)
		}
		return rows[0].Files
	}
	if n := count(); n != 0 {
		t.Errorf("got %d files, want none", n)
	}
	var first vault.FileID
	w.Do(t, func(tx *vault.Tx) (err error) {
		for _, name := range []string{"b", "a"} {
			if first, err = tx.AddFile(vault.File{Entry: id, Name: name, Object: "o"}); err != nil {
				return err
			}
		}
		return nil
	})
	if n := count(); n != 2 {
		t.Errorf("got %d files, want 2", n)
	}
	w.Do(t, func(tx *vault.Tx) error { return tx.TrashFile(first) })
	if n := count(); n != 1 {
		t.Errorf("after one was removed: got %d files, want 1", n)
	}
}
