// Package syspassxml reads and writes the file in which sysPass 3.2 exports its accounts and takes them back: XML, plain or encrypted under an
// export password, with every account's password sealed under a master password. It is not the API (shared/dialect/syspass), knows no vault
// and no rule of who may export what, and does not open account passwords by itself: a Document carries them sealed, a Sealer makes them
// and an Opener opens them.
//
// The one idea: a file's hash covers the unindented form of its elements, so there is one small serializer with two settings, indented
// and not. Write runs it twice over a Document, once for the hash and once for the file; Read runs it over whatever the file holds,
// elements that nobody knows included, and so recomputes the hash of any export without keeping a tree.
//
// A file is input from strangers. DOCTYPE is refused, and with it every entity; depth, the size of one text, the number of items and the size
// of the whole are bounded, and nothing is kept of what is not understood. One bound is the caller's: each distinct key
// string in a file costs its reader a PBKDF2 of 100,000 iterations (about 15 ms), and sysPass gives each account its own.
//
// Errors are of the vault's kinds with texts that may be shown: Invalid (not such a file, or a wrong export password), Corrupt (a ciphertext that does
// not verify), TooLarge. No text quotes the file: notes hold secrets too often.
package syspassxml
