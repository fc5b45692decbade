// Package seal encrypts what tresor stores: it implements vault.Sealer with one Tink keyset for each vault.Purpose. It is not a
// key store (keysets lie in the vault's own table, wrapped) and knows neither KMS nor key files: a Wrapper does the wrapping, and
// the packages kmswrap and keyfile are the two there are, apart so that no program links the one that it does not use.
//
// The one idea: the wrapper is asked once for each keyset when a process starts, in parallel; from then on every value is sealed
// and opened in memory with AES-256-GCM. A value names its key, so a key that another process has begun to use is noticed by its
// unknown name, and the keyset is then loaded anew.
//
// Tink's own keyset and ciphertext formats are kept: a stored keyset is a Tink EncryptedKeyset, a sealed value is
//
//	0x01 | key id, 4 bytes big endian | nonce, 12 bytes | ciphertext | tag, 16 bytes
//
// Only Tink's keyset and aesgcm packages are imported. The aead package would do the choice of the key by itself, but it registers five
// more algorithms and the KMS envelope, which every Lambda function would carry.
//
// Nonces are random, so one key may seal 2^32 values; a rotation long before that is the operator's to plan.
package seal
