// Command compactor is the Lambda function that closes hours of access records, once an hour.
package main

import (
	"context"
	"log/slog"
	"time"

	"tresor/shared/compact"
	"tresor/shared/wire"
)

func main() {
	wire.StartJob("compactor", func(ctx context.Context, s *wire.System) error {
		closed, err := compact.Close(ctx, s.Vault, s.Log, time.Now())
		slog.InfoContext(ctx, "hours closed", "count", closed)
		return err
	})
}
