package template_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"tresor/infra/template"
	"tresor/shared/vault"

	"github.com/google/go-cmp/cmp"
)

// statement is one of a policy, and where it stands.
type statement struct {
	where string
	m     map[string]any
}

// statements returns every statement of every policy in the template, by the resource that it is in.
func statements(tmpl *template.Template) map[string][]statement {
	out := map[string][]statement{}
	var walk func(id, where string, v any)
	walk = func(id, where string, v any) {
		switch v := v.(type) {
		case map[string]any:
			if _, is := v["Effect"]; is {
				out[id] = append(out[id], statement{where, v})
			}
			for k, c := range v {
				walk(id, where+"."+k, c)
			}
		case []any:
			for i, c := range v {
				walk(id, fmt.Sprintf("%s[%d]", where, i), c)
			}
		}
	}
	for id, r := range tmpl.Resources {
		walk(id, id, r.Properties)
	}
	return out
}

// A key policy's "*" is the key that it belongs to, and without an account-wide statement IAM could not grant
// anything on the key, deleting it included (https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html).
func isKeyPolicy(s statement) bool { return strings.HasPrefix(s.where, "Key.KeyPolicy.") }

// A resource policy says who may call the API at all. Callers are none of AWS's, so it names all of them and holds them to addresses; its "/*" is what the API has, for it is
// part of that API (https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-resource-policies-examples.html).
func isResourcePolicy(s statement) bool {
	allows := s.m["Action"] == "execute-api:Invoke" && s.m["Resource"] == "execute-api:/*" && at(s.m, "Condition", "IpAddress", "aws:SourceIp") != nil
	return allows && (s.where == "Api.Auth.ResourcePolicy.CustomStatements[0]" || s.where == "Api.Body.x-amazon-apigateway-policy.Statement[0]")
}

// wildcards returns what is wrong with the statements of a template, and how many there are.
func wildcards(tmpl *template.Template) (problems []string, n int) {
	problem := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	for _, all := range statements(tmpl) {
		for _, s := range all {
			n++
			if s.m["Effect"] == "Deny" || isKeyPolicy(s) && s.m["Sid"] == "AccountDecidesByIAM" || isResourcePolicy(s) {
				continue
			}
			if s.m["Effect"] != "Allow" {
				problem("%s: effect %v", s.where, s.m["Effect"])
			}
			members := []string{"Action", "Resource", "Principal"}
			if isKeyPolicy(s) {
				members = []string{"Action", "Principal"}
			}
			for _, m := range members {
				for _, text := range template.Texts(s.m[m]) {
					if m == "Resource" && template.IsObjects(text) {
						continue
					}
					if strings.ContainsAny(text, "*?") {
						problem("%s: %s has a wildcard: %s", s.where, m, text)
					}
				}
			}
			for _, m := range []string{"NotAction", "NotResource", "NotPrincipal"} {
				if s.m[m] != nil {
					problem("%s: %s allows whatever is not named", s.where, m)
				}
			}
		}
	}
	return problems, n
}

func TestNoWildcardInAnyPermission(t *testing.T) {
	problems, n := wildcards(deployed(t))
	for _, p := range problems {
		t.Error(p)
	}
	if n < 20 {
		t.Errorf("only %d statements found", n)
	}
}

// TestPoliciesAreThisTemplatesOwn: what a policy of AWS's allows is in no file here, and may change. API Gateway accepts no other role for its logs.
func TestPoliciesAreThisTemplatesOwn(t *testing.T) {
	tmpl := deployed(t)
	for id, r := range tmpl.Resources {
		for _, arn := range template.List(r.Properties["ManagedPolicyArns"]) {
			own, _ := template.Map(arn)["Ref"].(string)
			push := id == "ApiGatewayLogRole" && cmp.Equal(arn, any(map[string]any{"Fn::Sub": "arn:${AWS::Partition}:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"}))
			if tmpl.Resources[own].Type != "AWS::IAM::ManagedPolicy" && !push {
				t.Errorf("%s: managed policy %v", id, arn)
			}
		}
		if r.Properties["PermissionsBoundary"] != nil || r.Type == "AWS::Serverless::Function" && (r.Properties["Policies"] != nil || r.Properties["Role"] == nil) {
			t.Errorf("%s: its rights are not those of a role of this template", id)
		}
	}
	// Who a Deny lets off is let in by another statement alone, and all that there are name everybody.
	denials := 0
	for _, all := range statements(tmpl) {
		for _, s := range all {
			if s.m["Effect"] != "Deny" {
				continue
			}
			denials++
			want(t, s.where, s.m, "*", "Principal")
			if s.m["NotAction"] != nil || s.m["NotResource"] != nil {
				t.Errorf("%s: it says what is not denied", s.where)
			}
		}
	}
	if denials != 4 {
		t.Errorf("%d denials", denials)
	}
}

