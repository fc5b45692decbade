package syspass

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"tresor/shared/auth"
	"tresor/shared/vault"
)

func TestPartialEdit(t *testing.T) {
	w := newWorld(t)
	id := w.create(t, w.dana.SysPass, `"clientId":1,"categoryId":1,"pass":"p","name":"x","login":"root","url":"u","notes":"n","private":1,"expireDate":5,"parentId":6`)
	type fields struct {
		Name, Login, URL, Notes, IsPrivate, IsPrivateGroup string
		ClientID, CategoryID, PassDateChange, ParentID     int
	}
	want := fields{"x", "root", "u", "n", "1", "0", 1, 1, 5, 6}
	for _, step := range []struct {
		params string
		change func()
	}{
		{`"partial":1`, func() {}},
		{`"partial":true,"name":"y","login":null`, func() { want.Name = "y" }},
		{`"partial":"1","notes":"","private":0,"expireDate":0`, func() { want.Notes, want.IsPrivate, want.PassDateChange = "", "0", 0 }},
		{`"partial":0,"name":"z","clientId":1,"categoryId":1`, func() { want = fields{Name: "z", IsPrivate: "0", IsPrivateGroup: "0", ClientID: 1, CategoryID: 1} }},
	} {
		step.change()
		var got fields
		if err := json.Unmarshal(w.must(t, w.dana.SysPass, "account/edit", fmt.Sprintf(`"id":%d,%s`, id, step.params)).Result.Result, &got); err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("%s: got %+v, want %+v", step.params, got, want)
		}
	}
	for _, step := range []struct {
		tags string
		want int
	}{{`[1,2]`, 1}, {`null`, 1}, {`[]`, 0}} { // unlike the original's edit, this one can take the last tag off
		w.must(t, w.dana.SysPass, "account/edit", fmt.Sprintf(`"id":%d,"partial":1,"tagsId":%s`, id, step.tags))
		if got := w.ids(t, w.dana.SysPass, `"tagsId":[1]`); len(got) != step.want {
			t.Errorf("tags %s: found %v", step.tags, got)
		}
	}
	w.refused(t, w.call(t, w.dana.SysPass, "account/edit", fmt.Sprintf(`"id":%d,"partial":0,"name":"z"`, id)), http.StatusOK, -32602, "Wrong parameters")
	w.refused(t, w.call(t, w.dana.SysPass, "account/edit", fmt.Sprintf(`"id":%d,"partial":1,"clientId":99`, id)), http.StatusOK, 23000, "Integrity constraint")
}

func TestDetails(t *testing.T) {
	w := newWorld(t)
	id := w.create(t, w.admin, `"clientId":1,"categoryId":1,"pass":"p","name":"x","tagsId":[2,1]`)
	w.Do(t, func(tx *vault.Tx) error {
		err := tx.EditEntry(vault.EntryID(id), func(e *vault.Entry) error {
			e.Users, e.Groups = []vault.UserGrant{{User: w.rob.AdminID, Level: vault.LevelRead}}, []vault.GroupGrant{{Group: 1, Level: vault.LevelEdit}}
			e.Fields = []vault.CustomField{{Number: 1, Type: vault.FieldText, Label: "rack", Data: "4"}, {Number: 3, Type: vault.FieldPassword, Label: "enable"}}
			return nil
		})
		if err != nil {
			return err
		}
		return tx.SetSecrets(vault.EntryID(id), nil, map[uint8]vault.Secret{3: vault.NewSecret(canary)})
	})
	for who, token := range map[string]struct{ token, lists string }{
		"admin": {w.admin.AuthToken, `"users":[{"id":3,"name":"rob"}],"userGroups":[{"id":1,"name":"Ops"}]`}, "rob": {w.rob.SysPass.AuthToken, `"users":[],"userGroups":[]`},
	} {
		_, body := w.post(t, fmt.Sprintf(`{"jsonrpc":"2.0","method":"account/view","params":{"authToken":%q,"id":%d,"details":1},"id":1}`, token.token, id))
		want := `"publicLinkHash":null,"tags":[{"id":2,"name":"web"},{"id":1,"name":"linux"}],` + token.lists +
			`,"customFields":[{"definitionId":1,"definitionName":"rack","value":"4","encrypted":false},{"definitionId":3,"definitionName":"enable","value":null,"encrypted":true}]}`
		if !strings.Contains(body, want) || strings.Contains(body, canary) {
			t.Errorf("%s: got %s, want %s", who, body, want)
		}
		_, body = w.post(t, fmt.Sprintf(`{"jsonrpc":"2.0","method":"account/view","params":{"authToken":%q,"id":%d,"details":0},"id":1}`, token.token, id))
		if !strings.Contains(body, `"publicLinkHash":null},`) {
			t.Errorf("%s, without details: got %s", who, body)
		}
	}
}

