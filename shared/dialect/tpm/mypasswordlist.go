package tpm

import (
	"slices"

	"tresor/shared/vault"
)

// myPasswordList makes the endpoint of a list of the caller's personal passwords. Whose an entry is, is asked first and costs nothing, so that a vault of
// many shared entries makes a personal list no slower than a look at each.
func myPasswordList(name string, which choice) endpoint {
	return list(name, func(r *vault.Reader, c *call, skip, take int) (page, error) {
		if err := mayHaveOwn(r); err != nil {
			return page{}, err
		}
		me, match := r.Principal().ID(), which(r, c)
		entries, total := r.Entries(vault.ByUpdated, func(row *vault.Row) bool { return row.Owner != 0 && row.Owner == me && match(row) }, skip, take)
		out := render(r)
		items := make([]any, 0, len(entries))
		for _, e := range entries {
			if c.flag("X-Metadata-Only") {
				items = append(items, myMetadataOf(e))
			} else {
				items = append(items, out.myItem(e))
			}
		}
		return page{items, total}, nil
	})
}

func activeMyPasswords(*vault.Reader, *call) func(*vault.Row) bool {
	return func(row *vault.Row) bool { return !row.Archived }
}

func archivedMyPasswords(*vault.Reader, *call) func(*vault.Row) bool {
	return func(row *vault.Row) bool { return row.Archived }
}

// searchMyPasswords takes the operators of passwords. A personal one is in no project, whatever personal folder another API keeps it in: in: finds
// nothing (tpm 3).
func searchMyPasswords(r *vault.Reader, c *call) func(*vault.Row) bool {
	q := parseQuery(c.search)
	if slices.ContainsFunc(q, func(t term) bool { return t.op == opIn }) {
		return func(*vault.Row) bool { return false }
	}
	return q.compile(r)
}

// myPasswordFiles lists the files of one of the caller's personal passwords (tpm 6.4).
func myPasswordFiles(r *vault.Reader, c *call, skip, take int) (page, error) {
	if err := mayHaveOwn(r); err != nil {
		return page{}, err
	}
	e, err := myPassword(r, c.id)
	if err != nil {
		return page{}, err
	}
	return entryFiles(r, c, e, skip, take)
}
