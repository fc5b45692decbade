package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"

	"tresor/shared/depot"
	"tresor/shared/importer"
	"tresor/shared/syspassxml"
	"tresor/shared/vault"
)

// importResult is what import syspass prints.
type importResult struct {
	Accounts int             `json:"accounts"`
	Skipped  []skippedResult `json:"skipped"`
}

// skippedResult is an account that was not taken.
type skippedResult struct {
	Name string `json:"name"`
	Why  string `json:"why"`
}

func newImportResult(r *importer.Report) importResult {
	out := importResult{r.Accounts, []skippedResult{}}
	for _, s := range r.Skipped {
		out.Skipped = append(out.Skipped, skippedResult{s.Name, s.Why})
	}
	return out
}

func (r importResult) people(w io.Writer) {
	exist := 0
	for _, s := range r.Skipped {
		if s.Why == importer.Exists { // asked for, and perhaps thousands
			exist++
			continue
		}
		fmt.Fprintf(w, "skipped %q: %s\n", s.Name, s.Why)
	}
	fmt.Fprintf(w, "%d accounts imported, %d skipped, of which %d exist\n", r.Accounts, len(r.Skipped), exist)
}

// importSysPass takes the accounts of a file (sysPass 4.7, but stricter).
func importSysPass(k *call) error {
	var o importer.Options
	in := k.flags.String("in", "", "`file` that sysPass or tresor has exported")
	master := k.flags.String("master-password", "", "`password` that was the master password where the file was made, - for standard input; default: this vault's own")
	given := k.flags.String("password", "", "`password` that the file is encrypted under, - for standard input")
	k.flags.BoolVar(&o.SkipExisting, "skip-existing", false, "leave out what the vault has: same name, client and login")
	k.flags.BoolVar(&o.DryRun, "dry-run", false, "change nothing; print what would be")
	k.flags.StringVar(&o.Owner, "owner", "", "`username` of who is to own the accounts and new clients; default: nobody, so that Admins alone have them")
	if err := k.parse(0, 0); err != nil {
		return err
	}
	switch {
	case *in == "":
		return usagef("--in is missing")
	case *master == "-" && *given == "-":
		return usagef("one password alone can come from standard input")
	}
	d, err := k.readExport(*in, *given)
	if err != nil {
		return err
	}
	masterPassword, err := k.secret(*master)
	if err != nil {
		return err
	}
	s, err := k.place.open(k.ctx)
	if err != nil {
		return err
	}
	defer s.close()
	o.Master = vault.NewSecret(masterPassword)
	if masterPassword == "" {
		if o.Master, err = depot.New(depot.Parts{Vault: s.vault, Sealer: s.sealer}).MasterPassword(k.ctx); err != nil {
			return err
		}
	}
	r, err := importer.Import(k.ctx, s.vault, k.request(true), d, o)
	if err != nil {
		return stopped(r, err)
	}
	if r.LostTags > 0 {
		fmt.Fprintf(k.err, "%d references to tags that the file does not define were left out\n", r.LostTags)
	}
	return k.print(newImportResult(r), newImportResult(r).people)
}

// maxImport is more than the default, because it is the operator's own file and memory: what export syspass makes of as many accounts as a file may hold.
const maxImport = 2 << 30

// readExport reads the file and warns of what is odd about it. A plain file is signed with a key that only its maker has (sysPass 4.6), so that there is nothing to check.
func (k *call) readExport(path, given string) (*syspassxml.Document, error) {
	password, err := k.secret(given)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path) //nolint:gosec // the operator says which
	if err != nil {
		return nil, fmt.Errorf("open the export: %w", err)
	}
	defer func() { _ = f.Close() }()
	d, warnings, err := syspassxml.Read(f, syspassxml.ReadOptions{Password: vault.NewSecret(password), MaxBytes: maxImport})
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	for _, w := range warnings {
		if w != syspassxml.SignUnchecked {
			fmt.Fprintf(k.err, "%s: %v\n", path, w)
		}
	}
	return d, nil
}

// stopped says how far an import came that did not come to its end.
func stopped(r *importer.Report, err error) error {
	if r.Accounts == 0 && cmp.Or(errors.Is(err, vault.Invalid), errors.Is(err, vault.BadReference)) {
		return err
	}
	return fmt.Errorf("stopped after %d accounts, run it again with --skip-existing: %w", r.Accounts, err)
}
