package syspass

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"tresor/shared/auth"
	"tresor/shared/gateway"
	"tresor/shared/vault"
	"tresor/shared/vault/vaulttest"
)

// shelf is a Depot that notes what it is given.
type shelf struct {
	err     error
	changed int
	got     []string // "what under password: names"
	most    int      // shared entries of an export in a call; 0: any number
	asked   []vault.Request
}

func (s *shelf) Later(shared int) bool { return s.most != 0 && shared > s.most }

func (s *shelf) ExportLater(_ context.Context, req vault.Request, under, password string) (string, error) {
	s.asked = append(s.asked, req)
	return s.keep("exports", under, "sysPass_export-77aa.xml", password+" later"), s.err
}

func (s *shelf) Export(_ context.Context, x *vault.Export, under, password string) (string, int, error) {
	names := []string{}
	for _, e := range x.Entries {
		names = append(names, e.Name+"="+e.Payload.Password.Reveal())
	}
	return s.keep("exports", under, "sysPass_export-8c52.xml", password+": "+strings.Join(names, ",")), s.changed, s.err
}

func (s *shelf) Backup(_ context.Context, under string) (string, error) {
	return s.keep("backups", under, "tresor-20261126.backup", ""), s.err
}

func (s *shelf) keep(kind, under, name, what string) string {
	s.got = append(s.got, kind+" "+under+" "+what)
	parts := slices.DeleteFunc([]string{"s3://objects/tresor", kind, under, name}, func(p string) bool { return p == "" })
	return strings.Join(parts, "/")
}

// kept is what config/backup and config/export answer with success.
type kept struct {
	Result           string
	ItemID           int64
	ResultMessage    string
	Count            *int
	Location         string
	LeftOut, Changed int
	ResultCode       int
}

func (w *world) kept(t *testing.T, who auth.SysPassToken, method, params string) (k kept) {
	t.Helper()
	_, body := w.post(t, `{"jsonrpc":"2.0","method":"`+method+`","params":{"authToken":"`+who.AuthToken+`"`+params+`},"id":1}`)
	var a struct{ Result *kept }
	if err := json.Unmarshal([]byte(body), &a); err != nil || a.Result == nil {
		t.Fatalf("%s %s: got %s", method, params, body)
	}
	return *a.Result
}

func TestExportAndBackupTellWhereTheyAre(t *testing.T) {
	w := stocked(t)
	w.shelf.changed = 3
	for _, test := range []struct{ method, params, result, location, got string }{
		{"config/backup", ``, "s3://objects/tresor/backups", "s3://objects/tresor/backups/tresor-20261126.backup", "backups  "},
		{"config/backup", `,"path":null`, "s3://objects/tresor/backups", "s3://objects/tresor/backups/tresor-20261126.backup", "backups  "},
		{"config/backup", `,"path":"/srv//backup/"`, "/srv//backup/", "s3://objects/tresor/backups/srv/backup/tresor-20261126.backup", "backups srv/backup "},
		{"config/backup", `,"path":5`, "5", "s3://objects/tresor/backups/5/tresor-20261126.backup", "backups 5 "},
		{"Config/BACKUP", `,"path":"nächtlich"`, "nächtlich", "s3://objects/tresor/backups/nächtlich/tresor-20261126.backup", "backups nächtlich "},
		{"config/export", `,"path":"a","password":" x<b>y "`, "a", "s3://objects/tresor/exports/a/sysPass_export-8c52.xml", "exports a xy: "},
		{"config/export", ``, "s3://objects/tresor/exports", "s3://objects/tresor/exports/sysPass_export-8c52.xml", "exports  : "},
	} {
		w.shelf.got = nil
		k := w.kept(t, w.admin, test.method, test.params)
		if k.Result != test.result || k.Location != test.location || k.ItemID != 0 || k.Count != nil || k.ResultCode != 0 || len(w.shelf.got) != 1 || !strings.HasPrefix(w.shelf.got[0], test.got) {
			t.Errorf("%s %s: got %+v, kept %q", test.method, test.params, k, w.shelf.got)
		}
		if changed := strings.Contains(strings.ToLower(test.method), "export"); changed != (k.Changed == 3) {
			t.Errorf("%s: %d changed", test.method, k.Changed)
		}
	}
}

