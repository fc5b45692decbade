package main

import (
	"net/http"
	"testing"
)

// entry is what all three dialects say of one.
type entry struct{ name, login, password string }

// dialect is one API's way to make, change, read and delete an entry.
type dialect struct {
	name   string
	create func(t *testing.T, c *caller, project string, e entry) (id string)
	update func(t *testing.T, c *caller, project, id string, e entry)
	read   func(t *testing.T, c *caller, id string) entry
	remove func(t *testing.T, c *caller, id string)
	gone   func(t *testing.T, c *caller, id string) bool
}

var dialects = []dialect{
	{
		name: "sysPass",
		create: func(t *testing.T, c *caller, project string, e entry) string {
			return text(c.sysPassResult(t, "account/create", object{"name": e.name, "login": e.login, "pass": e.password, "categoryId": 1, "clientId": project}), "itemId")
		},
		update: func(t *testing.T, c *caller, project, id string, e entry) {
			c.sysPassResult(t, "account/edit", object{"id": id, "name": e.name, "login": e.login, "categoryId": 1, "clientId": project})
			c.sysPassResult(t, "account/editPass", object{"id": id, "pass": e.password})
		},
		read: func(t *testing.T, c *caller, id string) entry {
			shown, _ := c.sysPassResult(t, "account/view", object{"id": id})["result"].(object)
			secret, _ := c.sysPassResult(t, "account/viewPass", object{"id": id})["result"].(object)
			return entry{text(shown, "name"), text(shown, "login"), text(secret, "password")}
		},
		remove: func(t *testing.T, c *caller, id string) { c.sysPassResult(t, "account/delete", object{"id": id}) },
		gone: func(t *testing.T, c *caller, id string) bool {
			_, failed := c.sysPass(t, "account/viewPass", object{"id": id})["error"]
			return failed
		},
	},
	{
		name: "TeamPass",
		create: func(t *testing.T, c *caller, project string, e entry) string {
			status, out := c.teamPass(t, "add/item/", e.name, e.password, "", project, e.login, "", "", "", "1")
			return text(must(t, http.StatusOK, status, out), "new_item_id")
		},
		update: func(t *testing.T, c *caller, project, id string, e entry) {
			status, out := c.teamPass(t, "update/item/"+id+"/", e.name, e.password, "", project, e.login, "", "", "", "1")
			if got := must(t, http.StatusOK, status, out); got["status"] != "item updated" {
				t.Fatalf("got %v", got)
			}
		},
		read: func(t *testing.T, c *caller, id string) entry {
			status, out := c.teamPass(t, "read/items/"+id)
			list, _ := out.([]any)
			if status != http.StatusOK || len(list) != 1 {
				t.Fatalf("read/items: %d %v", status, out)
			}
			item, _ := list[0].(object)
			return entry{text(item, "label"), text(item, "login"), text(item, "pw")}
		},
		remove: func(t *testing.T, c *caller, id string) {
			status, out := c.teamPass(t, "delete/item/"+id)
			if got := must(t, http.StatusOK, status, out); got["status"] != "OK" {
				t.Fatalf("got %v", got)
			}
		},
		gone: func(t *testing.T, c *caller, id string) bool {
			_, out := c.teamPass(t, "read/items/"+id)
			o, _ := out.(object)
			return o["err"] != nil
		},
	},
	{
		name: "TPM",
		create: func(t *testing.T, c *caller, project string, e entry) string {
			status, out := c.tpm(t, http.MethodPost, "passwords", object{"name": e.name, "username": e.login, "password": e.password, "project_id": project})
			return text(must(t, http.StatusCreated, status, out), "id")
		},
		update: func(t *testing.T, c *caller, _, id string, e entry) {
			status, out := c.signed(t, http.MethodPut, "passwords/"+id, object{"name": e.name, "username": e.login, "password": e.password})
			must(t, http.StatusNoContent, status, out)
		},
		read: func(t *testing.T, c *caller, id string) entry {
			status, out := c.signed(t, http.MethodGet, "passwords/"+id, nil)
			shown := must(t, http.StatusOK, status, out)
			return entry{text(shown, "name"), text(shown, "username"), text(shown, "password")}
		},
		remove: func(t *testing.T, c *caller, id string) {
			status, out := c.tpm(t, http.MethodDelete, "passwords/"+id, nil)
			must(t, http.StatusNoContent, status, out)
		},
		gone: func(t *testing.T, c *caller, id string) bool {
			status, _ := c.tpm(t, http.MethodGet, "passwords/"+id, nil)
			return status == http.StatusNotFound
		},
	},
}

