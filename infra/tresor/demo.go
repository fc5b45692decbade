package main

import (
	"errors"
	"fmt"
	"io"

	"tresor/infra/welcome"
	"tresor/shared/vault"
)

// demo is what `make run` prints: everything that a newcomer needs to try all three dialects.
type demo struct {
	founding *founding // nil: the vault is from an earlier run, whose credentials nobody knows here
	client   vault.ProjectID
	where    string // the flags that name the vault
}

// openServed opens the vault to serve, and for a demonstration makes it if there is none.
func (k *call) openServed(wantDemo bool) (*system, *demo, error) {
	if !wantDemo {
		s, err := k.place.open(k.ctx)
		return s, nil, err
	}
	d := &demo{where: "--data " + k.place.data}
	if k.place.store != "" {
		d.where = "--store " + k.place.store
	}
	s, f, err := k.place.found(k.ctx)
	if errors.Is(err, errVaultExists) {
		s, err = k.place.open(k.ctx)
		return s, d, err
	}
	if err != nil {
		return nil, nil, err
	}
	d.founding = welcome.Of(f)
	d.client, err = vault.Update(k.ctx, s.vault, k.request(true), func(t *vault.Tx) (vault.ProjectID, error) {
		return t.CreateProject(vault.Project{Name: "Demo", Manager: f.AdminID})
	})
	if err != nil {
		s.close()
		return nil, nil, fmt.Errorf("make the demo client: %w", err)
	}
	return s, d, nil
}

// people prints the credentials and the calls, or how to come by new ones.
func (d *demo) people(w io.Writer, url string) {
	if d.founding == nil {
		fmt.Fprintf(w, `
This vault was made by an earlier run, and its credentials were shown then. New ones:

  tresor user password admin %[1]s
  tresor token add %[1]s --user admin --dialect syspass    (or teampass, or tpm)

Or stop the server, remove the vault's folder and start again for a new vault.
`, d.where)
		return
	}
	fmt.Fprintln(w)
	d.founding.People(w)
	d.founding.Calls(w, url, d.client)
}
