package arch

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// rule says what packages may link. A pattern is an import path, or with /... it and all below it.
type rule struct {
	of     string   // a pattern: whom it binds
	except []string // packages that it does not bind after all
	never  []string // patterns of what must not be linked
	only   []string // if not empty: beside the standard library, nothing else may be
	why    string
}

const (
	dialects  = "tresor/shared/dialect/..."
	functions = "tresor/functions/..."
	infra     = "tresor/infra/..."
	aws       = "github.com/aws/..."
	awslabs   = "github.com/awslabs/..."
	driver    = "modernc.org/..."
	embedded  = "tresor/shared/sqlite"
	dynamo    = "tresor/shared/dynamo"
	seal      = "tresor/shared/seal/..."
	journal   = "tresor/shared/journal"
	auth      = "tresor/shared/auth"
	gateway   = "tresor/shared/gateway"
	wire      = "tresor/shared/wire/..."
	blob      = "tresor/shared/blob/..."
	archive   = "tresor/shared/archive"
	depot     = "tresor/shared/depot"
	s3        = "github.com/aws/aws-sdk-go-v2/service/s3/..."
)

var rules = []rule{
	{of: "tresor/shared/vault", only: []string{"golang.org/x/text/...", "tresor/shared/vault"}, why: "the domain knows nothing but itself"},
	{of: "tresor/shared/inbound", only: []string{"tresor/shared/inbound"}, why: "what dialects know of a request is plain net/http"},
	{of: "tresor/shared/watch", only: []string{"golang.org/x/text/...", "tresor/shared/vault", "tresor/shared/watch"}, why: "everybody counts with it, so it knows nobody"},
	{of: "tresor/shared/compact", only: []string{"golang.org/x/text/...", "tresor/shared/vault", "tresor/shared/compact"}, why: "it works on the vault's interfaces"},
	{of: "tresor/shared/trail", only: []string{"golang.org/x/text/...", "golang.org/x/sync/errgroup", "github.com/oklog/ulid/...", "tresor/shared/vault", "tresor/shared/trail"}, why: "it is handed its source"},
	{of: journal, never: []string{dialects, auth, gateway, wire, functions, infra, dynamo, embedded, seal, aws, driver}, why: "the journal is handed its store and its sealer"},
	{of: dynamo, never: []string{dialects, auth, gateway, wire, functions, infra, journal, embedded, seal, driver}, why: "storage knows the vault and nothing above it"},
	{of: embedded, never: []string{dialects, auth, gateway, wire, functions, infra, journal, dynamo, seal, aws}, why: "storage knows the vault and nothing above it"},
	{of: seal, never: []string{dialects, auth, gateway, wire, functions, infra, journal, dynamo, embedded, driver}, why: "sealing knows the vault and nothing above it"},
	{of: "tresor/shared/seal", never: []string{aws}, why: "only kmswrap knows KMS"},
	{of: "tresor/shared/seal/keyfile", never: []string{aws}, why: "only kmswrap knows KMS"},
	{of: blob, never: []string{dialects, auth, gateway, wire, functions, infra, journal, dynamo, embedded, seal, archive, depot, driver}, why: "storage knows the vault and nothing above it"},
	{of: "tresor/shared/blob", never: []string{aws}, why: "only blob/s3 knows S3"},
	{of: "tresor/shared/syspassxml", only: []string{"golang.org/x/text/...", "golang.org/x/crypto/...", "tresor/shared/vault", "tresor/shared/syspassxml"}, why: "a format knows the vault's errors and secrets"},
	{of: archive, never: []string{dialects, auth, gateway, wire, functions, infra, dynamo, embedded, seal, blob, depot, aws, driver}, why: "a format is handed its store, its sealer and its writer"},
	{of: "tresor/shared/attach", never: []string{dialects, auth, gateway, wire, functions, infra, journal, dynamo, embedded, seal, archive, depot, aws, driver}, why: "it works on what it is handed"},
	{of: "tresor/shared/rekey", never: []string{dialects, gateway, wire, functions, infra, dynamo, embedded, aws, driver}, why: "it works on what it is handed"},
	{of: depot, never: []string{dialects, gateway, wire, functions, infra, dynamo, embedded, seal, aws, driver}, why: "it works on what it is handed"},
	{of: "tresor/shared/importer", only: []string{"golang.org/x/text/...", "golang.org/x/crypto/...", "golang.org/x/sync/errgroup", "tresor/shared/vault", "tresor/shared/syspassxml", "tresor/shared/importer"}, why: "an import is the vault's rules over a file"},
	{of: auth, never: []string{dialects, gateway, wire, functions, infra, journal, dynamo, embedded, seal, aws, awslabs, driver}, why: "credentials know the vault alone"},
	{of: dialects, never: []string{gateway, wire, functions, infra, journal, dynamo, embedded, seal, blob, archive, depot, aws, awslabs, driver}, why: "a dialect is an http.Handler over a vault"},
	{of: "tresor/shared/dialect/syspass", never: []string{"tresor/shared/dialect/teampass", "tresor/shared/dialect/tpm"}, why: "dialects never import one another"},
	{of: "tresor/shared/dialect/teampass", never: []string{"tresor/shared/dialect/syspass", "tresor/shared/dialect/tpm"}, why: "dialects never import one another"},
	{of: "tresor/shared/dialect/tpm", never: []string{"tresor/shared/dialect/syspass", "tresor/shared/dialect/teampass"}, why: "dialects never import one another"},
	{of: gateway, never: []string{dialects, wire, functions, infra, journal, dynamo, embedded, seal, "github.com/aws/aws-sdk-go-v2/...", driver}, why: "the gateway is handed a handler and calls nobody"},
	{of: wire, never: []string{dialects, functions, infra, embedded, driver}, why: "each function brings its own dialect, and none the embedded store"},
	{of: functions, never: []string{infra, embedded, driver, "testing", "github.com/aws/aws-sdk-go-v2/config", "github.com/aws/aws-sdk-go-v2/service/sso/...",
		"github.com/aws/aws-sdk-go-v2/service/sts/..."}, why: "a function links what it uses"},
	{of: "tresor/functions/...", except: []string{"tresor/functions/syspass", "tresor/functions/compactor", "tresor/functions/exporter", "tresor/functions/anchor", "tresor/functions/backup", "tresor/functions/teampass-post", "tresor/functions/tpm-files", "tresor/functions/tpm-passwords", "tresor/functions/tpm-my-passwords",
		"tresor/functions/tpm-projects", "tresor/functions/tpm-version"}, never: []string{s3}, why: "who keeps no objects links no client for them"},
	{of: "tresor/functions/syspass", never: []string{"tresor/shared/dialect/teampass", "tresor/shared/dialect/tpm"}, why: "a function links its own dialect"},
	{of: "tresor/functions/compactor", never: []string{dialects}, why: "the compactor serves none"},
	{of: "tresor/functions/exporter", never: []string{dialects}, why: "the exporter serves none"},
	{of: "tresor/functions/anchor", never: []string{dialects}, why: "the anchor serves none"},
	{of: "tresor/functions/verifier", never: []string{dialects, depot}, why: "it serves none, and writes nothing"},
	{of: "tresor/functions/backup", never: []string{dialects}, why: "the backup serves none"},
	{of: "tresor/shared/anchor", never: []string{dialects, auth, gateway, wire, functions, infra, dynamo, embedded, seal, archive, depot, aws, driver}, why: "it works on what it is handed"},
	{of: "tresor/shared/audit", never: []string{dialects, auth, gateway, wire, functions, infra, dynamo, embedded, seal, depot, aws, driver}, why: "it works on what it is handed"},
	{of: "tresor/shared/dynamo/layout", only: []string{"golang.org/x/text/...", "tresor/shared/vault", "tresor/shared/dynamo/layout"}, why: "it makes no call, so it links no client"},
	{of: "tresor/functions/notifier", never: []string{dialects, auth, journal, dynamo, seal, blob, depot, "github.com/aws/aws-sdk-go-v2/service/..."}, why: "it has no key and opens no vault"},
	{of: "tresor/functions/expiry", never: []string{dialects, depot}, why: "it serves none"},
	{of: "tresor/shared/bus", never: []string{dialects, auth, gateway, wire, functions, infra, journal, dynamo, embedded, seal, blob, archive, depot, "github.com/aws/aws-sdk-go-v2/service/...", driver}, why: "it sends what it is handed"},
	{of: "tresor/shared/awscall", never: []string{dialects, auth, gateway, wire, functions, infra, journal, dynamo, embedded, seal, blob, archive, depot, "github.com/aws/aws-sdk-go-v2/service/...", driver}, why: "one signed call needs no client"},
	{of: "tresor/shared/watch", only: []string{"golang.org/x/text/...", "tresor/shared/vault", "tresor/shared/watch"}, why: "whoever counts links nothing for it"},
	{of: "tresor/shared/notify", never: []string{dialects, auth, gateway, wire, functions, infra, journal, dynamo, embedded, seal, blob, archive, depot, "github.com/aws/aws-sdk-go-v2/service/...", driver}, why: "an event follows from a record alone"},
	{of: "tresor/shared/expiry", never: []string{dialects, auth, gateway, wire, functions, infra, journal, dynamo, embedded, seal, blob, archive, depot, driver}, why: "it works on what it is handed"},
	{of: "tresor/shared/invoke", never: []string{dialects, auth, gateway, wire, functions, infra, journal, dynamo, embedded, seal, blob, archive, depot, s3, driver}, why: "it starts what it is told to"},
	{of: "tresor/infra/clients/...", only: []string{"tresor/infra/clients/..."}, why: "a client shares no code with the server"},
	{of: "tresor/shared/...", never: []string{infra, functions}, why: "infra and functions import shared and never the other way"},
}

