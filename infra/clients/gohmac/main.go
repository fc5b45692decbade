// Command gohmac URL CREDENTIALS is a client of the Team Password Manager API as people write one in Go: net/http, a signature, and no library. It drives
// the server with API v4 and v5 and fails if an answer is not what the original's is. It shares nothing with the server.
package main

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
)

// credentials is what credentials.py wrote.
type credentials struct {
	TPM       keys `json:"tpm"`
	Colleague struct {
		ID int `json:"id"`
	} `json:"colleague"`
}

type keys struct {
	Public  string `json:"public_key"`
	Private string `json:"private_key"`
}

// run is one version's way through the API.
type run struct {
	client
	colleague int
	word      string // in no other run
	project   int
	made      []int // its passwords
}

// steps build on the ones before; groups come first, because they need none.
var steps = []struct {
	name string
	do   func(*run) error
}{
	{"groups", (*run).groups},
	{"create", (*run).creates},
	{"show", (*run).show},
	{"update", (*run).update},
	{"lock", (*run).lock},
	{"count and pages", (*run).pages},
	{"links", (*run).links},
	{"search", (*run).search},
	{"signatures", (*run).signatures},
	{"delete", (*run).deletes},
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: gohmac URL CREDENTIALS")
		os.Exit(2)
	}
	who, err := read(os.Args[2])
	if err != nil {
		fmt.Fprintln(os.Stderr, "gohmac:", err)
		os.Exit(2)
	}
	failed := 0
	for _, version := range []string{"v4", "v5"} {
		failed += drive(&run{
			client:    client{base: os.Args[1], version: version, public: who.TPM.Public, private: who.TPM.Private},
			colleague: who.Colleague.ID,
			word:      "t" + rand.Text(),
		})
	}
	if failed > 0 {
		fmt.Fprintf(os.Stderr, "gohmac: %d steps failed\n", failed)
		os.Exit(1)
	}
}

func read(name string) (who credentials, err error) {
	text, err := os.ReadFile(name) //nolint:gosec // the caller names it
	if err != nil {
		return who, err
	}
	return who, json.Unmarshal(text, &who)
}

func drive(r *run) (failed int) {
	for _, step := range steps {
		if err := step.do(r); err != nil {
			fmt.Fprintf(os.Stderr, "gohmac: %s %s: FAIL: %v\n", r.version, step.name, err)
			failed++
			continue
		}
		fmt.Printf("gohmac: %s %s: ok\n", r.version, step.name)
	}
	return failed
}
