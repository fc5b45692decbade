package archive

import (
	"strings"
	"time"
)

// Where backups lie among a vault's objects: below Folder, the nightly ones below Scheduled in it, and no others there. A bucket's rule lets go of the old ones of those.
const (
	Folder    = "backups"
	Scheduled = "scheduled"
)

const namePrefix = "tresor-"

// nightly is what the keys of nightly backups begin with.
const nightly = Folder + "/" + Scheduled + "/" + namePrefix

// stamp is a time of UTC, so that names sort by it.
const stamp = "20060102T150405Z"

// Name returns what a backup is called in its folder: "tresor-20261126T120000Z-UNIQUE.backup".
func Name(made time.Time, unique string) string {
	return namePrefix + made.UTC().Format(stamp) + "-" + unique + ".backup"
}

// NightlySince returns the key after which those of the nightly backups made since a time come.
func NightlySince(t time.Time) string { return nightly + t.UTC().Format(stamp) }

// IsNightly reports whether an object with a key is a nightly backup. They follow one another in a list.
func IsNightly(key string) bool { return strings.HasPrefix(key, nightly) }
