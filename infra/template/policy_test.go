package template_test

import (
	"fmt"
	"regexp"
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

// texts returns every string below v, functions' arguments included.
func texts(v any) []string {
	var out []string
	switch v := v.(type) {
	case string:
		out = append(out, v)
	case []any:
		for _, c := range v {
			out = append(out, texts(c)...)
		}
	case map[string]any:
		for _, c := range v {
			out = append(out, texts(c)...)
		}
	}
	return out
}

// A key policy's "*" is the key that it belongs to, and without an account-wide statement IAM could not grant
// anything on the key, deleting it included (https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html).
func isKeyPolicy(s statement) bool { return strings.HasPrefix(s.where, "Key.KeyPolicy.") }

// objects are those of one kind, of one vault. The star stands for the rest of their names: an object has no other resource.
var objects = regexp.MustCompile(`^\$\{Bucket\.Arn\}/\$\{VaultName\}/(files|snapshots|backups|exports)/\*$`)

func TestNoWildcardInAnyPermission(t *testing.T) {
	n := 0
	for _, all := range statements(deployed(t)) {
		for _, s := range all {
			n++
			if s.m["Effect"] == "Deny" || isKeyPolicy(s) && s.m["Sid"] == "AccountDecidesByIAM" {
				continue
			}
			if s.m["Effect"] != "Allow" {
				t.Errorf("%s: effect %v", s.where, s.m["Effect"])
			}
			members := []string{"Action", "Resource", "Principal"}
			if isKeyPolicy(s) {
				members = []string{"Action", "Principal"}
			}
			for _, m := range members {
				for _, text := range texts(s.m[m]) {
					if m == "Resource" && objects.MatchString(text) {
						continue
					}
					if strings.ContainsAny(text, "*?") {
						t.Errorf("%s: %s has a wildcard: %s", s.where, m, text)
					}
				}
			}
			for _, m := range []string{"NotAction", "NotResource", "NotPrincipal"} {
				if s.m[m] != nil {
					t.Errorf("%s: %s allows whatever is not named", s.where, m)
				}
			}
		}
	}
	if n < 20 {
		t.Errorf("only %d statements found", n)
	}
}

func TestNobodyMayScanOrDelete(t *testing.T) {
	for _, all := range statements(deployed(t)) {
		for _, s := range all {
			for _, a := range texts(s.m["Action"]) {
				switch _, action, _ := strings.Cut(a, ":"); {
				case s.m["Effect"] == "Deny" || isKeyPolicy(s):
				// BatchWriteItem deletes as well as it puts, and PartiQL does all that its table's policies allow.
				case slices.Contains([]string{"Scan", "DeleteItem", "BatchWriteItem", "DeleteTable", "UpdateTable"}, action), strings.HasPrefix(action, "PartiQL"):
					t.Errorf("%s: %s", s.where, a)
				}
			}
		}
	}
}

// effective returns the statements of a function's role, from its own and the managed policies.
func effective(t *testing.T, tmpl *template.Template, function string) []map[string]any {
	t.Helper()
	id := strings.TrimSuffix(function, "Function") + "Role"
	role := tmpl.Resources[id].Properties
	var out []map[string]any
	add := func(document any) {
		for _, s := range template.List(at(document, "Statement")) {
			out = append(out, template.Map(s))
		}
	}
	for _, p := range template.List(role["Policies"]) {
		add(at(p, "PolicyDocument"))
	}
	for _, m := range template.List(role["ManagedPolicyArns"]) {
		managed, _ := at(m, "Ref").(string)
		if tmpl.Resources[managed].Type != "AWS::IAM::ManagedPolicy" {
			t.Errorf("%s: managed policy %v is not of this template", id, m)
		}
		add(tmpl.Resources[managed].Properties["PolicyDocument"])
	}
	return out
}

// rights writes what a function may do as lines "<table> <keys>: <actions>", "key: <purposes>", "log".
func rights(t *testing.T, tmpl *template.Template, function string) []string {
	t.Helper()
	var out []string
	for _, s := range effective(t, tmpl, function) {
		actions := texts(s["Action"])
		slices.Sort(actions)
		on, _ := at(s["Resource"], "Fn::GetAtt", 0).(string)
		switch on {
		case "EntriesTable", "PermissionsTable":
			out = append(out, fmt.Sprintf("%s %s: %s", strings.TrimSuffix(on, "Table"), keys(t, s), strings.ReplaceAll(strings.Join(actions, " "), "dynamodb:", "")))
		case "Key":
			out = append(out, "Key: "+strings.Join(actions, " ")+" "+keyUse(t, s))
		case "":
			out = append(out, "Objects "+kinds(t, s)+": "+strings.Join(actions, " "))
		case "FunctionLogs":
			out = append(out, "Log: "+strings.Join(actions, " "))
		default:
			t.Errorf("%s: statement %v on %v", function, s["Sid"], s["Resource"])
		}
	}
	slices.Sort(out)
	return out
}

// keys returns the partition keys that a statement is held to. Every one must be: a statement without them reaches the whole table.
func keys(t *testing.T, s map[string]any) string {
	t.Helper()
	conditions := template.Map(s["Condition"])
	var out []string
	for op, m := range conditions {
		for _, k := range template.List(at(m, "dynamodb:LeadingKeys")) {
			text, _ := at(k, "Fn::Sub").(string)
			suffix, ok := strings.CutPrefix(text, "${VaultName}#")
			exact := op == "ForAllValues:StringEquals" && !strings.ContainsAny(suffix, "*?")
			prefix := op == "ForAllValues:StringLike" && strings.Count(suffix, "*") == 1 && strings.HasSuffix(suffix, "#*")
			if !ok || !exact && !prefix {
				t.Errorf("%v: %s of key %q", s["Sid"], op, text)
			}
			out = append(out, suffix)
		}
	}
	if len(out) == 0 || len(conditions) != 1 {
		t.Errorf("%v: not held to keys: %v", s["Sid"], conditions)
	}
	slices.Sort(out)
	return strings.Join(out, ",")
}

// kinds returns the kinds of objects that a statement is held to.
func kinds(t *testing.T, s map[string]any) string {
	t.Helper()
	var out []string
	for _, text := range texts(s["Resource"]) {
		m := objects.FindStringSubmatch(text)
		if m == nil {
			t.Errorf("%v: resource %s", s["Sid"], text)
			continue
		}
		out = append(out, m[1])
	}
	return strings.Join(out, ",")
}

// keyUse returns the purposes that a statement on the key is held to, or says that it is for tables at rest.
func keyUse(t *testing.T, s map[string]any) string {
	t.Helper()
	c := template.Map(at(s["Condition"], "StringEquals"))
	if purposes := template.List(c["kms:EncryptionContext:purpose"]); len(purposes) > 0 {
		return "purpose " + strings.Join(texts(purposes), ",")
	}
	if c["kms:ViaService"] != nil && len(template.List(c["kms:EncryptionContext:aws:dynamodb:tableName"])) == 2 {
		return "tables at rest"
	}
	if arn, _ := at(c["kms:EncryptionContext:aws:s3:arn"], "Fn::GetAtt", 0).(string); c["kms:ViaService"] != nil && arn == "Bucket" {
		return "objects at rest"
	}
	t.Errorf("%v: key without a purpose: %v", s["Sid"], s["Condition"])
	return ""
}

func TestEachFunctionMayDoWhatItNeedsAndNoMore(t *testing.T) {
	tmpl := deployed(t)
	every := []string{
		"Entries journal: Query", "Permissions journal,keyset: Query", "Key: kms:Decrypt tables at rest", "Log: logs:CreateLogStream logs:PutLogEvents",
	}
	with := func(rights []string, more ...string) []string { return append(slices.Clone(rights), more...) }
	login := with(every, "Permissions attempts#*: GetItem PutItem UpdateItem")
	projects := []string{"Entries journal: PutItem", "Permissions journal: ConditionCheckItem"}
	entries := []string{"Entries journal,secret: PutItem", "Permissions journal: ConditionCheckItem", "Entries secret: BatchGetItem", "Permissions access#*: PutItem"}
	permissions := []string{"Permissions journal: PutItem", "Entries journal: ConditionCheckItem"}
	may := map[string]struct {
		rights   []string
		purposes string
	}{
		"syspass": {with(with(with(login, entries...), permissions...), "Permissions access#*: Query", "Objects backups,exports: s3:AbortMultipartUpload s3:PutObject",
			"Key: kms:Decrypt kms:GenerateDataKey objects at rest"), "index secrets exports"},
		"teampass-items":   {with(every, entries...), "index secrets"},
		"teampass-post":    {with(every, entries...), "index secrets"},
		"teampass-folders": {with(every, projects...), "index"},
		"teampass-info":    {every, "index"},
		"tpm-passwords":    {with(login, entries...), "index secrets credentials"},
		"tpm-projects":     {with(login, projects...), "index credentials"},
		"tpm-users":        {login, "index credentials"},
		"tpm-version":      {with(login, entries...), "index secrets credentials"},
		"compactor":        {with(with(every, permissions...), "Permissions access#*: Query"), "index"},
	}
	for id, f := range ofType(tmpl, "AWS::Serverless::Function") {
		m, ok := may[folder(id)]
		if !ok {
			t.Errorf("%s: add to this test what it may do", id)
			continue
		}
		expected := with(m.rights, "Key: kms:Decrypt purpose "+strings.ReplaceAll(m.purposes, " ", ","))
		slices.Sort(expected)
		if diff := cmp.Diff(expected, rights(t, tmpl, id)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", id, diff)
		}
		// What the role may decrypt is what the function is told to load.
		want(t, id, f.Properties, m.purposes, "Environment", "Variables", "TRESOR_PURPOSES")
		for _, p := range strings.Fields(m.purposes) {
			if !slices.Contains(vault.Purposes[:], vault.Purpose(p)) {
				t.Errorf("%s: purpose %s is none", id, p)
			}
		}
	}
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
