package dynamodblocal

import (
	"strings"
	"testing"
)

// head has what the tables do not use but a template holds: intrinsic functions in both forms, conditions, outputs.
const head = `
Parameters:
  Protect: {Type: String, Default: true}
Conditions:
  Prod: !Equals [!Ref Stage, prod]
Resources:
  Function:
    Type: AWS::Serverless::Function
    Properties:
      Policies: !If [Prod, [!Sub '${A}-x'], !Ref AWS::NoValue]
      Environment: {Variables: {T: !Ref Table, A: {'Fn::GetAtt': [Table, Arn]}}}
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: !Sub '${AWS::StackName}-entries'
      BillingMode: PAY_PER_REQUEST
      SSESpecification: {SSEEnabled: true, KMSMasterKeyId: !Ref Key}
`

func TestTemplateTable(t *testing.T) {
	tmpl, err := parseTemplate([]byte(head + `
      DeletionProtectionEnabled: !Ref Protect
      AttributeDefinitions: [{AttributeName: pk, AttributeType: S}]
      KeySchema: [{AttributeName: pk, KeyType: HASH}]
      TimeToLiveSpecification: {AttributeName: ttl, Enabled: true}
`))
	if err != nil {
		t.Fatal(err)
	}
	d, err := tmpl.table("Table")
	if err != nil {
		t.Fatal(err)
	}
	if d.ttl != "ttl" || !*d.create.DeletionProtectionEnabled || *d.create.KeySchema[0].AttributeName != "pk" ||
		*d.create.AttributeDefinitions[0].AttributeName != "pk" || d.create.TableName != nil {
		t.Errorf("got %+v", d)
	}
}

func TestTemplateRefusals(t *testing.T) {
	tests := map[string]struct{ property, want string }{
		"unknown property":            {`GlobalSecondaryIndexes: []`, "GlobalSecondaryIndexes"},
		"unknown field":               {`KeySchema: [{AttributeName: pk, KeyType: HASH, Odd: 1}]`, "Odd"},
		"value known to AWS only":     {`DeletionProtectionEnabled: !If [Prod, true, false]`, "If"},
		"reference without a default": {`DeletionProtectionEnabled: {Ref: Stage}`, "Ref Stage"},
		"nested function":             {`KeySchema: [{AttributeName: !Sub 'p${X}', KeyType: HASH}]`, "Sub p${X}"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tmpl, err := parseTemplate([]byte(head + "      " + tt.property + "\n"))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := tmpl.table("Table"); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error that names %s", err, tt.want)
			}
		})
	}
	tmpl, err := parseTemplate([]byte(head))
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"Function", "Absent"} {
		if _, err := tmpl.table(id); err == nil {
			t.Errorf("%s passed for a table", id)
		}
	}
}