// TestALargeExportIsMadeLater: from one account too many on, the depot gets the call and no secret, and the answer is at once where the export will be.
func TestALargeExportIsMadeLater(t *testing.T) {
	w := newWorld(t)
	w.create(t, w.admin, `"clientId":1,"categoryId":1,"pass":"one","name":"a"`)
	w.create(t, w.admin, `"clientId":1,"categoryId":1,"pass":"two","name":"b"`)
	w.shelf.most = 2
	if k := w.kept(t, w.admin, "config/export", `,"path":"x"`); k.ResultMessage != "Export process finished" || len(w.shelf.asked) != 0 || w.recorded(t, "syspass config/export") != 2 {
		t.Errorf("as many as may be: %+v, asked %v", k, w.shelf.asked)
	}
	w.create(t, w.admin, `"clientId":1,"categoryId":1,"pass":"three","name":"c"`)
	w.shelf.got = nil
	k := w.kept(t, w.admin, "config/export", `,"path":"/x/","password":"p"`)
	if k.Result != "/x/" || k.Location != "s3://objects/tresor/exports/x/sysPass_export-77aa.xml" || k.ResultMessage != "Export process started" || k.ResultCode != 0 || k.Count != nil {
		t.Errorf("got %+v", k)
	}
	if len(w.shelf.got) != 1 || w.shelf.got[0] != "exports x p later" || w.recorded(t, "syspass config/export") != 2 {
		t.Errorf("kept %q, %d secrets on record", w.shelf.got, w.recorded(t, "syspass config/export"))
	}
	if a := w.shelf.asked; len(a) != 1 || a[0].Action.Name != "config/export" || !a[0].Source.IsValid() {
		t.Errorf("asked %+v", a)
	}
	w.refused(t, w.call(t, w.dana.SysPass, "config/export", ""), http.StatusOK, -32603, "Internal error")
	w.refused(t, w.call(t, w.admin, "config/export", `"path":".."`), http.StatusOK, 0, `Unable to create the directory ("..")`)
	if len(w.shelf.asked) != 1 {
		t.Errorf("asked %v", w.shelf.asked)
	}
	for err, message := range map[error]string{vault.Busy: "Error while exporting", vault.Invalid: `Unable to create the directory ("a")`} {
		w.shelf.err = err
		w.refused(t, w.call(t, w.admin, "config/export", `"path":"a"`), http.StatusOK, 0, message)
	}
}

// TestAnExportIsTheCallers compares the exports of two admins, one of whom owns a private account.
func TestAnExportIsTheCallers(t *testing.T) {
	w := newWorld(t)
	second := w.AddUser(t, "second", vault.Admin)
	w.create(t, w.admin, `"clientId":1,"categoryId":1,"pass":"one","name":"open"`)
	w.create(t, second.SysPass, `"clientId":1,"categoryId":1,"pass":"two","name":"secret","private":1`)
	locked := w.create(t, w.admin, `"clientId":1,"categoryId":1,"pass":"three","name":"locked"`)
	w.Do(t, func(tx *vault.Tx) error { return tx.SetLock(vault.EntryID(locked), vault.LockReason) })
	if k := w.kept(t, w.admin, "config/export", ""); k.LeftOut != 1 || w.shelf.got[0] != "exports  : open=one" {
		t.Errorf("the first admin: %+v, %q", k, w.shelf.got)
	}
	if k := w.kept(t, second.SysPass, "config/export", ""); k.LeftOut != 1 || w.shelf.got[1] != "exports  : open=one,secret=two" {
		t.Errorf("the second admin: %+v, %q", k, w.shelf.got)
	}
	if n := w.recorded(t, "syspass config/export"); n != 3 {
		t.Errorf("%d secrets on record, want 3", n)
	}
}

