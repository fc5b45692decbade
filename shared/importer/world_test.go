package importer_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"tresor/shared/depot"
	"tresor/shared/importer"
	"tresor/shared/scenario"
	"tresor/shared/syspassxml"
	"tresor/shared/vault"
)

const master = "master of the origin"

// world is a vault that takes imports.
type world struct{ *scenario.System }

func newWorld(t *testing.T) world { t.Helper(); return world{scenario.New(t)} }

func (w world) run(t *testing.T, d *syspassxml.Document, o importer.Options) (*importer.Report, error) {
	t.Helper()
	if o.Master.IsEmpty() {
		o.Master = vault.NewSecret(master)
	}
	return importer.Import(t.Context(), w.Vault, scenario.Operator(), d, o)
}

func (w world) must(t *testing.T, d *syspassxml.Document, o importer.Options) *importer.Report {
	t.Helper()
	r, err := w.run(t, d, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// export takes everything out as an operator may.
func (w world) export(t *testing.T) *vault.Export {
	t.Helper()
	req := scenario.Operator()
	req.Action = vault.Action{Dialect: vault.Command, Name: "export syspass", Reveals: true}
	x, err := vault.View(t.Context(), w.Vault, req, func(r *vault.Reader) (*vault.Export, error) { return r.Export() })
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// file returns what a vault's export says, read again, and the master password that opens it.
func (w world) file(t *testing.T, password string) (*syspassxml.Document, vault.Secret) {
	t.Helper()
	d := depot.New(depot.Parts{Vault: w.Vault, Sealer: w.Sealer})
	var b bytes.Buffer
	if changed, err := d.ExportTo(t.Context(), &b, w.export(t), password); err != nil || changed != 0 {
		t.Fatalf("%d changed, %v", changed, err)
	}
	doc, _, err := syspassxml.Read(&b, syspassxml.ReadOptions{Password: vault.NewSecret(password)})
	if err != nil {
		t.Fatal(err)
	}
	secret, err := d.MasterPassword(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return doc, secret
}

// content lists what a vault holds, by names alone: ids differ from vault to vault.
func (w world) content(t *testing.T) (lines []string) {
	t.Helper()
	x := w.export(t)
	categories, clients, tags := map[vault.CategoryID]string{}, map[vault.ProjectID]string{}, map[vault.TagID]string{}
	for _, c := range x.Categories {
		categories[c.ID] = c.Name
		lines = append(lines, fmt.Sprintf("category %q %q", c.Name, c.Description))
	}
	for _, c := range x.Clients {
		clients[c.ID] = c.Name
		lines = append(lines, fmt.Sprintf("client %q %q", c.Name, c.Notes))
	}
	for _, tag := range x.Tags {
		tags[tag.ID] = tag.Name
		lines = append(lines, fmt.Sprintf("tag %q", tag.Name))
	}
	for _, e := range x.Entries {
		var on []string
		for _, id := range e.Tags {
			on = append(on, tags[id])
		}
		lines = append(lines, fmt.Sprintf("account %q %q %q %q in %q %q tags %q: %q", e.Name, e.Username, e.URL, e.Notes, clients[e.Client], categories[e.Category],
			on, e.Payload.Password.Reveal()))
	}
	return lines
}

// names lists the accounts of a vault.
func (w world) names(t *testing.T) string {
	t.Helper()
	var names []string
	for _, e := range w.export(t).Entries {
		names = append(names, e.Name)
	}
	return strings.Join(names, " ")
}

// writer makes documents. It has one key for all of its accounts.
type writer struct{ *syspassxml.Sealer }

func newWriter(t *testing.T) writer {
	t.Helper()
	s, err := syspassxml.NewSealer(master)
	if err != nil {
		t.Fatal(err)
	}
	return writer{s}
}

// document has accounts of the given names, all in client 1 and category 1.
func (s writer) document(t *testing.T, names ...string) *syspassxml.Document {
	t.Helper()
	d := &syspassxml.Document{Version: syspassxml.Version, Time: time.Unix(1795305600, 0), Categories: []syspassxml.Item{{ID: 1, Name: "Web"}},
		Clients: []syspassxml.Item{{ID: 1, Name: "Acme"}}, Tags: []syspassxml.Tag{{ID: 1, Name: "blue"}}}
	for i, n := range names {
		pass, key, err := s.Seal("secret of " + n)
		if err != nil {
			t.Fatal(err)
		}
		d.Accounts = append(d.Accounts, syspassxml.Account{ID: uint64(i + 1), Name: n, ClientID: 1, CategoryID: 1, Login: "root", Pass: pass, Key: key, Tags: []uint64{1}})
	}
	return d
}

// skipped writes down what a report says was skipped.
func skipped(r *importer.Report) string {
	var all []string
	for _, s := range r.Skipped {
		all = append(all, fmt.Sprintf("%d %s: %s", s.ID, s.Name, s.Why))
	}
	return strings.Join(all, "; ")
}
