// Package tpm speaks the Team Password Manager API v6 on the vault: URLs, credentials, pages, searches and JSON as that product has them.
// It has no rules and no storage of its own. What the words mean on the wire is in docs/tpm.md; comments that say "tpm 1.5" name a section of
// the contract that this package was written from.
//
// The one idea: a request is a route on exactly the bytes of the path that its signature covers. So the path is taken raw from the gateway, the
// credential decides which form of it counts, and only that form is split, routed and decoded, once.
package tpm