// testLifeCycle: what one dialect creates, all read; a second updates it, and all read that; what a third deletes is gone in all.
func (s *stage) testLifeCycle(t *testing.T) {
	c := s.caller()
	status, out := c.tpm(t, http.MethodPost, "projects", object{"name": "Life cycle", "parent_id": 0})
	project := text(must(t, http.StatusCreated, status, out), "id")
	for i := range dialects {
		first, second, third := dialects[i], dialects[(i+1)%len(dialects)], dialects[(i+2)%len(dialects)]
		t.Run(first.name, func(t *testing.T) {
			t.Parallel()
			e := entry{"Made by " + first.name, "root", `awkward "<b>';&é ` + first.name}
			id := first.create(t, c, project, e)
			everywhere(t, c, first, id, e)
			e = entry{"Changed by " + second.name, "admin", "changed ?>+/" + second.name}
			second.update(t, c, project, id, e)
			everywhere(t, c, second, id, e)
			third.remove(t, c, id)
			for _, reader := range dialects {
				if !reader.gone(t, c, id) {
					t.Errorf("%s deleted it, and %s still has it", third.name, reader.name)
				}
			}
		})
	}
}

// everywhere reads an entry in all dialects.
func everywhere(t *testing.T, c *caller, by dialect, id string, want entry) {
	t.Helper()
	for _, reader := range dialects {
		if got := reader.read(t, c, id); got != want {
			t.Errorf("%s wrote %+v, %s reads %+v", by.name, want, reader.name, got)
		}
	}
}

// testWrongCredentials: each dialect refuses in its own form, whatever is wrong, and a path that is none of the API's reaches no function.
func (s *stage) testWrongCredentials(t *testing.T) {
	wrong := s.caller()
	wrong.admin.SysPass.AuthToken += "x"
	wrong.admin.APIKey += "x"
	wrong.admin.Password += "x"
	wrong.admin.TPM.Private += "x"
	failure, _ := wrong.sysPass(t, "account/viewPass", object{"id": 1})["error"].(object)
	if text(failure, "code") != "-32603" {
		t.Errorf("sysPass: got %v", failure)
	}
	badPass := s.caller()
	badPass.admin.SysPass.TokenPass += "x"
	if answer := badPass.sysPass(t, "account/viewPass", object{"id": 1}); answer["error"] == nil {
		t.Errorf("sysPass, a wrong tokenPass: got %v", answer)
	}
	status, out := wrong.teamPass(t, "read/items/1")
	if got := must(t, http.StatusMethodNotAllowed, status, out); got["code"] != "API_KEY_NOT_FOUND" {
		t.Errorf("TeamPass: got %v", got)
	}
	for way, call := range map[string]func(*testing.T, string, string, any) (int, any){"password": wrong.tpm, "signature": wrong.signed} {
		status, out := call(t, http.MethodGet, "passwords", nil)
		if got := must(t, http.StatusUnauthorized, status, out); got["error"] != true || got["type"] != "Unauthorized" {
			t.Errorf("TPM, a wrong %s: got %v", way, got)
		}
	}
	if status, _ := send(t, http.MethodGet, s.API.URL+"/nothing/here", http.Header{}, nil); status != http.StatusForbidden {
		t.Errorf("no route: got %d", status)
	}
}