// TestDetailsRevealFields asks for encrypted fields in every way: they come only with the tokenPass of a token that may call viewPass, and then
// the access is on record.
func TestDetailsRevealFields(t *testing.T) {
	w := newWorld(t)
	id := w.create(t, w.admin, `"clientId":1,"categoryId":1,"pass":"p","name":"x"`)
	plain := w.create(t, w.admin, `"clientId":1,"categoryId":1,"pass":"p","name":"without fields"`)
	w.Do(t, func(tx *vault.Tx) error {
		err := tx.EditEntry(vault.EntryID(id), func(e *vault.Entry) error {
			e.Fields = []vault.CustomField{{Number: 1, Type: vault.FieldText, Label: "rack", Data: "4"}, {Number: 3, Type: vault.FieldPassword, Label: "enable"}, {Number: 4, Type: vault.FieldOTP, Label: "otp"}}
			return nil
		})
		if err != nil {
			return err
		}
		return tx.SetSecrets(vault.EntryID(id), nil, map[uint8]vault.Secret{3: vault.NewSecret("s3cr<t"), 4: vault.NewSecret("JBSWY3DPEHPK3PXP")})
	})
	viewer, _ := w.token(t, func(c *vault.Credential) { c.Actions = []string{"account/view"} })
	both, _ := w.token(t, func(c *vault.Credential) { c.Actions = []string{"account/view", "account/viewPass"} })
	other, _ := w.token(t, func(*vault.Credential) {})
	null, shown := `"definitionName":"enable","value":null,"encrypted":true}`, `"definitionName":"enable","value":"s3cr<t","encrypted":true}`
	for _, test := range []struct {
		name, params string
		who          auth.SysPassToken
		id           int64
		want         string
		reveals      int
	}{
		{"without tokenPass", `"details":1`, w.admin, id, null, 0},
		{"with a null", `"details":1,"tokenPass":null`, w.admin, id, null, 0},
		{"with tokenPass", `"details":1,$PASS`, w.admin, id, shown, 1},
		{"again", `"details":"yes 1",$PASS`, w.dana.SysPass, id, shown, 2},
		{"a token for view alone", `"details":1,$PASS`, viewer, id, null, 2},
		{"a token for both", `"details":1,$PASS`, both, id, shown, 3},
		{"without details", `$PASS`, w.admin, id, `"publicLinkHash":null}`, 3},
		{"an account without fields", `"details":1,$PASS`, w.admin, plain, `"customFields":[]`, 3},
	} {
		a := w.must(t, test.who, "account/view", fmt.Sprintf(`"id":%d,%s`, test.id, test.params))
		text := string(a.Result.Result)
		if !strings.Contains(text, test.want) || strings.Contains(text, "JBSWY3DPEHPK3PXP") {
			t.Errorf("%s: got %s, want %s", test.name, text, test.want)
		}
		if got := w.recorded(t, "syspass account/view"); got != test.reveals {
			t.Errorf("%s: %d reveals on record, want %d", test.name, got, test.reveals)
		}
	}
	if text := string(w.must(t, w.admin, "account/view", fmt.Sprintf(`"id":%d`, id)).Result.Result); !strings.Contains(text, `"countDecrypt":3`) {
		t.Errorf("the reveals are not counted: %s", text)
	}
	for range 10 { // the wrong tokenPass of another token is as wrong as any, and tracked
		w.refused(t, w.call(t, w.admin, "account/view", fmt.Sprintf(`"id":%d,"details":1,"tokenPass":%q`, id, other.TokenPass)), http.StatusOK, -32603, "Unauthorized access")
	}
	w.refused(t, w.call(t, w.admin, "account/view", fmt.Sprintf(`"id":%d,"details":1`, id)), http.StatusOK, -32603, "Attempts exceeded")
}

// TestDetailsOfALockedAccountKeepItsFields: what a lock withholds from viewPass it withholds here.
func TestDetailsOfALockedAccountKeepItsFields(t *testing.T) {
	w := newWorld(t)
	id := w.create(t, w.admin, `"clientId":1,"categoryId":1,"pass":"p","name":"x"`)
	w.Do(t, func(tx *vault.Tx) error {
		err := tx.EditEntry(vault.EntryID(id), func(e *vault.Entry) error {
			e.Fields = []vault.CustomField{{Number: 3, Type: vault.FieldPassword, Label: "enable"}}
			return nil
		})
		return errors.Join(err, tx.SetSecrets(vault.EntryID(id), nil, map[uint8]vault.Secret{3: vault.NewSecret(canary)}), tx.SetLock(vault.EntryID(id), vault.LockReason))
	})
	text := string(w.must(t, w.admin, "account/view", fmt.Sprintf(`"id":%d,"details":1,$PASS`, id)).Result.Result)
	if strings.Contains(text, canary) || !strings.Contains(text, `"value":null`) {
		t.Errorf("got %s", text)
	}
}

// recorded counts the secrets that access records of an action name and that were handed out.
func (w *world) recorded(t testing.TB, action string) (n int) {
	t.Helper()
	list, err := w.Log.Accesses(t.Context(), vault.HourOf(w.Clock.Now()), "")
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range list {
		if a.Action == action && !a.Withheld {
			n += len(a.Secrets)
		}
	}
	return n
}
