package main

import (
	"context"
	"fmt"
	"net/http/httptest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"tresor/infra/coldstart/kmslocal"
	"tresor/infra/dynamodblocal"
	"tresor/shared/auth"
	"tresor/shared/dynamo"
	"tresor/shared/journal"
	"tresor/shared/seal"
	"tresor/shared/seal/kmswrap"
	"tresor/shared/strength"
	"tresor/shared/vault"
	"tresor/shared/wire"
)

// place is where vaults lie: two tables and a key.
type place struct {
	dynamo string // endpoint
	tables dynamodblocal.Tables
	kms    *kmslocal.Server
	s3     string // endpoint; a start asks it for snapshots
	events string // endpoint of EventBridge; a start asks that one for nothing, so that nowhere will do
}

// nowhere is an endpoint that nobody answers at.
const nowhere = "http://127.0.0.1:9"

// The names of the functions' bucket, of the one for anchors, and of the bus.
const (
	bucket       = "objects"
	anchorBucket = "anchors"
	eventBus     = "events"
)

// startS3 starts an S3 in this process, with both buckets.
func startS3() (*httptest.Server, error) {
	objects := s3mem.New()
	for _, name := range []string{bucket, anchorBucket} {
		if err := objects.CreateBucket(name); err != nil {
			return nil, fmt.Errorf("make the bucket %s: %w", name, err)
		}
	}
	return httptest.NewServer(gofakes3.New(objects).Server()), nil
}

// environment is what a function of a vault finds, as template.yaml sets it, and where its services are.
func (p *place) environment(vaultName, purposes, dynamo string) []string {
	return []string{
		"TRESOR_VAULT=" + vaultName, "TRESOR_ENTRIES_TABLE=" + p.tables.Entries, "TRESOR_PERMISSIONS_TABLE=" + p.tables.Permissions,
		"TRESOR_BUCKET=" + bucket, "TRESOR_ANCHOR_BUCKET=" + anchorBucket, "TRESOR_KEY_ID=" + kmslocal.KeyID, "TRESOR_PURPOSES=" + purposes,
		"AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=local", "AWS_SECRET_ACCESS_KEY=local",
		"AWS_ENDPOINT_URL_DYNAMODB=" + dynamo, "AWS_ENDPOINT_URL_KMS=" + p.kms.URL, "AWS_ENDPOINT_URL_S3=" + p.s3,
		"TRESOR_EVENT_BUS=" + eventBus, "AWS_ENDPOINT_URL_EVENTBRIDGE=" + p.events,
	}
}

// founded is a vault and the process that founded it: this one.
type founded struct {
	name   string
	vault  *vault.Vault
	log    *journal.Log
	sealer vault.Sealer
	admin  *auth.Founding
}

func config(endpoint *string) aws.Config {
	return aws.Config{Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""), BaseEndpoint: endpoint}
}

// store returns a vault's store as this process sees it.
func (p *place) store(name string) (*dynamo.Store, error) {
	return dynamo.New(dynamo.NewClient(config(&p.dynamo)), dynamo.Config{Entries: p.tables.Entries, Permissions: p.tables.Permissions, Vault: name})
}

// found makes a vault, as `tresor init --store dynamodb` does.
func (p *place) found(ctx context.Context, name string) (*founded, error) {
	store, err := p.store(name)
	if err != nil {
		return nil, err
	}
	keysets, sealer, err := seal.Create(ctx, kmswrap.New(wire.NewKMS(config(&p.kms.URL)), kmslocal.KeyID), seal.NewVaultID())
	if err != nil {
		return nil, fmt.Errorf("found a vault: %w", err)
	}
	f := &founded{name: name, sealer: sealer, log: journal.Open(store, sealer, journal.WithGenesis(keysets))}
	f.vault = vault.New(f.log, vault.Options{Strength: strength.Rate})
	if f.admin, err = auth.Found(ctx, f.vault, sealer); err != nil {
		return nil, fmt.Errorf("found a vault: %w", err)
	}
	return f, nil
}

// fill makes n entries, one record each: what a cold start replays is records.
func (f *founded) fill(ctx context.Context, n int) error {
	req := vault.Request{Auth: vault.Operator{}, Action: vault.Action{Dialect: vault.Command, Name: "bench", Writes: true}}
	project := vault.ProjectID(0)
	for i := range n {
		_, err := vault.Update(ctx, f.vault, req, func(t *vault.Tx) (_ vault.EntryID, err error) {
			if i == 0 {
				if project, err = t.CreateProject(vault.Project{Name: "Bench", Manager: f.admin.AdminID}); err != nil {
					return 0, err
				}
			}
			e := vault.Entry{Project: project, Manager: f.admin.AdminID, Name: fmt.Sprintf("Server %d", i), Username: "root", URL: "https://host.example.com/login",
				Notes: fmt.Sprintf("rack %d, row %d, behind the second door on the left", i%40, i%7)}
			return t.CreateEntry(e, vault.Payload{Password: vault.NewSecret("correct horse battery staple")})
		})
		if err != nil {
			return fmt.Errorf("fill a vault: %w", err)
		}
	}
	return nil
}
