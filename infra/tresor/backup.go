package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"tresor/shared/archive"
	"tresor/shared/journal"
	"tresor/shared/newfile"
	"tresor/shared/seal"
	"tresor/shared/vault"
)

// backupResult is what backup prints.
type backupResult struct {
	File    string `json:"file"`
	SHA256  string `json:"sha256"`
	Entries int    `json:"entries"`
}

func backup(k *call) error {
	out := k.flags.String("out", "", "new `file` to write; it is sealed, and does not hold the key")
	drill := k.flags.String("verify", "", "`file` to open and compare with the vault, if there is one; nothing is written")
	if err := k.parse(0, 0); err != nil {
		return err
	}
	switch {
	case (*out == "") == (*drill == ""):
		return usagef("say --out FILE, or --verify FILE")
	case *drill != "":
		return verifyBackup(k, *drill)
	}
	s, err := k.place.open(k.ctx)
	if err != nil {
		return err
	}
	defer s.close()
	result, err := s.backUp(k, *out)
	if err != nil {
		return err
	}
	return k.print(result, func(w io.Writer) {
		fmt.Fprintf(w, "%s: %d entries, SHA-256 %s\nIt opens with the vault's key only: keep that elsewhere.\n", result.File, result.Entries, result.SHA256)
	})
}

// backUp writes an archive under a name that must be free.
func (s *system) backUp(k *call, out string) (result backupResult, err error) {
	file, err := newfile.Create(out)
	if err != nil {
		return result, err
	}
	defer file.Drop()
	blobs, err := s.blobs()
	if err != nil {
		return result, fmt.Errorf("open the objects: %w", err)
	}
	if err := k.noteBackup(s); err != nil {
		return result, err
	}
	m, err := archive.Write(k.ctx, file, archive.Source{Store: s.store, Log: s.log, Sealer: s.sealer, Blobs: blobs})
	if err != nil {
		return result, err
	}
	sum, err := file.Keep()
	return backupResult{out, sum, m.Entries}, err
}

// noteBackup leaves an access record: a backup takes out everything, sealed.
func (k *call) noteBackup(s *system) error {
	req := k.request(false)
	req.Action.Reveals = true
	_, err := vault.View(k.ctx, s.vault, req, func(r *vault.Reader) (struct{}, error) { return struct{}{}, r.Backup() })
	return err
}

// drillResult is what backup --verify prints.
type drillResult struct {
	OK          bool      `json:"ok"`
	Entries     int       `json:"entries"`
	Secrets     int       `json:"secrets"`
	Files       int       `json:"files"`
	EntriesSeq  vault.Seq `json:"entries_seq"`
	Permissions vault.Seq `json:"permissions_seq"`
	Created     string    `json:"created"`
	Vault       string    `json:"vault"` // "none", "same", "newer"
}

func verifyBackup(k *call, path string) error {
	f, err := os.Open(path) //nolint:gosec // the operator says which
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // nothing was written
	b, err := k.place.ifThere(k.ctx)
	if err != nil {
		return err
	}
	defer b.close()
	var sealer vault.Sealer
	m, err := archive.Verify(k.ctx, f, func(h archive.Header) (vault.Sealer, error) {
		var err error
		sealer, err = unseal(k.ctx, b.keys, h)
		return sealer, err
	})
	if err != nil {
		return err
	}
	compared, err := compare(k.ctx, b.store, sealer, m.Heads)
	if err != nil {
		return err
	}
	result := drillResult{true, m.Entries, m.Secrets, m.Files, m.Heads.Entries.Seq, m.Heads.Permissions.Seq, m.Created.Format(time.RFC3339), compared}
	return k.print(result, func(w io.Writer) {
		fmt.Fprintf(w, "ok: %d entries, %d secrets, %d files, as of %s\n", result.Entries, result.Secrets, result.Files, result.Created)
		fmt.Fprintln(w, map[string]string{"none": "There is no vault here to compare with.", "same": "The vault here is at the same point.",
			"newer": "The vault here continues it."}[compared])
	})
}

// unseal opens an archive's keysets with the key of its vault.
func unseal(ctx context.Context, keys func() (seal.Wrapper, error), h archive.Header) (vault.Sealer, error) {
	w, err := keys()
	if err != nil {
		return nil, err
	}
	return seal.Open(ctx, w, h.Keysets)
}

// compare says whether the vault in a store continues the journals up to heads. The hash of one record vouches for all before it.
func compare(ctx context.Context, store vault.Store, sealer vault.Sealer, heads vault.Heads) (string, error) {
	if store == nil {
		return "none", nil
	}
	keysets, err := store.Keysets(ctx)
	if err != nil || len(keysets) == 0 {
		return "none", err
	}
	result := "same"
	for _, t := range vault.Tables {
		head := heads.Of(t)
		page, more, err := store.Tail(ctx, t, head.Seq-1)
		if err != nil {
			return "", fmt.Errorf("read the %s journal: %w", t, err)
		}
		if len(page) == 0 {
			return "", fmt.Errorf("the vault here ends before %s record %d, with which the archive ends", t, head.Seq)
		}
		if _, hash, err := journal.OpenRecord(sealer, &page[0]); err != nil || hash != head.Hash {
			return "", fmt.Errorf("the vault here has another %s record %d than the archive: it is another vault, or was restored to an earlier point", t, head.Seq)
		}
		if len(page) > 1 || more {
			result = "newer"
		}
	}
	return result, nil
}
