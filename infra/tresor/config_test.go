package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tresor/shared/syspassxml"
	"tresor/shared/vault"
)

// TestExportsAndBackupsLieInTheDataFolder calls config/export and config/backup of a running server, and reads the export with what init printed.
func TestExportsAndBackupsLieInTheDataFolder(t *testing.T) {
	dir, first := newVault(t)
	s := startServer(t, "--data", dir)
	call := func(method, params string) (location, message string) {
		t.Helper()
		_, body := send(t, http.MethodPost, s.url+"/api.php", `{"jsonrpc":"2.0","method":"`+method+`","params":{"authToken":"`+first.SysPass.AuthToken+`","tokenPass":"`+first.SysPass.TokenPass+`"`+params+`},"id":1}`)
		var answer struct {
			Result struct{ Location string }
			Error  struct{ Message string }
		}
		if err := json.Unmarshal([]byte(body), &answer); err != nil {
			t.Fatalf("%s: %s", method, body)
		}
		return answer.Result.Location, answer.Error.Message
	}
	call("client/create", `,"name":"Acme"`)
	call("account/create", `,"name":"mail","clientId":1,"categoryId":1,"pass":"s3cret"`)
	export, _ := call("config/export", `,"path":"/nightly","password":"of the file"`)
	backup, _ := call("config/backup", ``)
	for location, want := range map[string]string{export: "objects/exports/nightly/sysPass_export-", backup: "objects/backups/tresor-"} {
		if !strings.HasPrefix(location, "file://"+filepath.Join(dir, want)) {
			t.Errorf("location %s, want it below %s", location, want)
		}
		info, err := os.Stat(strings.TrimPrefix(location, "file://"))
		if err != nil || info.Mode().Perm() != 0o600 || info.Size() == 0 {
			t.Errorf("%s: %v, %v", location, info, err)
		}
	}
	content, err := os.ReadFile(strings.TrimPrefix(export, "file://"))
	if err != nil {
		t.Fatal(err)
	}
	d, warnings, err := syspassxml.Read(bytes.NewReader(content), syspassxml.ReadOptions{Password: vault.NewSecret("of the file")})
	if err != nil || len(warnings) > 0 || len(d.Accounts) != 1 {
		t.Fatalf("read the export: %v, %v", warnings, err)
	}
	if got, err := syspassxml.NewOpener(first.SysPass.MasterPassword).Open(d.Accounts[0].Pass, d.Accounts[0].Key); err != nil || got != "s3cret" {
		t.Errorf("got %q, %v", got, err)
	}
	if _, message := call("config/backup", `,"path":"/../../etc"`); message != `Unable to create the backups directory ("/../../etc")` {
		t.Errorf("outside: %q", message)
	}
}
