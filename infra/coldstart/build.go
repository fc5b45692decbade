package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"tresor"
	"tresor/infra/template"
	"tresor/shared/dialect"
)

// hello is the name of the program that does nothing.
const hello = "hello"

// build makes every function's program and hello, each in dir under the name of its folder, as the Makefile does, for a processor: runtime.GOARCH to run
// them here.
func build(ctx context.Context, root, dir, arch string) error {
	flags, err := lambdaFlags(ctx, root)
	if err != nil {
		return err
	}
	args := append([]string{"build", "-buildvcs=false"}, flags...)
	args = append(args, "-o", dir+string(filepath.Separator), "./functions/...", "./infra/coldstart/hello")
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir, cmd.Env = root, append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build the functions: %w\n%s", err, out)
	}
	return nil
}

var flagsLine = regexp.MustCompile(`(?m)^LAMBDA_FLAGS\s*=\s*(.+)$`)

// lambdaFlags reads the Makefile's flags, so that what is measured is what is deployed. A shell takes them apart, as make lets it.
func lambdaFlags(ctx context.Context, root string) ([]string, error) {
	text, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		return nil, fmt.Errorf("read the build flags: %w", err)
	}
	line := flagsLine.FindSubmatch(text)
	if line == nil {
		return nil, errors.New("read the build flags: the Makefile sets no LAMBDA_FLAGS")
	}
	out, err := exec.CommandContext(ctx, "sh", "-c", `printf '%s\n' `+string(line[1])).Output() //nolint:gosec // of this module
	if err != nil {
		return nil, fmt.Errorf("read the build flags: %w", err)
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n"), nil
}

// keyless are functions that may open no keyset and no table.
var keyless = map[string]bool{"notifier": true}

// functions returns the names of the template's functions and the keysets that each may open.
func functions() (map[string]string, error) {
	tmpl, err := template.Parse(tresor.Template)
	if err != nil {
		return nil, err
	}
	all := map[string]string{}
	for id, r := range tmpl.Resources {
		if r.Type != "AWS::Serverless::Function" {
			continue
		}
		variables := template.Map(template.Map(r.Properties["Environment"])["Variables"])
		purposes, _ := variables["TRESOR_PURPOSES"].(string)
		name := dialect.FunctionName(id)
		if (purposes == "") != keyless[name] {
			return nil, fmt.Errorf("the template gives %s the TRESOR_PURPOSES %q", id, purposes)
		}
		all[name] = purposes
	}
	return all, nil
}
