package journal

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
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
// or out of place. A tail that was cut off cannot show in the journals themselves: for that they are compared with what references say, which were made before the
// call and kept elsewhere (anchors, snapshots, backups). An error means that the verification could not be done, not that it found something.
//
// Others may go on writing meanwhile. It holds some hundred bytes for each record, and none of the records.
func Verify(ctx context.Context, store vault.Store, sealer vault.Sealer, references ...Reference) (*Report, error) {
	v := &verifier{log: Open(store, sealer), report: &Report{}, closed: map[vault.Hour]HourCount{}, writers: map[string]*writerChain{}}
	if err := v.readJournals(ctx); err != nil {
		return nil, err
	}
	v.report.Entries, v.report.Permissions = v.length(vault.Entries), v.length(vault.Permissions)
	for _, t := range vault.Tables {
		v.checkLinks(t)
	}
	if err := v.checkHours(ctx); err != nil {
		return nil, err
	}
	if err := v.checkReferences(ctx, references); err != nil {
		return nil, err
	}
	return v.report, nil
}

type verifier struct {
	log      *Log
	report   *Report
	journals [2][]link
	named    [2]vault.Seq // the newest record of each journal that the other one names
	hours    []HourCount  // in the order in which they were closed
	closed   map[vault.Hour]HourCount
	rewinds  []rewind
	writers  map[string]*writerChain
}

// link is what is kept of a record.
type link struct {
	opened  bool
	hash    vault.Hash
	cross   vault.Head
	partner vault.Seq
	txn     vault.TxnID
}

func (v *verifier) of(t vault.Table) *[]link { return &v.journals[t-vault.Entries] }

func (v *verifier) length(t vault.Table) vault.Seq { return vault.Seq(len(*v.of(t))) }

// readJournals reads both journals, and what others wrote meanwhile as long as that is needed to have one cut: until neither journal names a record of the other one that
// was not read, or none comes.
func (v *verifier) readJournals(ctx context.Context) error {
	for try := 0; ; {
		entries, permissions := v.length(vault.Entries), v.length(vault.Permissions)
		for _, t := range vault.Tables {
			if err := v.readJournal(ctx, t); err != nil {
				return err
			}
		}
		if v.named[0] <= v.length(vault.Entries) && v.named[1] <= v.length(vault.Permissions) {
			return nil
		}
		if entries != v.length(vault.Entries) || permissions != v.length(vault.Permissions) {
			continue
		}
		if try++; try == maxAsk { // it is missing, and will be named
			return nil
		}
		if err := Pause(ctx, try); err != nil {
			return err
		}
	}
}

// readJournal opens the records of a journal that were not read yet and checks its chain. It goes on behind a damaged record, so that all are named.
func (v *verifier) readJournal(ctx context.Context, t vault.Table) error {
	for {
		page, more, err := v.page(ctx, t)
		if err != nil {
			return fmt.Errorf("read the %s journal: %w", t, err)
		}
		for i := range page {
			if err := v.checkRecord(&page[i]); err != nil {
				return err
			}
		}
		if !more {
			return nil
		}
	}
}

// page reads the next records. Where a number is missing it asks again: what is behind a gap may be of a transaction that is still becoming visible (law 1).
func (v *verifier) page(ctx context.Context, t vault.Table) (page []vault.StoredRecord, more bool, err error) {
	after := v.length(t)
	for try := 0; ; try++ {
		err = persist(ctx, func() (err error) { page, more, err = v.log.store.Tail(ctx, t, after); return err })
		if err != nil || contiguous(page, after) == len(page) || try+1 == maxAsk {
			return page, more, err
		}
		if err := Pause(ctx, try); err != nil {
			return nil, false, err
		}
	}
}

func (v *verifier) checkRecord(s *vault.StoredRecord) error {
	list := v.of(s.Table)
	for missing := v.length(s.Table) + 1; missing < s.Seq; missing++ {
		v.report.problem("%s record %d is missing", s.Table, missing)
		*list = append(*list, link{})
	}
	o, err := v.log.codec.openRecord(s)
	if err != nil && !found(err) {
		return err
	}
	if err != nil {
		v.report.problem("%s record %d does not verify: %v", s.Table, s.Seq, err)
		*list = append(*list, link{})
		return nil
	}
	if n := len(*list); n == 0 && !o.record.Prev.IsZero() {
		v.report.problem("%s record 1 names a record before it", s.Table)
	} else if n > 0 && (*list)[n-1].opened && (*list)[n-1].hash != o.record.Prev {
		v.report.problem("%s record %d does not continue record %d", s.Table, s.Seq, s.Seq-1)
	}
	v.note(o)
	return nil
}

// found reports whether an error says something of what was opened. Any other is of the keys, and tells nothing: they are out of reach, or not this process's to use.
func found(err error) bool { return errors.Is(err, vault.Corrupt) || errors.Is(err, vault.NewerFormat) }

// note keeps of a record what is compared later.
func (v *verifier) note(o opened) {
	r := o.record
	list, named := v.of(r.Table), &v.named[r.Table.Other()-vault.Entries]
	*list = append(*list, link{true, o.hash, r.Cross, r.Partner, r.Txn})
	*named = max(*named, r.Cross.Seq, r.Partner)
	if r.Table != vault.Permissions {
		return
	}
	for i := range r.Ops {
		if a := r.Ops[i].Action; a == restored || a == repaired {
			v.rewinds = append(v.rewinds, rewind{r.Seq, a, r.Ops[i].At.Time()})
		}
		for _, c := range r.Ops[i].Changes {
			if c.AccessHour != nil {
				h := HourCount{c.AccessHour.Hour, c.AccessHour.Records, c.AccessHour.Hash}
				v.hours, v.closed[h.Hour] = append(v.hours, h), h
			}
		}
	}
}

