package teampass_test

import (
	"net/http"
	"strings"
	"testing"

	"tresor/shared/vault"
)

// TestAPersonalItemIsItsOwnersAlone: with key and password of hers, and not with an admin's key or anybody else's password.
func TestAPersonalItemIsItsOwnersAlone(t *testing.T) {
	s := newSystem(t)
	s.user(t, "bob", vault.NormalUser, "bob's")
	for _, c := range []struct {
		name, key string
		user      []string
		want      string
	}{
		{"her own", "ann", []string{"ann", "password of ann", "key"}, `[{"label":"Ann's own","login":"","pw":"personal password","perso":"1","domain":"","id":"5"}]`},
		{"without a personal key", "ann", []string{"ann", "password of ann", ""}, `[{"label":"Ann's own","login":"","pw":"no_psk","perso":"1","domain":"","id":"5"}]`},
		{"by an admin's key", "admin", []string{"ann", "password of ann", "key"}, `{"err":"No results"}`},
		{"by an admin's password", "ann", []string{"admin", s.Founding.Password, "key"}, `{"err":"No results"}`},
		{"by another's password", "ann", []string{"bob", "bob's", "key"}, `{"err":"No results"}`},
	} {
		if status, body := s.get(t, c.key, "tpc_find/"+b64(append([]string{"ann's"}, c.user...)...)); status != http.StatusOK || body != c.want {
			t.Errorf("%s: got %d %s, want %s", c.name, status, body, c.want)
		}
	}
	for call, want := range map[string]string{
		"tpc_delete/" + b64("5", "ann", "password of ann", "key"):                                 `{"code":"done"}`, // of what it may not know
		"set_tpc/edit/" + b64(`{"item_id":5,"pwd":"x"}`, "ann", "password of ann", "key"):         `{"err":"No data exists","code":"NO_DATA_EXIST"}`,
		"set_tpc/add/" + b64(`{"pwd":"x","label":"x","destination_folder":4}`, "bob", "bob's"):    `{"err":"Folder ID does not exist"}`,
		"set_tpc/add/" + b64(`{"pwd":"x","label":"x","personal":1}`, "ann", "password of ann"):    refused,
		"set_tpc/add/" + b64(`{"pwd":"x","label":"x","personal":"1"}`, "bob", "bob's"):            refused,
		"set_tpc/add/" + b64(`{"pwd":"x","label":"x","personal":true}`, "admin", "not the admin"): notGranted,
	} {
		before := s.heads()
		if _, body := s.get(t, "admin", call); body != want {
			t.Errorf("%s: got %s, want %s", call, body, want)
		}
		if s.heads() != before {
			t.Errorf("%s changed the vault", call)
		}
	}
}

// TestWhatAnItemCannotGive: a secret that is no text, and a locked one.
func TestWhatAnItemCannotGive(t *testing.T) {
	s := newSystem(t)
	s.web(t, vault.Entry{Project: 1, Name: "no text", URL: "http://x/"}, "\xff")
	s.web(t, vault.Entry{Project: 1, Name: "no password", URL: "http://x/"}, "")
	s.web(t, vault.Entry{Project: 1, Name: "no key", URL: "http://x/", Lock: vault.LockPermission}, "locked away")
	const want = `{"8":{"label":"no key","login":"","pw":"","perso":"0","domain":"http:\/\/x","id":"8"},` +
		`"7":{"label":"no password","login":"","pw":"","perso":"0","domain":"http:\/\/x","id":"7"},` +
		`"6":{"label":"no text","login":"","pw":"not_utf8","perso":"0","domain":"http:\/\/x","id":"6"}}`
	if _, body := s.get(t, "ann", "auth_tpc/"+b64("http://x", "ann", "password of ann")); body != want {
		t.Errorf("got %s, want %s", body, want)
	}
}

// TestUserfoldersTellWhatBothMayDo: the lower of the two levels.
func TestUserfoldersTellWhatBothMayDo(t *testing.T) {
	s := newSystem(t)
	bob := s.user(t, "bob", vault.NormalUser, "bob's")
	levels := []vault.ProjectLevel{vault.ProjectNone, vault.ProjectTraverse, vault.ProjectRead, vault.ProjectCreate, vault.ProjectEdit, vault.ProjectManage, vault.ProjectFull}
	s.keys["sub"] = s.credential(t, vault.Credential{User: bob.AdminID, Projects: []vault.ProjectID{2}})
	for _, level := range levels {
		s.Do(t, func(tx *vault.Tx) error {
			return tx.SetGrants(vault.ProjectGrants{Project: 1, All: vault.ProjectUnset, Users: []vault.ProjectUserGrant{{User: bob.AdminID, Level: level}}})
		})
		_, both := s.get(t, "admin", "tpc_userfolders/"+b64("bob", "bob's"))
		_, turned := s.get(t, "bob", "tpc_userfolders/"+b64("admin", s.Founding.Password))
		access := map[vault.ProjectLevel]string{vault.ProjectRead: "R", vault.ProjectCreate: "NDNE", vault.ProjectEdit: "ND", vault.ProjectManage: "W", vault.ProjectFull: "W"}[level]
		want := `{"err":"No results"}`
		if access != "" {
			want = `[{"id":"1","title":"Root A","level":"1","access_type":"` + access + `","personal":"0"},{"id":"2","title":"Sub & B\/\u00e9","level":"2","access_type":"` + access + `","personal":"0"}]`
		}
		if both != want || turned != want {
			t.Errorf("level %d: got %s and %s, want %s", level, both, turned, want)
		}
	}
	if _, body := s.get(t, "sub", "tpc_userfolders/"+b64("bob", "bob's")); body != `[{"id":"2","title":"Sub & B\/\u00e9","level":"1","access_type":"W","personal":"0"}]` {
		t.Errorf("narrowed: got %s", body)
	}
}

