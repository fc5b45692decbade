// Package tresor holds what the whole module shares as files: the SAM template. The server of the tresor command builds its API
// from the same bytes that are deployed.
package tresor

import _ "embed" // for the directive below

// Template is template.yaml.
//
//go:embed template.yaml
var Template []byte
