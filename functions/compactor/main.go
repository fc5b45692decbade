// Command compactor is the Lambda function that closes hours of access records and removes contents that no file names, once an hour.
package main

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"tresor/shared/compact"
	"tresor/shared/wire"
	"tresor/shared/wire/bucket"
)

func main() {
	wire.StartJob("compactor", func(ctx context.Context, s *wire.System) error {
		closed, err := compact.Close(ctx, s.Vault, s.Log, time.Now())
		swept, failed := bucket.Files(s).Sweep(ctx, s.Vault, time.Now())
		slog.InfoContext(ctx, "hours closed", "count", closed)
		slog.InfoContext(ctx, "files swept", "count", swept)
		return errors.Join(err, failed)
	})
}
