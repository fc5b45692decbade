// Package anchor makes and reads anchors: small files that say where a vault's journals are and what access records there are, to be kept where whoever can write to the
// vault cannot. With one, `tresor audit verify` and the scheduled verifier name a tail that was cut off, which the journals themselves cannot show. It holds no secret, no
// name and no key: numbers, hashes, the random ids of the vault and of processes.
//
// The one idea: an anchor is readable JSON, so that an auditor needs nothing to keep it or to compare a number by eye, and carries a seal that only the vault's keys make,
// so that nobody passes off an invented one. The seal is the SHA-256 of the rest under the index keyset: sealing the whole would only hide what is no secret, and a MAC
// would need a keyset of its own. It does not say who of those with that keyset made it: that only one function may put anchors, and nobody may replace or remove one, is
// the bucket's matter (docs/security.md).
package anchor
