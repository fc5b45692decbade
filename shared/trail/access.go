package trail

import (
	"cmp"
	"slices"

	"github.com/oklog/ulid/v2"

	"tresor/shared/vault"
)

// settledRows returns how many rows of an open hour are not read again, and the id of an access record that those come after that are: all
// of the newest row's last minute (see slack).
func settledRows(rows []Row) (settled int, after string) {
	if len(rows) == 0 {
		return 0, ""
	}
	from := rows[len(rows)-1].millis() - slack.Milliseconds()
	if from <= 0 {
		return 0, ""
	}
	var last ulid.ULID // of the millisecond before
	_ = last.SetTime(uint64(from - 1))
	for i := 6; i < len(last); i++ {
		last[i] = 0xff
	}
	return index(rows, idAt(vault.Stamp(from/1000), uint64(from%1000))), last.String()
}

// replaceFrom returns old with what it has from a place on replaced. Readers hold the old rows: they are added to at their end, where they only became more, or
// left alone. The hour is claimed, so that nobody else adds to them.
func replaceFrom(old []Row, from int, rows []Row) []Row {
	again := old[from:]
	same := func(a, b Row) bool {
		return a.ID == b.ID && a.Context == b.Context && a.Entry == b.Entry && a.Event == b.Event
	}
	if len(again) <= len(rows) && slices.EqualFunc(again, rows[:len(again)], same) {
		return append(old, rows[len(again):]...)
	}
	return slices.Concat(old[:from], rows)
}

// accessRows makes rows of an hour's access records, ascending by id.
func accessRows(known *contexts, h vault.Hour, records []*vault.AccessRecord) []Row {
	slices.SortFunc(records, func(a, b *vault.AccessRecord) int { return cmp.Compare(a.ID, b.ID) })
	rows := make([]Row, 0, len(records))
	taken := make(map[uint64]bool, len(records))
	for _, a := range records {
		row := accessRow(known, h, a)
		for n := 0; taken[row.ID] && n < accessMask; n++ { // two random numbers are the same: ids are not
			row.ID = row.ID&^accessMask | (row.ID+1)&accessMask
		}
		taken[row.ID] = true
		rows = append(rows, row)
	}
	slices.SortFunc(rows, byID)
	return rows
}

// accessRow makes the row of an access record. Its time is that of writing, which its id has: the time of the request may lie in another hour.
func accessRow(known *contexts, h vault.Hour, a *vault.AccessRecord) Row {
	row := Row{Context: known.of(Context{a.User, a.Credential, a.Action, a.Source}), Event: Revealed}
	at, millis, random := vault.StampOf(h.Start()), uint64(0), uint64(a.Number)
	if id, err := ulid.ParseStrict(a.ID); err == nil {
		at, millis = vault.Stamp(id.Time()/1000), id.Time()%1000
		random = uint64(id[13])<<16 | uint64(id[14])<<8 | uint64(id[15])
	}
	row.ID = idAt(at, millis) | accessBit | random&accessMask
	switch {
	case a.Withheld:
		row.Event = Withheld
	case len(a.Files) > 0:
		row.Event, row.Object = FileDownloaded, uint64(a.Files[0]) // one call takes one
	case len(a.Secrets) == 0:
		row.Event = Viewed
	}
	ids := append(make([]vault.EntryID, 0, len(a.Secrets)+len(a.Used)), a.Used...)
	for _, k := range a.Secrets {
		ids = append(ids, k.Entry)
	}
	row.setEntries(ids)
	row.setReason(a.Reason)
	return row
}
