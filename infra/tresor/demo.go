package main

import (
	"errors"
	"fmt"
	"io"

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
	d.founding = newFounding(f)
	d.client, err = vault.Update(k.ctx, s.vault, k.request(true), func(t *vault.Tx) (vault.ProjectID, error) {
		return t.CreateProject(vault.Project{Name: "Demo", Manager: f.AdminID})
	})
	if err != nil {
		s.close()
		return nil, nil, fmt.Errorf("make the demo client: %w", err)
	}
	return s, d, nil
}

// people prints the credentials and the calls, or how to come by new ones. The calls are for pasting: each is a line of its own, and what
// stands in quotes holds letters and digits of ours.
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
	d.founding.people(w)
	fmt.Fprintf(w, `
Create an entry through sysPass, read it through TeamPass, then through Team Password Manager:

curl -sw '\n' %[1]s/api.php -d '{"jsonrpc":"2.0","method":"account/create","params":{"authToken":"%[2]s","tokenPass":"%[3]s","name":"db-01","login":"root","pass":"correct horse","categoryId":%[4]d,"clientId":%[5]d},"id":1}'
curl -sw '\n' '%[1]s/api/index.php/read/items/1?apikey=%[6]s'
curl -sw '\n' -u '%[7]s:%[8]s' %[1]s/index.php/api/v6/passwords/1.json

`, url, d.founding.SysPass.AuthToken, d.founding.SysPass.TokenPass, vault.DefaultCategory, d.client, d.founding.TeamPass.APIKey,
		d.founding.Admin.Username, d.founding.Admin.Password)
}
