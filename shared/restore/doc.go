// Package restore puts an archive (package archive) into an empty store: what lies there afterwards answers as the vault did that was backed up, with its ids, its
// keys and its audit chain, byte for byte as it was sealed; or as that vault did at an earlier point.
//
// The one idea: a vault begins with its two records 1, and a replica takes no record before those (law 1). So everything else is put first, each thing only
// if it is not there, and both records 1 at the very end together with the keysets, in one transaction (law 16). Until then there is no vault
// for anybody, however often the restore was killed, and a mark says whose ruins lie there: nobody founds a vault among them, and only the same
// restore goes on.
//
// The archive is read three times or more, so it must be a file: it is verified to its end before anything is written.
//
// A repair (law 17) is the other way back: two tables that were brought back to different moments are cut to the greatest pair of heads that is closed under law 2. Both
// go on with a record that says so and that keeps out whom the records left behind had shut out. No replica that read such tables was ever beyond that pair, since
// it answers from closed pairs only, and one that read the tables before must be started anew, as it is when it is pointed to tables of another name.
package restore
