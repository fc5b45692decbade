package template

import (
	"encoding/json"
	"strings"
)

// Clients returns the services of AWS, as the SDK calls them, that a function needs a client for by what its role allows. Not among them is what others do in its
// name: Lambda reads streams, writes logs and keeps failures, S3 and DynamoDB ask KMS for the key at rest. Nor are snapshots, which every
// function may read and which needs no client of S3 (package s3read).
func (t *Template) Clients(function string) map[string]bool {
	needs := map[string]bool{}
	for _, s := range t.statementsOf(function, &rightsWriter{}) {
		on, _ := json.Marshal([]any{s["Resource"], s["Condition"]}) // of what a YAML document holds: it always does
		for _, a := range Texts(s["Action"]) {
			service, action, _ := strings.Cut(a, ":")
			switch {
			case service == "logs", service == "sqs", service == "kms" && strings.Contains(string(on), "kms:ViaService"):
			case service == "dynamodb" && (strings.HasSuffix(action, "Stream") || strings.HasSuffix(action, "Streams") || action == "GetRecords" || action == "GetShardIterator"):
			case (a == "s3:GetObject" || a == "s3:ListBucket") && onlySnapshots(string(on)):
			default:
				needs[service] = true
			}
		}
	}
	return needs
}

// onlySnapshots reports whether the resources and conditions of a statement name snapshots and no other objects.
func onlySnapshots(on string) bool {
	for _, kind := range []string{"/files/", "/backups/", "/exports/"} {
		if strings.Contains(on, kind) {
			return false
		}
	}
	return strings.Contains(on, "/snapshots/")
}
