package tpm

import (
	"tresor/shared/vault"
)

// choice says which passwords a list is about.
type choice func(*vault.Reader, *call) func(*vault.Row) bool

// passwordList makes the endpoint of a list of passwords.
func passwordList(name string, which choice) endpoint {
	return list(name, func(r *vault.Reader, c *call, skip, take int) (page, error) {
		return passwordPage(r, c, which(r, c), skip, take)
	})
}

// passwordPage returns part of the list of the shared passwords that match and that the caller may read, in the form that it asks for.
func passwordPage(r *vault.Reader, c *call, match func(*vault.Row) bool, skip, take int) (page, error) {
	permissions := c.flag("X-Permissions")
	if permissions && r.Principal().Role() != vault.Admin {
		return page{}, &vault.Error{Kind: vault.Forbidden, Msg: "X-Permissions is for Admin users."}
	}
	entries, total := r.Entries(vault.ByUpdated, func(row *vault.Row) bool { return row.Owner == 0 && match(row) }, skip, take)
	out := render(r)
	items := make([]any, 0, len(entries))
	for _, e := range entries {
		switch {
		case permissions: // beats X-Metadata-Only (tpm 6.1)
			items = append(items, out.permissionsItem(e))
		case c.flag("X-Metadata-Only"):
			items = append(items, metadataOf(e))
		default:
			items = append(items, out.item(e))
		}
	}
	return page{items, total}, nil
}

func allPasswords(*vault.Reader, *call) func(*vault.Row) bool {
	return func(*vault.Row) bool { return true }
}

func activePasswords(r *vault.Reader, _ *call) func(*vault.Row) bool {
	archived := archive(r)
	return func(row *vault.Row) bool { return !archived(row) }
}

func archivedPasswords(r *vault.Reader, _ *call) func(*vault.Row) bool { return archive(r) }

// favoritePasswords lists archived ones too: the mark stays on them.
func favoritePasswords(r *vault.Reader, _ *call) func(*vault.Row) bool {
	return func(row *vault.Row) bool { return r.IsFavourite(row.ID) }
}

func searchPasswords(r *vault.Reader, c *call) func(*vault.Row) bool {
	return parseQuery(c.search).compile(r)
}

// archive reports whether an entry or its project is archived. It asks once for each project.
func archive(r *vault.Reader) func(*vault.Row) bool {
	archived := perProject(func(id vault.ProjectID) bool { return r.Archived(id) })
	return func(row *vault.Row) bool { return row.Archived || archived(row.Project) }
}

// perProject remembers what ask says of each project, by number: a list asks for every entry.
func perProject(ask func(vault.ProjectID) bool) func(vault.ProjectID) bool {
	const unknown, no, yes = 0, 1, 2
	var answers []uint8
	return func(id vault.ProjectID) bool {
		if int(id) >= len(answers) {
			answers = append(answers, make([]uint8, int(id)+1-len(answers))...)
		}
		if answers[id] == unknown {
			answers[id] = no
			if ask(id) {
				answers[id] = yes
			}
		}
		return answers[id] == yes
	}
}
