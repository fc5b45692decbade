package main

import (
	"crypto/rand"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"tresor/infra/coldstart/kmslocal"
	"tresor/infra/dynamodblocal"
)

// The same commands on the tables that the functions use.
func TestStoreDynamoDB(t *testing.T) {
	db, tables := dynamodblocal.Start(t)
	kms, err := kmslocal.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(kms.Close)
	name := "command-" + rand.Text() // the tables are all tests', however often they run
	for name, value := range map[string]string{
		"TRESOR_VAULT": name, "TRESOR_ENTRIES_TABLE": tables.Entries, "TRESOR_PERMISSIONS_TABLE": tables.Permissions, "TRESOR_KEY_ID": kmslocal.KeyID,
		"AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_CONFIG_FILE": "none", "AWS_SHARED_CREDENTIALS_FILE": "none",
		"AWS_ENDPOINT_URL_DYNAMODB": db.URL, "AWS_ENDPOINT_URL_KMS": kms.URL, "TRESOR_BUCKET": "",
	} {
		t.Setenv(name, value)
	}
	on := []string{"--store", "dynamodb", "--json"}
	with := func(args ...string) []string { return append(args, on...) }
	if o := runCommand(t, "", with("user", "list")...); o.status != statusError || !strings.Contains(o.stderr, "there is no vault here") {
		t.Errorf("before init: %+v", o)
	}
	results := make(chan outcome, 2)
	for range 2 { // at the same moment: one makes the vault
		go func() { results <- runCommand(t, "", with("init")...) }()
	}
	made, refused := <-results, <-results
	if made.status > refused.status {
		made, refused = refused, made
	}
	if made.status != 0 || refused.status != statusError || refused.stdout != "" || !strings.Contains(refused.stderr, "there is a vault here already") {
		t.Fatalf("two inits: %+v and %+v", made, refused)
	}
	f := object[founding](t, made.stdout)
	if o := runCommand(t, "", with("init")...); o.status != statusError || !strings.Contains(o.stderr, "there is a vault here already") {
		t.Errorf("a second init: %+v", o)
	}
	s := startServer(t, with()...)
	if status, body := teamPass(t, s.url, "info/version", f.TeamPass.APIKey); status != http.StatusOK {
		t.Errorf("got %d %s", status, body)
	}
	token := object[tokenResult](t, ok(t, with("token", "add", "--user", "admin", "--dialect", "teampass")...))
	if status, body := teamPass(t, s.url, "info/version", token.APIKey); status != http.StatusOK {
		t.Errorf("a new token: %d %s", status, body)
	}
	if _, failure := sysPass(t, s.url, "config/backup", map[string]any{"authToken": f.SysPass.AuthToken, "path": "x"}); failure != `Unable to create the backups directory ("x")` {
		t.Errorf("without a bucket: %q", failure)
	}
	s.stop(t)
	if strings.Count(s.output(), "warning") != 1 || !strings.Contains(s.output(), "TRESOR_BUCKET is not set") {
		t.Errorf("got %q", s.output())
	}
	file := filepath.Join(t.TempDir(), "b")
	ok(t, with("backup", "--out", file)...)
	t.Setenv("TRESOR_VAULT", name+"-restored")
	if got := ok(t, with("restore", "--in", file)...); got != `{"entries":0}`+"\n" {
		t.Errorf("restore: %s", got)
	}
	if o := runCommand(t, "", with("restore", "--in", file)...); o.status != statusError || strings.Count(o.stderr, "\n") != 1 { // with nothing of the SDK's
		t.Errorf("restore, again: %+v", o)
	}
	s = startServer(t, with()...)
	if status, body := teamPass(t, s.url, "info/version", token.APIKey); status != http.StatusOK {
		t.Errorf("a token in the restored vault: %d %s", status, body)
	}
	s.stop(t)
	if got := ok(t, with("backup", "--verify", file)...); !strings.Contains(got, `"vault":"same"`) {
		t.Errorf("the drill: %s", got)
	}
	t.Setenv("TRESOR_VAULT", name)
	if got := ok(t, with("audit", "verify")...); got != `{"ok":true,"entries":1,"permissions":2}`+"\n" {
		t.Errorf("audit: %s", got)
	}
	xml := writeExport(t, "m", 200)
	if got := object[importResult](t, ok(t, with("import", "syspass", "--in", xml, "--master-password", "m")...)); got.Accounts != 200 || len(got.Skipped) != 0 {
		t.Errorf("import: %+v", got)
	}
	if got := object[exportResult](t, ok(t, with("export", "syspass", "--out", xml+".out")...)); got.Accounts != 200 || len(got.Missing) != 0 {
		t.Errorf("export: %+v", got)
	}
	t.Setenv("TRESOR_KEY_ID", "")
	if o := runCommand(t, "", with("user", "list")...); o.status != statusError || !strings.Contains(o.stderr, "TRESOR_KEY_ID is not set") {
		t.Errorf("without a key: %+v", o)
	}
}
