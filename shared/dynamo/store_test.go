package dynamo

import (
	"crypto/rand"
	"testing"

	"tresor/infra/dynamodblocal"
	"tresor/shared/dynamo/layout"
	"tresor/shared/vault"
	"tresor/shared/vault/vaulttest"
)

// config returns the configuration of a vault in the tables that all tests share.
func config(t testing.TB, vaultName string) (*dynamodblocal.Server, Config) {
	t.Helper()
	server, tables := dynamodblocal.Start(t)
	return server, Config{Entries: tables.Entries, Permissions: tables.Permissions, Vault: vaultName}
}

// openStore returns a store of a new vault on DynamoDB Local, through wrap if that is not nil.
func openStore(t testing.TB, wrap func(API) API) *Store {
	t.Helper()
	server, c := config(t, "v-"+rand.Text())
	var api API = NewClient(server.Config())
	if wrap != nil {
		api = wrap(api)
	}
	s, err := New(api, c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestConformance(t *testing.T) {
	run := rand.Text() + "-" // the tables outlive a run with -count
	vaulttest.RunStore(t, func(t *testing.T, name string) vault.Store {
		t.Helper()
		server, c := config(t, run+name)
		s, err := New(NewClient(server.Config()), c)
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}

func TestNewRefuses(t *testing.T) {
	long := make([]byte, layout.MaxVault+1)
	for i := range long {
		long[i] = 'a'
	}
	for name, c := range map[string]Config{
		"no vault":             {Entries: "e", Permissions: "p"},
		"vault with separator": {Entries: "e", Permissions: "p", Vault: "a#journal"},
		"vault with space":     {Entries: "e", Permissions: "p", Vault: "a b"},
		"long vault":           {Entries: "e", Permissions: "p", Vault: string(long)},
		"no entries":           {Permissions: "p", Vault: "v"},
		"no permissions":       {Entries: "e", Vault: "v"},
		"one table for both":   {Entries: "t", Permissions: "t", Vault: "v"},
	} {
		if _, err := New(nil, c); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}
