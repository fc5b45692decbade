package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"text/tabwriter"
	"time"

	"tresor/infra/bench"
	"tresor/infra/dynamodblocal"
	"tresor/shared/dialect"
	"tresor/shared/wire"
)

// benchWriter is the name of the command that bench starts writers by. It is in no list of commands: there is nothing in it for people.
const benchWriter = "bench-writer"

func runBench(k *call) error {
	quick := k.flags.Bool("quick", false, "a tenth of a second and few entries for each: shows that it works, not how well")
	without := k.flags.Bool("without-dynamodb", false, "do not start DynamoDB Local, which takes Java and Maven")
	if err := k.parse(0, 0); err != nil {
		return err
	}
	dir, err := k.benchDir()
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }() //nolint:gosec // a folder that benchDir has made
	o := bench.Options{Dir: dir, Many: 100_000, For: 3 * time.Second, Serve: benchServer, Writer: benchProcess, Progress: k.err}
	if *quick {
		o.Many, o.For = 2_000, 100*time.Millisecond
	}
	if !*without {
		var stop func()
		if o.DynamoDB, stop, err = k.benchTables(); err != nil {
			return err
		}
		defer stop()
	}
	figures, err := bench.Run(k.ctx, o)
	if err != nil {
		return err
	}
	return k.print(benchResult(figures), func(w io.Writer) { benchTable(w, figures) })
}

// benchDir makes a folder to measure in: on the disk of --data, if that is given.
func (k *call) benchDir() (string, error) {
	if k.place.data == "" {
		return os.MkdirTemp("", "tresor-bench-")
	}
	if err := os.MkdirAll(k.place.data, 0o700); err != nil { //nolint:gosec // the operator says where
		return "", fmt.Errorf("make the data folder: %w", err)
	}
	return os.MkdirTemp(k.place.data, "bench-")
}

// benchTables says where to measure DynamoDB: the tables of the environment with --store dynamodb (under a vault name of its own, which stays), else DynamoDB
// Local, started for the purpose. It cannot be started outside the project's folder; then that part is left out, and said so.
func (k *call) benchTables() (*bench.Tables, func(), error) {
	if k.place.store == "dynamodb" {
		s, err := wire.FromEnvironment()
		return &bench.Tables{Entries: s.Entries, Permissions: s.Permissions}, func() {}, err
	}
	server, err := dynamodblocal.Run(k.ctx, dynamodblocal.Options{})
	if err != nil {
		fmt.Fprintf(k.err, "not measured: DynamoDB: %v\n", err)
		return nil, func() {}, nil
	}
	tables, err := server.CreateTables(k.ctx, "", "-bench")
	if err != nil {
		server.Stop()
		return nil, func() {}, err
	}
	return &bench.Tables{Endpoint: server.URL, Entries: tables.Entries, Permissions: tables.Permissions}, server.Stop, nil
}

func benchServer(p dialect.Parts) (http.Handler, error) {
	return newHandler(p, newLog(io.Discard), false)
}

func benchProcess(ctx context.Context) *exec.Cmd {
	return exec.CommandContext(ctx, os.Args[0], benchWriter) //nolint:gosec // this program
}

// benchFigure is a figure in JSON.
type benchFigure struct {
	Value  float64  `json:"value"`
	Unit   string   `json:"unit"`
	Budget *float64 `json:"budget,omitempty"`
	OK     bool     `json:"ok"`
}

func benchResult(figures []bench.Figure) map[string]benchFigure {
	out := map[string]benchFigure{}
	for _, f := range figures {
		b := benchFigure{Value: f.Value, Unit: f.Unit, OK: f.OK()}
		if f.Budget != nil {
			b.Budget = &f.Budget.Limit
		}
		out[f.Name] = b
	}
	return out
}

func benchTable(w io.Writer, figures []bench.Figure) {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "figure\tmeasured\tunit\tbudget\t\t")
	for _, f := range figures {
		budget, verdict := "", ""
		if f.Budget != nil {
			budget, verdict = "<= ", "ok"
			if f.Budget.AtLeast {
				budget = ">= "
			}
			budget += number(f.Budget.Limit)
			if !f.OK() {
				verdict = "MISSED"
			}
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t\n", f.Name, number(f.Value), f.Unit, budget, verdict)
	}
	_ = table.Flush()
}

func number(v float64) string {
	return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.2f", v), "0"), ".")
}
