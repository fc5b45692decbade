// Command exporter is the Lambda function that makes the exports that are too large for a call: each event names a job.
package main

import (
	"context"

	"tresor/shared/invoke"
	"tresor/shared/wire"
	"tresor/shared/wire/bucket"
)

func main() {
	wire.StartTask("exporter", func(ctx context.Context, s *wire.System, e invoke.Event) error {
		return bucket.Depot(s).Run(ctx, e.Job)
	})
}
