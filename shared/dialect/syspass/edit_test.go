package syspass

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"tresor/shared/vault"
)

// TestWhatOthersMayDoWithAnAccount goes through the levels that a user may have on an account of another.
func TestWhatOthersMayDoWithAnAccount(t *testing.T) {
	const unauthorised, missing = "Internal error", "The account doesn't exist"
	for name, c := range map[string]struct {
		level                  vault.Level
		change                 func(*vault.Entry)
		edit, editPass, delete string // "": done
	}{
		"nothing": {vault.LevelNone, nil, missing, missing, missing},
		"read":    {vault.LevelRead, nil, unauthorised, unauthorised, unauthorised},
		"edit":    {vault.LevelEdit, nil, "", "", unauthorised},
		"manage":  {vault.LevelManage, nil, "", "", ""},
		"hidden":  {vault.LevelManage, func(e *vault.Entry) { e.Private = true }, missing, missing, missing},
		"archive": {vault.LevelManage, func(e *vault.Entry) { e.Archived = true }, unauthorised, unauthorised, ""},
	} {
		w := newWorld(t)
		id := w.create(t, w.admin, `"clientId":2,"categoryId":1,"pass":"p","name":"x"`)
		w.Do(t, func(tx *vault.Tx) error {
			return tx.EditEntry(vault.EntryID(id), func(e *vault.Entry) error {
				if c.level != vault.LevelNone {
					e.Users = []vault.UserGrant{{User: w.dana.AdminID, Level: c.level}}
				}
				if c.change != nil {
					c.change(e)
				}
				return nil
			})
		})
		check := func(method, params, want string) {
			t.Helper()
			before := w.heads()
			a := w.call(t, w.dana.SysPass, method, fmt.Sprintf(`$PASS,"id":%d,%s`, id, params))
			switch {
			case want == "" && a.Result == nil, want != "" && (a.Error == nil || a.Error.Message != want || a.Status != http.StatusOK):
				t.Errorf("%s: %s: got %+v, want %q", name, method, a.Error, want)
			case want != "" && w.heads() != before:
				t.Errorf("%s: %s was refused and changed the vault", name, method)
			}
		}
		check("account/edit", `"name":"y","clientId":2,"categoryId":1`, c.edit)
		check("account/editPass", `"pass":"q"`, c.editPass)
		check("account/delete", `"x":1`, c.delete)
	}
}

// TestOwnershipIsKeptByWhoMayNotGiveIt edits as a user who may edit but not manage: the fields count as not given (syspass 2.5).
func TestOwnershipIsKeptByWhoMayNotGiveIt(t *testing.T) {
	w := newWorld(t)
	id := w.create(t, w.admin, `"clientId":2,"categoryId":1,"pass":"p","name":"x"`)
	w.Do(t, func(tx *vault.Tx) error {
		return tx.EditEntry(vault.EntryID(id), func(e *vault.Entry) error {
			e.Users = []vault.UserGrant{{User: w.dana.AdminID, Level: vault.LevelEdit}}
			return nil
		})
	})
	edited := func(params string) (got struct {
		UserID, UserGroupID, UserEditID int
		Name                            string
	}) {
		t.Helper()
		a := w.must(t, w.dana.SysPass, "account/edit", fmt.Sprintf(`"id":%d,"clientId":2,"categoryId":1,%s`, id, params))
		if err := json.Unmarshal(a.Result.Result, &got); err != nil {
			t.Fatal(err)
		}
		return got
	}
	if got := edited(`"name":"y","userId":2,"userGroupId":1`); got.Name != "y" || got.UserID != 1 || got.UserGroupID != 0 || got.UserEditID != 2 {
		t.Errorf("got %+v", got)
	}
	if got := edited(`"name":"z","userId":99`); got.Name != "z" || got.UserID != 1 { // not even looked up
		t.Errorf("got %+v", got)
	}
	w.refused(t, w.call(t, w.dana.SysPass, "account/edit", fmt.Sprintf(`"id":%d,"name":"y","clientId":2,"categoryId":1,"private":1`, id)), http.StatusOK, -32603, "Internal error")
	own := w.create(t, w.dana.SysPass, `"clientId":1,"categoryId":1,"pass":"p","name":"own"`)
	w.refused(t, w.call(t, w.dana.SysPass, "account/edit", fmt.Sprintf(`"id":%d,"name":"y","clientId":1,"categoryId":1,"userId":99`, own)), http.StatusOK, 23000, "Integrity constraint")
}

