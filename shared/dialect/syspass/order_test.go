package syspass

import (
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"tresor/shared/auth"
	"tresor/shared/gateway"
	"tresor/shared/vault"
)

// TestDuplicatesComeBeforeLengths: the original looks for a duplicate before its INSERT or UPDATE can fail (syspass 3.12), in all four registries alike.
func TestDuplicatesComeBeforeLengths(t *testing.T) {
	w := newWorld(t)
	w.must(t, w.admin, "category/create", `"name":"Web"`)
	dashes, long := strings.Repeat("-", 120), strings.Repeat("x", 300)
	for _, test := range []struct{ method, params, message string }{
		{"category/create", `"name":"Default` + dashes + `"`, "Duplicated category"},
		{"category/create", `"name":"dèfault","description":"` + long + `"`, "Duplicated category"},
		{"category/edit", `"id":2,"name":"Default` + dashes + `"`, "Duplicated category name"},
		{"category/edit", `"id":99,"name":"Default` + dashes + `"`, "Duplicated category name"},
		{"client/create", `"name":"hooli` + dashes + `"`, "Duplicated client"},
		{"client/edit", `"id":1,"name":"hooli` + dashes + `"`, "Duplicated client"},
		{"client/edit", `"id":1,"name":"hooli","description":"` + long + `"`, "Duplicated client"},
		{"tag/create", `"name":"linux` + dashes + `"`, "Duplicated tag"},
		{"tag/edit", `"id":2,"name":"linux` + dashes + `"`, "Duplicated tag"},
		{"userGroup/create", `"name":"ops","description":"` + long + `"`, "Duplicated group name"},
	} {
		w.refused(t, w.call(t, w.admin, test.method, test.params), http.StatusOK, 0, test.message)
	}
	for _, test := range []struct{ method, params, column string }{
		{"category/create", `"name":"` + long + `"`, "name"}, {"category/edit", `"id":2,"name":"y","description":"` + long + `"`, "description"},
		{"client/create", `"name":"y","description":"` + long + `"`, "description"}, {"client/edit", `"id":1,"name":"` + long + `"`, "name"},
		{"tag/create", `"name":"` + long + `"`, "name"}, {"tag/edit", `"id":1,"name":"` + long + `"`, "name"},
		{"userGroup/create", `"name":"` + long + `"`, "name"}, {"userGroup/edit", `"id":1,"name":"y","description":"` + long + `"`, "description"},
	} {
		a := w.call(t, w.admin, test.method, test.params)
		w.refused(t, a, http.StatusOK, 0, "SQLSTATE[22001]: String data, right truncated: 1406 Data too long for column '"+test.column+"' at row 1")
	}
}

// TestRolesComeBeforeParameters: who may not call a method is told nothing of what is wrong with the call, nor whether an id is known.
func TestRolesComeBeforeParameters(t *testing.T) {
	w := newWorld(t)
	long := strings.Repeat("x", 600)
	var owned int64
	w.Do(t, func(tx *vault.Tx) error {
		id, err := tx.CreateEntry(vault.Entry{Name: "rob's", Project: initech, Manager: w.rob.AdminID}, vault.Payload{})
		owned = int64(id)
		return err
	})
	account := fmt.Sprintf(`"id":%d,"name":"x","clientId":1,"categoryId":1`, owned)
	for _, test := range []struct {
		who            auth.SysPassToken
		method, params string
	}{
		{w.rob.SysPass, "category/create", `"name":"` + long + `"`}, {w.rob.SysPass, "category/create", ``}, {w.rob.SysPass, "category/edit", `"id":99`},
		{w.rob.SysPass, "category/delete", `"id":222`}, {w.rob.SysPass, "category/delete", ``}, {w.rob.SysPass, "tag/create", ``}, {w.rob.SysPass, "tag/delete", `"id":99`},
		{w.dana.SysPass, "client/create", `"name":"` + long + `"`}, {w.dana.SysPass, "client/create", ``}, {w.dana.SysPass, "userGroup/create", `"name":"q","usersId":5`},
		{w.dana.SysPass, "userGroup/edit", `"id":1,"name":"q","usersId":5`}, {w.dana.SysPass, "userGroup/delete", `"id":333`},
		{w.rob.SysPass, "userGroup/search", `"count":-1`}, {w.rob.SysPass, "userGroup/view", `"id":99`},
		{w.rob.SysPass, "account/edit", account + `,"notes":"` + strings.Repeat(long, 200) + `"`}, {w.rob.SysPass, "account/edit", strings.Replace(account, `"clientId":1`, `"clientId":999`, 1)},
		{w.rob.SysPass, "account/edit", account + `,"tagsId":[1,1]`}, {w.rob.SysPass, "account/editPass", fmt.Sprintf(`$PASS,"id":%d,"pass":%q`, owned, long)},
		{w.rob.SysPass, "account/editPass", fmt.Sprintf(`$PASS,"id":%d,"pass":"p","expireDate":-1`, owned)}, {w.rob.SysPass, "account/delete", fmt.Sprintf(`"id":%d`, owned)},
		// A client that the caller may know by an account in it, and no more.
		{w.dana.SysPass, "account/create", `$PASS,"name":"x","clientId":2,"categoryId":1,"pass":"p"`},
	} {
		if test.method == "account/create" {
			w.Do(t, func(tx *vault.Tx) error {
				_, err := tx.CreateEntry(vault.Entry{Name: "dana's", Project: hooli, Manager: w.dana.AdminID}, vault.Payload{})
				return err
			})
		}
		w.refused(t, w.call(t, test.who, test.method, test.params), http.StatusOK, -32603, "Internal error")
	}
}

