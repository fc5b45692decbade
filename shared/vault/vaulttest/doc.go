// Package vaulttest is how the stores of the vault are held to their contract, and how the layers above are held to theirs. It is
// for tests only and no program links it.
//
// RunStore is the conformance suite: what vault.Store's comments promise, as tests that every implementation passes alike.
// Memory is the smallest implementation that does, for fast tests. Faulty wraps any store and does what a real network and a real
// DynamoDB do and no local stand-in shows: it loses answers and requests, throttles, delays, lets a given-up commit land later, and
// shows a transaction's items one at a time. It also counts calls and capacity units, so that budgets are tested by counting.
//
// The one idea: a store is only as good as the worst thing it was tested against, so the worst is here, in one place, on demand.
package vaulttest
