package localaws

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"

	"tresor/infra/coldstart/kmslocal"
	"tresor/infra/welcome"
	"tresor/shared/auth"
	"tresor/shared/dynamo"
	"tresor/shared/vault"
	"tresor/shared/wire"
)

// Init makes the vault as an operator does after a deployment: `tresor init --store dynamodb`.
func (s *Services) Init(ctx context.Context, tresor string) (*welcome.Credentials, error) {
	environment, err := s.Environment()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, tresor, "init", "--store", "dynamodb", "--json")
	cmd.Env = environment
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("tresor init: %w: %s", err, problems(err))
	}
	c := new(welcome.Credentials)
	if err := json.Unmarshal(out, c); err != nil {
		return nil, fmt.Errorf("tresor init: %w", err)
	}
	return c, nil
}

func problems(err error) []byte {
	if e, is := err.(*exec.ExitError); is { //nolint:errorlint // Output returns it as it is
		return e.Stderr
	}
	return nil
}

// Open opens the vault in this process.
func (s *Services) Open(ctx context.Context) (*wire.System, error) {
	keys := s.dynamo.Config()
	keys.BaseEndpoint = &s.KMS.URL
	settings := wire.Settings{Config: dynamo.Config{Vault: Vault, Entries: s.Tables.Entries, Permissions: s.Tables.Permissions}, Key: kmslocal.KeyID}
	return wire.Open(ctx, settings, wire.Clients{DynamoDB: dynamo.NewClient(s.dynamo.Config()), KMS: wire.NewKMS(keys)})
}

// Demo makes the client that the calls to try need.
func (s *Services) Demo(ctx context.Context, c *welcome.Credentials) (vault.ProjectID, error) {
	system, err := s.Open(ctx)
	if err != nil {
		return 0, err
	}
	req := vault.Request{Auth: auth.Token(c.SysPass.AuthToken), Action: vault.Action{Dialect: vault.SysPass, Name: "client/create", Writes: true}}
	return vault.Update(ctx, system.Vault, req, func(t *vault.Tx) (vault.ProjectID, error) {
		return t.CreateProject(vault.Project{Name: "Demo", Manager: c.Admin.ID})
	})
}
