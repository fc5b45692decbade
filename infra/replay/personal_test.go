package replay_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"tresor"
	"tresor/infra/canary"
	"tresor/infra/localapi"
	"tresor/infra/template"
	"tresor/shared/auth"
	"tresor/shared/dialect"
	"tresor/shared/vault"
)

// noEntry is an id that no entry has, of as many digits as those that the test looks at.
const noEntry = 99

// What a personal entry has that nobody else may see.
var personalTexts = []string{"canary-name", "canary-login", "canary-notes", "canary-secret", "canary-folder"}

// ask sends a call through the function that the template gives it to.
func (w *world) ask(t *testing.T, router *localapi.Router, user *auth.Founding, method, target, body string) (int, string) {
	t.Helper()
	header := http.Header{"Content-Type": {"application/json"}}
	if strings.HasPrefix(target, "/index.php/") {
		header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(user.Username+":"+user.Password)))
	}
	ev, route, ok := router.Event(localapi.Request{Method: method, Target: target, Host: "vault.example.org", Header: header, Body: []byte(body), Source: "203.0.113.9", TLS: true, Stage: "prod", ID: "1", Time: w.Clock.Now()})
	if !ok {
		t.Fatalf("no route for %s %s", method, target)
	}
	out := w.send(t, dialect.FunctionName(route.Function), ev)
	return out.StatusCode, out.Body
}

// personalCalls are those that name an entry and need no more, of every API, with the caller's credentials where the API has them in the call. %d is the entry.
func personalCalls(u *auth.Founding) (calls [][3]string) {
	for _, method := range []string{"account/view", "account/viewPass"} {
		calls = append(calls, [3]string{"POST", "/api.php", fmt.Sprintf(`{"jsonrpc":"2.0","method":%q,"params":{"authToken":%q,"tokenPass":%q,"id":%%d},"id":1}`, method, u.SysPass.AuthToken, u.SysPass.TokenPass)})
	}
	for _, call := range []string{"read/items/%d", "delete/item/%d"} {
		calls = append(calls, [3]string{"GET", "/api/index.php/" + call + "?apikey=" + u.APIKey, ""})
	}
	for _, path := range []string{"passwords/%d", "my_passwords/%d", "my_passwords/%d/files", "my_passwords/%d/files/count"} {
		calls = append(calls, [3]string{"GET", "/index.php/api/v6/" + path + ".json", ""})
	}
	return calls
}

// personalLists are those that name none.
func personalLists(u *auth.Founding, folder vault.ProjectID) (lists [][3]string) {
	for _, text := range []string{"canary", ""} {
		lists = append(lists, [3]string{"POST", "/api.php", fmt.Sprintf(`{"jsonrpc":"2.0","method":"account/search","params":{"authToken":%q,"text":%q},"id":1}`, u.SysPass.AuthToken, text)})
	}
	for _, call := range []string{fmt.Sprintf("read/folder/%d", folder), fmt.Sprintf("read/folder_descendants/id/%d", folder), fmt.Sprintf("find/item/%d/canary", folder), fmt.Sprintf("find/items/%d/canary", folder), "find/folders/canary", "read/userpw/owner", "read/userpw/admin"} {
		lists = append(lists, [3]string{"GET", "/api/index.php/" + call + "?apikey=" + u.APIKey, ""})
	}
	for _, path := range []string{"passwords", "passwords/all", "passwords/search/canary", "my_passwords", "my_passwords/search/canary", "my_passwords/archived", "my_passwords/favorite", "favorite_my_passwords", "projects/all", "projects/search/canary"} {
		lists = append(lists, [3]string{"GET", "/index.php/api/v6/" + path + ".json", ""})
	}
	return lists
}

// keep makes an entry as TPM keeps a personal one, and one as TeamPass does, in a folder.
func (w *world) keep(t *testing.T, owner *auth.Founding) (ids [2]vault.EntryID, folder vault.ProjectID) {
	t.Helper()
	w.Do(t, func(tx *vault.Tx) (err error) {
		folder, err = tx.CreatePersonalRoot(owner.AdminID, "canary-folder")
		return err
	})
	req := vault.Request{Auth: auth.Token(owner.SysPass.AuthToken), Action: vault.Action{Dialect: vault.SysPass, Name: "test", Writes: true}}
	for i, e := range []vault.Entry{{Owner: owner.AdminID}, {Project: folder}} {
		e.Name, e.Username, e.Notes = "canary-name", "canary-login", "canary-notes"
		id, err := vault.Update(t.Context(), w.Vault, req, func(tx *vault.Tx) (vault.EntryID, error) {
			return tx.CreateEntry(e, vault.Payload{Password: vault.NewSecret("canary-secret")})
		})
		if err != nil || id >= noEntry {
			t.Fatal(id, err)
		}
		ids[i] = id
	}
	return ids, folder
}

// TestPersonalEntriesAreTheirOwnersInEveryAPI asks every API for what a user keeps for itself, as an Admin: the answer is that of an entry that does not
// exist, to the letter.
func TestPersonalEntriesAreTheirOwnersInEveryAPI(t *testing.T) {
	w := newWorld(t)
	owner := w.AddUser(t, "owner", vault.NormalUser)
	ids, folder := w.keep(t, owner)
	tmpl, err := template.Parse(tresor.Template)
	if err != nil {
		t.Fatal(err)
	}
	router, err := localapi.NewRouter(tmpl)
	if err != nil {
		t.Fatal(err)
	}
	canary.Written(t, func() {
		w.owns(t, router, owner, ids)
		for _, call := range personalCalls(w.Admin) {
			wantStatus, want := w.ask(t, router, w.Admin, call[0], about(call[1], noEntry), about(call[2], noEntry))
			for _, id := range ids {
				status, got := w.ask(t, router, w.Admin, call[0], about(call[1], id), about(call[2], id))
				if status != wantStatus || got != strings.ReplaceAll(want, fmt.Sprint(noEntry), fmt.Sprint(id)) {
					t.Errorf("%.60s %.60s: entry %d: got %d %s, want what no entry has: %d %s", call[1], call[2], id, status, got, wantStatus, want)
				}
			}
		}
		for _, call := range personalLists(w.Admin, folder) {
			_, got := w.ask(t, router, w.Admin, call[0], call[1], call[2])
			for _, text := range personalTexts {
				if strings.Contains(got, text) {
					t.Errorf("%.60s %.60s: shows %s: %s", call[1], call[2], text, got)
				}
			}
		}
		w.owns(t, router, owner, ids)
	})
}

// owns checks that the owner has its entries. TeamPass never shows the password of a personal item.
func (w *world) owns(t *testing.T, router *localapi.Router, owner *auth.Founding, ids [2]vault.EntryID) {
	t.Helper()
	for target, want := range map[string]string{
		about("/index.php/api/v6/my_passwords/%d.json", ids[0]): "canary-secret", about("/index.php/api/v6/my_passwords/%d.json", ids[1]): "canary-secret",
		about("/api/index.php/read/items/%d?apikey="+owner.APIKey, ids[1]): "canary-name",
	} {
		if status, text := w.ask(t, router, owner, "GET", target, ""); status != http.StatusOK || !strings.Contains(text, want) {
			t.Errorf("the owner: %.40s: got %d %s", target, status, text)
		}
	}
}

func about(text string, id vault.EntryID) string {
	return strings.ReplaceAll(text, "%d", fmt.Sprint(id))
}
