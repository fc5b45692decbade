// Package depot keeps what leaves a vault as a whole: exports in sysPass's XML and sealed backups, as objects of a blob store. It decides nothing
// about who may have them: an export comes gathered by the vault's rules, and a backup is the same whoever asks for it.
//
// The one idea: what is made is streamed into a new object under a name of its own, and its location is told only when it is there whole. Nothing is
// ever overwritten or removed here.
package depot
