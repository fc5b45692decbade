// Package upgrade tries law 11 with two programs side by side on one vault: this one, and the next one. It is for its test.
//
// The one idea: the next program is built from this source with a few lines replaced on the way to the compiler (go build -overlay), as whoever adds a format would
// write them. So it stays "the next one" whatever this one becomes, and no branch of the shipped code exists for a test.
package upgrade
