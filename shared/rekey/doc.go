// Package rekey changes the keys of a vault while others use it: it rotates keysets, puts what lies under old keys under the new ones, and wraps keysets under another key file.
// It makes no keys and seals nothing by itself: package seal does.
//
// The one idea: every step is conditional on what was read (a keyset's version is put if absent, sealed bytes are replaced where they are still those bytes), so whoever is
// killed begins again, two at once do the work of one, and nothing that others write meanwhile is lost.
package rekey
