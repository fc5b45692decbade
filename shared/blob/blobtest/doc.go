// Package blobtest is how implementations of blob.Store are held to its contract. It is for tests only and no program links it.
//
// RunStore is the conformance suite: what the comments of blob.Store promise, as tests that every implementation passes alike. RunBounded counts
// what a Put and a read of 100 MB allocate. Lossy wraps any store and loses answers, for those who build on one.
//
// The one idea: contents are made from a seed and known by their hash, so that no test holds what it writes.
package blobtest
