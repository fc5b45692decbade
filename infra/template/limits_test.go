package template_test

import (
	"encoding/json"
	"strings"
	"testing"

	"tresor/infra/template"
)

// CloudFormation's limits: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html. IAM's: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html.
// Lambda's: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html. API Gateway's: https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html.
const (
	maxTemplate       = 1 << 20 // bytes, from a bucket
	maxResources      = 500
	maxParameters     = 200
	maxManaged        = 6144  // characters of a managed policy, white space aside
	maxInline         = 10240 // of all inline policies of a role
	maxManagedPerRole = 10
	maxFunctionPolicy = 20480 // bytes of a function's own policy, which has a statement for each route
	maxEnvironment    = 4096  // bytes of a function's
	maxAPIPolicy      = 8192  // bytes of an API's resource policy
)

// bigNames fill the texts of policies. Names may be longer than these; what is near a limit is logged.
var bigNames = strings.NewReplacer("${AWS::Partition}", "aws-us-gov", "${AWS::Region}", "ap-southeast-1", "${AWS::AccountId}", "123456789012", "${AWS::StackName}", strings.Repeat("s", 40),
	"${__ApiId__}", "abcdefghij", "${__Stage__}", strings.Repeat("p", 20), "${VaultName}", strings.Repeat("v", 40))

// size returns how long a value is as JSON, with longName in the place of whatever only the deployment knows.
func size(t *testing.T, v any) int {
	t.Helper()
	raw, err := json.Marshal(filled(v))
	if err != nil {
		t.Fatal(err)
	}
	return len(raw)
}

var longName = strings.Repeat("n", 110)

func filled(v any) any {
	switch v := v.(type) {
	case string:
		return bigNames.Replace(v)
	case []any:
		out := []any{}
		for _, c := range v {
			out = append(out, filled(c))
		}
		return out
	case map[string]any:
		if v["Ref"] != nil || v["Fn::GetAtt"] != nil {
			return longName
		}
		if text, is := v["Fn::Sub"].(string); is {
			return strings.ReplaceAll(bigNames.Replace(text), "${", longName)
		}
		if list := template.List(v["Fn::Sub"]); len(list) == 2 {
			text, _ := list[0].(string)
			return bigNames.Replace(text)
		}
		out := map[string]any{}
		for k, c := range v {
			out[k] = filled(c)
		}
		return out
	}
	return v
}

// TestLimits holds the stack to what AWS takes, whose refusal would come in the middle of a deployment.
func TestLimits(t *testing.T) {
	for _, name := range []string{"defaults", "others"} {
		s := stackOf(t, name)
		raw, err := json.MarshalIndent(map[string]any{"Parameters": s.Parameters, "Conditions": s.Conditions, "Resources": all(s)}, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		upTo(t, name, "bytes of the template", len(raw), maxTemplate)
		upTo(t, name, "resources", len(s.Resources), maxResources)
		upTo(t, name, "parameters", len(s.Parameters), maxParameters)
		callers := map[string]int{}
		for id, r := range s.made() {
			switch r.Type {
			case "AWS::IAM::ManagedPolicy":
				upTo(t, name, id, size(t, r.Properties["PolicyDocument"]), maxManaged)
			case "AWS::IAM::Role":
				inline := 0
				for _, p := range template.List(r.Properties["Policies"]) {
					inline += size(t, template.Map(p)["PolicyDocument"])
				}
				upTo(t, name, id+"'s own", inline, maxInline)
				upTo(t, name, id+"'s managed", len(template.List(r.Properties["ManagedPolicyArns"])), maxManagedPerRole)
			case "AWS::Lambda::Permission":
				function, _ := template.Map(r.Properties["FunctionName"])["Ref"].(string)
				callers[function] += size(t, map[string]any{
					"Sid": longName + "-" + id, "Effect": "Allow", "Principal": map[string]any{"Service": r.Properties["Principal"]}, "Action": r.Properties["Action"],
					"Resource":  "arn:aws-us-gov:lambda:ap-southeast-1:123456789012:function:" + strings.Repeat("f", 64),
					"Condition": map[string]any{"ArnLike": map[string]any{"AWS:SourceArn": r.Properties["SourceArn"]}},
				}) + len(",")
			case "AWS::Lambda::Function":
				upTo(t, name, id+"'s environment", size(t, template.Map(r.Properties["Environment"])["Variables"]), maxEnvironment)
			case "AWS::ApiGateway::RestApi":
				upTo(t, name, "the API's policy", size(t, template.Map(r.Properties["Body"])["x-amazon-apigateway-policy"]), maxAPIPolicy)
			}
		}
		// One that nothing is known of would be within any limit.
		if len(callers) < 10 || callers["TpmVersionFunction"] < maxFunctionPolicy/4 {
			t.Errorf("%s: who may call functions: %v", name, callers)
		}
		for function, n := range callers {
			upTo(t, name, function+"'s callers", n, maxFunctionPolicy)
		}
	}
}

func all(s *stack) map[string]any {
	out := map[string]any{}
	for id, r := range s.Resources {
		out[id] = r.All
	}
	return out
}

func upTo(t *testing.T, stack, what string, n, most int) {
	t.Helper()
	if n > most {
		t.Errorf("%s: %s: %d, at most %d", stack, what, n, most)
	}
	if n > most/2 {
		t.Logf("%s: %s: %d of %d", stack, what, n, most)
	}
}
