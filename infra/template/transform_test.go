package template_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"

	"tresor"
	"tresor/infra/template"

	"github.com/google/go-cmp/cmp"
)

// stack is what SAM makes of a template, as CloudFormation gets it.
type stack struct {
	*template.Template
	replacing map[string][]string // the properties of a type whose change replaces the resource
	values    map[string]any      // of the parameters
}

// install makes SAM's Python environment, if it is not there.
func install() error {
	cmd := exec.Command("infra/tools/venv.sh", "sam", "infra/tools/sam-requirements.txt")
	cmd.Dir = "../.."
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("install the SAM CLI: %w\n%s", err, out)
	}
	return nil
}

// job is a template to transform, with the values of parameters that have not their defaults.
type job struct {
	text       string
	parameters map[string]string
}

// transform has SAM transform templates, all in one process: to start takes it longer than to transform.
func transform(jobs ...job) ([]*stack, error) {
	if err := install(); err != nil {
		return nil, err
	}
	list := [][2]any{}
	for _, j := range jobs {
		list = append(list, [2]any{j.text, j.parameters})
	}
	in, err := json.Marshal(list)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command("../../.tools/sam/bin/python", "transform.py")
	var errs bytes.Buffer
	cmd.Stdin, cmd.Stderr = bytes.NewReader(in), &errs
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("transform: %w\n%s", err, errs.String())
	}
	var made struct {
		Templates []json.RawMessage
		Replacing map[string][]string
		Routes    int
		Asked     []string
	}
	if err := json.Unmarshal(out, &made); err != nil {
		return nil, err
	}
	// Each is a question whose default answer ends the deployment.
	if made.Routes < 100 || len(made.Asked) > 0 {
		return nil, fmt.Errorf("sam deploy --guided asks about %d of %d routes: %q", len(made.Asked), made.Routes, made.Asked)
	}
	var stacks []*stack
	for i, raw := range made.Templates {
		tmpl, err := template.Parse(raw) // JSON is YAML
		if err != nil {
			return nil, err
		}
		stacks = append(stacks, newStack(tmpl, made.Replacing, jobs[i].parameters))
	}
	return stacks, nil
}

func newStack(tmpl *template.Template, replacing map[string][]string, parameters map[string]string) *stack {
	s := &stack{Template: tmpl, replacing: replacing, values: map[string]any{}}
	for name, p := range s.Parameters {
		s.values[name] = fmt.Sprint(template.Map(p)["Default"])
	}
	for name, value := range parameters {
		s.values[name] = value
	}
	return s
}

// transformed are the template with its defaults, with others for every parameter, with the least of it, and the wrong ones of wrongRoles.
var transformed = sync.OnceValues(func() (map[string]*stack, error) {
	names, jobs := []string{"defaults", "others", "least"}, []job{{string(tresor.Template), map[string]string{}}, {string(tresor.Template), others}, {string(tresor.Template), least}}
	for name, c := range wrongRoles {
		names, jobs = append(names, name), append(jobs, job{strings.Replace(string(tresor.Template), c.old, c.new, 1), map[string]string{}})
	}
	stacks, err := transform(jobs...)
	if err != nil {
		return nil, err
	}
	out := map[string]*stack{}
	for i, s := range stacks {
		out[names[i]] = s
	}
	return out, nil
})

func stackOf(t *testing.T, name string) *stack {
	t.Helper()
	all, err := transformed()
	if err != nil {
		t.Fatal(err)
	}
	return all[name]
}

// holds evaluates a condition, by name or as it is written.
func (s *stack) holds(c any) bool {
	if name, ok := c.(string); ok {
		c = s.Conditions[name]
	}
	for f, arg := range template.Map(c) {
		list := template.List(arg)
		switch f {
		case "Condition":
			return s.holds(arg)
		case "Fn::Equals":
			return fmt.Sprint(s.value(list[0])) == fmt.Sprint(s.value(list[1]))
		case "Fn::Not":
			return !s.holds(list[0])
		case "Fn::And":
			return !slices.ContainsFunc(list, func(c any) bool { return !s.holds(c) })
		case "Fn::Or":
			return slices.ContainsFunc(list, s.holds)
		}
	}
	panic(fmt.Sprintf("condition %v", c))
}

// none is what a property is that is left out.
var none = new(struct{})

