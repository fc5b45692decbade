package dynamodblocal

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Tables are the physical names of tresor's two tables.
type Tables struct {
	Entries     string
	Permissions string
}

// CreateTables makes the two tables as template.yaml under root (the module's root; empty finds it) defines them, time to live
// included. They are called as there, with the suffix, so that a server can hold several pairs.
func (s *Server) CreateTables(ctx context.Context, root, suffix string) (Tables, error) {
	names := Tables{Entries: "EntriesTable" + suffix, Permissions: "PermissionsTable" + suffix}
	if root == "" {
		var err error
		if root, err = ModuleRoot(); err != nil {
			return Tables{}, err
		}
	}
	tmpl, err := readTemplate(root)
	if err != nil {
		return Tables{}, err
	}
	client := dynamodb.NewFromConfig(s.Config())
	if err := create(ctx, client, tmpl, "EntriesTable", names.Entries); err != nil {
		return Tables{}, err
	}
	if err := create(ctx, client, tmpl, "PermissionsTable", names.Permissions); err != nil {
		return Tables{}, err
	}
	return names, nil
}

func create(ctx context.Context, client *dynamodb.Client, tmpl *template, id, name string) error {
	d, err := tmpl.table(id)
	if err != nil {
		return err
	}
	d.create.TableName = &name
	if _, err := client.CreateTable(ctx, &d.create); err != nil {
		return fmt.Errorf("create table %s: %w", name, err)
	}
	if d.ttl == "" {
		return nil
	}
	enabled := true
	_, err = client.UpdateTimeToLive(ctx, &dynamodb.UpdateTimeToLiveInput{
		TableName:               &name,
		TimeToLiveSpecification: &types.TimeToLiveSpecification{AttributeName: &d.ttl, Enabled: &enabled},
	})
	if err != nil {
		return fmt.Errorf("enable time to live of table %s: %w", name, err)
	}
	return nil
}
