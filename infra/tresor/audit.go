package main

import (
	"fmt"
	"io"

	"tresor/shared/journal"
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
	if err := k.parse(0, 0); err != nil {
		return err
	}
	s, err := k.place.open(k.ctx)
	if err != nil {
		return err
	}
	defer s.close()
	report, err := journal.Verify(k.ctx, s.store, s.sealer)
	if err != nil {
		return err
	}
	err = k.print(auditResult{report.OK(), report.Entries, report.Permissions, report.Problems}, func(w io.Writer) {
		if report.OK() {
			fmt.Fprintf(w, "ok: %d records of entries, %d of permissions, %d access records in %d closed hours\n", report.Entries, report.Permissions, report.Accesses, report.Hours)
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
