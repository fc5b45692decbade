// Package gateway turns Amazon API Gateway REST events into net/http requests and the answers back. It is the only place that
// knows such events, and the only one that imports the adapter library. It routes nothing, authenticates nobody and knows no
// dialect.
//
// The one idea: what a client sent reaches the dialect exactly, and nothing of it reaches a log. TPM signs the percent-encoded path and
// TeamPass carries passwords in it, so inbound.RawPath gives the path byte for byte, while the request line that is logged names only the
// resource of the template. A request that net/url cannot take is not refused here with a shape of our own: the dialect gets it with
// the URL "/" and inbound.Refused set, and answers in its own words.
//
// REST events (payload "1.0") only: HTTP APIs decode the path before a function sees it.
package gateway
