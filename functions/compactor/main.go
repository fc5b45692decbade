// Command compactor is the Lambda function that, once an hour, closes hours of access records, purges the trash, removes contents that no file names, and writes a
// snapshot if one is due.
package main

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"tresor/shared/compact"
	"tresor/shared/snapshot"
	"tresor/shared/vault"
	"tresor/shared/wire"
	"tresor/shared/wire/bucket"
)

func main() {
	wire.StartJob("compactor", func(ctx context.Context, s *wire.System) error {
		closed, err := compact.Close(ctx, s.Vault, s.Log, time.Now())
		slog.InfoContext(ctx, "hours closed", "count", closed)
		purged, unpurged := compact.Purge(ctx, s.Vault)
		slog.InfoContext(ctx, "trash purged", "count", purged)
		swept, unswept := bucket.Files(s).Sweep(ctx, s.Vault, time.Now())
		slog.InfoContext(ctx, "files swept", "count", swept)
		return errors.Join(err, unpurged, unswept, refresh(ctx, s))
	})
}

// refresh writes a snapshot if one is due. The hours closed before are in it.
func refresh(ctx context.Context, s *wire.System) error {
	objects := bucket.Objects(s)
	if objects == nil {
		return nil
	}
	heads := func() (h vault.Heads) {
		s.Vault.Peek(func(state *vault.State) { h = state.Heads() })
		return h
	}
	key, err := snapshot.Refresh(ctx, s.Log, heads, objects)
	if key != "" {
		slog.InfoContext(ctx, "snapshot written", "key", key)
	}
	return err
}
