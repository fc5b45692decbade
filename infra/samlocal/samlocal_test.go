package samlocal

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tresor"
	"tresor/infra/engine"
	"tresor/infra/template"
)

const built = `
AWSTemplateFormatVersion: 2010-09-09
Conditions: {Anchors: !Equals [a, a]}
Globals:
  Function:
    Timeout: 28
    Environment:
      Variables:
        TABLE: !Ref EntriesTable
        KEY: {"Fn::GetAtt": [Key, Arn]}
        SHORT: !GetAtt Key.Arn
        TEXT: {"Fn::GetAtt": Key.Arn}
        STACK: !Ref AWS::StackName
        OWN: kept
Resources:
  OneFunction:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: OneFunction
      Environment: {Variables: {ANCHORS: !If [Anchors, !Ref AnchorBucket, ''], PURPOSES: "index secrets"}}
  TwoFunction:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: !Ref EntriesTable}
  EntriesTable: {Type: AWS::DynamoDB::Table}
`

func TestBind(t *testing.T) {
	out, err := Bind([]byte(built), map[string]string{"EntriesTable": "entries-local", "Key.Arn": "arn:key", "AnchorBucket": "anchors-local"},
		map[string]string{"OWN": "lost", "AWS_ENDPOINT_URL": "http://here"})
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatal(err)
	}
	variables := func(at any) any { return template.Map(template.Map(at)["Environment"])["Variables"] }
	want := map[string]any{"TABLE": "entries-local", "KEY": "arn:key", "SHORT": "arn:key", "TEXT": "arn:key", "STACK": map[string]any{"Ref": "AWS::StackName"},
		"OWN": "kept", "AWS_ENDPOINT_URL": "http://here"}
	if diff := cmp.Diff(want, variables(template.Map(got["Globals"])["Function"])); diff != "" {
		t.Errorf("globals (-want +got):\n%s", diff)
	}
	resources := template.Map(got["Resources"])
	own := map[string]any{"ANCHORS": map[string]any{"Fn::If": []any{"Anchors", "anchors-local", ""}}, "PURPOSES": "index secrets"}
	if diff := cmp.Diff(own, variables(template.Map(resources["OneFunction"])["Properties"])); diff != "" {
		t.Errorf("a function's own (-want +got):\n%s", diff)
	}
	if code := template.Map(template.Map(resources["TwoFunction"])["Properties"])["CodeUri"]; template.Map(code)["Ref"] != "EntriesTable" {
		t.Errorf("beside the variables: got %v", code)
	}
	if got["AWSTemplateFormatVersion"] != "2010-09-09" {
		t.Errorf("the version: %v", got["AWSTemplateFormatVersion"])
	}
}

func TestBindRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"nothing": "", "no YAML": "a: [", "no globals": "Resources: {A: {Type: AWS::Serverless::Function}}",
		"no functions": "Globals: {Function: {Environment: {Variables: {A: b}}}}\nResources: {T: {Type: AWS::DynamoDB::Table}}",
	} {
		if _, err := Bind([]byte(text), nil, nil); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestTheTemplateBinds: no variable of a function is left that refers to what this machine has.
func TestTheTemplateBinds(t *testing.T) {
	tmpl, err := template.Parse(tresor.Template)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]string{}
	for id := range tmpl.Resources {
		names[id], names[id+".Arn"] = "bound", "bound"
	}
	out, err := Bind(tresor.Template, names, nil)
	if err != nil {
		t.Fatal(err)
	}
	bound, err := template.Parse(out)
	if err != nil {
		t.Fatal(err)
	}
	functions, err := Functions()
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range functions {
		own, _ := variables(bound.Resources[id].Properties)
		text, err := json.Marshal(own)
		if err != nil || len(own) == 0 || strings.Contains(string(text), `"Ref"`) || strings.Contains(string(text), "GetAtt") {
			t.Errorf("%s: %s, %v", id, text, err)
		}
	}
}

