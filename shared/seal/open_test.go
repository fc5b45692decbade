package seal_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tresor/shared/seal"
	"tresor/shared/seal/keyfile"
	"tresor/shared/seal/sealtest"
	"tresor/shared/vault"
)

// create makes a vault and returns its keysets and their wrapper.
func create(t *testing.T) ([]vault.StoredKeyset, *seal.Sealer, *sealtest.Faulty) {
	t.Helper()
	w := &sealtest.Faulty{Wrapper: keyfile.Generate()}
	stored, s, err := seal.Create(t.Context(), w, seal.NewVaultID())
	if err != nil {
		t.Fatal(err)
	}
	return stored, s, w
}

func TestCreateMakesEveryPurpose(t *testing.T) {
	stored, created, w := create(t)
	if len(stored) != len(vault.Purposes) {
		t.Fatalf("got %d keysets, want %d", len(stored), len(vault.Purposes))
	}
	opened, err := seal.Open(t.Context(), w, stored)
	if err != nil {
		t.Fatal(err)
	}
	if opened.VaultID() != created.VaultID() {
		t.Errorf("got vault %s, want %s", opened.VaultID(), created.VaultID())
	}
	for i, p := range vault.Purposes {
		if k := stored[i]; k.Purpose != p || k.Version != 1 || k.VaultID != created.VaultID() {
			t.Errorf("got keyset %s version %d of %s, want %s version 1 of %s", k.Purpose, k.Version, k.VaultID, p, created.VaultID())
		}
		wantOpen(t, opened, p, mustSeal(t, created, p, "x", binding), binding, "x")
	}
}

func TestOpenUnwrapsWhatIsNamedOnce(t *testing.T) {
	stored, created, w := create(t)
	var mu sync.Mutex
	var unwrapped []string
	w.Unwrapped = func(c seal.Context) { mu.Lock(); unwrapped = append(unwrapped, string(c.Purpose)); mu.Unlock() }
	s, err := seal.Open(t.Context(), w, stored, vault.PurposeIndex, vault.PurposeSecrets)
	if err != nil {
		t.Fatal(err)
	}
	for range 100 {
		wantOpen(t, s, vault.PurposeIndex, mustSeal(t, s, vault.PurposeIndex, "x", binding), binding, "x")
	}
	slices.Sort(unwrapped)
	if want := []string{"index", "secrets"}; !slices.Equal(unwrapped, want) {
		t.Errorf("unwrapped %v, want %v", unwrapped, want)
	}
	_, err = s.Open(vault.PurposeCredentials, mustSeal(t, created, vault.PurposeCredentials, "x", binding), binding)
	wantKind(t, "open with another purpose", err, vault.Forbidden)
	_, err = s.Seal(vault.PurposeCredentials, nil, binding)
	wantKind(t, "seal with another purpose", err, vault.Forbidden)
	_, err = s.AddKey(t.Context(), vault.PurposeCredentials)
	wantKind(t, "add key to another purpose", err, vault.Forbidden)
	_, err = s.Open("unheard of", nil, binding)
	wantKind(t, "open with an unknown purpose", err, vault.Forbidden)
}

// A cold start waits for the wrapper once, not five times.
func TestOpenUnwrapsInParallel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stored, _, w := create(t)
		w.Fail = func(seal.Context) error { time.Sleep(time.Second); return nil }
		start := time.Now()
		if _, err := seal.Open(t.Context(), w, stored); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took != time.Second {
			t.Errorf("took %v, want 1s", took)
		}
	})
}

func TestOpenRefusesWrongKeysets(t *testing.T) {
	stored, _, w := create(t)
	elsewhere, _, _ := create(t)
	with := func(change func(k []vault.StoredKeyset) []vault.StoredKeyset) []vault.StoredKeyset {
		return change(slices.Clone(stored))
	}
	for name, c := range map[string]struct {
		stored []vault.StoredKeyset
		want   vault.Kind
	}{
		"none":        {nil, vault.NotFound},
		"one missing": {with(func(k []vault.StoredKeyset) []vault.StoredKeyset { return k[:4] }), vault.Corrupt},
		"two swapped": {with(func(k []vault.StoredKeyset) []vault.StoredKeyset {
			k[0].Wrapped, k[1].Wrapped = k[1].Wrapped, k[0].Wrapped
			return k
		}), vault.Corrupt},
		"vault id changed": {with(func(k []vault.StoredKeyset) []vault.StoredKeyset {
			for i := range k {
				k[i].VaultID = "another"
			}
			return k
		}), vault.Corrupt},
		"one of another vault": {with(func(k []vault.StoredKeyset) []vault.StoredKeyset { k[2] = elsewhere[2]; return k }), vault.Corrupt},
		"another wrapping key": {elsewhere, vault.Corrupt},
		"empty":                {with(func(k []vault.StoredKeyset) []vault.StoredKeyset { k[3].Wrapped = nil; return k }), vault.Corrupt},
		"a newer one that does not verify": {with(func(k []vault.StoredKeyset) []vault.StoredKeyset {
			return append(k, vault.StoredKeyset{Purpose: vault.PurposeIndex, Version: 2, VaultID: k[0].VaultID, Wrapped: []byte("?")})
		}), vault.Corrupt},
	} {
		_, err := seal.Open(t.Context(), w, c.stored)
		wantKind(t, name, err, c.want)
	}
}

// What the wrapper says comes through Tink with its kind.
func TestWrapperErrorsKeepTheirKind(t *testing.T) {
	stored, s, w := create(t)
	for _, want := range []error{
		&vault.Error{Kind: vault.Busy, Msg: "throttled"}, &vault.Error{Kind: vault.Forbidden, Msg: "denied"}, context.Canceled,
	} {
		w.Fail = func(c seal.Context) error {
			if c.Purpose == vault.PurposeSecrets {
				return want
			}
			return nil
		}
		if _, err := seal.Open(t.Context(), w, stored); !errors.Is(err, want) {
			t.Errorf("open: got %v, want %v", err, want)
		}
		if _, _, err := seal.Create(t.Context(), w, "v"); !errors.Is(err, want) {
			t.Errorf("create: got %v, want %v", err, want)
		}
		if _, err := s.AddKey(t.Context(), vault.PurposeSecrets); !errors.Is(err, want) {
			t.Errorf("add key: got %v, want %v", err, want)
		}
		if _, err := seal.Open(t.Context(), w, stored, vault.PurposeIndex); err != nil {
			t.Errorf("open of another purpose: %v", err)
		}
	}
}

func TestCreateNeedsAVaultID(t *testing.T) {
	_, _, err := seal.Create(t.Context(), keyfile.Generate(), "")
	wantKind(t, "create", err, vault.Invalid)
}
