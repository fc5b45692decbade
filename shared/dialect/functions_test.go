package dialect_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"tresor"
	"tresor/infra/template"
	"tresor/shared/dialect"
	"tresor/shared/vault"
)

// The mains and the table must say the same: else the local server serves what is not deployed.
func TestTheTableIsWhatTheMainsSay(t *testing.T) {
	table := tableConstructors(t)
	if got, want := slices.Sorted(maps.Keys(table)), slices.Sorted(maps.Keys(dialect.Functions)); !slices.Equal(got, want) {
		t.Fatalf("read %v from functions.go, the table has %v", got, want)
	}
	mains, err := filepath.Glob("../../functions/*/main.go")
	if err != nil || len(mains) == 0 {
		t.Fatalf("found no functions: %v", err)
	}
	served := map[string]bool{}
	for _, path := range mains {
		folder := filepath.Base(filepath.Dir(path))
		name, constructor, fail := mainConstructor(t, path)
		if constructor == "" {
			continue // serves no API
		}
		served[folder] = true
		if name != folder {
			t.Errorf("%s starts as %q", path, name)
		}
		id := ""
		for known := range table {
			if dialect.FunctionName(known) == folder {
				id = known
			}
		}
		if got := table[id]; got != constructor {
			t.Errorf("%s serves\n%s\nthe table's %q\n%s", path, constructor, id, got)
		}
		if want := nameOf(dialect.Fail(id)); "tresor/shared/dialect/"+fail != want {
			t.Errorf("%s fails by %s, the local server by %s", path, fail, want)
		}
	}
	for id := range table {
		if !served[dialect.FunctionName(id)] {
			t.Errorf("%s has no main in functions/%s", id, dialect.FunctionName(id))
		}
	}
}

// Every function of the template has a main, and each one with routes is in the table.
func TestTheTableIsWhatTheTemplateHas(t *testing.T) {
	tmpl, err := template.Parse(tresor.Template)
	if err != nil {
		t.Fatal(err)
	}
	routes, err := tmpl.Routes()
	if err != nil {
		t.Fatal(err)
	}
	routed := map[string]bool{}
	for _, r := range routes {
		routed[r.Function] = true
	}
	if got, want := slices.Sorted(maps.Keys(dialect.Functions)), slices.Sorted(maps.Keys(routed)); !slices.Equal(got, want) {
		t.Errorf("the table has %v, the template %v", got, want)
	}
	for id, r := range tmpl.Resources {
		if r.Type != "AWS::Serverless::Function" {
			continue
		}
		if _, err := os.Stat(filepath.Join("../../functions", dialect.FunctionName(id), "main.go")); err != nil {
			t.Errorf("%s: %v", id, err)
		}
	}
}

func TestActions(t *testing.T) {
	for _, d := range []vault.Dialect{vault.SysPass, vault.TeamPass, vault.TPM} {
		actions := dialect.Actions(d)
		names := map[string]bool{}
		for _, a := range actions {
			if a.Dialect != d || a.Name == "" || names[a.Name] {
				t.Errorf("%s: action %+v", d, a)
			}
			names[a.Name] = true
		}
		if len(actions) == 0 {
			t.Errorf("%s has no actions", d)
		}
	}
	for _, d := range []vault.Dialect{vault.Command, "", "other"} {
		if a := dialect.Actions(d); a != nil {
			t.Errorf("%q has actions %v", d, a)
		}
	}
}

// nameOf returns a function's name with its package's path.
func nameOf(f http.HandlerFunc) string {
	if f == nil {
		return "nothing"
	}
	return runtime.FuncForPC(reflect.ValueOf(f).Pointer()).Name()
}

// tableConstructors reads the constructors in functions.go, as text by logical id.
func tableConstructors(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	ast.Inspect(parse(t, "functions.go"), func(n ast.Node) bool {
		if pair, ok := n.(*ast.KeyValueExpr); ok {
			if key, ok := pair.Key.(*ast.BasicLit); ok {
				found[key.Value[1:len(key.Value)-1]] = body(t, pair.Value)
			}
		}
		return true
	})
	return found
}

// mainConstructor reads the arguments of wire.Start; all are empty where there is none.
func mainConstructor(t *testing.T, path string) (name, constructor, fail string) {
	t.Helper()
	ast.Inspect(parse(t, path), func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || text(t, call.Fun) != "wire.Start" || len(call.Args) != 3 {
			return true
		}
		literal, _ := call.Args[0].(*ast.BasicLit)
		name, constructor, fail = literal.Value[1:len(literal.Value)-1], body(t, call.Args[1]), text(t, call.Args[2])
		return false
	})
	return name, constructor, fail
}

// body returns what a constructor does. Depot and files are the parts that each brings itself: a function links S3 only if it needs it.
func body(t *testing.T, constructor ast.Expr) string {
	t.Helper()
	f, ok := constructor.(*ast.FuncLit)
	if !ok {
		t.Fatalf("%s is no function literal", text(t, constructor))
	}
	return strings.NewReplacer("bucket.Depot(s)", "s.Depot", "bucket.Files(s)", "s.Files").Replace(text(t, f.Body))
}

func parse(t *testing.T, path string) *ast.File {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func text(t *testing.T, n ast.Node) string {
	t.Helper()
	var b bytes.Buffer
	if err := printer.Fprint(&b, token.NewFileSet(), n); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