// value puts the values of parameters and conditions into v. What only a deployment knows stays as it is.
func (s *stack) value(v any) any {
	switch v := v.(type) {
	case []any:
		out := []any{}
		for _, c := range v {
			if c = s.value(c); c != any(none) {
				out = append(out, c)
			}
		}
		return out
	case map[string]any:
		if name, is := v["Ref"].(string); is && len(v) == 1 {
			return s.ref(name, v)
		}
		if choice := template.List(v["Fn::If"]); len(choice) == 3 {
			if s.holds(choice[0]) {
				return s.value(choice[1])
			}
			return s.value(choice[2])
		}
		if text, is := v["Fn::Sub"].(string); is {
			for name, value := range s.values {
				text = strings.ReplaceAll(text, "${"+name+"}", fmt.Sprint(value))
			}
			return map[string]any{"Fn::Sub": text}
		}
		out := map[string]any{}
		for k, c := range v {
			if c = s.value(c); c != any(none) {
				out[k] = c
			}
		}
		return out
	}
	return v
}

func (s *stack) ref(name string, v map[string]any) any {
	if name == "AWS::NoValue" {
		return none
	}
	if value, is := s.values[name]; is {
		return value
	}
	return v
}

// made returns the resources that the conditions let be, with their values.
func (s *stack) made() map[string]template.Resource {
	out := map[string]template.Resource{}
	for id, r := range s.Resources {
		if r.Condition == "" || s.holds(r.Condition) {
			r.Properties = template.Map(s.value(r.Properties))
			out[id] = r
		}
	}
	return out
}

// others are values for every parameter that are not the defaults. Those that exclude each other are there all the same: both are only looked at.
var others = map[string]string{
	"Architecture": "x86_64", "VaultName": "other", "StageName": "live", "EnableTeamPass": "false", "LogRetentionDays": "30", "ThrottleRate": "5", "ThrottleBurst": "6",
	"SetApiGatewayLogRole": "false", "PlanRate": "7", "PlanBurst": "8", "PlanDailyQuota": "9", "DomainName": "vault.example.com",
	"CertificateArn": "arn:aws:acm:eu-west-1:123456789012:certificate/0a", "HostedZoneId": "Z1", "BasePath": "tpm", "OtherBasePath": "teampass", "AllowedCidrs": "192.0.2.0/24,2001:db8::/32",
	"WebAclArn": "arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/a/b", "SourceRateLimit": "100", "KeepExportsDays": "10", "BackupDays": "11", "AnchorLockDays": "12", "AnchorLockMode": "GOVERNANCE", "AlarmEmail": "ops@example.com",
	"AlarmTopicArn": "arn:aws:sns:eu-west-1:123456789012:alarms", "EnableDashboard": "true", "EnableRevealEvents": "true",
}

// least is without whatever a parameter can take away.
var least = map[string]string{"AnchorLockDays": "0", "BackupDays": "0", "EnableTeamPass": "false", "SetApiGatewayLogRole": "false"}

// stateful are the types whose replacement would lose what was kept.
var stateful = []string{"AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::KMS::Key"}

// replaced returns what an update of a stack by another would replace or remove of it, of what both have or only the first.
func replaced(before, after *stack) (out []string) {
	now := after.made()
	for id, r := range before.made() {
		next, stays := now[id]
		if !stays || next.Type != r.Type {
			out = append(out, id+" goes")
			continue
		}
		for _, path := range before.replacing[r.Type] {
			name := strings.TrimPrefix(path, "/properties/")
			if !cmp.Equal(r.Properties[name], next.Properties[name]) {
				out = append(out, id+" is replaced by its "+name)
			}
		}
	}
	slices.Sort(out)
	return out
}

