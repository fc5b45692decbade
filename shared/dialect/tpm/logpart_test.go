package tpm

import (
	"fmt"
	"maps"
	"math"
	"testing"

	"tresor/shared/auth"
	"tresor/shared/trail"
	"tresor/shared/vault"
)

// logRead reads the log for a search, as far as is known before names are looked up.
func (w *world) logRead(t *testing.T, tr *trail.Trail, search string, skip, take int) *logPart {
	t.Helper()
	var heads vault.Heads
	w.Log.Read(func(s *vault.State) { heads = s.Heads() })
	if err := tr.CatchUp(t.Context(), heads); err != nil {
		t.Fatal(err)
	}
	q, err := parseLogQuery(search)
	if err != nil {
		t.Fatal(err)
	}
	all, err := tr.Between(t.Context(), w.Clock.Now(), 0, math.MaxInt64>>20)
	if err != nil {
		t.Fatal(err)
	}
	p := &logPart{query: q, all: all}
	if !q.needsNames() {
		p.narrow(skip, take)
	}
	return p
}

// TestOnlyThePagesNamesAreLookedUp where no name decides what is found; and to look them up changes nothing of what is wanted.
func TestOnlyThePagesNamesAreLookedUp(t *testing.T) {
	w, _ := logWorld(t)
	for i := range 4 {
		w.Clock.Add(1e9)
		w.as(t, "admin", func(tx *vault.Tx) error {
			_, err := tx.CreateEntry(vault.Entry{Name: fmt.Sprint("new ", i), Project: 4}, vault.Payload{})
			return err
		})
	}
	tr := trail.New(w.Log)
	p := w.logRead(t, tr, "action_id:create_password ip:", 1, 2)
	wanted := p.wanted()
	if p.total != 4 || len(p.rows) != 2 || len(wanted.entries) != 2 || !wanted.entries[9] || !wanted.entries[10] {
		t.Errorf("%d of %d rows, names of %v", len(p.rows), p.total, wanted.entries)
	}
	if all := w.logRead(t, tr, "action_id:create_password new", 1, 2).wanted(); len(all.entries) != 4 {
		t.Errorf("a search by name looks up %v", all.entries)
	}
	before := maps.Clone(wanted.projects)
	req := vault.Request{Auth: auth.Token(w.Founding.TPM.Public), Action: vault.Action{Dialect: vault.TPM, Name: "log/list"}}
	for range 2 {
		names, err := vault.View(t.Context(), w.Vault, req, wanted.resolve)
		if err != nil {
			t.Fatal(err)
		}
		if len(names.projects) != 1 || names.projects[4].Name == "" || !maps.Equal(before, wanted.projects) {
			t.Errorf("projects %v; wanted %v, was %v", names.projects, wanted.projects, before)
		}
	}
}