func TestNobodyMayScanOrDelete(t *testing.T) {
	for _, all := range statements(deployed(t)) {
		for _, s := range all {
			for _, a := range template.Texts(s.m["Action"]) {
				switch _, action, _ := strings.Cut(a, ":"); {
				case s.m["Effect"] == "Deny" || isKeyPolicy(s):
				case s.m["Sid"] == "PurgeSecrets": // by the compactor, of secrets alone: see its rights below
				// BatchWriteItem deletes as well as it puts, and PartiQL does all that its table's policies allow.
				case slices.Contains([]string{"Scan", "DeleteItem", "BatchWriteItem", "DeleteTable", "UpdateTable"}, action), strings.HasPrefix(action, "PartiQL"):
					t.Errorf("%s: %s", s.where, a)
				}
			}
		}
	}
}

// rights returns what a function may do. Every statement must be one that Rights can put in a line.
func rights(t *testing.T, tmpl *template.Template, function string) []string {
	t.Helper()
	lines, problems := tmpl.Rights(function)
	for _, p := range problems {
		t.Errorf("%s: %s", function, p)
	}
	return lines
}

func TestEachFunctionMayDoWhatItNeedsAndNoMore(t *testing.T) {
	tmpl := deployed(t)
	every := []string{
		"Entries journal: Query", "Permissions journal,keyset: Query", "Key: kms:Decrypt tables at rest", "Log: logs:CreateLogStream logs:PutLogEvents",
		"Objects snapshots: s3:GetObject", "Bucket snapshots: s3:ListBucket", "Key: kms:Decrypt objects at rest",
	}
	with := func(rights []string, more ...string) []string { return append(slices.Clone(rights), more...) }
	login := with(every, "Permissions attempts#*: GetItem PutItem UpdateItem")
	projects := []string{"Entries journal: PutItem", "Permissions journal: ConditionCheckItem"}
	once := "Permissions mark#*: PutItem"
	entries := []string{"Entries journal,secret: PutItem", "Permissions journal: ConditionCheckItem", "Entries secret: BatchGetItem", "Permissions access#*: PutItem"}
	upload := []string{"Objects files: s3:DeleteObject s3:PutObject", "Key: kms:GenerateDataKey objects at rest"}
	download := []string{"Objects files: s3:GetObject", "Key: kms:Decrypt objects at rest", "Permissions access#*: PutItem"}
	const follow = "DescribeStream GetRecords GetShardIterator ListStreams"
	permissions := []string{"Permissions journal: PutItem", "Entries journal: ConditionCheckItem"}
	signed := []string{"Permissions journal,mark#*: PutItem", "Entries journal: ConditionCheckItem"}
	may := map[string]struct {
		rights   []string
		purposes string
	}{
		"syspass": {with(with(with(every, entries...), permissions...), "Permissions attempts#*: PutItem UpdateItem", "Permissions access#*: Query", "Objects backups,exports: s3:AbortMultipartUpload s3:PutObject",
			"Objects files: s3:GetObject", "Bucket files: s3:ListBucket", "Key: kms:Decrypt kms:GenerateDataKey objects at rest", "ExporterFunction: lambda:InvokeFunction"), "index secrets exports"},
		"exporter": {with(with(every, permissions...), "Entries secret: BatchGetItem", "Permissions access#*: PutItem", "Objects exports: s3:AbortMultipartUpload s3:PutObject",
			"Key: kms:Decrypt kms:GenerateDataKey objects at rest", "Failures: sqs:SendMessage"), "index secrets exports"},
		"teampass-items":   {with(every, entries...), "index secrets"},
		"teampass-users":   {with(with(every, permissions...), "Entries journal: PutItem"), "index credentials"},
		"teampass-auth":    {with(with(login, entries...), "Permissions journal: PutItem"), "index secrets credentials"},
		"teampass-post":    {with(with(with(login, entries...), permissions...), upload...), "index secrets credentials files"},
		"teampass-folders": {with(every, projects...), "index"},
		"teampass-info":    {every, "index"},
		"tpm-passwords":    {with(with(with(login, entries...), upload...), once), "index secrets credentials files"},
		"tpm-my-passwords": {with(with(with(login, entries...), upload...), once), "index secrets credentials files"},
		"tpm-projects":     {with(with(with(login, projects...), signed...), upload...), "index credentials files"},
		"tpm-users":        {with(with(login, signed...), "Entries journal: PutItem"), "index credentials"},
		"tpm-groups":       {with(login, signed...), "index credentials"},
		"tpm-log":          {with(login, "Permissions access#*: Query"), "index credentials"},
		"tpm-files":        {with(with(with(login, projects...), download...), once), "index credentials files"},
		"tpm-version": {with(with(with(with(with(login, entries...), signed...), upload...), download...), "Permissions access#*: Query"),
			"index secrets credentials files"},
		"compactor": {with(with(with(every, projects...), permissions...), "Entries secret: DeleteItem", "Bucket files: s3:ListBucket", "Objects files: s3:DeleteObject", "Permissions access#*: Query", "Objects snapshots: s3:AbortMultipartUpload s3:DeleteObject s3:PutObject",
			"Key: kms:Decrypt kms:GenerateDataKey objects at rest"), "index"},
		"anchor":   {with(every, "Permissions access#*: Query", "Objects anchors: s3:PutObject"), "index"},
		"verifier": {with(every, "Permissions access#*: Query", "Objects backups: s3:GetObject", "Bucket backups: s3:ListBucket", "Objects anchors: s3:GetObject", "AnchorBucket anchors: s3:ListBucket"), "index"},
		"backup": {with(every, "Entries secret: BatchGetItem", "Permissions access#*: PutItem Query", "Objects backups: s3:AbortMultipartUpload s3:PutObject", "Bucket backups: s3:ListBucket",
			"Objects files: s3:GetObject", "Bucket files: s3:ListBucket", "Key: kms:Decrypt kms:GenerateDataKey objects at rest"), "index exports"},
		"notifier": {[]string{"Log: logs:CreateLogStream logs:PutLogEvents", "Entries stream: " + follow, "Permissions stream: " + follow, "Key: kms:Decrypt tables at rest",
			"EventBus: events:PutEvents", "Failures: sqs:SendMessage"}, ""},
		"expiry": {with(every, "Permissions mark#*: GetItem PutItem", "EventBus: events:PutEvents", "Failures: sqs:SendMessage"), "index"},
	}
	for id, f := range ofType(tmpl, "AWS::Serverless::Function") {
		m, ok := may[folder(id)]
		if !ok {
			t.Errorf("%s: add to this test what it may do", id)
			continue
		}
		expected, loads := m.rights, any(nil)
		if m.purposes != "" {
			expected, loads = with(m.rights, "Key: kms:Decrypt purpose "+strings.ReplaceAll(m.purposes, " ", ",")), m.purposes
		}
		slices.Sort(expected)
		if diff := cmp.Diff(expected, rights(t, tmpl, id)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", id, diff)
		}
		// What the role may decrypt is what the function is told to load.
		want(t, id, f.Properties, loads, "Environment", "Variables", "TRESOR_PURPOSES")
		for _, p := range strings.Fields(m.purposes) {
			if !slices.Contains(vault.Purposes[:], vault.Purpose(p)) {
				t.Errorf("%s: purpose %s is none", id, p)
			}
		}
	}
}

