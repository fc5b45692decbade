package template_test

import (
	"strings"
	"testing"

	"tresor/infra/template"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	got, err := template.Parse([]byte(`
Resources:
  A:
    Type: T
    Condition: C
    Properties:
      Ref: !Ref B
      Att: !GetAtt B.Arn.X
      Sub: !Sub '${B}-x'
      If: !If [C, !Ref B, 5]
      List: [1, true, off, '1', 3.5]
      Long: {'Fn::Sub': x}
`))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"Ref": map[string]any{"Ref": "B"}, "Att": map[string]any{"Fn::GetAtt": []any{"B", "Arn.X"}}, "Sub": map[string]any{"Fn::Sub": "${B}-x"},
		"If": map[string]any{"Fn::If": []any{"C", map[string]any{"Ref": "B"}, 5}}, "List": []any{1, true, "off", "1", 3.5}, "Long": map[string]any{"Fn::Sub": "x"},
	}
	if diff := cmp.Diff(want, got.Resources["A"].Properties); diff != "" {
		t.Errorf("properties (-want +got):\n%s", diff)
	}
	if a := got.Resources["A"]; a.Type != "T" || a.Condition != "C" {
		t.Errorf("got %+v", a)
	}
}

func TestParseRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"no YAML": "a: [", "nothing": "", "no resources": "Resources: {}", "a name twice": "Resources: {A: {Type: T}, A: {Type: T}}",
		"an alias": "Resources: {A: &a {Type: T}, B: *a}",
	} {
		if _, err := template.Parse([]byte(text)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestRoutesRefuse(t *testing.T) {
	const event = "{Type: Api, Properties: {Method: %, Path: /a}}"
	for name, events := range map[string]string{
		"no method": "{E: {Type: Api, Properties: {Path: /a}}}", "no path": "{E: {Type: Api, Properties: {Method: GET}}}",
		"a route twice": "{E: " + strings.ReplaceAll(event, "%", "GET") + ", F: " + strings.ReplaceAll(event, "%", "get") + "}",
	} {
		tmpl, err := template.Parse([]byte("Resources: {A: {Type: 'AWS::Serverless::Function', Properties: {Events: " + events + "}}}"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tmpl.Routes(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
