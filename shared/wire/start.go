package wire

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"tresor/shared/gateway"
	"tresor/shared/watch"
	"tresor/shared/wire/process"
)

// openTimeout bounds what happens before the first poll. Lambda ends an init phase after 10 s and begins again.
const openTimeout = 9 * time.Second

// Start serves a dialect as the Lambda function of the given name, for as long as the process lives. fail answers in the dialect's shape when
// the handler panics; it may be nil.
func Start(function string, handler func(*System) http.Handler, fail http.HandlerFunc) {
	s := begin(function)
	lambda.Start(gateway.New(handler(s), gateway.Options{Function: function, Fail: fail, Fronted: true, Meter: s.meter}).Proxy)
}

// StartJob runs job for each event of a schedule. What the event holds does not matter.
func StartJob(function string, job func(context.Context, *System) error) {
	StartTask(function, func(ctx context.Context, s *System, _ json.RawMessage) error { return job(ctx, s) })
}

// StartTask runs task for each event that another function sends, which is decoded from JSON. An error has Lambda try again, and in the end keep the event where the
// template says.
func StartTask[E any](function string, task func(context.Context, *System, E) error) {
	s := begin(function)
	lambda.Start(taskHandler(function, s, task))
}

func taskHandler[E any](function string, s *System, task func(context.Context, *System, E) error) func(context.Context, E) error {
	run := process.Job(function, s.meter, func(ctx context.Context, event E) (struct{}, error) { return struct{}{}, task(ctx, s, event) })
	return func(ctx context.Context, event E) error {
		_, err := run(ctx, event)
		return err
	}
}

// begin opens the vault. Only a wrong configuration ends the process: no later request could help.
func begin(function string) *System {
	slog.SetDefault(process.NewLogger(os.Stdout))
	settings, err := FromEnvironment()
	if err != nil {
		slog.Error("wrong configuration", "function", function, "error", err.Error())
		os.Exit(1)
	}
	began := time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), openTimeout)
	defer cancel()
	ctx, ledger := watch.With(ctx)
	s, err := Open(ctx, settings, NewClients())
	if s == nil {
		slog.Error("cannot open the vault", "function", function, "error", err.Error())
		os.Exit(1) //nolint:gocritic // nothing is left to cancel
	}
	done := process.Done(ledger, err)
	if err != nil {
		slog.Error("vault not ready", "function", function, "kind", done.Outcome, "error", err.Error())
	}
	slog.LogAttrs(ctx, slog.LevelInfo, "start", process.Line(ctx, function, done, time.Since(began))...)
	s.meter = process.NewMeter(os.Stdout)
	return s
}
