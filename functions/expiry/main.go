// Command expiry is the Lambda function that, once a day, tells the event bus which entries expire soon and which have expired.
package main

import (
	"context"
	"log/slog"
	"time"

	"tresor/shared/expiry"
	"tresor/shared/wire"
	"tresor/shared/wire/events"
)

func main() {
	wire.StartJob("expiry", func(ctx context.Context, s *wire.System) error {
		to, err := events.Bus()
		if err != nil {
			return err
		}
		sent, err := expiry.Events{Vault: s.Vault, Name: s.Settings.Vault, Marks: s.Store, Bus: to}.Send(ctx, time.Now())
		slog.InfoContext(ctx, "expiry told", "count", sent)
		return err
	})
}