// TestParametersReplaceNothingThatIsKept compares the stacks of the defaults, of others for every parameter, and of the least, each with each.
func TestParametersReplaceNothingThatIsKept(t *testing.T) {
	a, b, c := stackOf(t, "defaults"), stackOf(t, "others"), stackOf(t, "least")
	for name := range a.Parameters {
		if value, known := others[name]; !known || value == a.values[name] {
			t.Errorf("parameter %s: give it another value than its default in this test", name)
		}
	}
	kept := 0
	for id, r := range a.made() {
		if !slices.Contains(stateful, r.Type) {
			continue
		}
		kept++
		if r.All["DeletionPolicy"] != "Retain" || r.All["UpdateReplacePolicy"] != "Retain" {
			t.Errorf("%s is not retained", id)
		}
	}
	if kept != 5 {
		t.Errorf("%d tables, buckets and keys", kept)
	}
	// What may come and go with its parameters, and the stage, whose name is one.
	expected := func(change string) bool {
		id, _, _ := strings.Cut(change, " ")
		var r template.Resource
		for _, s := range []*stack{a, b, c} {
			if r = s.Resources[id]; r.Type != "" {
				break
			}
		}
		if strings.Contains(change, " is replaced by ") && slices.Contains(stateful, r.Type) {
			return false
		}
		return r.Condition != "" || r.Type == "AWS::Lambda::Permission" || r.Type == "AWS::ApiGateway::Deployment" || change == "ApiStage is replaced by its StageName"
	}
	stacks := []*stack{a, b, c}
	for _, before := range stacks {
		for _, after := range stacks {
			for _, change := range replaced(before, after) {
				if !expected(change) {
					t.Error(change)
				}
			}
		}
	}
	// Of what is kept, the anchors' bucket alone may leave the stack, and then it stays where it is.
	if got := replaced(a, c); !slices.Contains(got, "AnchorBucket goes") || slices.Contains(got, "Bucket goes") {
		t.Errorf("without anchors: %q", got)
	}
	// And the tables take nothing at all from a parameter.
	for _, id := range []string{"EntriesTable", "PermissionsTable"} {
		for _, other := range []*stack{b, c} {
			if diff := cmp.Diff(a.made()[id].Properties, other.made()[id].Properties); diff != "" {
				t.Errorf("%s: %s", id, diff)
			}
		}
	}

	for name, c := range map[string]struct{ old, new, want string }{
		"a table's name":       {"      BillingMode: PAY_PER_REQUEST\n", "      BillingMode: PAY_PER_REQUEST\n      TableName: !Sub '${VaultName}-entries'\n", "EntriesTable is replaced by its TableName"},
		"a table's key":        {"{AttributeName: pk, KeyType: HASH}", "{AttributeName: !Ref VaultName, KeyType: HASH}", "EntriesTable is replaced by its KeySchema"},
		"the bucket's name":    {"      OwnershipControls:", "      BucketName: !Ref VaultName\n      OwnershipControls:", "Bucket is replaced by its BucketName"},
		"the anchors' name":    {"      ObjectLockEnabled: true\n", "      ObjectLockEnabled: true\n      BucketName: !Sub '${VaultName}-anchors'\n", "AnchorBucket is replaced by its BucketName"},
		"a table on condition": {"  PermissionsTable:\n    Type: AWS::DynamoDB::Table\n", "  PermissionsTable:\n    Type: AWS::DynamoDB::Table\n    Condition: TeamPass\n", "PermissionsTable goes"},
	} {
		wrong := change(t, name, c.old, c.new) // as it is written: what is kept is no resource of SAM's
		if got := replaced(newStack(wrong, a.replacing, nil), newStack(wrong, a.replacing, others)); !slices.Contains(got, c.want) {
			t.Errorf("%s: got %q, want %q among them", name, got, c.want)
		}
	}
}

// change returns the template with one text changed.
func change(t *testing.T, name, old, with string) *template.Template {
	t.Helper()
	text := strings.Replace(string(tresor.Template), old, with, 1)
	if text == string(tresor.Template) {
		t.Fatalf("%s: the template has no %q", name, old)
	}
	tmpl, err := template.Parse([]byte(text))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return tmpl
}

// permitted returns what is wrong with the permissions of a transformed template: wildcards; a function whose role is not the one that is written for it; and who may invoke
// a function.
func permitted(s *stack) []string {
	problems, _ := wildcards(s.Template)
	problem := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	for id, r := range s.Resources {
		switch r.Type {
		case "AWS::Lambda::Function":
			if want := getAtt(strings.TrimSuffix(id, "Function")+"Role", "Arn"); !cmp.Equal(r.Properties["Role"], any(want)) {
				problem("%s: role %v", id, r.Properties["Role"])
			}
			_, wrong := s.Rights(id)
			for _, w := range wrong {
				problem("%s: %s", id, w)
			}
		case "AWS::Lambda::Permission":
			if p := permission(s, r); p != "" {
				problem("%s: %s", id, p)
			}
		case "AWS::IAM::Policy", "AWS::IAM::UserPolicy", "AWS::IAM::RolePolicy", "AWS::IAM::GroupPolicy", "AWS::Lambda::Url", "AWS::IAM::User":
			problem("%s: a %s", id, r.Type)
		}
	}
	return problems
}