// checkLinks compares what the records of a journal say about the other one with it.
func (v *verifier) checkLinks(t vault.Table) {
	other := *v.of(t.Other())
	at := func(seq vault.Seq) *link {
		if seq == 0 || int(seq) > len(other) || !other[seq-1].opened {
			return nil
		}
		return &other[seq-1]
	}
	for i, r := range *v.of(t) {
		if !r.opened {
			continue
		}
		seq := vault.Seq(i + 1)
		if int(r.cross.Seq) > len(other) {
			v.report.problem("%s record %d names %s record %d, which is missing", t, seq, t.Other(), r.cross.Seq)
		} else if c := at(r.cross.Seq); c != nil && c.hash != r.cross.Hash {
			v.report.problem("%s record %d was written on another %s record %d", t, seq, t.Other(), r.cross.Seq)
		}
		if r.partner == 0 {
			continue
		}
		if p := at(r.partner); p == nil || p.txn != r.txn || p.partner != seq {
			v.report.problem("%s record %d has lost its partner, %s record %d", t, seq, t.Other(), r.partner)
		}
	}
}

// checkHours compares the access records with what the journal holds of their hours.
func (v *verifier) checkHours(ctx context.Context) error {
	for _, h := range v.hours {
		if err := v.checkHour(ctx, h); err != nil {
			return err
		}
	}
	for _, name := range sortedNames(v.writers) {
		v.writers[name].check(name, v.report)
	}
	return nil
}

func (v *verifier) checkHour(ctx context.Context, h HourCount) error {
	v.report.Hours++
	list, err := v.openHour(ctx, h.Hour, func(id string, err error) {
		v.report.problem("access record %s of %s does not verify: %v", id, h.Hour, err)
	})
	if err != nil {
		return err
	}
	touched := map[*writerChain]bool{}
	for _, a := range list {
		w := v.writer(a.Writer)
		w.add(a)
		touched[w] = true
	}
	for w := range touched {
		w.fold()
	}
	v.report.Accesses += len(list)
	if now := countHour(h.Hour, list); now != h {
		v.report.problem("the access records of %s differ from what the journal holds: %d now, %d then", h.Hour, now.Records, h.Records)
	}
	return nil
}

// openHour reads the access records of an hour that open, and names those that do not.
func (v *verifier) openHour(ctx context.Context, h vault.Hour, broken func(id string, err error)) (list []openedAccess, err error) {
	var stored []vault.StoredAccess
	err = persist(ctx, func() (err error) { stored, err = v.log.store.AccessHour(ctx, h, ""); return err })
	if err != nil {
		return nil, fmt.Errorf("read the access records of %s: %w", h, err)
	}
	for i := range stored {
		a, hash, err := v.log.codec.openAccess(&stored[i])
		if err != nil && !found(err) {
			return nil, err
		}
		if err != nil {
			broken(stored[i].ID, err)
			continue
		}
		list = append(list, openedAccess{a, hash})
	}
	return list, nil
}

func (v *verifier) writer(name string) *writerChain {
	if v.writers[name] == nil {
		v.writers[name] = &writerChain{records: map[uint64]chained{}, lost: map[uint64]bool{}}
	}
	return v.writers[name]
}

// writerChain is what was found of one process's access records, less what is known to be whole.
type writerChain struct {
	whole   uint64      // all up to this number is there, or is said to be lost
	newest  *vault.Hash // of the record with that number; nil: it is lost
	records map[uint64]chained
	lost    map[uint64]bool
	last    uint64
	broken  []uint64 // what does not continue the record before it
}

// chained is what is kept of an access record.
type chained struct{ hash, prev vault.Hash }

func (w *writerChain) add(a openedAccess) {
	w.records[a.Number] = chained{a.hash, a.Prev}
	w.last = max(w.last, a.Number)
	for _, n := range a.Lost {
		w.lost[n] = true
	}
}

// fold lets go of what is whole.
func (w *writerChain) fold() {
	for {
		n := w.whole + 1
		a, found := w.records[n]
		if !found && !w.lost[n] {
			return
		}
		w.step(n, a, found)
		delete(w.records, n)
		delete(w.lost, n)
		w.whole = n
	}
}

func (w *writerChain) step(n uint64, a chained, found bool) {
	if !found {
		w.newest = nil
		return
	}
	if w.newest != nil && a.prev != *w.newest {
		w.broken = append(w.broken, n)
	}
	w.newest = &a.hash
}

// check names the holes. A writer whose hours are not closed yet simply ends.
func (w *writerChain) check(name string, r *Report) {
	for n := w.whole + 1; n <= w.last; n++ {
		a, found := w.records[n]
		if !found && !w.lost[n] {
			r.problem("access record %d of process %s is missing", n, name)
		}
		w.step(n, a, found)
	}
	for _, n := range w.broken {
		r.problem("access record %d of process %s does not continue the one before", n, name)
	}
}

func sortedNames[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

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
