package vault

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Clear is what the change feed may know of a record without a key: kinds and ids, and never a name.
type Clear struct {
	Kind   string // "entry", "project", "user", ...; "batch" for a record of several Updates; "access", "unlocked", "unnamed" or "withheld" for an access record
	Action string // the action that wrote it, e.g. "syspass account/create"; of a batch the first one's
	Target uint64 // the id of the first thing changed
	Actor  UserID // who did it; 0 for tresor itself; of a batch the first one's
	// More names everything that the record is about, where that is not the target alone: see Things.
	More string
}

// Things are the ids of one kind that a record is about.
type Things struct {
	Kind string
	IDs  []uint64 // ascending; none: they are too many to be named
}

const (
	clearBatch    = "batch"
	clearAccess   = "access"   // secrets or files were handed out
	clearUnlocked = "unlocked" // the same, or others, under a lock and with a reason
	clearUnnamed  = "unnamed"  // an access that names nothing: a backup
	clearWithheld = "withheld"
	// thingLocked stands for entries that were used under a lock, with a reason.
	thingLocked = "locked"
)

// maxNamed is how many ids a record's More names. They are clear text beside the sealed record, which holds the same ids once more.
const maxNamed = 1000

// IsBatch reports whether the record is of several Updates, so that its action and actor are not those of everything in it.
func (c Clear) IsBatch() bool { return c.Kind == clearBatch }

// IsWithheld reports whether the access record says that what an earlier one names was not handed out after all.
func (c Clear) IsWithheld() bool { return c.Kind == clearWithheld }

// IsLocked reports whether the things are entries that were used under a lock, with a reason.
func (t Things) IsLocked() bool { return t.Kind == thingLocked }

// Bounds of clear attributes. A record's writer may be anybody who can write to a table, and whoever reads a stream must not be stopped by what one of them has put there.
const (
	maxKinds  = 64  // kinds of things in one record; there are some twenty
	maxKind   = 32  // bytes of a kind's name
	maxAction = 128 // bytes of an action
)

// Things returns everything that the record is about, by kind. It takes what Clear writes and nothing else, so what it returns is bounded: maxKinds kinds, maxNamed ids.
// Its errors quote nothing of what was read.
func (c Clear) Things() ([]Things, error) {
	switch {
	case !isKind(c.Kind) || len(c.Action) > maxAction:
		return nil, errClear
	case c.More != "":
		return parseThings(c.More)
	case c.Kind == clearAccess, c.Kind == clearUnnamed, c.Kind == clearWithheld, c.Kind == "none":
		return nil, nil
	}
	return []Things{{c.Kind, []uint64{c.Target}}}, nil
}

// parseThings is the reverse of things.text.
func parseThings(text string) (all []Things, err error) {
	named, last := 0, ""
	for group := range strings.SplitSeq(text, ";") {
		kind, list, _ := strings.Cut(group, " ")
		if !isKind(kind) || kind <= last || len(all) == maxKinds {
			return nil, errClear
		}
		t := Things{Kind: kind}
		if list != "*" {
			if t.IDs, err = parseIDs(list, maxNamed-named); err != nil {
				return nil, err
			}
		}
		named, last = named+len(t.IDs), kind
		all = append(all, t)
	}
	return all, nil
}

// parseIDs reads at most limit ids: the first, and of each other one the difference to the one before.
func parseIDs(list string, limit int) (ids []uint64, err error) {
	sum := uint64(0)
	for word := range strings.SplitSeq(list, " ") {
		n, err := strconv.ParseUint(word, 10, 64)
		if err != nil || len(ids) == limit || len(ids) > 0 && (n == 0 || sum+n < sum) {
			return nil, errClear
		}
		sum += n
		ids = append(ids, sum)
	}
	return ids, nil
}

// isKind reports whether a text may be the name of a kind of things.
func isKind(text string) bool {
	return text != "" && len(text) <= maxKind && strings.Trim(text, "abcdefghijklmnopqrstuvwxyz_") == ""
}

var errClear = errors.New("a record's clear attributes do not parse")

// things gathers what a record is about.
type things map[string][]uint64

func (t things) add(kind string, ids ...uint64) { t[kind] = append(t[kind], ids...) }

// text writes the kinds in order, each with its ids, ascending, each but the first as the difference to the one before: "entry 17 1 4;tag 5". Where they are too many
// to be named, a star stands for them.
func (t things) text() string {
	n := 0
	for kind, ids := range t {
		slices.Sort(ids)
		t[kind] = slices.Compact(ids)
		n += len(t[kind])
	}
	var b strings.Builder
	for i, kind := range sortedKinds(t) {
		if i > 0 {
			b.WriteByte(';')
		}
		b.WriteString(kind)
		if n > maxNamed {
			b.WriteString(" *")
			continue
		}
		last := uint64(0)
		for _, id := range t[kind] {
			fmt.Fprintf(&b, " %d", id-last)
			last = id
		}
	}
	return b.String()
}

func sortedKinds(t things) []string {
	kinds := make([]string, 0, len(t))
	for kind := range t {
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	return kinds
}

// Clear returns what the record shows without a key. It follows from the record alone, so that a verifier can compare.
func (r *Record) Clear() Clear {
	if len(r.Ops) == 0 {
		return Clear{Kind: "none"}
	}
	op := &r.Ops[0]
	clear := Clear{Kind: "none", Action: op.Action, Actor: op.Actor}
	if len(op.Changes) > 0 {
		clear.Kind, clear.Target = op.Changes[0].target()
	}
	if len(r.Ops) > 1 {
		clear.Kind = clearBatch
	} else if op.Reason == "" && len(op.Changes) <= 1 && (len(op.Changes) == 0 || op.Changes[0].TrashBulk == nil) {
		return clear // as nearly all: nothing is gathered
	}
	all := things{}
	for i := range r.Ops {
		r.Ops[i].things(all)
	}
	clear.More = all.text()
	return clear
}

// things gathers what an operation changes. Counters of ids are no thing.
func (op *Op) things(into things) {
	for _, c := range op.Changes {
		kind, id := c.target()
		ids := []uint64{id}
		if c.TrashBulk != nil {
			ids = c.TrashBulk.ids()
		}
		if c.Given != nil {
			continue
		}
		into.add(kind, ids...)
		if op.Reason != "" && kind == "entry" {
			into.add(thingLocked, ids...)
		}
	}
}

func (t *TrashBulk) ids() []uint64 {
	ids := make([]uint64, len(t.Deltas))
	last := uint64(0)
	for i, d := range t.Deltas {
		last += d
		ids[i] = last
	}
	return ids
}

// Clear returns what the access record shows without a key: who saw which entries and files through what. It follows from the record alone.
func (a *AccessRecord) Clear() Clear {
	clear := Clear{Kind: clearAccess, Action: a.Action, Actor: a.User}
	all := things{}
	for _, k := range a.Secrets {
		all.add("entry", uint64(k.Entry))
	}
	if a.Withheld {
		clear.Kind, clear.More = clearWithheld, all.text()
		return clear
	}
	for _, id := range a.Files {
		all.add("file", uint64(id))
	}
	if a.Reason != "" {
		all.add(thingLocked, all["entry"]...)
		for _, id := range a.Used {
			all.add(thingLocked, uint64(id))
		}
		if len(all[thingLocked]) == 0 {
			delete(all, thingLocked)
		} else {
			clear.Kind = clearUnlocked // so that who follows the stream can pick these without looking into them
		}
	}
	if len(all) == 0 {
		clear.Kind = clearUnnamed
	}
	clear.More = all.text()
	return clear
}
