package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"text/tabwriter"
)

// deployed is the processor that functions are deployed for, unless a parameter says otherwise.
const deployed = "arm64"

// sizeBudget is how large a function may be, in hellos: its bytes are fetched and mapped before it starts.
const sizeBudget = 3

// size is what a program has.
type size struct {
	name  string
	bytes int64
	ratio float64 // to hello's
}

// measured returns the sizes of hello and of every function of the template, built in dir.
func measured(dir string) ([]size, error) {
	known, err := functions()
	if err != nil {
		return nil, err
	}
	var all []size
	for _, name := range append([]string{hello}, slices.Sorted(maps.Keys(known))...) {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			return nil, fmt.Errorf("the template's function %s: %w", name, err)
		}
		s := size{name: name, bytes: info.Size(), ratio: 1}
		if len(all) > 0 {
			s.ratio = float64(s.bytes) / float64(all[0].bytes)
		}
		all = append(all, s)
	}
	return all, nil
}

// sizes builds the programs as they are deployed and prints a table.
func sizes(ctx context.Context, root, dir string, w io.Writer) error {
	if err := build(ctx, root, dir, deployed); err != nil {
		return err
	}
	all, err := measured(dir)
	if err != nil {
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprintln(t, "function\tbytes\tof hello\tbudget\t")
	over := 0
	for _, s := range all {
		verdict := ""
		if s.ratio > sizeBudget {
			verdict, over = "OVER", over+1
		}
		_, _ = fmt.Fprintf(t, "%s\t%d\t%.2f\t%d\t%s\n", s.name, s.bytes, s.ratio, sizeBudget*all[0].bytes, verdict)
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("print the sizes: %w", err)
	}
	if over > 0 {
		return fmt.Errorf("%d functions are over their budget", over)
	}
	return nil
}
