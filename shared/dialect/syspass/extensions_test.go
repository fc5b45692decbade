package syspass

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

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
