// Package replay sends what was recorded to the functions of the API: the events of package events, and the requests of the dialects' transcripts.
// It is for tests, and no test by itself: the same exchanges go to handlers in this process and to the real programs that are deployed.
//
// The one idea: an event names what only a vault knows by placeholders, so a vault is made that has all of it, and what came back is
// judged by its dialect's shape, not by its text.
package replay
