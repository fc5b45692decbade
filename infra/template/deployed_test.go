package template_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tresor"
	"tresor/events"
	"tresor/infra/localapi"
	"tresor/infra/template"

	"github.com/google/go-cmp/cmp"
)

// deployed returns template.yaml.
func deployed(t *testing.T) *template.Template {
	t.Helper()
	tmpl, err := template.Parse(tresor.Template)
	if err != nil {
		t.Fatal(err)
	}
	return tmpl
}

func ofType(t *template.Template, kind string) map[string]template.Resource {
	out := map[string]template.Resource{}
	for id, r := range t.Resources {
		if r.Type == kind {
			out[id] = r
		}
	}
	return out
}

// at walks into a value by map keys and list indexes.
func at(v any, path ...any) any {
	for _, p := range path {
		switch p := p.(type) {
		case string:
			v = template.Map(v)[p]
		case int:
			list, _ := v.([]any)
			if p >= len(list) {
				return nil
			}
			v = list[p]
		}
	}
	return v
}

// want fails unless the value at the path is the one given.
func want(t *testing.T, what string, v, value any, path ...any) {
	t.Helper()
	if diff := cmp.Diff(value, at(v, path...)); diff != "" {
		t.Errorf("%s %v (-want +got):\n%s", what, path, diff)
	}
}

func ref(id string) map[string]any       { return map[string]any{"Ref": id} }
func getAtt(id, a string) map[string]any { return map[string]any{"Fn::GetAtt": []any{id, a}} }
func folder(logicalID string) string {
	dashed := regexp.MustCompile(`[A-Z]`).ReplaceAllString(strings.TrimSuffix(logicalID, "Function"), "-$0")
	return strings.ToLower(strings.TrimPrefix(dashed, "-"))
}

func TestFunctions(t *testing.T) {
	tmpl := deployed(t)
	g := template.Map(tmpl.Globals["Function"])
	want(t, "globals", g, "provided.al2023", "Runtime")
	want(t, "globals", g, []any{ref("Architecture")}, "Architectures")
	want(t, "globals", g, 28, "Timeout")
	want(t, "globals", g, 1024, "MemorySize")
	want(t, "globals", g, nil, "Tracing")
	want(t, "globals", g, ref("FunctionLogs"), "LoggingConfig", "LogGroup")
	want(t, "architecture", tmpl.Parameters, "arm64", "Architecture", "Default")
	functions := ofType(tmpl, "AWS::Serverless::Function")
	if len(functions) == 0 {
		t.Fatal("no functions")
	}
	triggered, err := events.Triggered()
	if err != nil {
		t.Fatal(err)
	}
	name := regexp.MustCompile(`^(syspass|teampass-[a-z]+|tpm-[a-z-]+|` + strings.Join(triggered, "|") + `)$`)
	for id, f := range functions {
		if !strings.HasSuffix(id, "Function") || !name.MatchString(folder(id)) {
			t.Errorf("%s: folder functions/%s", id, folder(id))
		}
		want(t, id, f.All, "makefile", "Metadata", "BuildMethod")
		want(t, id, f.Properties, getAtt(strings.TrimSuffix(id, "Function")+"Role", "Arn"), "Role")
		for _, p := range []string{"Tracing", "FunctionUrlConfig", "Runtime", "Architectures", "CodeUri"} {
			want(t, id, f.Properties, nil, p)
		}
	}
}

