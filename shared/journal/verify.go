package journal

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"

	"tresor/shared/vault"
)

// Report is what Verify found.
type Report struct {
	Entries     vault.Seq // records of the entries journal
	Permissions vault.Seq
	Hours       int // closed hours of access records
	Accesses    int // access records in them
	Problems    []string
}

// OK reports whether nothing was found wrong.
func (r *Report) OK() bool { return len(r.Problems) == 0 }

func (r *Report) problem(format string, args ...any) {
	r.Problems = append(r.Problems, fmt.Sprintf(format, args...))
}

// Verify recomputes both chains from record 1 and the closed hours of access records, and names every record that is changed, missing,
// or out of place. A tail that was cut off cannot show here: for that the heads are compared with an anchor kept elsewhere. An error
// means that the verification could not be done, not that it found something.
func Verify(ctx context.Context, store vault.Store, sealer vault.Sealer) (*Report, error) {
	v := &verifier{log: Open(store, sealer), report: &Report{}, writers: map[string]*writerChain{}}
	for _, t := range vault.Tables {
		if err := v.readJournal(ctx, t); err != nil {
			return nil, err
		}
	}
	v.report.Entries, v.report.Permissions = vault.Seq(len(v.journals[0])), vault.Seq(len(v.journals[1]))
	for _, t := range vault.Tables {
		v.checkLinks(t)
	}
	if err := v.checkHours(ctx); err != nil {
		return nil, err
	}
	return v.report, nil
}

type verifier struct {
	log      *Log
	report   *Report
	journals [2][]opened
	writers  map[string]*writerChain
}

func (v *verifier) of(t vault.Table) []opened { return v.journals[t-vault.Entries] }

// readJournal opens every record of a journal and checks its chain. It goes on behind a damaged record, so that all are named.
func (v *verifier) readJournal(ctx context.Context, t vault.Table) error {
	var after vault.Seq
	for {
		page, more, err := v.log.store.Tail(ctx, t, after)
		if err != nil {
			return fmt.Errorf("read the %s journal: %w", t, err)
		}
		for i := range page {
			v.checkRecord(&page[i], after)
			after = page[i].Seq
		}
		if !more {
			return nil
		}
	}
}

func (v *verifier) checkRecord(s *vault.StoredRecord, after vault.Seq) {
	list := &v.journals[s.Table-vault.Entries]
	for missing := after + 1; missing < s.Seq; missing++ {
		v.report.problem("%s record %d is missing", s.Table, missing)
		*list = append(*list, opened{})
	}
	o, err := v.log.codec.openRecord(s)
	if err != nil {
		v.report.problem("%s record %d does not verify: %v", s.Table, s.Seq, err)
		*list = append(*list, opened{})
		return
	}
	if n := len(*list); n == 0 && !o.record.Prev.IsZero() {
		v.report.problem("%s record 1 names a record before it", s.Table)
	} else if n > 0 && (*list)[n-1].record != nil && (*list)[n-1].hash != o.record.Prev {
		v.report.problem("%s record %d does not continue record %d", s.Table, s.Seq, s.Seq-1)
	}
	*list = append(*list, o)
}

// checkLinks compares what the records of a journal say about the other one with it.
func (v *verifier) checkLinks(t vault.Table) {
	other := v.of(t.Other())
	at := func(seq vault.Seq) *opened {
		if seq == 0 || int(seq) > len(other) || other[seq-1].record == nil {
			return nil
		}
		return &other[seq-1]
	}
	for _, o := range v.of(t) {
		if o.record == nil {
			continue
		}
		r := o.record
		if int(r.Cross.Seq) > len(other) {
			v.report.problem("%s record %d names %s record %d, which is missing", t, r.Seq, t.Other(), r.Cross.Seq)
		} else if c := at(r.Cross.Seq); c != nil && c.hash != r.Cross.Hash {
			v.report.problem("%s record %d was written on another %s record %d", t, r.Seq, t.Other(), r.Cross.Seq)
		}
		if r.Partner == 0 {
			continue
		}
		if p := at(r.Partner); p == nil || p.record.Txn != r.Txn || p.record.Partner != r.Seq {
			v.report.problem("%s record %d has lost its partner, %s record %d", t, r.Seq, t.Other(), r.Partner)
		}
	}
}

