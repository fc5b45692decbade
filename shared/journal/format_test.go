package journal

import (
	"context"
	"crypto/rand"
	"errors"
	"testing"

	"tresor/shared/seal"
	"tresor/shared/seal/keyfile"
	"tresor/shared/vault"
	"tresor/shared/vault/vaulttest"
)

func testSealer(t *testing.T) *seal.Sealer {
	t.Helper()
	_, s, err := seal.Create(t.Context(), keyfile.Generate(), seal.NewVaultID())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// chainOf appends n records to the entries journal, written by somebody with the same keys.
func chainOf(t *testing.T, store vault.Store, c codec, formats ...uint16) {
	t.Helper()
	var prev vault.Hash
	for i, format := range formats {
		r := &vault.Record{Format: format, Table: vault.Entries, Seq: vault.Seq(i + 1), Prev: prev, Ops: []vault.Op{{Action: "test", Changes: []vault.Change{{Tag: &vault.Tag{ID: vault.TagID(i + 1), Name: "tag"}}}}}}
		_, _ = rand.Read(r.Txn[:])
		stored, hash, err := c.sealRecord(r)
		if err != nil {
			t.Fatal(err)
		}
		if err := store.Commit(t.Context(), vault.Transaction{ID: r.Txn, Put: []vault.StoredRecord{stored}}); err != nil {
			t.Fatal(err)
		}
		prev = hash
	}
}

func TestLaw11ANewerFormatIsRefusedForReadsAndWrites(t *testing.T) {
	store, sealer := vaulttest.NewMemory(), testSealer(t)
	chainOf(t, store, codec{sealer}, vault.Format, vault.Format+1)
	v := vault.New(Open(store, sealer), vault.Options{})
	req := vault.Request{Auth: vault.Operator{}, Action: vault.Action{Dialect: vault.Command, Name: "test", Writes: true}}
	_, err := vault.View(t.Context(), v, req, func(*vault.Reader) (int, error) { return 0, nil })
	if !errors.Is(err, vault.NewerFormat) {
		t.Errorf("read: got %v, want NewerFormat", err)
	}
	_, err = vault.Update(t.Context(), v, req, func(tx *vault.Tx) (int, error) { return 0, tx.SetSetting("k", "v") })
	if !errors.Is(err, vault.NewerFormat) {
		t.Errorf("write: got %v, want NewerFormat", err)
	}
	if page, _, err := store.Tail(t.Context(), vault.Permissions, 0); err != nil || len(page) != 0 {
		t.Errorf("got %d records, %v; want nothing written", len(page), err)
	}
	if err := vault.NewState().Apply(&vault.Record{Format: vault.Format + 1, Table: vault.Entries, Seq: 1}, vault.Hash{}); !errors.Is(err, vault.NewerFormat) {
		t.Errorf("apply: got %v, want NewerFormat", err)
	}
}

// TestLaw11WhatANewerFormatChangedNeedNotDecode: it is told from damage all the same, and damage from it.
func TestLaw11WhatANewerFormatChangedNeedNotDecode(t *testing.T) {
	for name, c := range map[string]struct {
		plain any
		want  error
	}{
		"a newer format that decodes":                  {map[int]any{0: vault.Format + 1, 1: "x"}, vault.NewerFormat},
		"a newer format that does not":                 {map[int]any{0: vault.Format + 1, 1: []int{1}}, vault.NewerFormat},
		"our format that does not decode":              {map[int]any{0: vault.Format, 1: []int{1}}, vault.Corrupt},
		"our format with a member that we do not know": {map[int]any{0: vault.Format, 1: "x", 77: "y"}, vault.NewerFormat},
		"something that has no format at all":          {"canary", vault.Corrupt},
		"our format":                                   {map[int]any{0: vault.Format, 1: "x"}, nil},
	} {
		plain, err := encoder.Marshal(c.plain)
		if err != nil {
			t.Fatal(err)
		}
		var p sealedPayload
		if err := decode(plain, &p, &p.Format); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
}

// resealed gives every record newly sealed, as a re-sealing job would: other bytes at rest, the same plaintext.
type resealed struct {
	vault.Store
	codec codec
}

func (r resealed) Tail(ctx context.Context, t vault.Table, after vault.Seq) ([]vault.StoredRecord, bool, error) {
	page, more, err := r.Store.Tail(ctx, t, after)
	for i := range page {
		packed, err := r.codec.sealer.Open(vault.PurposeIndex, page[i].Sealed, recordBinding(&page[i]))
		if err != nil {
			return nil, false, err
		}
		plain, err := unpack(packed)
		if err != nil {
			return nil, false, err
		}
		raw := append([]byte{packedRaw}, plain...) // packed another way, too
		if page[i].Sealed, err = r.codec.sealer.Seal(vault.PurposeIndex, raw, recordBinding(&page[i])); err != nil {
			return nil, false, err
		}
	}
	return page, more, err
}

func TestLaw12ReSealingKeepsTheChain(t *testing.T) {
	store, sealer := vaulttest.NewMemory(), testSealer(t)
	chainOf(t, store, codec{sealer}, 1, 1, 1)
	before, after := Open(store, sealer), Open(resealed{store, codec{sealer}}, sealer)
	for _, l := range []*Log{before, after} {
		if err := l.CatchUp(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if before.heads() != after.heads() {
		t.Errorf("got heads %v, want %v", after.heads(), before.heads())
	}
	report, err := Verify(t.Context(), resealed{store, codec{sealer}}, sealer)
	if err != nil || !report.OK() || report.Entries != 3 {
		t.Errorf("verify: got %+v, %v", report, err)
	}
}

func TestWhatLiesInClearIsBound(t *testing.T) {
	store, sealer := vaulttest.NewMemory(), testSealer(t)
	c := codec{sealer}
	chainOf(t, store, c, 1, 1)
	page, _, err := store.Tail(t.Context(), vault.Entries, 0)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*vault.StoredRecord){
		"number": func(r *vault.StoredRecord) { r.Seq = 2 },
		"table":  func(r *vault.StoredRecord) { r.Table = vault.Permissions },
		"txn":    func(r *vault.StoredRecord) { r.Txn[0]++ },
		"kind":   func(r *vault.StoredRecord) { r.Clear.Kind = "user" },
		"action": func(r *vault.StoredRecord) { r.Clear.Action = "other" },
		"target": func(r *vault.StoredRecord) { r.Clear.Target++ },
		"actor":  func(r *vault.StoredRecord) { r.Clear.Actor++ },
		"more":   func(r *vault.StoredRecord) { r.Clear.More = "entry 1" },
		"bytes":  func(r *vault.StoredRecord) { r.Sealed = page[1].Sealed },
	} {
		r := page[0]
		change(&r)
		if _, err := c.openRecord(&r); !errors.Is(err, vault.Corrupt) {
			t.Errorf("another %s: got %v, want Corrupt", name, err)
		}
	}
}

func TestSwappedPayloadsDoNotOpen(t *testing.T) {
	c := codec{testSealer(t)}
	a, b := vault.SecretKey{Entry: 1, Version: 1}, vault.SecretKey{Entry: 2, Version: 1}
	sealed, err := c.sealPayload(a, vault.Payload{Password: vault.NewSecret("x"), Fields: map[uint8]vault.Secret{3: vault.NewSecret("y")}})
	if err != nil {
		t.Fatal(err)
	}
	p, err := c.openPayload(a, sealed)
	if err != nil || p.Password.Reveal() != "x" || p.Fields[3].Reveal() != "y" {
		t.Errorf("got %v, %v", p, err)
	}
	for _, k := range []vault.SecretKey{b, {Entry: 1, Version: 2}} {
		if _, err := c.openPayload(k, sealed); !errors.Is(err, vault.Corrupt) {
			t.Errorf("as %v: got %v, want Corrupt", k, err)
		}
	}
}