// TestLargeExports: an event whose job fails is tried again and then kept, encrypted, and nobody but the sysPass function knows the exporter.
func TestLargeExports(t *testing.T) {
	tmpl := deployed(t)
	f := tmpl.Resources["ExporterFunction"].Properties
	want(t, "exporter", f, 900, "Timeout")
	want(t, "exporter", f, 3008, "MemorySize")
	want(t, "exporter", f, nil, "Events")
	want(t, "exporter", f, 2, "EventInvokeConfig", "MaximumRetryAttempts")
	want(t, "exporter", f, map[string]any{"Type": "SQS", "TargetArn": getAtt("Failures", "Arn")}, "DeadLetterQueue")
	want(t, "failures", tmpl.Resources["Failures"].All, "AWS::SQS::Queue", "Type")
	want(t, "failures", tmpl.Resources["Failures"].Properties, true, "SqsManagedSseEnabled")
	for id, r := range ofType(tmpl, "AWS::Serverless::Function") {
		var exporter any
		if id == "SyspassFunction" {
			exporter = ref("ExporterFunction")
		}
		want(t, id, r.Properties, exporter, "Environment", "Variables", "TRESOR_EXPORTER")
	}
}

// TestEvents: what could not be told is tried again and then kept, encrypted; the notifier gets what it needs of the streams and nothing else.
func TestEvents(t *testing.T) {
	tmpl := deployed(t)
	want(t, "bus", tmpl.Resources["EventBus"].All, "AWS::Events::EventBus", "Type")
	notifier := tmpl.Resources["NotifierFunction"].Properties
	for name, stream := range map[string]struct{ table, keys string }{
		"Entries":     {"EntriesTable", `["${VaultName}#journal"]`},
		"Permissions": {"PermissionsTable", `["${VaultName}#journal",{"prefix":"${VaultName}#access#"}]`},
	} {
		p := at(notifier, "Events", name, "Properties")
		want(t, name, p, getAtt(stream.table, "StreamArn"), "Stream")
		want(t, name, p, "TRIM_HORIZON", "StartingPosition")
		want(t, name, p, []any{"ReportBatchItemFailures"}, "FunctionResponseTypes")
		want(t, name, p, true, "BisectBatchOnFunctionError")
		want(t, name, p, -1, "MaximumRetryAttempts")
		want(t, name, p, 21600, "MaximumRecordAgeInSeconds")
		want(t, name, p, nil, "ParallelizationFactor") // order
		want(t, name, p, map[string]any{"Type": "SQS", "Destination": getAtt("Failures", "Arn")}, "DestinationConfig", "OnFailure")
		pattern := func(keys string) map[string]any {
			text := `{"eventName":["INSERT"],"dynamodb":{"Keys":{"pk":{"S":` + keys + `}}}}`
			if !json.Valid([]byte(text)) {
				t.Errorf("%s: the pattern is no JSON: %s", name, text)
			}
			return map[string]any{"Fn::Sub": text}
		}
		filter, filters := any(pattern(stream.keys)), []any{}
		if name == "Permissions" { // access records are told of if somebody wants that; in any case those of what was used under a lock, and of backups
			filters = append(filters, map[string]any{"Pattern": map[string]any{
				"Fn::Sub": `{"eventName":["INSERT"],"dynamodb":{"Keys":{"pk":{"S":[{"prefix":"${VaultName}#access#"}]}},"NewImage":{"k":{"S":["unlocked","unnamed"]}}}}`}})
			filter = map[string]any{"Fn::If": []any{"RevealEvents", filter, pattern(`["${VaultName}#journal"]`)}}
		}
		want(t, name, p, append(filters, map[string]any{"Pattern": filter}), "FilterCriteria", "Filters")
	}
	expiry := tmpl.Resources["ExpiryFunction"].Properties
	want(t, "expiry", expiry, 2, "EventInvokeConfig", "MaximumRetryAttempts")
	want(t, "expiry", expiry, map[string]any{"Type": "SQS", "TargetArn": getAtt("Failures", "Arn")}, "DeadLetterQueue")
	for id, r := range ofType(tmpl, "AWS::Serverless::Function") {
		var bus any
		if id == "NotifierFunction" || id == "ExpiryFunction" {
			bus = ref("EventBus")
		}
		want(t, id, r.Properties, bus, "Environment", "Variables", "TRESOR_EVENT_BUS")
	}
}

