// Package wire builds what runs on AWS from the environment: tables, keys, journal, vault, authentication, and the Lambda handler on
// top. It has no rules and serves no dialect: each function's main hands in the handler that it is for, so that no binary carries another's code.
//
// The one idea: everything happens once per cold start, in the init phase, where Lambda gives a function full CPU: keysets are unwrapped
// while the journals are already being read, and the first catch-up is done before the first request comes.
//
// Only this package and process below it read environment variables.
package wire