func TestExportAndBackupAreForAdmins(t *testing.T) {
	w := newWorld(t)
	admins := []string{"account/view", "config/export"}
	narrowed, _ := w.token(t, func(c *vault.Credential) { c.User, c.Projects = 1, []vault.ProjectID{initech} })
	readOnly, _ := w.token(t, func(c *vault.Credential) { c.User, c.ReadOnly = 1, true })
	named, _ := w.token(t, func(c *vault.Credential) { c.User, c.Actions = 1, admins })
	for name, who := range map[string]auth.SysPassToken{"a normal user": w.dana.SysPass, "a Read only user": w.rob.SysPass, "an admin's narrowed token": narrowed, "an admin's read-only token": readOnly} {
		for _, method := range []string{"config/backup", "config/export"} {
			a := w.call(t, who, method, `"path":"..","tokenPass":5`)
			if a.Error == nil || a.Error.Code != -32603 || a.Error.Message != "Internal error" {
				t.Errorf("%s, %s: got %+v", name, method, a)
			}
		}
	}
	w.refused(t, w.call(t, named, "config/backup", ""), http.StatusOK, -32603, "Internal error")
	if len(w.shelf.got) != 0 {
		t.Errorf("kept %q", w.shelf.got)
	}
	w.kept(t, named, "config/export", "")
}

func TestExportAndBackupThatFail(t *testing.T) {
	w, out := stocked(t), quiet(t)
	for _, test := range []struct{ method, params, message string }{
		{"config/backup", `"path":"../x"`, `Unable to create the backups directory ("../x")`},
		{"config/export", `"path":"/a/../b"`, `Unable to create the directory ("/a/../b")`},
	} {
		w.refused(t, w.call(t, w.admin, test.method, test.params), http.StatusOK, 0, test.message)
	}
	if len(w.shelf.got) != 0 || w.recorded(t, "syspass config/export") != 0 {
		t.Errorf("a path outside was tried: %q", w.shelf.got)
	}
	for _, password := range []string{`"<s3cret"`, `["x"]`, `"<b></b>"`, `{"a":1}`} { // nothing would be left of it
		a := w.call(t, w.admin, "config/export", `"password":`+password)
		w.refused(t, a, http.StatusOK, 0, "Error while exporting")
	}
	if len(w.shelf.got) != 0 {
		t.Errorf("written in clear: %q", w.shelf.got)
	}
	w.shelf.err = &vault.Error{Kind: vault.Invalid, Msg: "the key has a part"}
	w.refused(t, w.call(t, w.admin, "config/export", `"path":"a"`), http.StatusOK, 0, `Unable to create the directory ("a")`)
	for _, err := range []error{vault.Busy, vault.Undecided, errors.New("disk " + canary), context.Canceled} {
		w.shelf.err = err
		for method, message := range map[string]string{"config/backup": "Error while doing the backup", "config/export": "Error while exporting"} {
			a := w.call(t, w.admin, method, "")
			w.refused(t, a, http.StatusOK, 0, message)
			if a.Error.Data != "Check the event log: 7c2af7db-31f3" {
				t.Errorf("%s: data %v", method, a.Error.Data)
			}
		}
	}
	if !strings.Contains(out.String(), `"request_id":"7c2af7db-31f3","method":"config/export"`) {
		t.Errorf("logged: %s", out)
	}
}

// TestNoRecordNoExport has the access log fail: nothing is handed to the depot.
func TestNoRecordNoExport(t *testing.T) {
	w, _ := stocked(t), quiet(t)
	faulty := vaulttest.NewFaulty(w.Store, 1)
	other := w.Another(t, faulty)
	w.gate = gateway.New(NewHandler(other.Vault, other.Auth, w.shelf), gateway.Options{})
	faulty.FailAccess(100)
	for _, method := range []string{"config/backup", "config/export"} {
		if a := w.call(t, w.admin, method, ""); a.Error == nil {
			t.Errorf("%s: got %+v", method, a)
		}
	}
	if len(w.shelf.got) != 0 {
		t.Errorf("kept %q", w.shelf.got)
	}
}
