package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"
)

// budget of a start on an empty vault, in starts of hello.
const budget = 3

// records are how many entries the vault that is not empty holds.
const records = 200

// subjects returns what is measured: hello, and each function on no vault and on one with records, where DynamoDB answers from memory and where it is
// DynamoDB Local. The memory must be closed by the caller.
func (p *place) subjects(ctx context.Context, dir string, names []string) ([]*subject, *memory, error) {
	known, err := functions()
	if err != nil {
		return nil, nil, err
	}
	full, err := p.found(ctx, fmt.Sprintf("cold-%d", time.Now().UnixNano()))
	if err != nil {
		return nil, nil, err
	}
	if err := full.fill(ctx, records); err != nil {
		return nil, nil, err
	}
	m := remember(p.dynamo)
	all := []*subject{{name: hello, program: filepath.Join(dir, hello)}}
	for _, name := range names {
		purposes, ok := known[name]
		if !ok {
			m.Close()
			return nil, nil, fmt.Errorf("the template has no function %s", name)
		}
		of := func(what, vaultName, dynamo string, budget float64) *subject {
			return &subject{name: name + what, program: filepath.Join(dir, name), env: p.environment(vaultName, purposes, dynamo), budget: budget}
		}
		all = append(all,
			of("_empty", full.name+"-none", m.URL, budget),
			of("_full", full.name, m.URL, 0),
			of("_empty_dynamodb_local", full.name+"-none", p.dynamo, 0),
			of("_full_dynamodb_local", full.name, p.dynamo, 0))
	}
	return all, m, nil
}
