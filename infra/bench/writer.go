package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"tresor/shared/dynamo"
	"tresor/shared/seal"
	"tresor/shared/seal/keyfile"
	"tresor/shared/sqlite"
	"tresor/shared/vault"
)

// Tables says where on DynamoDB to measure.
type Tables struct {
	Endpoint             string // empty: AWS, by the usual configuration
	Entries, Permissions string
}

// task is what a writer process is told: a vault, and for how long to write.
type task struct {
	File    string // of an embedded vault; empty: DynamoDB
	Tables  Tables
	Vault   string // the key prefix on DynamoDB
	Key     string // file
	Project vault.ProjectID
	Admin   vault.UserID
	For     time.Duration
	Name    string // prefix of the names of its entries
}

// result is what it answers.
type result struct {
	Commits   int
	Undecided int // may have happened
	Busy      int // did not
}

func (t *task) open(ctx context.Context) (vault.Store, error) {
	if t.File != "" {
		return sqlite.Open(ctx, t.File)
	}
	return t.Tables.open(ctx, t.Vault)
}

func (t Tables) open(ctx context.Context, prefix string) (vault.Store, error) {
	cfg := aws.Config{Region: "us-east-1", BaseEndpoint: &t.Endpoint, Credentials: credentials.NewStaticCredentialsProvider("local", "local", "")}
	if t.Endpoint == "" {
		var err error
		if cfg, err = config.LoadDefaultConfig(ctx); err != nil {
			return nil, err
		}
	}
	return dynamo.New(dynamo.NewClient(cfg), dynamo.Config{Entries: t.Entries, Permissions: t.Permissions, Vault: prefix})
}

// Writer is the body of a writer process: it reads its task from in, says when it is ready, waits for a line, creates entries one after the other,
// and says how many there were.
func Writer(ctx context.Context, in io.Reader, out io.Writer) error {
	lines := bufio.NewScanner(in)
	lines.Scan()
	var t task
	if err := json.Unmarshal(lines.Bytes(), &t); err != nil {
		return errors.New("standard input holds no task: this command is for bench alone")
	}
	store, err := t.open(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }()
	p, err := t.join(ctx, store)
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintln(out, "ready")
	lines.Scan()
	r, err := t.write(ctx, p)
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(r)
}

// join opens the vault as a process of its own.
func (t *task) join(ctx context.Context, store vault.Store) (*process, error) {
	key, err := keyfile.Load(t.Key)
	if err != nil {
		return nil, err
	}
	stored, err := store.Keysets(ctx)
	if err != nil {
		return nil, err
	}
	sealer, err := seal.Open(ctx, key, stored)
	if err != nil {
		return nil, err
	}
	p := open(store, sealer)
	return p, p.vault.Fresh(ctx)
}

func (t *task) write(ctx context.Context, p *process) (r result, err error) {
	for start := time.Now(); time.Since(start) < t.For; {
		e := vault.Entry{Project: t.Project, Manager: t.Admin, Name: fmt.Sprintf("%s %d", t.Name, r.Commits+r.Busy+r.Undecided), Username: "root"}
		_, err := vault.Update(ctx, p.vault, operator(), func(tx *vault.Tx) (vault.EntryID, error) {
			return tx.CreateEntry(e, vault.Payload{Password: vault.NewSecret("correct horse battery staple")})
		})
		switch {
		case err == nil:
			r.Commits++
		case errors.Is(err, vault.Busy):
			r.Busy++
		case errors.Is(err, vault.Undecided):
			r.Undecided++
		default:
			return r, err
		}
	}
	return r, nil
}
