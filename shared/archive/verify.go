package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"

	"tresor/shared/journal"
	"tresor/shared/vault"
)

// Verify reads an archive to its end and checks all that can be checked: that it is authentic and whole (as Reader does), both hash chains up to the heads, what
// the journals say of one another and of closed hours of access records, that every record, access record, secret payload and file opens in its
// place, and that everything that the journals name is there. It holds some hundred bytes for each record in memory, and no secrets.
//
// Errors: as Open; Corrupt also for what is authentic and does not agree, with a Msg that names the first thing found.
func Verify(ctx context.Context, r io.Reader, open func(Header) (vault.Sealer, error)) (Manifest, error) {
	m, err := verify(ctx, r, open)
	if err != nil {
		return Manifest{}, fmt.Errorf("verify the archive: %w", err)
	}
	return m, nil
}

func verify(ctx context.Context, r io.Reader, open func(Header) (vault.Sealer, error)) (Manifest, error) {
	a, err := Open(r, open)
	if err != nil {
		return Manifest{}, err
	}
	v := &verifier{view: newView(a)}
	v.log = journal.Open(v.view, a.Sealer())
	for _, step := range [...]func(context.Context) error{v.journals, v.openHours, v.secrets, v.files, v.end} {
		if err := step(ctx); err != nil {
			return Manifest{}, v.view.cause(err)
		}
	}
	return a.Manifest(), nil
}

type verifier struct {
	*view
	log     *journal.Log // over the view
	purged  []vault.SecretKey
	missing []string
}

// journals verifies both journals and the closed hours, as they are verified in a store.
func (v *verifier) journals(ctx context.Context) error {
	report, err := journal.Verify(ctx, v.view, v.archive.Sealer())
	if err != nil {
		return err
	}
	if !report.OK() {
		problems := make([]error, len(report.Problems))
		for i, p := range report.Problems {
			problems[i] = errors.New(p)
		}
		return corrupt(fmt.Sprintf("the vault in the archive does not verify, %d problems, the first: %s", len(problems), report.Problems[0]), errors.Join(problems...))
	}
	for _, t := range vault.Tables {
		if head := v.archive.Header().Heads.Of(t); v.heads.Of(t) != head {
			return corrupt(fmt.Sprintf("the %s journal does not end with the head that the header names", t), nil)
		}
	}
	return nil
}

// openHours opens the access records of the hours that the journal does not vouch for yet.
func (v *verifier) openHours(ctx context.Context) error {
	v.open = true
	for h := range v.contents.openHours(vault.HourOf(v.archive.Header().Created)) {
		if _, err := v.log.Accesses(ctx, h, ""); err != nil {
			return explain(err, "an access record of %s does not open", h)
		}
	}
	it, err := v.peek(ctx)
	if it != nil && it.Hour != nil {
		return corrupt(fmt.Sprintf("the archive holds hour %s, which does not belong in it", it.Hour.Hour), nil)
	}
	return err
}

// secrets opens the payloads, and notes which of those that the journal names are not there.
func (v *verifier) secrets(ctx context.Context) error {
	expected, stop := iter.Pull(v.contents.secrets())
	defer stop()
	for {
		it, err := v.peek(ctx)
		if err != nil {
			return err
		}
		if it == nil || it.File != nil {
			break
		}
		if it.Secret == nil {
			return errOrder
		}
		if err := v.secret(ctx, it.Secret, expected); err != nil {
			return err
		}
		v.take()
	}
	for k, ok := expected(); ok; k, ok = expected() {
		v.purged = append(v.purged, k)
	}
	return nil
}

func (v *verifier) secret(ctx context.Context, s *vault.StoredSecret, expected func() (vault.SecretKey, bool)) error {
	k, ok := expected()
	for ; ok && k != s.SecretKey; k, ok = expected() {
		v.purged = append(v.purged, k)
	}
	if !ok {
		return corrupt(fmt.Sprintf("the archive holds version %d of entry %d's secret, which the journal does not name", s.Version, s.Entry), nil)
	}
	_, err := v.log.Payloads(ctx, []vault.SecretKey{k})
	return explain(err, "version %d of entry %d's secret does not open", s.Version, s.Entry)
}

// end compares what was missing with what the manifest says was purged.
func (v *verifier) end(context.Context) error {
	m := v.archive.Manifest()
	switch {
	case !slices.Equal(v.purged, m.Purged):
		return corrupt("secrets are missing that the manifest does not call purged", nil)
	case !slices.Equal(v.missing, m.Missing):
		return corrupt("files are missing that the manifest does not call missing", nil)
	case m.Entries != v.contents.entries():
		return corrupt("the archive does not hold as many entries as its manifest says", nil)
	}
	return nil
}
