// Package events builds what tells others of a vault: the event bus, and the Lambda handler on the tables' streams. It is apart from package wire so that what follows the
// streams, which has no key and opens no vault, links no client of DynamoDB or KMS.
package events

import (
	"context"
	"errors"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"tresor/shared/bus"
	"tresor/shared/dynamo/layout"
	"tresor/shared/wire/process"
)

// Bus returns the bus that the environment names.
func Bus() (*bus.Bus, error) {
	return bus.Open(process.Config("EVENTBRIDGE"), os.Getenv(process.EnvEventBus))
}

// Handler handles a batch of a stream.
type Handler[Batch, Answer any] func(context.Context, Batch) (Answer, error)

// StartStream runs for each batch of a table's stream what of returns, for as long as the process lives. Each leaves the same line and metrics as any job. Only a
// wrong configuration ends the process: no later batch could help.
func StartStream[Batch, Answer any](function string, of func(layout.Config) (Handler[Batch, Answer], error)) {
	slog.SetDefault(process.NewLogger(os.Stdout))
	handle, err := streamHandler(function, of)
	if err != nil {
		slog.Error("wrong configuration", "function", function, "error", err.Error())
		os.Exit(1)
	}
	lambda.Start(handle)
}

func streamHandler[Batch, Answer any](function string, of func(layout.Config) (Handler[Batch, Answer], error)) (func(context.Context, Batch) (Answer, error), error) {
	c := process.Tables()
	if c.Vault == "" || c.Entries == "" || c.Permissions == "" {
		return nil, errors.New(process.EnvVault + ", " + process.EnvEntries + " or " + process.EnvPermissions + " is not set")
	}
	handle, err := of(c)
	if err != nil {
		return nil, err
	}
	return process.Job(function, process.NewMeter(os.Stdout), handle), nil
}