func TestTeamPassCanBeSwitchedOff(t *testing.T) {
	tmpl := deployed(t)
	want(t, "condition", tmpl.Conditions, map[string]any{"Fn::Equals": []any{ref("EnableTeamPass"), "true"}}, "TeamPass")
	for id, r := range tmpl.Resources {
		if r.Type != "AWS::Serverless::Function" && r.Type != "AWS::IAM::Role" {
			continue
		}
		if got := r.Condition == "TeamPass"; got != strings.HasPrefix(id, "Teampass") {
			t.Errorf("%s: depends on EnableTeamPass: %v", id, got)
		}
	}
}

// TestAPIResources: a REST API has at most 300 (https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html). TestLimits has the other limits.
func TestAPIResources(t *testing.T) {
	routes, err := deployed(t).Routes()
	if err != nil {
		t.Fatal(err)
	}
	nodes := map[string]bool{"": true}
	for _, r := range routes {
		parts := strings.Split(strings.Trim(r.Path, "/"), "/")
		for i := range parts {
			nodes[strings.Join(parts[:i+1], "/")] = true
		}
	}
	if len(nodes) < 100 || len(nodes) > 300 {
		t.Errorf("%d resources of the API, at most 300", len(nodes))
	}
}

// TestRouting says which function serves what, through the template alone.
func TestRouting(t *testing.T) {
	tmpl := deployed(t)
	r, err := localapi.NewRouter(tmpl)
	if err != nil {
		t.Fatal(err)
	}
	for function, requests := range map[string][]string{
		"syspass": {"POST /api.php", "GET /api.php", "OPTIONS /api.php", "POST /api.php/", "POST //api.php", "POST /api.php/x/y"},
		"teampass-items": {
			"GET /api/index.php/read/items/1;2", "GET /api/read/items/1", "GET /api/index.php/read/folder/1", "GET /api/index.php/read/category/1",
			"GET /api/index.php/add/item/TGFiZWw=;cHc=;;MQ==;;;;;", "GET /api/add/item/a/b", "GET /api/index.php/delete/item/5", "GET /api/index.php//read/items/1", "GET /api/index.php/read/items/2/",
			"GET /api/index.php/update/item/1/x", "GET /api/find/item/2/x", "GET /api/index.php/find/items/x", "GET /api/index.php/read/userpw/ann",
		},
		"teampass-folders": {
			"GET /api/index.php/add/folder/Zm9v", "GET /api/add/folder/Zm9v", "GET /api/index.php/update/folder/1/x", "GET /api/delete/folder/1", "GET /api/index.php/find/folders/x",
			"GET /api/index.php/read/userfolders/ann", "GET /api/read/folder_descendants/id/1",
		},
		"teampass-users": {"GET /api/index.php/add/user/x;y", "GET /api/update/user/x"},
		"teampass-auth": {
			"GET /api/index.php/auth/http/x/U1/test", "GET /api/auth/http/x%2Fy/U1/test", "GET /api/index.php/set/a/b/c/d/e", "GET /api/index.php/auth_tpc/a/b/c/d", "GET /api/index.php/tpc_find/a/b/c/d",
			"GET /api/index.php/tpc_userfolders/a/b/c", "GET /api/index.php/set_tpc/add/a/b/c/d", "GET /api/tpc_delete/1/b/c/d",
		},
		"teampass-info": {
			"GET /api/index.php/info/version", "GET /api/info/version", "GET /api/index.php", "GET /api/index.php/", "HEAD /api/index.php/read/items/1", "PUT /api/index.php/add/item/x",
			"DELETE /api/index.php/write/item/x", "PATCH /api/index.php", "GET /api/index.php/read/items", "GET /api/index.php/READ/items/1", "GET /api/index.php/read%2Fitems/1",
			"GET /api/index.php/new_password/8;1", "GET /api/find/other/x", "GET /api/index.php/auth", "GET /api", "GET /api/", "GET /api/index.php/../x", "DELETE /api/read/items/1",
		},
		"teampass-post": {"POST /api/index.php", "POST /api/index.php/", "POST /api/index.php/read/items/1", "POST /api/index.php/anything", "POST /api/read/items/1", "POST /api/anything"},
		"tpm-passwords": {
			"GET /index.php/api/v6/passwords.json", "POST /index.php/api/v3/passwords.json", "GET /index.php/api/v6/passwords/5.json", "GET /index.php/api/v5/passwords/search/a%2Fb.json",
			"DELETE /index.php/api/v4/passwords/5.json", "GET /index.php/api/v4//passwords.json", "GET /index.php/api/v6/passwords/search/a/b/page/2.json", "PATCH /index.php/api/v6/passwords.json",
		},
		"tpm-my-passwords": {
			"GET /index.php/api/v6/my_passwords.json", "POST /index.php/api/v5/my_passwords.json", "GET /index.php/api/v6/my_passwords/count.json", "GET /index.php/api/v6/my_passwords/search/a%2Fb/page/2.json",
			"PUT /index.php/api/v6/my_passwords/5/move.json", "GET /index.php/api/v6/favorite_my_passwords.json", "DELETE /index.php/api/v3/favorite_my_passwords/5.json",
		},
		"tpm-projects": {"GET /index.php/api/v6/projects.json", "GET /index.php/api/v6/projects/5.json", "POST /index.php/api/v5/projects.json", "GET /index.php/api/v4/projects/0/subprojects.json"},
		"tpm-users":    {"GET /index.php/api/v6/users/me.json", "GET /index.php/api/v3/users.json", "POST /index.php/api/v6/users_ldap.json", "POST /index.php/api/v5/users_saml.json", "PUT /index.php/api/v6/users/5/change_password.json"},
		"tpm-groups":   {"GET /index.php/api/v6/groups.json", "POST /index.php/api/v3/groups.json", "GET /index.php/api/v6/groups/page/2.json", "PUT /index.php/api/v4/groups/1/add_user/2.json"},
		"tpm-log":      {"GET /index.php/api/v6/log.json", "GET /index.php/api/v4/log/search/a%2Fb/page/2.json"},
		"tpm-files":    {"GET /index.php/api/v6/files/5.json", "GET /index.php/api/v5/files/download/5.json", "DELETE /index.php/api/v6/files/5.json", "GET /index.php/api/v3/files/max_upload_file_size.json"},
		"tpm-version": {
			"GET /index.php/api/v6/version.json", "GET /index.php/api/V5/passwords.json", "GET /index.php/api/v7/passwords.json", "GET /index.php/api/v6", "GET /index.php/api/", "GET /index.php/api/v6/version/check_latest.json", "GET /index.php/api/v3/generate_password.json", "POST /index.php/api/v4/favorite_my_password/5.json",
			"GET /api/v6/passwords.json", "POST /api/v3/passwords.json", "GET /api/V6/passwords/5.json", "GET /api/v6", "GET /api/v4//passwords.json", "GET /index.php/login", "GET /index.php/api/v6/passwords",
		},
	} {
		for _, q := range requests {
			method, path, _ := strings.Cut(q, " ")
			_, route, ok := r.Event(localapi.Request{Method: method, Target: path})
			if !ok || folder(route.Function) != function {
				t.Errorf("%s: goes to %q by %s, want %s", q, folder(route.Function), route, function)
			}
		}
	}
	for _, q := range []string{"GET /", "GET /index.html", "GET /index.php", "GET /Api.php", "GET /API/v6/x", "GET /favicon.ico", "GET /tpm/index.php/api/v6/version.json"} {
		method, path, _ := strings.Cut(q, " ")
		if _, route, ok := r.Event(localapi.Request{Method: method, Target: path}); ok {
			t.Errorf("%s: goes to %s, want no route", q, route)
		}
	}
}

