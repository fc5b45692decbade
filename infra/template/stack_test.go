package template_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"tresor/infra/template"
	"tresor/shared/dialect"
)

// statuses are what API Gateway answers by itself, with its own status where the template gives none.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
var statuses = map[string]int{
	"MISSING_AUTHENTICATION_TOKEN": 404, "INVALID_SIGNATURE": 404, "RESOURCE_NOT_FOUND": 404, "ACCESS_DENIED": 403, "WAF_FILTERED": 403, "INVALID_API_KEY": 403, "BAD_REQUEST_BODY": 400, "BAD_REQUEST_PARAMETERS": 400,
	"UNSUPPORTED_MEDIA_TYPE": 415, "REQUEST_TOO_LARGE": 413, "THROTTLED": 429, "QUOTA_EXCEEDED": 429, "INTEGRATION_FAILURE": 504, "INTEGRATION_TIMEOUT": 504,
	"DEFAULT_4XX": 400, "DEFAULT_5XX": 500,
}

// defaults are API Gateway's own statuses that the template changes.
var changed = []string{"MISSING_AUTHENTICATION_TOKEN", "INVALID_SIGNATURE", "RESOURCE_NOT_FOUND"}

// TestWhatNeverReachesAFunction reads each answer by the rules of each API's contract: it is an error to all of them, and says the same to all.
func TestWhatNeverReachesAFunction(t *testing.T) {
	responses := template.Map(at(deployed(t).Resources["Api"].Properties, "GatewayResponses"))
	if len(responses) != len(statuses) {
		t.Errorf("%d gateway responses, want %d", len(responses), len(statuses))
	}
	for kind, status := range statuses {
		r := responses[kind]
		if given := at(r, "StatusCode"); (given != nil) != slices.Contains(changed, kind) || given != nil && given != strconv.Itoa(status) {
			t.Errorf("%s: status %v", kind, given)
		}
		want(t, kind, r, "'no-store'", "ResponseParameters", "Headers", "Cache-Control")
		want(t, kind, r, "'nosniff'", "ResponseParameters", "Headers", "X-Content-Type-Options")
		text, _ := at(r, "ResponseTemplates", "application/json").(string)
		if len(template.Map(at(r, "ResponseTemplates"))) != 1 || strings.Contains(text, "$") || strings.Contains(fmt.Sprint(at(r, "ResponseParameters")), "method.request") {
			t.Errorf("%s: something of the request is in the answer: %v", kind, r)
		}
		var body struct {
			JSONRPC string
			Error   struct {
				Message string
				Code    *int
				Data    *json.RawMessage
			}
			ID            *int
			Err           string
			Type, Message string
		}
		if err := json.Unmarshal([]byte(text), &body); err != nil {
			t.Errorf("%s: %v", kind, err)
			continue
		}
		// sysPass 1.5: JSON-RPC, no result, and id 0 where the request was not read (1.2).
		if body.JSONRPC != "2.0" || body.ID == nil || *body.ID != 0 || body.Error.Message == "" || body.Error.Code == nil || !strings.Contains(text, `"data":null}`) || strings.Contains(text, `"result"`) {
			t.Errorf("%s: no sysPass error: %s", kind, text)
		}
		// TeamPass 6: a text in "err", and nothing that says success.
		if body.Err != body.Error.Message || strings.Contains(text, `"status"`) {
			t.Errorf("%s: no TeamPass error: %s", kind, text)
		}
		// TPM 1.7: "error" is truthy, as an object is; "type" is the status's phrase, and "message" for people.
		if body.Type != http.StatusText(status) || body.Message != body.Error.Message {
			t.Errorf("%s: no TPM error: %s", kind, text)
		}
		if denied := *body.Error.Code == -32603; denied != (status == 403 || status == 429) { // to sysPass's clients: not allowed, or too often
			t.Errorf("%s: code %d", kind, *body.Error.Code)
		}
	}
	want(t, "throttled", responses["THROTTLED"], "'1'", "ResponseParameters", "Headers", "Retry-After")
}

// TestTheStageIsDeployedAgain: SAM sees no change of the API in a parameter.
func TestTheStageIsDeployedAgain(t *testing.T) {
	want(t, "API", deployed(t).Resources["Api"].Properties, true, "AlwaysDeploy")
}

