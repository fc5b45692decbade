package importer

import (
	"errors"

	"tresor/shared/vault"
)

// Limits of one Update, well below those of a transaction (vault.MaxTransactionItems, vault.MaxSealedItem): an account is one secret, and all else is one record.
const (
	accountsInBatch = 80
	namesInBatch    = 400
	bytesInBatch    = 200 << 10
	overhead        = 200 // bytes of a thing beside its texts

	// Limits of texts, in bytes: what the most generous of the APIs takes. sysPass's own columns hold less.
	maxLine     = 4 << 10
	maxNotes    = 64 << 10
	maxPassword = 64 << 10
)

const tooLong = "its texts are too long"

// inBatches calls do for one run of the n things after the other. A run that the vault refuses is halved and tried again, until it is known whose fault it is: that
// thing is refused, and the rest goes on. Other errors end it.
func inBatches(n, most int, size func(int) int, do func(from, to int) error, refuse func(i int, why string)) error {
	for from := 0; from < n; {
		to, bytes := from+1, size(from)
		for to < n && to-from < most && bytes+size(to) <= bytesInBatch {
			bytes += size(to)
			to++
		}
		if err := halving(from, to, do, refuse); err != nil {
			return err
		}
		from = to
	}
	return nil
}

func halving(from, to int, do func(from, to int) error, refuse func(i int, why string)) error {
	err := do(from, to)
	switch {
	case err == nil || !refusal(err):
		return err
	case to-from == 1:
		refuse(from, text(err))
		return nil
	}
	middle := from + (to-from)/2
	if err := halving(from, middle, do, refuse); err != nil {
		return err
	}
	return halving(middle, to, do, refuse)
}

// refusal reports whether an error is the vault's no to something, and not that it does not work. Who may not call at all is no such thing either.
func refusal(err error) bool {
	switch vault.KindOf(err) {
	case vault.Invalid, vault.Forbidden, vault.NotFound, vault.Exists, vault.InUse, vault.BadReference, vault.Locked, vault.LockedFirmly, vault.TooLarge:
		return true
	case vault.Internal, vault.Unauthenticated, vault.Disabled, vault.Throttled, vault.Conflict, vault.Busy, vault.Undecided, vault.NewerFormat, vault.Corrupt:
	}
	return false
}

// text is what may be shown of an error.
func text(err error) string {
	var e *vault.Error
	if errors.As(err, &e) && e.Msg != "" {
		return e.Msg
	}
	return vault.KindOf(err).Error()
}
