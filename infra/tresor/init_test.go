package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestInit(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "vault")
	out := ok(t, "init", "--data", dir, "--json")
	want := regexp.MustCompile(`^\{"admin":\{"id":1,"username":"admin","password":"\w{24}"\},"tpm":\{"public_key":"[0-9a-f]{64}","private_key":"[0-9a-f]{64}"\},` +
		`"syspass":\{"authToken":"[0-9a-f]{64}","tokenPass":"[0-9a-f]{64}","masterPassword":"\w{24}"\},"teampass":\{"apikey":"\w{43}"\}\}\n$`)
	if !want.MatchString(out) {
		t.Errorf("got %q", out)
	}
	for name, mode := range map[string]os.FileMode{"": 0o700, vaultFile: 0o600, keyFile: 0o600} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v; want mode %v", name, info, err, mode)
		}
	}
	again := runCommand(t, "", "init", "--data", dir, "--json")
	if again.status != statusError || again.stdout != "" || !strings.Contains(again.stderr, "there is a vault here already") {
		t.Errorf("a second init: %+v", again)
	}
	if got := ok(t, "audit", "verify", "--data", dir, "--json"); got != `{"ok":true,"entries":1,"permissions":1}`+"\n" {
		t.Errorf("after the refused init: %s", got)
	}
}

// Two at the same moment: one makes the vault, the other is told so.
func TestTwoInits(t *testing.T) {
	for range 5 {
		dir := t.TempDir()
		results := make(chan outcome, 2)
		for range 2 {
			go func() { results <- runCommand(t, "", "init", "--data", dir, "--json") }()
		}
		a, b := <-results, <-results
		if a.status > b.status {
			a, b = b, a
		}
		if a.status != 0 || b.status != statusError || b.stdout != "" || !strings.Contains(b.stderr, "there is a vault here already") || strings.Contains(b.stderr, "verify") {
			t.Fatalf("got %+v and %+v", a, b)
		}
		if got := ok(t, "audit", "verify", "--data", dir, "--json"); got != `{"ok":true,"entries":1,"permissions":1}`+"\n" {
			t.Fatalf("after both: %s", got)
		}
	}
}

func TestKeyFile(t *testing.T) {
	dir, key := t.TempDir(), filepath.Join(t.TempDir(), "elsewhere")
	ok(t, "init", "--data", dir, "--key-file", key)
	if _, err := os.Stat(filepath.Join(dir, keyFile)); err == nil {
		t.Error("a key lies in the data folder too")
	}
	if o := runCommand(t, "", "user", "list", "--data", dir); o.status != statusError || !strings.Contains(o.stderr, "load key file") {
		t.Errorf("without the key: %+v", o)
	}
	ok(t, "user", "list", "--data", dir, "--key-file", key)
	cmd := tresorProcess(t.Context(), "user", "list", "--data", dir)
	cmd.Env = append(cmd.Env, "TRESOR_KEY_FILE="+key)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("with TRESOR_KEY_FILE: %v\n%s", err, out)
	}
	// Another vault's key.
	other := filepath.Join(t.TempDir(), "other")
	ok(t, "init", "--data", t.TempDir(), "--key-file", other)
	if o := runCommand(t, "", "user", "list", "--data", dir, "--key-file", other); o.status != statusError || strings.Count(o.stderr, "another key file") != 1 || !strings.Contains(o.stderr, "(and 4 more keysets)") {
		t.Errorf("with another key: %+v", o)
	}
}

func TestNoVault(t *testing.T) {
	dir := t.TempDir()
	for _, args := range [][]string{{"user", "list"}, {"token", "list"}, {"serve", "--listen", "127.0.0.1:0"}, {"audit", "verify"}, {"settings"}} {
		o := runCommand(t, "", append(args, "--data", dir, "--json")...)
		if o.status != statusError || o.stdout != "" || !strings.Contains(o.stderr, "there is no vault here") {
			t.Errorf("%v: %+v", args, o)
		}
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("left %v behind", left)
	}
}

func TestUsage(t *testing.T) {
	dir, _ := newVault(t)
	for args, want := range map[string]string{
		"":                                   "usage: tresor COMMAND",
		"frobnicate":                         `unknown command "frobnicate"`,
		"user":                               "user add",
		"user frobnicate":                    "user add",
		"init":                               "say where the vault is",
		"init --data a --store dynamodb":     "exclude each other",
		"init --store redis":                 "--store takes dynamodb",
		"init --store dynamodb --key-file f": "on AWS the key is in KMS",
		"init --data D extra":                `"extra" is too much`,
		"user add --data D":                  "--username is missing",
		"user add --data D --username u --role Boss":                               `there is no role "Boss"`,
		"user disable --data D":                                                    "USERNAME is missing",
		"user list --data D --nonsense":                                            "flag provided but not defined",
		"token add --data D --user admin":                                          "--dialect takes",
		"token add --data D --dialect tresor --user admin":                         "--dialect takes",
		"token add --data D --dialect tpm":                                         "--user is missing",
		"token add --data D --dialect syspass --user admin --action account/steal": `has no action "account/steal"`,
		"token add --data D --dialect tpm --user admin --project x":                "takes an id",
		"token add --data D --dialect tpm --user admin --project 0":                "takes an id",
		"token add --data D --dialect tpm --user admin --source everywhere":        "takes addresses",
		"token add --data D --dialect tpm --user admin --expires -1h":              "in the future",
		"token add --data D --dialect tpm --user admin --expires soon":             "invalid value",
		"token revoke --data D":                                                    "ID is missing",
		"token revoke x --data D":                                                  "not the id of a token",
		"settings --data D nonsense":                                               "not KEY=VALUE",
		"settings --data D no.such=1":                                              `there is no setting "no.such"`,
		"backup --data D":                                                          "say --out FILE",
		"backup --data D --out a --verify b":                                       "say --out FILE",
		"restore --data D":                                                         "--in is missing",
		"restore --store dynamodb --in f --key k":                                  "on AWS the key is in KMS",
		"restore --data D --in f --key k --key-file l":                             "exclude each other",
		"restore --data D --in f --with-old-credentials":                           "goes with --to-seq or --to-time",
		"restore --data D --in f --to-time yesterday":                              "takes a time",
		"serve --data D --listen nonsense":                                         "takes HOST:PORT",
		"serve --data D --listen 127.0.0.1:0 --tls-cert x":                         "belong together",
		"serve --data D --listen 0.0.0.0:0":                                        "passwords would cross the network in clear",
		"serve --data D --listen :0":                                               "passwords would cross the network in clear",
		"serve --data D --listen [::]:0":                                           "passwords would cross the network in clear",
		"serve --data D --listen vault.example.org:0":                              "passwords would cross the network in clear",
		"serve --data D --listen 127.0.0.1:0 --demo --json":                        "without --json",
		"serve --data D --tls-cert a --tls-key b --behind-tls-proxy":               "exclude each other",
	} {
		o := runCommand(t, "", strings.Fields(strings.ReplaceAll(args, "--data D", "--data "+dir))...)
		if o.status != statusUsage || o.stdout != "" || !strings.Contains(o.stderr, want) {
			t.Errorf("tresor %s: %+v; want status 2 and %q", args, o, want)
		}
	}
	for _, args := range []string{"help", "--help", "help user add", "user add -h", "token list --help"} {
		if o := runCommand(t, "", strings.Fields(args)...); o.status != 0 || o.stderr != "" || !strings.Contains(o.stdout, "usage: tresor") {
			t.Errorf("tresor %s: %+v", args, o)
		}
	}
}
