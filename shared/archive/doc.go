// Package archive writes a whole vault into one sealed file and reads it back, verifying: the backup. It does not restore (its Reader is what
// a restore stands on), writes to no place of its own choosing, and does not hold the key: an archive carries its keysets as wrapped as they lie in
// the store, so that whoever has the file alone has nothing.
//
// The one idea: everything is copied as it is stored, sealed bytes and all, up to one pair of journal heads. What must be in the archive
// follows from the journals in it, so that a reader needs nobody's word for its being complete. What cannot follow from them, which
// secrets and files were purged, stands in the manifest.
//
// The file:
//
//	"tresor archive\n"
//	header length, 4 bytes big endian | header (CBOR, in clear)
//	chunk length, 4 bytes big endian, the top bit set for the last chunk | sealed chunk
//	...
//
// The header holds the format number, the archive's random id, the vault's id, the time, the heads and the wrapped keysets. A chunk holds 1 MB
// (1,048,576 bytes) of plaintext, the last one what remains and at least a byte. Each is sealed under vault.PurposeExports and bound to the SHA-256 of all bytes
// before the first chunk, to its number from 1, and to being the last or not (the STREAM construction, https://eprint.iacr.org/2015/189).
// So every byte of the file is authenticated, and a file that was cut, lengthened, put together from others or put in another order does not open.
//
// The chunks hold a sequence of items, each
//
//	kind, 1 byte | body length, 4 bytes big endian | body (CBOR)
//
// in the order of the sections: the records of the entries journal, those of the permissions journal, the access records by hour, the secrets by
// entry and version, the contents of files by name in pieces of at most 1 MB (there need not be any), and at the end one manifest with the count and the SHA-256 of every
// section. New sections get kinds of their own and come before the manifest; a reader refuses a kind that it does not know, because a restore without it would lose data.
package archive
