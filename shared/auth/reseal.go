package auth

import (
	"context"
	"encoding/base64"
	"fmt"
	"time"

	"tresor/shared/vault"
)

// Fields counts sealed fields.
type Fields struct {
	Passwords int `json:"passwords"`
	Keys      int `json:"keys"` // private ones, of TPM
	Settings  int `json:"settings"`
}

func (f Fields) sum() int { return f.Passwords + f.Keys + f.Settings }

// maxFields bounds what one Update reseals or revokes: a user or credential takes less than 3 KB, and a record holds up to 350 KB. Under many writers, whose Updates take
// less time and so win, it comes down to minFields.
const (
	maxFields = 100
	minFields = 5
)

// inBatches runs an Update of at most a number of changes until it finds nothing left, however often others come first, and whatever became of one whose answer was lost. It
// gives up where none gets through within vault.Patience.
func inBatches[T comparable](ctx context.Context, v *vault.Vault, req vault.Request, fn func(t *vault.Tx, limit int) (T, error), add func(T)) error {
	var none T
	end := time.Now().Add(vault.Patience)
	for limit := maxFields; ; {
		if err := ctx.Err(); err != nil { // an Update that has its turn at once would not look
			return err
		}
		some, err := oneBatch(ctx, v, req, func(t *vault.Tx) (T, error) { return fn(t, limit) })
		switch kind := vault.KindOf(err); {
		case err == nil && some == none:
			return nil
		case err == nil:
			add(some)
			end = time.Now().Add(vault.Patience)
		case kind != vault.Busy && kind != vault.Undecided || time.Now().After(end) || vault.Pause(ctx, retryPause) != nil:
			return err
		default:
			limit = max(minFields, limit/2)
		}
	}
}

func oneBatch[T any](ctx context.Context, v *vault.Vault, req vault.Request, fn func(t *vault.Tx) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, batchTimeout)
	defer cancel()
	return vault.Update(ctx, v, req, fn)
}

// batchTimeout is how long a batch may try before a smaller one does.
const batchTimeout = 6 * time.Second

// retryPause is at most how long a batch that did not get through waits.
const retryPause = 200 * time.Millisecond

// Reseal puts the sealed fields that are in use under the primary key: passwords of users, private keys that are not revoked, and the master password. They lie inside
// records, whose plaintext never changes; so new records say what they are now, and the history keeps the old key. It returns how many it resealed, also with an error.
func Reseal(ctx context.Context, v *vault.Vault, req vault.Request, r vault.Resealer) (all Fields, err error) {
	known := remembering{r, map[string][]byte{}}
	err = inBatches(ctx, v, req, func(t *vault.Tx, limit int) (Fields, error) { return resealSome(t, known, limit) }, func(some Fields) {
		all = Fields{all.Passwords + some.Passwords, all.Keys + some.Keys, all.Settings + some.Settings}
	})
	if err != nil {
		return all, fmt.Errorf("reseal passwords and keys: %w", err)
	}
	return all, nil
}

// remembering keeps what was resealed, so that an Update that lost its race runs again in no time and wins.
type remembering struct {
	vault.Resealer
	done map[string][]byte
}

// Reseal implements vault.Resealer.
func (m remembering) Reseal(p vault.Purpose, sealed []byte, b vault.Binding) ([]byte, error) {
	if known := m.done[string(sealed)]; known != nil {
		return known, nil
	}
	fresh, err := m.Resealer.Reseal(p, sealed, b)
	if fresh != nil {
		m.done[string(sealed)] = fresh
	}
	return fresh, err
}

func resealSome(t *vault.Tx, r vault.Resealer, limit int) (n Fields, err error) {
	for _, u := range t.Users() {
		if len(u.Password) == 0 {
			continue
		}
		sealed, err := r.Reseal(vault.PurposeCredentials, u.Password, passwordBinding(u.ID, u.PasswordVersion))
		if err != nil {
			return n, fmt.Errorf("the password of user %d: %w", u.ID, err)
		}
		if sealed == nil {
			continue
		}
		if err := t.ResealPassword(u.ID, sealed); err != nil {
			return n, err
		}
		if n.Passwords++; n.sum() == limit {
			return n, nil
		}
	}
	credentials, err := t.Credentials()
	if err != nil {
		return n, err
	}
	for _, c := range credentials {
		if len(c.PrivateKey) == 0 || c.Revoked != 0 {
			continue
		}
		sealed, err := r.Reseal(vault.PurposeCredentials, c.PrivateKey, keyBinding(c.ID))
		if err != nil {
			return n, fmt.Errorf("the key of credential %d: %w", c.ID, err)
		}
		if sealed == nil {
			continue
		}
		if err := t.ResealKey(c.ID, sealed); err != nil {
			return n, err
		}
		if n.Keys++; n.sum() == limit {
			return n, nil
		}
	}
	return n, resealMaster(t, r, &n)
}

func resealMaster(t *vault.Tx, r vault.Resealer, n *Fields) error {
	stored, err := t.Settings()
	if err != nil || stored[MasterPasswordSetting] == "" {
		return err
	}
	was, err := base64.StdEncoding.DecodeString(stored[MasterPasswordSetting])
	if err != nil {
		return &vault.Error{Kind: vault.Corrupt, Msg: "the master password does not open", Err: err}
	}
	sealed, err := r.Reseal(vault.PurposeExports, was, masterPasswordBinding())
	if err != nil || sealed == nil {
		return err
	}
	n.Settings++
	return t.SetSetting(MasterPasswordSetting, base64.StdEncoding.EncodeToString(sealed))
}
