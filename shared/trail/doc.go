// Package trail reads a vault's log as one list, newest first: what was changed, from the records of both journals, and who saw which secret, from
// the access records of every hour. It decides nothing about who may read it, and renders nothing.
//
// The one idea: what is over does not change. A journal's record and a closed hour of access records are read at most once by a process and kept as
// compact rows, and an open hour is read on from where it was read to. The journal says how many records a closed hour has, so that a page and the number of
// pages need only the hours that the page touches. A process whose users never ask for the log reads and keeps nothing.
package trail
