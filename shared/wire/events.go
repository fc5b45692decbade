package wire

import (
	"context"
	"errors"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"tresor/shared/bus"
	"tresor/shared/dynamo"
)

// EventBus returns the bus that the environment names.
func EventBus() (*bus.Bus, error) { return bus.Open(Config("EVENTBRIDGE"), os.Getenv(envEventBus)) }

// StartStream runs for each batch of a table's stream what of returns. It opens no vault: such a function has no key, and knows the tables' names alone.
func StartStream[Batch, Answer any](function string, of func(dynamo.Config) (func(context.Context, Batch) (Answer, error), error)) {
	slog.SetDefault(NewLogger(os.Stdout))
	handle, err := streamHandler(of)
	if err != nil {
		slog.Error("wrong configuration", "function", function, "error", err.Error())
		os.Exit(1)
	}
	lambda.Start(func(ctx context.Context, b Batch) (Answer, error) {
		a, err := handle(ctx, b)
		if err != nil {
			slog.ErrorContext(ctx, "job failed", "function", function, "error", err.Error())
		}
		return a, err
	})
}

func streamHandler[Batch, Answer any](of func(dynamo.Config) (func(context.Context, Batch) (Answer, error), error)) (func(context.Context, Batch) (Answer, error), error) {
	c := dynamo.Config{Vault: os.Getenv(envVault), Entries: os.Getenv(envEntries), Permissions: os.Getenv(envPermissions)}
	if c.Vault == "" || c.Entries == "" || c.Permissions == "" {
		return nil, errors.New(envVault + ", " + envEntries + " or " + envPermissions + " is not set")
	}
	return of(c)
}
