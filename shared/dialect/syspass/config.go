package syspass

import (
	"context"
	"errors"
	"strings"

	"tresor/shared/vault"
)

// Depot keeps what config/backup and config/export make. Both answer only when what they made is safe, but for an
// export that is too large to be waited for, and never overwrite anything.
// under is a path below the depot's own place, slash-separated, "" for none. The location says where the thing is: s3://bucket/key, or file:///path.
// Errors: Invalid for a path that cannot be; others from what it writes to.
type Depot interface {
	// Export writes sysPass's XML (syspass 4.3 to 4.6), encrypted once more under password unless that is empty. changed is of how many things in it a text
	// had to be changed, because the format cannot hold it.
	Export(ctx context.Context, x *vault.Export, under, password string) (location string, changed int, err error)
	// Later reports whether an export of a vault with so many shared entries is to be made after the call, by ExportLater: a gateway does not wait for it.
	Later(shared int) bool
	// ExportLater has the same made as whoever the request is from, of what they may see then, and returns where it will be.
	ExportLater(ctx context.Context, req vault.Request, under, password string) (location string, err error)
	// Backup writes a sealed archive of the whole vault.
	Backup(ctx context.Context, under string) (location string, err error)
}

// target is what both methods take.
type target struct {
	path     string // as given; "" for the default
	under    string
	password string // config/export alone
}

func decodeTarget(unable string) decoder[target] {
	return func(p params) (target, error) {
		t := target{path: p.text("path"), password: p.text("password")}
		parts := strings.FieldsFunc(t.path, func(r rune) bool { return r == '/' })
		for _, part := range parts {
			if part == ".." {
				return t, unableTo(unable, t.path)
			}
		}
		t.under = strings.Join(parts, "/")
		if t.password == "" && p.flag("password") { // nothing is left of it: the file would not be encrypted
			return t, errPassword
		}
		return t, nil
	}
}

// The texts of syspass 1.5 for a directory that cannot be made.
const (
	noBackupDirectory = "Unable to create the backups directory (%)"
	noExportDirectory = "Unable to create the directory (%)"
)

// errPassword refuses a password that the string rule makes empty, such as "<secret": the original writes the file in clear then.
var errPassword = &failure{Message: "Error while exporting", Data: "The password is empty without its tags"}

func unableTo(text, path string) *failure {
	return &failure{Message: strings.Replace(text, "%", `"`+path+`"`, 1)}
}

// configBackup is syspass 4.1. The archive is the same for every caller: it is sealed under the vault's keys, which no caller has.
func configBackup(a *api, c *call) (result, error) {
	t, err := gather(decodeTarget(noBackupDirectory), func(r *reading, t target) (target, error) { return t, r.Backup() })(a, c)
	if err != nil {
		return result{}, err
	}
	location, err := a.depot.Backup(c.ctx, t.under)
	if err != nil {
		return result{}, notKept(err, noBackupDirectory, t.path, "Error while doing the backup")
	}
	return t.kept(location, "Backup process finished"), nil
}

// exporting is an export and where it is to go; without one, it is to be made later.
type exporting struct {
	target
	*vault.Export
}

// configExport is syspass 4.2, of what the caller may see.
func configExport(a *api, c *call) (result, error) {
	e, err := gather(decodeTarget(noExportDirectory), func(r *reading, t target) (exporting, error) {
		if a.depot.Later(r.SharedEntries()) {
			return exporting{target: t}, nil
		}
		x, err := r.Export()
		return exporting{t, x}, err
	})(a, c)
	if err != nil {
		return result{}, err
	}
	if e.Export == nil {
		return a.exportLater(c, &e.target)
	}
	location, changed, err := a.depot.Export(c.ctx, e.Export, e.under, e.password)
	if err != nil {
		return result{}, notKept(err, noExportDirectory, e.path, "Error while exporting")
	}
	out := e.kept(location, "Export process finished")
	out.leftOut, out.missing, out.changed = len(e.LeftOut), len(e.Missing), changed
	return out, nil
}

// exportLater answers at once with where the export will be. The text is not the original's, which says that the export is there.
func (a *api) exportLater(c *call, t *target) (result, error) {
	location, err := a.depot.ExportLater(c.ctx, c.request(a.lockout), t.under, t.password)
	if err != nil {
		return result{}, notKept(err, noExportDirectory, t.path, "Error while exporting")
	}
	return t.kept(location, "Export process started"), nil
}

// kept answers with the path as it was given, and beside it, which is ours, with where the thing is.
func (t *target) kept(location, message string) result {
	path := t.path
	if path == "" {
		path = location[:strings.LastIndexByte(location, '/')]
	}
	return result{payload: path, message: message, count: noCount, location: location}
}

// notKept is the answer for what the depot refused.
func notKept(err error, unable, path, text string) error {
	if errors.Is(err, vault.Invalid) {
		return unableTo(unable, path)
	}
	return &failure{Message: text, cause: err}
}
