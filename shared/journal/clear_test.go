package journal

import (
	"errors"
	"testing"

	"tresor/shared/vault"
)

// TestWhatAnAccessRecordShowsIsTrue: no attribute can be changed.
func TestWhatAnAccessRecordShowsIsTrue(t *testing.T) {
	c := codec{testSealer(t)}
	a := &vault.AccessRecord{Format: vault.Format, ID: "01J", User: 3, Action: "tpm passwords/show", Secrets: []vault.SecretKey{{Entry: 17, Version: 2}, {Entry: 5, Version: 1}}}
	good, _, err := c.sealAccess(a, vault.StoredAccess{Hour: 7, Shard: 1, ID: a.ID})
	if err != nil {
		t.Fatal(err)
	}
	if want := (vault.Clear{Kind: "access", Action: "tpm passwords/show", Actor: 3, More: "entry 5 12"}); good.Clear != want {
		t.Errorf("got %+v, want %+v", good.Clear, want)
	}
	if _, _, err := c.openAccess(&good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*vault.StoredAccess){
		"kind":    func(r *vault.StoredAccess) { r.Clear.Kind = "withheld" },
		"action":  func(r *vault.StoredAccess) { r.Clear.Action = "other" },
		"actor":   func(r *vault.StoredAccess) { r.Clear.Actor++ },
		"target":  func(r *vault.StoredAccess) { r.Clear.Target++ },
		"more":    func(r *vault.StoredAccess) { r.Clear.More = "entry 5" },
		"no more": func(r *vault.StoredAccess) { r.Clear.More = "" },
	} {
		r := good
		change(&r)
		if _, _, err := c.openAccess(&r); !errors.Is(err, vault.Corrupt) {
			t.Errorf("another %s: got %v, want Corrupt", name, err)
		}
	}
}

// TestOlderAndNewerProgramsReadOneAnother: one that knows of no More, and of nothing to show of an access, leaves them out where it writes and does not see them where it reads.
// The bindings here are its, to the letter.
func TestOlderAndNewerProgramsReadOneAnother(t *testing.T) {
	c := codec{testSealer(t)}
	r := &vault.Record{Format: vault.Format, Table: vault.Entries, Seq: 1, Ops: []vault.Op{{At: 1, Actor: 2, Action: "tpm passwords/update", Changes: []vault.Change{
		{Tag: &vault.Tag{ID: 4, Name: "prod"}}, {Entry: &vault.Entry{ID: 17}}}}}}
	stored, _, err := c.sealRecord(r)
	if err != nil {
		t.Fatal(err)
	}
	if stored.Clear.More != "entry 17;tag 4" {
		t.Errorf("got %+v", stored.Clear)
	}
	binding := vault.Binding{Table: vault.Entries, Kind: "record", ID: stored.Txn.String(), Field: `"tag" "tpm passwords/update" 4 2`, Version: 1}
	if _, err := c.sealer.Open(vault.PurposeIndex, stored.Sealed, binding); err != nil {
		t.Errorf("an older program opens a record: %v", err)
	}
	plain, err := encoder.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	older := stored
	older.Clear.More = ""
	if older.Sealed, err = c.sealer.Seal(vault.PurposeIndex, pack(plain), binding); err != nil {
		t.Fatal(err)
	}
	if _, err := c.openRecord(&older); err != nil {
		t.Errorf("an older program's record: %v", err)
	}
	a := &vault.AccessRecord{Format: vault.Format, ID: "01J", User: 3, Action: "x", Secrets: []vault.SecretKey{{Entry: 17, Version: 2}}}
	place := vault.StoredAccess{Hour: 7, Shard: 1, ID: a.ID}
	binding = vault.Binding{Table: vault.Permissions, Kind: "access", ID: a.ID, Version: 7<<8 | 1}
	newer, _, err := c.sealAccess(a, place)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.sealer.Open(vault.PurposeIndex, newer.Sealed, binding); err != nil {
		t.Errorf("an older program opens an access record: %v", err)
	}
	if plain, err = encoder.Marshal(a); err != nil {
		t.Fatal(err)
	}
	if place.Sealed, err = c.sealer.Seal(vault.PurposeIndex, pack(plain), binding); err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.openAccess(&place); err != nil {
		t.Errorf("an older program's access record: %v", err)
	}
}