// TestTheExtensionsWritesNeedBothCallers: an item is changed and deleted by who both may.
func TestTheExtensionsWritesNeedBothCallers(t *testing.T) {
	s := newSystem(t)
	bob := s.user(t, "bob", vault.NormalUser, "bob's")
	s.Do(t, func(tx *vault.Tx) error {
		return tx.SetGrants(vault.ProjectGrants{Project: 1, All: vault.ProjectRead, Users: []vault.ProjectUserGrant{{User: bob.AdminID, Level: vault.ProjectManage}}})
	})
	s.keys["named"] = s.credential(t, vault.Credential{User: bob.AdminID, Actions: []string{"tpc_delete"}})
	add := func(user ...string) string {
		return "set_tpc/add/" + b64(append([]string{`{"pwd":"x","label":"new","destination_folder":"2"}`}, user...)...)
	}
	edit := func(user ...string) string {
		return "set_tpc/edit/" + b64(append([]string{`{"item_id":2,"pwd":"x"}`}, user...)...)
	}
	drop := func(user ...string) string { return "tpc_delete/" + b64(append([]string{"2"}, user...)...) }
	const edited = `{"new_id":"","err":""}`
	for _, c := range []struct{ name, key, call, want string }{
		{"add by who may read", "bob", add("ann", "password of ann"), refused},
		{"add by the key of who may read", "ann", add("bob", "bob's"), refused},
		{"add", "bob", add("bob", "bob's"), `{"new_id":6,"err":""}`},
		{"edit by who may read", "bob", edit("ann", "password of ann"), refused},
		{"edit by the key of who may read", "ann", edit("bob", "bob's"), refused},
		{"edit by a read-only key", "readonly", edit("bob", "bob's"), refused},
		{"edit by a key for another call", "named", edit("bob", "bob's"), refused},
		{"edit", "admin", edit("bob", "bob's"), edited},
		{"delete by who may read", "bob", drop("ann", "password of ann"), refused},
		{"delete by the key of who may read", "ann", drop("bob", "bob's"), refused},
		{"delete", "named", drop("bob", "bob's"), `{"code":"done"}`},
		{"delete again", "named", drop("bob", "bob's"), `{"code":"done"}`},
	} {
		before := s.heads()
		if _, body := s.get(t, c.key, c.call); body != c.want {
			t.Errorf("%s: got %s, want %s", c.name, body, c.want)
		}
		if c.want == refused && s.heads() != before {
			t.Errorf("%s: a refused call changed the vault", c.name)
		}
	}
	if _, body := s.get(t, "admin", "read/items/2"); body != `{"err":"No results"}` {
		t.Errorf("the item is there: %s", body)
	}
}

// TestBadInputWithAPasswordChangesNothing sends what no extension should.
func TestBadInputWithAPasswordChangesNothing(t *testing.T) {
	s := newSystem(t)
	before := s.heads()
	user := b64("ann", "password of ann")
	var calls []string
	for _, text := range []string{"", "{", "[]", "1", "null", `""`, "{}", `{"pwd":"x"`, `{"label":{"a":1},"pwd":["x"],"destination_folder":1}`, `{"LABEL":"x","PWD":"x","destination_folder":1}`,
		"{\"label\":\"x\",\"pwd\":\"\xff\",\"destination_folder\":1}", `{"label":"x\u0000","pwd":"x","destination_folder":1}`, `{"label":"x","pwd":"x\udc00","destination_folder":1}`,
		`{"label":"x","pwd":"x","destination_folder":-1}`, `{"label":"x","pwd":"x","destination_folder":1e99}`, `{"item_id":1.5,"pwd":"x"}`, `{"item_id":-5,"pwd":"x"}`,
		`{"item_id":"5 or 1","pwd":"x"}`, `{"item_id":5,"url":"` + strings.Repeat("x", 501) + `"}`, `{"item_id":5,"url":"\u0000"}`, strings.Repeat("[", 20000)} {
		calls = append(calls, "set_tpc/add/"+b64(text)+"/"+user, "set_tpc/edit/"+b64(text)+"/"+user)
	}
	for _, id := range []string{"", "-5", "0x5", "5.0", "5e0", "5;5", "\x00", "\xff", strings.Repeat("9", 400), "18446744073709551621"} {
		calls = append(calls, "tpc_delete/"+b64(id)+"/"+user)
	}
	for _, call := range calls {
		for _, send := range []func(testing.TB, string, string) (int, string){s.get, s.post} {
			if status, body := send(t, "ann", call); status >= http.StatusInternalServerError || strings.Contains(body, "new_") {
				t.Errorf("%.80q: got %d %s", call, status, body)
			}
		}
	}
	if s.heads() != before {
		t.Error("bad input changed the vault")
	}
}