// TestOptionalParts: what parameters ask for is there with them, and not without.
func TestOptionalParts(t *testing.T) {
	plain, full := stackOf(t, "defaults"), stackOf(t, "others")
	for id, defaults := range map[string]bool{
		"Domain": false, "DomainRoot": false, "DomainBasePath": false, "DomainOtherBasePath": false, "DomainRecords": false, "SourceLimit": false, "Firewall": false, "AlarmTopic": false,
		"Dashboard": false, "ApiGatewayAccount": true, "TeampassItemsFunction": true,
	} {
		_, there := plain.made()[id]
		_, then := full.made()[id]
		if there != defaults || then == defaults {
			t.Errorf("%s: there by default %v, otherwise %v", id, there, then)
		}
	}
	source := []any{"x-amazon-apigateway-policy", "Statement", 0, "Condition", "IpAddress", "aws:SourceIp"}
	endpoint := []any{"servers", 0, "x-amazon-apigateway-endpoint-configuration", "disableExecuteApiEndpoint"}
	body := func(s *stack) any { return s.made()["Api"].Properties["Body"] }
	want(t, "everybody", body(plain), []any{"0.0.0.0/0", "::/0"}, source...)
	want(t, "some", body(full), map[string]any{"Fn::Split": []any{",", "192.0.2.0/24,2001:db8::/32"}}, source...)
	want(t, "AWS's name", body(plain), false, endpoint...)
	want(t, "an own name", body(full), true, endpoint...)
	domain := full.made()["Domain"].Properties
	want(t, "domain", domain, "TLS_1_2", "SecurityPolicy")
	want(t, "domain", domain, []any{"REGIONAL"}, "EndpointConfiguration", "Types")
	want(t, "web ACL", full.made()["Firewall"].Properties, others["WebAclArn"], "WebACLArn")
	acl := full.made()["SourceLimit"].Properties
	want(t, "web ACL", acl, false, "VisibilityConfig", "SampledRequestsEnabled")
	want(t, "web ACL", acl, false, "Rules", 0, "VisibilityConfig", "SampledRequestsEnabled")
	for id, r := range full.Resources {
		if r.Type == "AWS::WAFv2::LoggingConfiguration" {
			t.Errorf("%s: a web ACL's log holds paths and headers", id)
		}
	}
	plan := deployed(t).Resources["UsagePlan"].Properties
	want(t, "plan", plan, ref("Api"), "ApiStages", 0, "ApiId")
	want(t, "plan", plan, "DAY", "Quota", "Period")
	// Access records are told of where that is wanted.
	for name, told := range map[string]bool{"defaults": false, "others": true, "least": false} {
		s := stackOf(t, name).made()
		of := func(mapping string) string { // the last filter; the one before, where there is one, lets through what is told of in any case
			filters := template.List(at(s[mapping].Properties, "FilterCriteria", "Filters"))
			return strings.Join(template.Texts(at(filters, len(filters)-1, "Pattern")), "")
		}
		entries, permissions := of("NotifierFunctionEntries"), of("NotifierFunctionPermissions")
		if !strings.Contains(entries, "#journal") || strings.Contains(entries, "#access#") || !strings.Contains(permissions, "#journal") || strings.Contains(permissions, "#access#") != told {
			t.Errorf("%s: the notifier is given %s and %s", name, entries, permissions)
		}
	}
	// What is removed by itself: nightly backups, and no others that somebody asked for; exports, if that is wanted.
	for name, want := range map[string][]string{"defaults": {"${VaultName}/backups/scheduled/ 35"}, "others": {"${VaultName}/backups/scheduled/ 11", "${VaultName}/exports/ 10"}, "least": nil} {
		var got []string
		s := stackOf(t, name)
		for _, rule := range template.List(at(s.made()["Bucket"].Properties, "LifecycleConfiguration", "Rules")) {
			if days := at(rule, "ExpirationInDays"); days != nil {
				prefix, _ := at(rule, "Prefix", "Fn::Sub").(string)
				got = append(got, fmt.Sprintf("%s %v", strings.Replace(prefix, fmt.Sprint(s.values["VaultName"])+"/", "${VaultName}/", 1), days))
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: what the bucket removes is %q, want %q", name, got, want)
		}
	}
	// Without anchors and nightly backups there is nothing of them, and no alarm on what is not there.
	whole, rest := plain.made(), stackOf(t, "least").made()
	for id, r := range whole {
		if r.Type == "AWS::ApiGateway::Deployment" {
			continue // named after what it deploys
		}
		part := strings.HasPrefix(id, "Anchor") || strings.HasPrefix(id, "Backup") || strings.HasPrefix(id, "Teampass") || strings.HasPrefix(id, "ApiGateway")
		if _, there := rest[id]; there == part {
			t.Errorf("%s: there with the least of it: %v", id, there)
		}
	}
	for id, r := range rest {
		for _, text := range template.Texts(r.Properties) {
			if strings.Contains(text, "AnchorBucket") || strings.Contains(text, "BackupFunction") {
				t.Errorf("%s names %s, which is not there", id, text)
			}
		}
	}
}

// alarms returns the ids of the alarms on a metric of a resource. Conditions are taken to hold.
func alarms(tmpl *template.Template, namespace, metric, dimension string, value any) (ids []string) {
	for id, r := range ofType(tmpl, "AWS::CloudWatch::Alarm") {
		p := r.Properties
		if p["Namespace"] == namespace && p["MetricName"] == metric && at(p, "Dimensions", 0, "Name") == dimension && fmt.Sprint(at(p, "Dimensions", 0, "Value")) == fmt.Sprint(value) {
			ids = append(ids, id)
		}
	}
	return ids
}

// unwatched returns what should have an alarm and has none.
func unwatched(tmpl *template.Template) (problems []string) {
	for id := range ofType(tmpl, "AWS::Serverless::Function") {
		if dialect.Functions[id] != nil {
			continue // a client waits for it, and what fails is counted for all of them
		}
		if len(alarms(tmpl, "AWS/Lambda", "Errors", "FunctionName", ref(id))) != 1 {
			problems = append(problems, id+": nobody waits for it, and no alarm tells that it fails")
		}
	}
	for id := range ofType(tmpl, "AWS::SQS::Queue") {
		if len(alarms(tmpl, "AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", getAtt(id, "QueueName"))) != 1 {
			problems = append(problems, id+": no alarm tells of dead letters")
		}
	}
	for _, id := range []string{"CompactorFunction", "BackupFunction", "VerifierFunction"} { // by which snapshots, backups and verifications get old
		if _, there := tmpl.Resources[id]; !there {
			continue
		}
		ids := alarms(tmpl, "AWS/Lambda", "Invocations", "FunctionName", ref(id))
		if len(ids) != 1 || tmpl.Resources[ids[0]].Properties["TreatMissingData"] != "breaching" || tmpl.Resources[ids[0]].Properties["ComparisonOperator"] != "LessThanThreshold" {
			problems = append(problems, id+": no alarm tells that it does not run")
		}
	}
	if len(alarms(tmpl, "AWS/ApiGateway", "Latency", "ApiName", ref("AWS::StackName"))) != 1 {
		problems = append(problems, "Latency: no alarm")
	}
	failed := 0
	for _, r := range ofType(tmpl, "AWS::CloudWatch::Alarm") {
		if r.Properties["MetricName"] == "Failed" && fmt.Sprint(r.Properties["Namespace"]) == fmt.Sprint(ownMetrics) {
			failed++
		}
	}
	if failed != 1 {
		problems = append(problems, "calls that fail: no alarm")
	}
	return problems
}

// ownMetrics is the namespace of what the filters of the logs count.
var ownMetrics = map[string]any{"Fn::Sub": "tresor/${AWS::StackName}"}

// TestWhatCountsAsFailed: 5xx but for TeamPass's 500, which the mistakes of strangers get too, and what a function calls its own failure, which sysPass answers with 200 and TeamPass with 500.
func TestWhatCountsAsFailed(t *testing.T) {
	tmpl := deployed(t)
	patterns := map[string]any{}
	for id, r := range ofType(tmpl, "AWS::Logs::MetricFilter") {
		if made := at(r.Properties, "MetricTransformations", 0); at(made, "MetricName") == "Failed" {
			want(t, id, made, ownMetrics, "MetricNamespace")
			want(t, id, made, "1", "MetricValue")
			patterns[template.Texts(r.Properties["LogGroupName"])[0]] = r.Properties["FilterPattern"]
		}
	}
	want(t, "of the access log", patterns, `{ ($.status = "5*") && (($.status != "500") || (($.resource != "/api") && ($.resource != "/api/*")) || ($.resource = "/api/v*") || ($.resource = "/api/V*")) }`, "AccessLogs")
	want(t, "of the functions' lines", patterns, `{ ($.msg = "request") && ($.level = "ERROR") && ($.dialect != "tpm") }`, "FunctionLogs")

	routes, err := tmpl.Routes()
	if err != nil || len(routes) == 0 {
		t.Fatal(len(routes), err)
	}
	for _, r := range routes { // the first pattern tells TeamPass's by their paths
		left := (r.Path == "/api" || strings.HasPrefix(r.Path, "/api/")) && !strings.HasPrefix(r.Path, "/api/v") && !strings.HasPrefix(r.Path, "/api/V")
		if left != strings.HasPrefix(r.Function, "Teampass") {
			t.Errorf("%s of %s: its 500s are left out: %v", r, r.Function, left)
		}
	}
}

func TestAlarms(t *testing.T) {
	tmpl := deployed(t)
	for _, p := range unwatched(tmpl) {
		t.Error(p)
	}
	tell := []any{map[string]any{"Fn::If": []any{"TellByEmail", ref("AlarmTopic"), ref("AWS::NoValue")}}, map[string]any{"Fn::If": []any{"TellTopic", ref("AlarmTopicArn"), ref("AWS::NoValue")}}}
	metrics := 0
	for id, r := range ofType(tmpl, "AWS::CloudWatch::Alarm") {
		p := r.Properties
		want(t, id, p, tell, "AlarmActions")
		if text, _ := p["AlarmDescription"].(string); len(text) < 20 {
			t.Errorf("%s: description %q", id, text)
		}
		if late := p["TreatMissingData"]; late != "notBreaching" && (late != "breaching" || p["MetricName"] != "Invocations") {
			t.Errorf("%s: missing data is %v", id, late)
		}
		watched := 1
		if list := template.List(p["Metrics"]); list != nil {
			watched = len(list) - 1 // the sum of the others
		}
		metrics += watched
		if of := template.Texts(at(p, "Dimensions", 0, "Value")); len(of) > 0 && tmpl.Resources[of[0]].Condition != r.Condition {
			t.Errorf("%s: there if %q, and %s if %q", id, r.Condition, of[0], tmpl.Resources[of[0]].Condition)
		}
	}
	// An idle month may cost $2 beside the key, and each of these is $0.10 of it (https://aws.amazon.com/cloudwatch/pricing/; docs/cost.md has the sum).
	if metrics > 16 {
		t.Errorf("alarms look at %d metrics, which is $%.2f a month", metrics, float64(metrics)/10)
	}
	t.Logf("alarms look at %d metrics", metrics)
	want(t, "throttled tables", tmpl.Resources["TablesThrottleAlarm"].Properties, "SUM(METRICS())", "Metrics", 0, "Expression")
	for id := range ofType(tmpl, "AWS::Logs::MetricFilter") {
		if at(tmpl.Resources[id].Properties, "MetricTransformations", 0, "DefaultValue") != nil {
			t.Errorf("%s: a default value makes the metric cost while nothing happens", id)
		}
	}

	for name, id := range map[string]string{"a job's errors": "CompactorFailsAlarm", "an event's errors": "ExporterFailsAlarm", "a failed verification": "VerifierFailsAlarm", "an anchor": "AnchorFailsAlarm", "a stream": "NotifierFailsAlarm", "dead letters": "FailuresAlarm", "an old backup": "BackupRestsAlarm", "missing runs": "CompactorRestsAlarm", "failing calls": "ApiFailsAlarm", "latency": "ApiSlowAlarm"} {
		less := deployed(t)
		delete(less.Resources, id)
		if len(unwatched(less)) != 1 {
			t.Errorf("%s: without %s: %q", name, id, unwatched(less))
		}
	}
}

// TestTheDashboardIsJSON: CloudFormation finds out no earlier than when it makes it.
func TestTheDashboardIsJSON(t *testing.T) {
	text, _ := at(deployed(t).Resources["Dashboard"].Properties, "DashboardBody", "Fn::Sub").(string)
	var body struct {
		Widgets []struct {
			Properties struct{ Metrics [][]any }
		}
	}
	if err := json.Unmarshal([]byte(text), &body); err != nil {
		t.Fatal(err)
	}
	for i, w := range body.Widgets {
		if len(w.Properties.Metrics) == 0 {
			t.Errorf("widget %d shows nothing", i)
		}
	}
	if len(body.Widgets) < 6 {
		t.Errorf("%d widgets", len(body.Widgets))
	}
}

// TestTheBucketForgets: old versions, uploads that were cut off, and markers of what is gone.
func TestTheBucketForgets(t *testing.T) {
	rule := at(deployed(t).Resources["Bucket"].Properties, "LifecycleConfiguration", "Rules", 0)
	want(t, "rule", rule, "Enabled", "Status")
	want(t, "rule", rule, 90, "NoncurrentVersionExpiration", "NoncurrentDays")
	want(t, "rule", rule, 7, "AbortIncompleteMultipartUpload", "DaysAfterInitiation")
	want(t, "rule", rule, true, "ExpiredObjectDeleteMarker")
	want(t, "rule", rule, nil, "ExpirationInDays")
	policy := deployed(t).Resources["BucketPolicy"].Properties
	want(t, "TLS", policy, []any{getAtt("Bucket", "Arn"), map[string]any{"Fn::Sub": "${Bucket.Arn}/*"}}, "PolicyDocument", "Statement", 0, "Resource")
	want(t, "TLS", policy, "s3:*", "PolicyDocument", "Statement", 0, "Action")
	want(t, "TLS", policy, "*", "PolicyDocument", "Statement", 0, "Principal")
	want(t, "ACLs", deployed(t).Resources["Bucket"].Properties, "BucketOwnerEnforced", "OwnershipControls", "Rules", 0, "ObjectOwnership")
}
