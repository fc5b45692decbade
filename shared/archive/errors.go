package archive

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"tresor/shared/vault"
)

// corrupt is an archive, or a vault, that does not verify. msg says what is wrong and is safe to show.
func corrupt(msg string, cause error) error {
	return &vault.Error{Kind: vault.Corrupt, Msg: msg, Err: cause}
}

func errCut() error { return corrupt("the archive is cut off", nil) }

// explain gives a Corrupt error that has no text for clients one.
func explain(err error, format string, args ...any) error {
	var e *vault.Error
	if vault.KindOf(err) != vault.Corrupt || errors.As(err, &e) && e.Msg != "" {
		return err
	}
	return corrupt(fmt.Sprintf(format, args...), err)
}

// persist calls do again, with full jitter, while it answers Busy and the context lasts.
func persist(ctx context.Context, do func() error) error {
	for try := 0; ; try++ {
		err := do()
		if err == nil || !errors.Is(err, vault.Busy) {
			return err
		}
		if pause(ctx, try) != nil {
			return err
		}
	}
}

// pause waits a random time up to a limit that doubles with each try, from 10 ms to 640 ms.
func pause(ctx context.Context, try int) error {
	timer := time.NewTimer(rand.N(10 * time.Millisecond << min(try, 6))) //nolint:gosec // jitter needs no secret randomness
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
