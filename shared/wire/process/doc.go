// Package process is what every function's process has, whether it opens a vault or not: its environment's names, the configuration of clients, its log, and the line
// and the metrics that each run of a job leaves.
//
// The one idea: it links no client. Package wire builds a vault on top of it; what follows the tables' streams has no vault, and does without.
package process