func TestATagNeedsAName(t *testing.T) {
	w := newWorld(t)
	w.must(t, w.admin, "tag/create", `"name":"-_"`) // its hash is that of no name
	for _, test := range []struct{ method, params string }{
		{"tag/create", `"name":""`}, {"tag/create", `"name":null`}, {"tag/create", `"name":"<b>"`}, {"tag/create", `"name":"\u0301"`},
		{"tag/edit", `"id":1,"name":""`}, {"tag/edit", `"id":999,"name":""`}, {"tag/edit", `"id":-1,"name":null`},
	} {
		w.refused(t, w.call(t, w.admin, test.method, test.params), http.StatusOK, -32602, "Wrong parameters")
	}
}

// TestLongNamesCostOnce sends what once held up all writers for half a minute: a name of megabytes, compared with that of every category, and a list of
// very many ids. What is allocated tells how often they were gone through.
func TestLongNamesCostOnce(t *testing.T) {
	w := newWorld(t)
	const others = 300
	w.Do(t, func(tx *vault.Tx) error {
		for i := range others {
			if _, err := tx.CreateCategory(vault.Category{Name: fmt.Sprint("category ", i)}); err != nil {
				return err
			}
			if _, err := tx.CreateGroup(vault.Group{Name: fmt.Sprint("group ", i)}); err != nil {
				return err
			}
			if _, err := tx.CreateProject(vault.Project{Name: fmt.Sprint("client ", i), Manager: 1}); err != nil {
				return err
			}
		}
		return nil
	})
	long := strings.Repeat("É-", 200_000)
	for _, test := range []struct{ method, params string }{
		{"category/create", `"name":"` + long + `"`}, {"category/edit", `"id":2,"name":"` + long + `"`}, {"client/create", `"name":"` + long + `"`},
		{"client/edit", `"id":1,"name":"` + long + `"`}, {"client/edit", `"id":9999,"name":"` + long + `"`}, {"userGroup/create", `"name":"` + long + `"`},
		{"userGroup/edit", `"id":1,"name":"` + long + `"`}, {"tag/edit", `"id":1,"name":"` + long + `"`},
	} {
		if got := allocated(func() { w.call(t, w.admin, test.method, test.params) }); got > 100*len(long) {
			t.Errorf("%s allocates %d MB for a name of %d KB", test.method, got>>20, len(long)>>10)
		}
	}
	ids := strings.TrimPrefix(strings.Repeat(",1", 300_000), ",")
	for i := range 3 {
		w.refused(t, w.call(t, w.admin, "userGroup/edit", `"id":1,"name":"Ops","usersId":[`+ids+`]`), http.StatusOK, 23000, "Integrity constraint")
		ids = strings.Replace(ids, ",1,", fmt.Sprintf(",%d,", i+1000), 1)
	}
}

// allocated returns the bytes that do allocates.
func allocated(do func()) int {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return int(after.TotalAlloc - before.TotalAlloc)
}

func TestABodyThatDoesNotComeThrough(t *testing.T) {
	w := newWorld(t)
	w.gate = gateway.New(NewHandler(w.Vault, w.Auth, w.shelf), gateway.Options{})
	status, body := w.post(t, strings.Repeat(" ", gateway.DefaultMaxBody+1))
	if want := `{"jsonrpc":"2.0","error":{"message":"Invalid data","code":-32700,"data":"The body is larger than 6 MB"},"id":0}`; status != http.StatusNotFound || body != want {
		t.Errorf("got %d %s", status, body)
	}
}