// checkHours compares the access records with what the journal holds of their hours.
func (v *verifier) checkHours(ctx context.Context) error {
	for _, o := range v.of(vault.Permissions) {
		if o.record == nil {
			continue
		}
		for _, op := range o.record.Ops {
			for _, c := range op.Changes {
				if c.AccessHour == nil {
					continue
				}
				if err := v.checkHour(ctx, c.AccessHour); err != nil {
					return err
				}
			}
		}
	}
	for _, name := range sortedNames(v.writers) {
		v.writers[name].check(name, v.report)
	}
	return nil
}

func (v *verifier) checkHour(ctx context.Context, h *vault.AccessHour) error {
	v.report.Hours++
	stored, err := v.log.store.AccessHour(ctx, h.Hour, "")
	if err != nil {
		return fmt.Errorf("read the access records of %s: %w", h.Hour, err)
	}
	var list []openedAccess
	for i := range stored {
		a, hash, err := v.log.codec.openAccess(&stored[i])
		if err != nil {
			v.report.problem("access record %s of %s does not verify: %v", stored[i].ID, h.Hour, err)
			continue
		}
		list = append(list, openedAccess{a, hash})
		v.writer(a.Writer).add(a, hash)
	}
	v.report.Accesses += len(list)
	if sum := summarise(h.Hour, list); sum.Records != h.Records || sum.Hash != h.Hash {
		v.report.problem("the access records of %s differ from what the journal holds: %d now, %d then", h.Hour, sum.Records, h.Records)
	}
	return nil
}

func (v *verifier) writer(name string) *writerChain {
	if v.writers[name] == nil {
		v.writers[name] = &writerChain{records: map[uint64]openedAccess{}, lost: map[uint64]bool{}}
	}
	return v.writers[name]
}

// writerChain is what was found of one process's access records.
type writerChain struct {
	records map[uint64]openedAccess
	lost    map[uint64]bool
	last    uint64
}

func (w *writerChain) add(a *vault.AccessRecord, hash vault.Hash) {
	w.records[a.Number] = openedAccess{a, hash}
	w.last = max(w.last, a.Number)
	for _, n := range a.Lost {
		w.lost[n] = true
	}
}

// check names the holes. A writer whose hours are not closed yet simply ends.
func (w *writerChain) check(name string, r *Report) {
	var prev *openedAccess
	for n := uint64(1); n <= w.last; n++ {
		a, found := w.records[n]
		switch {
		case !found && !w.lost[n]:
			r.problem("access record %d of process %s is missing", n, name)
			prev = nil
			continue
		case !found:
			prev = nil
			continue
		case prev != nil && a.Prev != prev.hash:
			r.problem("access record %d of process %s does not continue the one before", n, name)
		}
		prev = &a
	}
}

func sortedNames(m map[string]*writerChain) []string {
	names := make([]string, 0, len(m))
	for n := range m {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// summarise computes what the journal holds of an hour: how many records, the hash over their hashes in the store's order, how
// often each entry's secret left, and when each user was last there.
func summarise(h vault.Hour, list []openedAccess) vault.AccessHour {
	sum := sha256.New()
	counts := map[vault.EntryID]uint32{}
	seen := map[vault.UserID]vault.Seen{}
	for _, a := range list {
		sum.Write(a.hash[:])
		if was := a.Presence(); a.User != 0 && was != (vault.Seen{}) {
			seen[a.User] = seen[a.User].Newest(was)
		}
		for _, k := range a.Secrets {
			if a.Withheld {
				counts[k.Entry]--
			} else {
				counts[k.Entry]++
			}
		}
	}
	out := vault.AccessHour{Hour: h, Records: len(list), Hash: vault.Hash(sum.Sum(nil))}
	for entry, n := range counts {
		if n != 0 && n < 1<<31 {
			out.Reveals = append(out.Reveals, vault.RevealCounter{Entry: entry, Count: n})
		}
	}
	slices.SortFunc(out.Reveals, func(a, b vault.RevealCounter) int { return cmp.Compare(a.Entry, b.Entry) })
	for _, user := range slices.Sorted(maps.Keys(seen)) {
		out.Seen = append(out.Seen, vault.UserSeen{User: user, Seen: seen[user]})
	}
	return out
}
