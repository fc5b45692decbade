// Command anchor is the Lambda function that, once an hour, writes down where the vault's journals are, in a bucket that nobody else can write to. Before there is a vault it
// does nothing.
package main

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"tresor/shared/anchor"
	"tresor/shared/vault"
	"tresor/shared/wire"
	"tresor/shared/wire/bucket"
)

func main() {
	wire.StartJob("anchor", func(ctx context.Context, s *wire.System) error {
		to := bucket.Anchors(s)
		if to == nil {
			return errors.New("there is no bucket for anchors")
		}
		key, err := anchor.Write(ctx, s.Log, s.Sealer, to, time.Now())
		if errors.Is(err, vault.ErrNoVault) {
			slog.InfoContext(ctx, "there is no vault to anchor yet")
			return nil
		}
		if err == nil {
			slog.InfoContext(ctx, "anchor written", "key", key)
		}
		return err
	})
}