// accessLogMay lists what may be logged of a request. $context.path holds TeamPass passwords; authorizer and error texts may hold more.
var accessLogMay = []string{"$context.resourcePath", "$context.httpMethod", "$context.status", "$context.requestId", "$context.identity.sourceIp", "$context.responseLatency"}

func TestTheStageLogsNoSecrets(t *testing.T) {
	apis := ofType(deployed(t), "AWS::Serverless::Api")
	if len(apis) != 1 {
		t.Fatalf("%d APIs, want one", len(apis))
	}
	p := apis["Api"].Properties
	format, _ := at(p, "AccessLogSetting", "Format").(string)
	var fields map[string]string
	if err := json.Unmarshal([]byte(format), &fields); err != nil {
		t.Fatalf("access log format: %v", err)
	}
	for name, v := range fields {
		if !slices.Contains(accessLogMay, v) {
			t.Errorf("access log: %s is %s", name, v)
		}
	}
	if n := strings.Count(format, "$"); n != len(fields) || n == 0 {
		t.Errorf("access log: %d variables in %d fields", n, len(fields))
	}
	want(t, "access log", p, getAtt("AccessLogs", "Arn"), "AccessLogSetting", "DestinationArn")
	want(t, "stage", p, false, "TracingEnabled")
	want(t, "stage", p, "REGIONAL", "EndpointConfiguration", "Type")
	settings := template.List(p["MethodSettings"])
	if len(settings) != 1 { // a second one for some path could switch logging on there
		t.Fatalf("%d method settings, want one", len(settings))
	}
	want(t, "method settings", settings[0], "OFF", "LoggingLevel")
	want(t, "method settings", settings[0], false, "DataTraceEnabled")
	want(t, "method settings", settings[0], "/*", "ResourcePath")
	want(t, "method settings", settings[0], "*", "HttpMethod")
}

