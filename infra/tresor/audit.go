package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"tresor/shared/anchor"
	"tresor/shared/audit"
	"tresor/shared/journal"
	"tresor/shared/newfile"
	"tresor/shared/vault"
)

// auditResult is what audit verify prints.
type auditResult struct {
	OK          bool      `json:"ok"`
	Entries     vault.Seq `json:"entries"`
	Permissions vault.Seq `json:"permissions"`
	Problems    []string  `json:"problems,omitempty"`
}

func auditVerify(k *call) error {
	var anchors listFlag
	k.flags.Var(&anchors, "anchor", "`file` that `tresor audit anchor` or the anchor function has made, to compare with; may be repeated")
	if err := k.parse(0, 0); err != nil {
		return err
	}
	s, err := k.place.open(k.ctx)
	if err != nil {
		return err
	}
	defer s.close()
	references, err := s.references(k, anchors)
	if err != nil {
		return err
	}
	report, err := journal.Verify(k.ctx, s.store, s.sealer, references.References...)
	if err != nil {
		return err
	}
	report.Problems = append(report.Problems, references.Problems...)
	err = k.print(auditResult{report.OK(), report.Entries, report.Permissions, report.Problems}, func(w io.Writer) {
		if report.OK() {
			fmt.Fprintf(w, "ok: %d records of entries, %d of permissions, %d access records in %d closed hours\n", report.Entries, report.Permissions, report.Accesses, report.Hours)
			for _, r := range references.References {
				fmt.Fprintf(w, "%s agrees\n", r.Name)
			}
		}
	})
	if err != nil || report.OK() {
		return err
	}
	for _, p := range report.Problems {
		fmt.Fprintf(k.err, "tresor audit verify: %s\n", p)
	}
	return errReported
}

// references returns what there is to compare the journals with: the anchors in files, and the newest snapshot and nightly backup. A file that is no anchor of this vault
// is an error, because nothing was verified that was to be.
func (s *system) references(k *call, files []string) (*audit.Compared, error) {
	var anchors []journal.Reference
	for _, path := range files {
		a, err := readAnchor(path, s.sealer)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		anchors = append(anchors, a.Reference())
	}
	p := audit.Parts{Log: s.log, Store: s.store, Sealer: s.sealer, Now: time.Now()}
	switch blobs, err := s.blobs(); {
	case err != nil:
		return nil, fmt.Errorf("open the objects: %w", err)
	case blobs != nil:
		p.Objects = blobs
	}
	c, err := audit.Gather(k.ctx, p)
	if err != nil {
		return nil, err
	}
	c.References = append(anchors, c.References...)
	return c, nil
}

func readAnchor(path string, sealer vault.Sealer) (*anchor.Anchor, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // nothing was written
	text, err := io.ReadAll(io.LimitReader(f, anchor.MaxFile+1))
	if err != nil {
		return nil, err
	}
	if len(text) > anchor.MaxFile {
		return nil, errors.New("this is no anchor: it is too large")
	}
	return anchor.Parse(text, sealer)
}

// anchorResult is what audit anchor prints.
type anchorResult struct {
	File        string    `json:"file"`
	Made        string    `json:"made"`
	Entries     vault.Seq `json:"entries"`
	Permissions vault.Seq `json:"permissions"`
}

func auditAnchor(k *call) error {
	out := k.flags.String("out", "", "new `file` to write; keep it where nobody who can write to the vault can")
	if err := k.parse(0, 0); err != nil {
		return err
	}
	if *out == "" {
		return usagef("say --out FILE")
	}
	s, err := k.place.open(k.ctx)
	if err != nil {
		return err
	}
	defer s.close()
	a, err := anchor.Make(k.ctx, s.log, s.sealer, time.Now())
	if err != nil {
		return err
	}
	if err := writeAnchor(a, *out); err != nil {
		return err
	}
	result := anchorResult{*out, a.Made.Format(time.RFC3339), a.Entries.Record, a.Permissions.Record}
	return k.print(result, func(w io.Writer) {
		fmt.Fprintf(w, "%s: entries record %d, permissions record %d, at %s\n", result.File, result.Entries, result.Permissions, result.Made)
	})
}

func writeAnchor(a *anchor.Anchor, path string) error {
	text, err := a.Encode()
	if err != nil {
		return err
	}
	f, err := newfile.Create(path)
	if err != nil {
		return err
	}
	defer f.Drop()
	if _, err := f.Write(text); err != nil {
		return err
	}
	_, err = f.Keep()
	return err
}
