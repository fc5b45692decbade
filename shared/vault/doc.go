// Package vault is the domain of tresor: its entities, the state they form, the rules over that state, and
// the two ways to use it, View and Update. It is not a database and knows no wire format, no AWS, no SQL.
//
// The one idea: the whole index (everything but secrets) is in memory as a State, rebuilt from two journals of
// numbered records. So every rule is plain Go over an in-memory value, and every write is one compare-and-append.
//
// What the vault needs from outside is a handful of small interfaces: Store (store.go), Sealer (seal.go) and
// Authenticator (request.go). Others implement them; this package imports only the standard library and
// golang.org/x/text (case and accent folding).
package vault
