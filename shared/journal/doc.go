// Package journal turns a Store of sealed items into the vault's Log: it encodes, seals and chains records, keeps a replica of the state
// caught up, and appends by compare-and-append. It knows no rule of the vault and no database.
//
// The one idea: a record's number is a lock that can be taken once. Whoever puts record N+1 saw records 1 to N, so all writes are in one
// order, and what a replica computes from the records is what every other replica computes. The laws this package keeps are:
//
//	contiguous   a replica applies only the next number, and only if it continues the hash chain
//	one cut      it answers only from heads at which every record's view of the other journal is included
//	fresh        a request shares only a catch-up that began after the request came
//	attempts     an attempt is undecided until the record at its number is seen; then it is either in, or proven out
//	no leftovers nothing goes on after a call has returned
package journal