func TestWhatIsKept(t *testing.T) {
	tmpl := deployed(t)
	for _, id := range []string{"EntriesTable", "PermissionsTable"} {
		r := tmpl.Resources[id]
		want(t, id, r.All, "AWS::DynamoDB::Table", "Type")
		want(t, id, r.Properties, []any{map[string]any{"AttributeName": "pk", "KeyType": "HASH"}, map[string]any{"AttributeName": "sk", "KeyType": "RANGE"}}, "KeySchema")
		want(t, id, r.Properties, "PAY_PER_REQUEST", "BillingMode")
		want(t, id, r.Properties, true, "DeletionProtectionEnabled")
		want(t, id, r.Properties, true, "PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled")
		want(t, id, r.Properties, "NEW_IMAGE", "StreamSpecification", "StreamViewType")
		want(t, id, r.Properties, map[string]any{"SSEEnabled": true, "SSEType": "KMS", "KMSMasterKeyId": getAtt("Key", "Arn")}, "SSESpecification")
		want(t, id, r.Properties, nil, "GlobalSecondaryIndexes")
	}
	for _, id := range []string{"EntriesTable", "PermissionsTable", "Bucket", "BucketPolicy", "AnchorBucket", "AnchorBucketPolicy", "Key"} {
		want(t, id, tmpl.Resources[id].All, "Retain", "DeletionPolicy")
		want(t, id, tmpl.Resources[id].All, "Retain", "UpdateReplacePolicy")
	}
	bucket := tmpl.Resources["Bucket"].Properties
	want(t, "bucket", bucket, map[string]any{"BlockPublicAcls": true, "BlockPublicPolicy": true, "IgnorePublicAcls": true, "RestrictPublicBuckets": true}, "PublicAccessBlockConfiguration")
	want(t, "bucket", bucket, "Enabled", "VersioningConfiguration", "Status")
	encryption := at(bucket, "BucketEncryption", "ServerSideEncryptionConfiguration", 0, "ServerSideEncryptionByDefault")
	want(t, "bucket", encryption, map[string]any{"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": getAtt("Key", "Arn")})
	tls := at(tmpl.Resources["BucketPolicy"].Properties, "PolicyDocument", "Statement", 0)
	want(t, "bucket policy", tls, "Deny", "Effect")
	want(t, "bucket policy", tls, "false", "Condition", "Bool", "aws:SecureTransport")
	want(t, "old backups", at(bucket, "LifecycleConfiguration", "Rules", 1, "Fn::If", 1), map[string]any{"Id": "forget-old-nightly-backups", "Status": "Enabled",
		"Prefix": map[string]any{"Fn::Sub": "${VaultName}/backups/scheduled/"}, "ExpirationInDays": ref("BackupDays")})
	want(t, "key", tmpl.Resources["Key"].Properties, true, "EnableKeyRotation")
	logs := ofType(tmpl, "AWS::Logs::LogGroup")
	if len(logs) != 2 {
		t.Errorf("%d log groups, want 2", len(logs))
	}
	for id, r := range logs {
		want(t, id, r.Properties, ref("LogRetentionDays"), "RetentionInDays")
		want(t, id, r.Properties, getAtt("Key", "Arn"), "KmsKeyId")
	}
}

