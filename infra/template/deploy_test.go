package template_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tresor"
	"tresor/infra/template"

	"go.yaml.in/yaml/v3"
)

// row is a parameter's line in docs/deploy.md: | `Name` | default | what for |.
var row = regexp.MustCompile("(?m)^\\| `([A-Za-z]+)` \\| ([^|]*) \\| (.+) \\|$")

// TestThePageOfParametersIsComplete: each parameter is on docs/deploy.md, once, with its default.
func TestThePageOfParametersIsComplete(t *testing.T) {
	text, err := os.ReadFile("../../docs/deploy.md")
	if err != nil {
		t.Fatal(err)
	}
	tmpl := deployed(t)
	said := map[string]string{}
	for _, m := range row.FindAllStringSubmatch(string(text), -1) {
		if _, twice := said[m[1]]; twice {
			t.Errorf("%s is there twice", m[1])
		}
		if tmpl.Parameters[m[1]] == nil {
			t.Errorf("%s is no parameter", m[1])
		}
		said[m[1]] = m[2]
	}
	for name, p := range tmpl.Parameters {
		value := fmt.Sprint(template.Map(p)["Default"])
		if value == "" {
			value = "none"
		}
		if said[name] != value {
			t.Errorf("%s: the default is %q, the page says %q", name, value, said[name])
		}
		if text, _ := template.Map(p)["Description"].(string); text == "" {
			t.Errorf("%s: sam deploy --guided asks for it and does not say what it is", name)
		}
	}
}

// TestThePageOfAlarmsIsComplete: whoever gets a mail finds its alarm on the page.
func TestThePageOfAlarmsIsComplete(t *testing.T) {
	text, err := os.ReadFile("../../docs/deploy.md")
	if err != nil {
		t.Fatal(err)
	}
	for id := range ofType(deployed(t), "AWS::CloudWatch::Alarm") {
		if !regexp.MustCompile(`(?m)^\|[^|]*\b` + strings.TrimSuffix(id, "Alarm") + `\b[^|]*\|`).Match(text) {
			t.Errorf("%s is not in the table", id)
		}
	}
}

// TestTheOutputsAreWhatTheCommandWants: the environment that is printed is what the command reads, and nothing secret.
func TestTheOutputsAreWhatTheCommandWants(t *testing.T) {
	var all struct {
		Outputs map[string]struct {
			Value yaml.Node `yaml:"Value"`
		} `yaml:"Outputs"`
	}
	if err := yaml.Unmarshal(tresor.Template, &all); err != nil {
		t.Fatal(err)
	}
	environment := all.Outputs["Environment"].Value
	var got []string
	for pair := range strings.FieldsSeq(environment.Value) {
		name, _, _ := strings.Cut(pair, "=")
		got = append(got, name)
	}
	if want := []string{"AWS_REGION", "TRESOR_VAULT", "TRESOR_ENTRIES_TABLE", "TRESOR_PERMISSIONS_TABLE", "TRESOR_BUCKET", "TRESOR_KEY_ID"}; !slices.Equal(got, want) || environment.Tag != "!Sub" {
		t.Fatalf("got %q, want %q", got, want)
	}
	var sources strings.Builder
	for _, pattern := range []string{"../../shared/wire/*.go", "../../shared/wire/*/*.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files, %v", pattern, len(files), err)
		}
		for _, f := range files {
			text, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasSuffix(f, "_test.go") {
				sources.Write(text)
			}
		}
	}
	for _, name := range got[1:] {
		if !strings.Contains(sources.String(), `"`+name+`"`) {
			t.Errorf("%s: nothing reads it", name)
		}
	}
}
