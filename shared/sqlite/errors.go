package sqlite

import (
	"errors"

	driver "modernc.org/sqlite"
	codes "modernc.org/sqlite/lib"

	"tresor/shared/vault"
)

// classify gives an error of the driver its kind. The driver's types stop here.
func classify(err error) error {
	var e *driver.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Code() & 0xff { // the primary code, see https://www.sqlite.org/rescode.html
	case codes.SQLITE_BUSY, codes.SQLITE_LOCKED:
		return &vault.Error{Kind: vault.Busy, Err: err}
	case codes.SQLITE_CORRUPT, codes.SQLITE_NOTADB:
		return &vault.Error{Kind: vault.Corrupt, Err: err}
	}
	return err
}

// uncommitted gives the error of a commit its kind. The frames may be in the log, and a recovery may find them whole, unless the disk was full: SQLite says so where a frame
// could not be written, and the one that commits is the last.
func uncommitted(err error) error {
	var e *driver.Error
	if errors.As(err, &e) && e.Code()&0xff == codes.SQLITE_FULL {
		return err
	}
	return &vault.Error{Kind: vault.Undecided, Err: err}
}
