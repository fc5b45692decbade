// Command backup is the Lambda function that, once a night, writes a sealed backup of the whole vault into the bucket. Before there is a vault it does nothing.
package main

import (
	"context"
	"errors"
	"log/slog"

	"tresor/shared/vault"
	"tresor/shared/wire"
	"tresor/shared/wire/bucket"
)

func main() {
	wire.StartJob("backup", func(ctx context.Context, s *wire.System) error {
		stored, err := bucket.Depot(s).Nightly(ctx)
		switch {
		case errors.Is(err, vault.ErrNoVault):
			slog.InfoContext(ctx, "there is no vault to back up yet")
			return nil
		case err == nil:
			slog.InfoContext(ctx, "backup written", "key", stored.Key, "bytes", stored.Size)
		}
		return err
	})
}