// TestBindSpellsAnyMethod: no route of the bound template is another function's too.
func TestBindSpellsAnyMethod(t *testing.T) {
	out, err := Bind(tresor.Template, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	bound, err := template.Parse(out)
	if err != nil {
		t.Fatal(err)
	}
	routes, err := bound.Routes()
	if err != nil {
		t.Fatal(err)
	}
	of := map[string]string{}
	for _, r := range routes {
		of[r.String()] = r.Function
	}
	for route, want := range map[string]string{"POST /api/index.php/{proxy+}": "TeampassPostFunction", "GET /api/index.php/{proxy+}": "TeampassInfoFunction",
		"DELETE /api": "TeampassInfoFunction", "ANY /api": "", "ANY /api.php/{proxy+}": "SyspassFunction"} {
		if of[route] != want {
			t.Errorf("%s: got %q, want %q", route, of[route], want)
		}
	}
	for _, r := range routes {
		if r.Method != "ANY" && of["ANY "+r.Path] != "" {
			t.Errorf("%s is of %s and, as any method, of %s", r, r.Function, of["ANY "+r.Path])
		}
	}
}

func TestFunctions(t *testing.T) {
	got, err := Functions()
	if err != nil || got["tpm-my-passwords"] != "TpmMyPasswordsFunction" || got["syspass"] != "SyspassFunction" {
		t.Errorf("got %v, %v", got, err)
	}
}

// TestInvoke: an answer is JSON that is no error, with status 200.
func TestInvoke(t *testing.T) {
	answers := map[string]func(http.ResponseWriter){
		"good":    func(w http.ResponseWriter) { _, _ = io.WriteString(w, " {\"statusCode\":200}\n") },
		"null":    func(w http.ResponseWriter) { _, _ = io.WriteString(w, "null") },
		"error":   func(w http.ResponseWriter) { _, _ = io.WriteString(w, `{"errorMessage":"boom","errorType":"x"}`) },
		"empty":   func(http.ResponseWriter) {},
		"no JSON": func(w http.ResponseWriter) { _, _ = io.WriteString(w, "START") },
		"missing": func(w http.ResponseWriter) { w.WriteHeader(http.StatusNotFound); _, _ = io.WriteString(w, "{}") },
		"by header": func(w http.ResponseWriter) {
			w.Header().Set("X-Amz-Function-Error", "Unhandled")
			_, _ = io.WriteString(w, "{}")
		},
	}
	for name, answer := range answers {
		lambda := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if r.URL.Path != "/2015-03-31/functions/OneFunction/invocations" || string(body) != `{"path":"/a%2Fb"}` || err != nil {
				t.Errorf("%s: got %s %q, %v", name, r.URL.Path, body, err)
			}
			answer(w)
		}))
		out, err := (&Server{URL: lambda.URL}).Invoke(t.Context(), "OneFunction", []byte(`{"path":"/a%2Fb"}`))
		lambda.Close()
		if good := name == "good" || name == "null"; good != (err == nil) || !good && !errors.Is(err, ErrFunction) || good && !json.Valid(out) {
			t.Errorf("%s: got %s, %v", name, out, err)
		}
	}
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	if _, err := (&Server{URL: gone.URL}).Invoke(t.Context(), "OneFunction", nil); err == nil || errors.Is(err, ErrFunction) {
		t.Errorf("nobody there: got %v", err)
	}
}

// TestARunLocksNothingOfOthers: SAM locks the image that it builds by a file in the folder for temporary files, and takes one that was left there for another that builds.
func TestARunLocksNothingOfOthers(t *testing.T) {
	shared, work := t.TempDir(), t.TempDir()
	t.Setenv("TMPDIR", shared)
	sam := exec.Command("sh", "-c", `printf %s "$TMPDIR"`)
	sam.Env = (&Run{engine: &engine.Engine{}, work: work}).environment()
	if got, err := sam.Output(); err != nil || string(got) != work {
		t.Errorf("SAM's folder for temporary files: got %q, %v, want %q", got, err, work)
	}
}
