// Command verifier is the Lambda function that, once a day, verifies the whole vault: both journals from record 1, the access records, and what snapshot, backup and anchors say
// of them. It fails when anything is wrong, which its alarm is on. It writes nothing.
package main

import (
	"context"
	"errors"
	"time"

	"tresor/shared/audit"
	"tresor/shared/wire"
)

func main() {
	wire.StartJob("verifier", func(ctx context.Context, s *wire.System) error {
		objects, err := s.Settings.Reader(s.Settings.Bucket)
		anchors, failure := s.Settings.Reader(s.Settings.Anchors)
		if err := errors.Join(err, failure); err != nil {
			return err
		}
		return audit.Run(ctx, audit.Parts{Log: s.Log, Store: s.Store, Sealer: s.Sealer, Objects: objects, Anchors: anchors, Now: time.Now()})
	})
}