// TestAnchors: locked by default, for as long as the parameter says, and gone with its function where that is 0.
func TestAnchors(t *testing.T) {
	tmpl := deployed(t)
	bucket := tmpl.Resources["AnchorBucket"].Properties
	want(t, "anchors", bucket, true, "ObjectLockEnabled")
	want(t, "anchors", bucket, map[string]any{"ObjectLockEnabled": "Enabled", "Rule": map[string]any{"DefaultRetention": map[string]any{"Mode": ref("AnchorLockMode"), "Days": ref("AnchorLockDays")}}},
		"ObjectLockConfiguration")
	want(t, "anchors", bucket, "Enabled", "VersioningConfiguration", "Status")
	want(t, "anchors", bucket, map[string]any{"BlockPublicAcls": true, "BlockPublicPolicy": true, "IgnorePublicAcls": true, "RestrictPublicBuckets": true}, "PublicAccessBlockConfiguration")
	want(t, "anchors", bucket, map[string]any{"SSEAlgorithm": "AES256"}, "BucketEncryption", "ServerSideEncryptionConfiguration", 0, "ServerSideEncryptionByDefault")
	want(t, "parameter", tmpl.Parameters, 365, "AnchorLockDays", "Default")
	want(t, "parameter", tmpl.Parameters, "COMPLIANCE", "AnchorLockMode", "Default")
	not := func(parameter string) any {
		return map[string]any{"Fn::Not": []any{map[string]any{"Fn::Equals": []any{ref(parameter), "0"}}}}
	}
	want(t, "condition", tmpl.Conditions, not("AnchorLockDays"), "Anchors")
	want(t, "condition", tmpl.Conditions, not("BackupDays"), "Backups")
	for id, r := range tmpl.Resources {
		of := ""
		switch {
		case strings.HasPrefix(id, "Anchor"):
			of = "Anchors"
		case strings.HasPrefix(id, "Backup"):
			of = "Backups"
		}
		if (of != "" || r.Condition == "Anchors" || r.Condition == "Backups") && r.Condition != of {
			t.Errorf("%s: condition %q, want %q", id, r.Condition, of)
		}
	}
	for id, r := range ofType(tmpl, "AWS::Serverless::Function") {
		var anchors any
		switch id {
		case "AnchorFunction":
			anchors = ref("AnchorBucket")
		case "VerifierFunction":
			anchors = map[string]any{"Fn::If": []any{"Anchors", ref("AnchorBucket"), ""}}
		}
		want(t, id, r.Properties, anchors, "Environment", "Variables", "TRESOR_ANCHOR_BUCKET")
	}
	for _, id := range []string{"VerifierFunction", "BackupFunction"} {
		want(t, id, tmpl.Resources[id].Properties, 900, "Timeout")
	}
}