// Tests and benchmarks may link the scenario; what is shipped may not.
const scenario = "tresor/shared/scenario"

// pkg is what the go command says of a package.
type pkg struct {
	ImportPath string
	Standard   bool
	Deps       []string
}

func list(t *testing.T) map[string]pkg {
	t.Helper()
	readSources(t)
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-json=ImportPath,Standard,Deps", "tresor/...")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.Bytes())
	}
	all := map[string]pkg{}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := d.Decode(&p); err == io.EOF {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all[p.ImportPath] = p
	}
}

// readSources makes the result depend on every source file, as far as the cache of test results is concerned: it sees what this process reads, not what
// the go command does.
func readSources(t *testing.T) {
	t.Helper()
	for _, root := range []string{"../../shared", "../../functions", "../../infra", "../../go.mod"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || strings.HasSuffix(path, "_test.go") {
				return err
			}
			if ext := filepath.Ext(path); ext == ".go" || ext == ".mod" {
				_, err = os.ReadFile(path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func matches(pattern, path string) bool {
	prefix, below := strings.CutSuffix(pattern, "/...")
	return path == prefix || below && strings.HasPrefix(path, prefix+"/")
}

// breaks returns what a package links against the rule.
func (r rule) breaks(p pkg, all map[string]pkg) (bad []string) {
	if !matches(r.of, p.ImportPath) || slices.Contains(r.except, p.ImportPath) || p.ImportPath == "tresor/shared/dialect" && r.of == dialects {
		return nil
	}
	in := func(patterns []string, path string) bool {
		return slices.ContainsFunc(patterns, func(pattern string) bool { return matches(pattern, path) })
	}
	for _, dep := range p.Deps {
		switch {
		case in(r.never, dep), len(r.only) > 0 && !all[dep].Standard && !in(r.only, dep):
			bad = append(bad, fmt.Sprintf("%s links %s: %s", p.ImportPath, dep, r.why))
		}
	}
	return bad
}

func TestImportsGoOneWay(t *testing.T) {
	all := list(t)
	for _, r := range rules {
		bound := 0
		for path, p := range all {
			if matches(r.of, path) {
				bound++
			}
			for _, bad := range r.breaks(p, all) {
				t.Error(bad)
			}
		}
		if bound == 0 {
			t.Errorf("a rule for %s binds no package", r.of)
		}
	}
}

func TestOnlyTheCommandLinksTheEmbeddedStoreAndNothingTheScenario(t *testing.T) {
	for path, p := range list(t) {
		if slices.Contains(p.Deps, embedded) && path != "tresor/infra/tresor" && path != "tresor/infra/bench" {
			t.Errorf("%s links the embedded store", path)
		}
		if slices.Contains(p.Deps, scenario) && path != "tresor/infra/localtest" { // which is tests
			t.Errorf("%s links the scenario, which is for tests", path)
		}
	}
}

// A rule that nothing can break proves nothing.
func TestRulesCanBeBroken(t *testing.T) {
	std := pkg{ImportPath: "net/http", Standard: true}
	for _, r := range rules {
		of := strings.TrimSuffix(r.of, "/...")
		foreign := append(slices.Clone(r.never), "example.com/other")[0]
		foreign = strings.TrimSuffix(foreign, "/...")
		if r.of != strings.TrimSuffix(r.of, "/...") {
			of += "/part"
		}
		all := map[string]pkg{"net/http": std, foreign: {ImportPath: foreign}}
		if bad := r.breaks(pkg{ImportPath: of, Deps: []string{"net/http", foreign}}, all); len(bad) != 1 {
			t.Errorf("%s linking %s: got %q, want one complaint", of, foreign, bad)
		}
		if bad := r.breaks(pkg{ImportPath: of, Deps: []string{"net/http"}}, all); len(bad) != 0 {
			t.Errorf("%s linking net/http: got %q, want none", of, bad)
		}
	}
}