func TestLockedAccountTakesNoWrite(t *testing.T) {
	w := newWorld(t)
	id := w.create(t, w.dana.SysPass, `"clientId":1,"categoryId":1,"pass":"p","name":"x"`)
	w.Do(t, func(tx *vault.Tx) error { return tx.SetLock(vault.EntryID(id), vault.LockReason) })
	before := w.heads()
	for range 4 { // twelve calls, and none is a failed attempt
		for method, params := range map[string]string{"account/edit": `"name":"y","clientId":1,"categoryId":1`, "account/editPass": `"pass":"q"`, "account/delete": `"x":1`} {
			w.refused(t, w.call(t, w.dana.SysPass, method, fmt.Sprintf(`$PASS,"id":%d,%s`, id, params)), http.StatusOK, -32603, "Unauthorized access")
		}
	}
	if w.heads() != before {
		t.Error("the vault was changed")
	}
	w.must(t, w.dana.SysPass, "account/view", fmt.Sprintf(`"id":%d`, id))
}

// TestPersonalEntriesAreNoAccounts writes to what other APIs keep for their user alone.
func TestPersonalEntriesAreNoAccounts(t *testing.T) {
	w := newWorld(t)
	var id vault.EntryID
	w.as(t, w.dana.APIKey, func(tx *vault.Tx) (err error) {
		id, err = tx.CreateEntry(vault.Entry{Name: "personal", Owner: w.dana.AdminID}, vault.Payload{Password: vault.NewSecret("p")})
		return err
	})
	for method, params := range map[string]string{"account/edit": `"name":"y","clientId":1,"categoryId":1`, "account/editPass": `"pass":"q"`, "account/delete": `"x":1`} {
		w.refused(t, w.call(t, w.dana.SysPass, method, fmt.Sprintf(`$PASS,"id":%d,%s`, id, params)), http.StatusOK, 0, "The account doesn't exist")
	}
}

// TestAnEditKeepsWhatSysPassDoesNotKnow edits an entry with an email, custom fields, a grant, and a place below its client.
func TestAnEditKeepsWhatSysPassDoesNotKnow(t *testing.T) {
	w := newWorld(t)
	var id vault.EntryID
	w.as(t, w.dana.APIKey, func(tx *vault.Tx) (err error) {
		id, err = tx.CreateEntry(vault.Entry{Name: "x", Project: initech, Email: "ops@example.org", Fields: []vault.CustomField{{Number: 1, Type: vault.FieldPassword, Label: "enable"}}},
			vault.Payload{Password: vault.NewSecret("p"), Fields: map[uint8]vault.Secret{1: vault.NewSecret("second")}})
		return err
	})
	w.Do(t, func(tx *vault.Tx) error {
		return tx.EditEntry(id, func(e *vault.Entry) error {
			e.Project, e.Users = below, []vault.UserGrant{{User: w.rob.AdminID, Level: vault.LevelRead}}
			return nil
		})
	})
	w.must(t, w.dana.SysPass, "account/edit", fmt.Sprintf(`"id":%d,"name":"y","clientId":1,"categoryId":1`, id))
	w.must(t, w.dana.SysPass, "account/editPass", fmt.Sprintf(`$PASS,"id":%d,"pass":"q"`, id))
	w.Do(t, func(tx *vault.Tx) error {
		e, _, err := tx.Entry(id)
		if err == nil && (e.Name != "y" || e.Email != "ops@example.org" || e.Project != below || len(e.Fields) != 1 || len(e.Users) != 1) {
			t.Errorf("got %+v", e)
		}
		return err
	})
	payload, err := vault.View(t.Context(), w.Vault, w.reveal(w.dana.APIKey), func(r *vault.Reader) (vault.Payload, error) { return r.Reveal(id) })
	if err != nil || payload.Password.Reveal() != "q" || payload.Fields[1].Reveal() != "second" {
		t.Errorf("the payload is not the one wanted: %v", err)
	}
}
