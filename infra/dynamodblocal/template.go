package dynamodblocal

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"go.yaml.in/yaml/v3"
)

// definition is one table as template.yaml defines it.
type definition struct {
	create dynamodb.CreateTableInput // without a name
	ttl    string                    // the attribute that holds an item's expiry; empty for none
}

// template is what we read of a CloudFormation template. Properties stay nodes until a table needs them, so that tags such as
// !Sub and !GetAtt elsewhere in the file do no harm.
type template struct {
	Parameters map[string]struct {
		Default yaml.Node `yaml:"Default"`
	} `yaml:"Parameters"`
	Resources map[string]struct {
		Type       string               `yaml:"Type"`
		Properties map[string]yaml.Node `yaml:"Properties"`
	} `yaml:"Resources"`
}

func readTemplate(root string) (*template, error) {
	text, err := os.ReadFile(filepath.Join(root, "template.yaml"))
	if err != nil {
		return nil, fmt.Errorf("read template.yaml: %w", err)
	}
	return parseTemplate(text)
}

func parseTemplate(text []byte) (*template, error) {
	t := new(template)
	if err := yaml.Unmarshal(text, t); err != nil {
		return nil, fmt.Errorf("parse template.yaml: %w", err)
	}
	return t, nil
}

// leftOut are the properties that DynamoDB Local does not know, or that mean nothing there. A property that is neither here nor in
// properties is an error: a table in tests must not silently differ from the one that is deployed.
var leftOut = map[string]bool{
	"TableName":                        true, // tests give their own
	"PointInTimeRecoverySpecification": true, // unknown operation
	"SSESpecification":                 true, // accepted and ignored
	"ResourcePolicy":                   true, // unknown operation
	"Tags":                             true,
}

// properties are the ones that tests take over.
var properties = map[string]func(t *template, d *definition, n *yaml.Node) error{
	"BillingMode": func(t *template, d *definition, n *yaml.Node) error {
		return t.decode(n, &d.create.BillingMode)
	},
	"DeletionProtectionEnabled": func(t *template, d *definition, n *yaml.Node) error {
		return t.decode(n, &d.create.DeletionProtectionEnabled)
	},
	"AttributeDefinitions": attributeDefinitions,
	"KeySchema":            keySchema,
	"StreamSpecification":  streamSpecification,
	"TimeToLiveSpecification": func(t *template, d *definition, n *yaml.Node) error {
		return t.timeToLive(d, n)
	},
}

// table returns the definition of the table with the given logical id.
func (t *template) table(id string) (definition, error) {
	var d definition
	r, ok := t.Resources[id]
	if !ok || r.Type != "AWS::DynamoDB::Table" {
		return d, fmt.Errorf("template.yaml: no AWS::DynamoDB::Table named %s", id)
	}
	for name, node := range r.Properties {
		if leftOut[name] {
			continue
		}
		set, ok := properties[name]
		if !ok {
			return d, fmt.Errorf("template.yaml: %s: property %s is unknown to the tests", id, name)
		}
		if err := set(t, &d, &node); err != nil {
			return d, fmt.Errorf("template.yaml: %s: %s: %w", id, name, err)
		}
	}
	return d, nil
}

func attributeDefinitions(t *template, d *definition, n *yaml.Node) error {
	var list []struct {
		AttributeName string                    `yaml:"AttributeName"`
		AttributeType types.ScalarAttributeType `yaml:"AttributeType"`
	}
	err := t.decode(n, &list)
	for _, a := range list {
		d.create.AttributeDefinitions = append(d.create.AttributeDefinitions,
			types.AttributeDefinition{AttributeName: &a.AttributeName, AttributeType: a.AttributeType})
	}
	return err
}

func keySchema(t *template, d *definition, n *yaml.Node) error {
	var list []struct {
		AttributeName string        `yaml:"AttributeName"`
		KeyType       types.KeyType `yaml:"KeyType"`
	}
	err := t.decode(n, &list)
	for _, k := range list {
		d.create.KeySchema = append(d.create.KeySchema, types.KeySchemaElement{AttributeName: &k.AttributeName, KeyType: k.KeyType})
	}
	return err
}

func streamSpecification(t *template, d *definition, n *yaml.Node) error {
	var s struct {
		StreamViewType types.StreamViewType `yaml:"StreamViewType"`
	}
	err := t.decode(n, &s)
	enabled := true
	d.create.StreamSpecification = &types.StreamSpecification{StreamEnabled: &enabled, StreamViewType: s.StreamViewType}
	return err
}

func (t *template) timeToLive(d *definition, n *yaml.Node) error {
	var s struct {
		AttributeName string `yaml:"AttributeName"`
		Enabled       bool   `yaml:"Enabled"`
	}
	err := t.decode(n, &s)
	if s.Enabled {
		d.ttl = s.AttributeName
	}
	return err
}
