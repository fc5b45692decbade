package compact

import (
	"context"
	"fmt"

	"tresor/shared/vault"
)

// Purge removes for good what has been in the trash for longer than the vault's setting says (vault.TrashDaysSetting), in as many Updates as that takes. It returns
// how many things went. Contents of files are not removed here: nothing names them any more.
func Purge(ctx context.Context, v *vault.Vault) (n int, err error) {
	req := vault.Request{Auth: vault.Operator{}, Action: vault.Action{Dialect: vault.Command, Name: "purge", Writes: true}}
	for {
		gone, err := vault.Update(ctx, v, req, func(t *vault.Tx) (int, error) {
			until := t.TrashUntil()
			if until <= 0 {
				return 0, nil
			}
			n, _, err := t.Purge(until)
			return n, err
		})
		if err != nil {
			return n, fmt.Errorf("purge the trash: %w", err)
		}
		if gone == 0 {
			return n, nil
		}
		n += gone // a project may be empty only now
	}
}
