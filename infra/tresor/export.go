package main

import (
	"fmt"
	"io"

	"tresor/shared/depot"
	"tresor/shared/newfile"
	"tresor/shared/vault"
)

// exportResult is what export syspass prints.
type exportResult struct {
	File     string          `json:"file"`
	Accounts int             `json:"accounts"`
	SHA256   string          `json:"sha256"`
	Changed  int             `json:"changed,omitempty"` // of how many things a text holds what XML cannot
	Missing  []vault.EntryID `json:"missing,omitempty"` // entries whose secret is not there: exported without a password
}

func (r exportResult) people(w io.Writer) {
	fmt.Fprintf(w, "%d accounts in %s\nSHA-256: %s\n", r.Accounts, r.File, r.SHA256)
}

// exportSysPass writes everything but personal entries, locked ones included (sysPass 4.3, 4.5).
func exportSysPass(k *call) error {
	out := k.flags.String("out", "", "`file` to make")
	given := k.flags.String("password", "", "`password` that the file is encrypted under, - for standard input; default: only the accounts' passwords are, under the vault's master password")
	if err := k.parse(0, 0); err != nil {
		return err
	}
	if *out == "" {
		return usagef("--out is missing")
	}
	password, err := k.secret(*given)
	switch {
	case err != nil:
		return err
	case password == "" && k.isSet("password"):
		return usagef("the password is empty: without --password only the accounts' passwords are encrypted")
	}
	s, err := k.place.open(k.ctx)
	if err != nil {
		return err
	}
	defer s.close()
	file, err := newfile.Create(*out)
	if err != nil {
		return err
	}
	defer file.Drop()
	r, err := k.export(s, file, password)
	if err != nil {
		return err
	}
	if r.SHA256, err = file.Keep(); err != nil {
		return err
	}
	r.File = *out
	if r.Changed > 0 {
		fmt.Fprintf(k.err, "%d things have texts that XML cannot hold: they were changed (U+FFFD)\n", r.Changed)
	}
	if len(r.Missing) > 0 {
		fmt.Fprintf(k.err, "the secrets of %d entries are not there: %v\n", len(r.Missing), r.Missing)
	}
	return k.print(r, r.people)
}

// export writes the export to w. The access to every secret is on record before the first byte.
func (k *call) export(s *system, w io.Writer, password string) (exportResult, error) {
	req := k.request(false)
	req.Action.Reveals = true
	x, err := vault.View(k.ctx, s.vault, req, func(r *vault.Reader) (*vault.Export, error) { return r.Export() })
	if err != nil {
		return exportResult{}, err
	}
	changed, err := depot.New(depot.Parts{Vault: s.vault, Sealer: s.sealer}).ExportTo(k.ctx, w, x, password)
	return exportResult{Accounts: len(x.Entries), Changed: changed, Missing: x.Missing}, err
}