// TestNobodyButTheAnchorFunctionPutsAnchorsAndNobodyRemovesThem: no role may, and the bucket's own policy says no to whoever else the account lets in.
func TestNobodyButTheAnchorFunctionPutsAnchorsAndNobodyRemovesThem(t *testing.T) {
	tmpl := deployed(t)
	found := 0
	for id, all := range statements(tmpl) {
		for _, s := range all {
			if s.m["Effect"] == "Deny" || !slices.ContainsFunc(template.Texts(s.m["Resource"]), func(r string) bool { return strings.Contains(r, "AnchorBucket") }) {
				continue
			}
			for _, a := range template.Texts(s.m["Action"]) {
				found++
				if ok := a == "s3:PutObject" && id == "AnchorRole" || (a == "s3:GetObject" || a == "s3:ListBucket") && id == "VerifierRole"; !ok {
					t.Errorf("%s: %s", s.where, a)
				}
			}
		}
	}
	if found != 3 {
		t.Errorf("%d actions on anchors, want the anchor function's one and the verifier's two", found)
	}
	denied := map[string]map[string]any{}
	for _, s := range template.List(at(tmpl.Resources["AnchorBucketPolicy"].Properties, "PolicyDocument", "Statement")) {
		want(t, "anchor bucket's policy", s, "Deny", "Effect")
		want(t, "anchor bucket's policy", s, "*", "Principal")
		for _, a := range template.Texts(template.Map(s)["Action"]) {
			denied[a] = template.Map(s)
		}
	}
	want(t, "puts", denied["s3:PutObject"], map[string]any{"ArnNotEquals": map[string]any{"aws:PrincipalArn": getAtt("AnchorRole", "Arn")}}, "Condition")
	for _, a := range []string{"s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutObjectRetention", "s3:PutObjectLegalHold", "s3:BypassGovernanceRetention"} {
		if denied[a] == nil || denied[a]["Condition"] != nil {
			t.Errorf("%s is not denied to everybody: %v", a, denied[a])
		}
	}
	want(t, "without TLS", denied["s3:*"], map[string]any{"Bool": map[string]any{"aws:SecureTransport": "false"}}, "Condition")
}

func TestEachRoleIsOfOneService(t *testing.T) {
	for id, r := range ofType(deployed(t), "AWS::IAM::Role") {
		service := "lambda.amazonaws.com"
		if id == "ApiGatewayLogRole" {
			service = "apigateway.amazonaws.com"
		}
		trust := template.List(at(r.Properties, "AssumeRolePolicyDocument", "Statement"))
		if len(trust) != 1 {
			t.Errorf("%s: %d statements of trust", id, len(trust))
			continue
		}
		want(t, id, trust[0], map[string]any{"Service": service}, "Principal")
		want(t, id, trust[0], "sts:AssumeRole", "Action")
	}
}