// permission returns what is wrong with a permission to invoke a function: it must be for this API, every stage and method of one path, or for one rule of this stack.
func permission(s *stack, r template.Resource) string {
	source := template.Map(r.Properties["SourceArn"])
	switch r.Properties["Principal"] {
	case "apigateway.amazonaws.com":
		sub := template.List(source["Fn::Sub"])
		if len(sub) != 2 || !cmp.Equal(at(sub[1], "__ApiId__"), any(ref("Api"))) || !strings.HasPrefix(fmt.Sprint(sub[0]), "arn:aws:execute-api:${AWS::Region}:${AWS::AccountId}:${__ApiId__}/${__Stage__}/") {
			return fmt.Sprintf("source %v", source)
		}
	case "events.amazonaws.com":
		if of := template.Texts(source["Fn::GetAtt"]); len(of) != 2 || s.Resources[of[0]].Type != "AWS::Events::Rule" {
			return fmt.Sprintf("source %v", source)
		}
	default:
		return fmt.Sprintf("principal %v", r.Properties["Principal"])
	}
	if r.Properties["Action"] != "lambda:InvokeFunction" {
		return fmt.Sprintf("action %v", r.Properties["Action"])
	}
	return ""
}

func TestTransformedPermissions(t *testing.T) {
	s := stackOf(t, "defaults")
	for _, p := range permitted(s) {
		t.Error(p)
	}
	written := deployed(t)
	for id, r := range s.Resources {
		if r.Type != "AWS::Lambda::Function" {
			continue
		}
		got, _ := s.Rights(id)
		want, _ := written.Rights(id)
		if diff := cmp.Diff(want, got); diff != "" || len(got) == 0 {
			t.Errorf("%s: its rights in the template and transformed (-want +got):\n%s", id, diff)
		}
	}
	roles := func(t *template.Template) []string { return slices.Sorted(maps.Keys(ofType(t, "AWS::IAM::Role"))) }
	if diff := cmp.Diff(roles(written), roles(s.Template)); diff != "" {
		t.Errorf("roles (-want +got):\n%s", diff)
	}

	for name, c := range wrongRoles {
		change(t, name, c.old, c.new) // there is something to change
		got := permitted(stackOf(t, name))
		if !slices.ContainsFunc(got, func(p string) bool { return strings.Contains(p, c.want) }) {
			t.Errorf("%s: got %q, want %q among them", name, got, c.want)
		}
	}
	for name, c := range wrongStatements {
		got, _ := wildcards(change(t, name, c.old, c.new))
		if !slices.ContainsFunc(got, func(p string) bool { return strings.Contains(p, c.want) }) {
			t.Errorf("%s: got %q, want %q among them", name, got, c.want)
		}
	}
}

// wrongRoles are changes whose effect only SAM's own transformation shows, and what has to be said of them.
var wrongRoles = map[string]struct{ old, new, want string }{
	"SAM's own role":    {"      Role: !GetAtt TpmLogRole.Arn\n", "      Policies: [AmazonDynamoDBFullAccess]\n", "TpmLogFunction: role map[Fn::GetAtt:[TpmLogFunctionRole Arn]]"},
	"anybody's address": {"Condition: {IpAddress: ", "Condition: {StringLike: ", "Principal has a wildcard: *"},
	"a URL of its own":  {"      Role: !GetAtt TpmLogRole.Arn\n", "      Role: !GetAtt TpmLogRole.Arn\n      FunctionUrlConfig: {AuthType: NONE}\n", "AWS::Lambda::Url"},
}

// wrongStatements are changes of statements, which SAM passes on as they are.
var wrongStatements = map[string]struct{ old, new, want string }{
	"any action":    {"Action: dynamodb:BatchGetItem", "Action: 'dynamodb:*'", "Action has a wildcard: dynamodb:*"},
	"any resource":  {"Resource: !GetAtt FunctionLogs.Arn", "Resource: '*'", "Resource has a wildcard: *"},
	"any of a kind": {"Action: [s3:PutObject, s3:DeleteObject]", "Action: 's3:Put?bject'", "Action has a wildcard: s3:Put?bject"},
	"all but one":   {"Action: sqs:SendMessage", "NotAction: sqs:SendMessage", "NotAction allows whatever is not named"},
	"any objects":   {`"${Bucket.Arn}/${VaultName}/snapshots/*"`, `"${Bucket.Arn}/*"`, "Resource has a wildcard: ${Bucket.Arn}/*"},
}
