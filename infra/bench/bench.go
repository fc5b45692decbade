// Package bench measures what the design promises: requests and capacity units, processor time, memory, and what runs in a second, here and
// now. It asserts nothing by the clock: tests count, and this shows figures that depend on the machine beside their budgets.
//
// The one idea: each figure comes from the same code that serves requests, on stores that only count, so that a table can be made on
// any machine in a minute.
package bench

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"time"

	"tresor/shared/dialect"
)

// Figure is one measured number.
type Figure struct {
	Name   string
	Value  float64
	Unit   string
	Budget *Budget // nil: there is none
}

// Budget is what a figure is to keep to.
type Budget struct {
	Limit   float64
	AtLeast bool // the limit is the least, not the most
}

// OK reports whether the figure keeps to its budget, or has none.
func (f Figure) OK() bool {
	switch b := f.Budget; {
	case b == nil:
		return true
	case b.AtLeast:
		return f.Value >= b.Limit
	default:
		return f.Value <= b.Limit
	}
}

func atMost(n float64) *Budget  { return &Budget{n, false} }
func atLeast(n float64) *Budget { return &Budget{n, true} }

// Options of Run.
type Options struct {
	// Dir is an empty folder on the disk to measure.
	Dir string
	// Many is the number of entries of a large vault.
	Many int
	// For is how long each measurement of something per second lasts.
	For time.Duration
	// Serve makes the whole server's handler.
	Serve func(dialect.Parts) (http.Handler, error)
	// Writer returns a process that runs Writer on its standard streams.
	Writer func(context.Context) *exec.Cmd
	// DynamoDB is where to measure ten writers; nil: nowhere.
	DynamoDB *Tables
	// Progress takes a line for each part.
	Progress io.Writer
}

// Run measures everything.
func Run(ctx context.Context, o Options) ([]Figure, error) {
	parts := []struct {
		name    string
		measure func(context.Context, Options) ([]Figure, error)
	}{
		{"requests and capacity units", counts},
		{fmt.Sprintf("a vault of %d entries", o.Many), scale},
		{fmt.Sprintf("a company of %d users with %d entries", companyUsers, o.Many), company},
		{"sysPass files", exchange},
		{"backups", backups},
		{"embedded reads", embeddedReads},
		{"embedded creates", embeddedCreates},
		{"embedded writers", embeddedWriters},
		{"writers on DynamoDB", dynamoWriters},
	}
	var all []Figure
	for _, p := range parts {
		_, _ = fmt.Fprintf(o.Progress, "measuring: %s\n", p.name)
		figures, err := p.measure(ctx, o)
		if err != nil {
			return all, fmt.Errorf("measure %s: %w", p.name, err)
		}
		all = append(all, figures...)
	}
	return all, nil
}
