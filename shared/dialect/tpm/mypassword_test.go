package tpm

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tresor/shared/auth"
	"tresor/shared/vault"
)

// The members of each representation, in the documented order (tpm 6.4).
const (
	myItemKeys     = "id name notes_snippet tags access_info username email has_password strength archived favorite num_files created_by created_on updated_by updated_on"
	myShowKeys     = "id name tags access_info username email password strength time_to_crack notes custom_field1 custom_field2 custom_field3 custom_field4 custom_field5 custom_field6 custom_field7 custom_field8 custom_field9 custom_field10 archived favorite num_files created_on created_by updated_on updated_by"
	myMetadataKeys = "id created_by created_on updated_by updated_on"
)

// my makes a call below the API's base as a user.
func (w *world) my(t testing.TB, user, method, path, body string, header ...string) (int, string) {
	t.Helper()
	out := w.ask(t, user, method, "/index.php/api/v6/"+path+".json", body, header...)
	return out.StatusCode, out.Body
}

// makeMine makes a personal password of nora's and returns its id.
func (w *world) makeMine(t testing.TB, body string) uint64 {
	t.Helper()
	status, text := w.my(t, "nora", "POST", "my_passwords", body)
	var made created
	if err := json.Unmarshal([]byte(text), &made); err != nil || status != http.StatusCreated {
		t.Fatalf("%s: got %d %s", body, status, text)
	}
	return made.ID
}

func TestMyPasswordKeys(t *testing.T) {
	w := newWorld(t)
	id := w.makeMine(t, `{"name":"Full"}`)
	if status, text := w.my(t, "nora", "PUT", fmt.Sprintf("my_passwords/%d/custom_fields", id), `{"custom_type1":"password","custom_type2":"date"}`); status != http.StatusNoContent {
		t.Fatalf("got %d %s", status, text)
	}
	show := fmt.Sprintf("my_passwords/%d", id)
	for _, c := range []struct {
		path, at, want string
		header         []string
	}{
		{"my_passwords", "0", myItemKeys, nil},
		{"my_passwords", "0 created_by", "id", nil},
		{"my_passwords", "0", myMetadataKeys, []string{"X-Metadata-Only", "true"}},
		{"my_passwords", "0", myItemKeys, []string{"X-Permissions", "true"}}, // nobody has any
		{"my_passwords/search/full", "0", myItemKeys, nil},
		{"my_passwords/search/full", "0", myMetadataKeys, []string{"X-Metadata-Only", "true"}},
		{"my_passwords/count", "", "num_items num_pages num_items_per_page", nil},
		{show, "", myShowKeys, nil},
		{show, "custom_field1", "type label data strength time_to_crack", nil},
		{show, "custom_field2", "type label data", nil},
		{show, "created_by", userKeys, nil},
		{show, "updated_by", userKeys, nil},
		{show, "", myMetadataKeys, []string{"X-Metadata-Only", "true"}},
		{show + "/files/count", "", "num_items num_pages num_items_per_page", nil},
	} {
		_, text := w.my(t, "nora", "GET", c.path, "", c.header...)
		if diff := cmp.Diff(strings.Fields(c.want), keys(t, text, strings.Fields(c.at))); diff != "" {
			t.Errorf("%s %s (-want +got):\n%s", c.path, c.at, diff)
		}
	}
}

func TestMyPasswordActions(t *testing.T) {
	const reads, writes = "archived favorite files list search show", "archive copy create custom_fields delete duplicate move unarchive update upload mark/add mark/delete"
	reveals := strings.Fields("copy custom_fields duplicate move show")
	seen := map[string]int{}
	for _, a := range Actions() {
		part, name, _ := strings.Cut(a.Name, "/")
		if part != "my_passwords" && part != "favorite_my_passwords" {
			continue
		}
		if part == "favorite_my_passwords" {
			name = "mark/" + name
		}
		seen[name]++
		if a.Writes != slices.Contains(strings.Fields(writes), name) || a.Reveals != slices.Contains(reveals, name) {
			t.Errorf("%+v: wrong properties", a)
		}
	}
	for _, name := range strings.Fields(reads + " " + writes) {
		if seen[name] != 1 {
			t.Errorf("%s is there %d times", name, seen[name])
		}
		delete(seen, name)
	}
	if len(seen) > 0 {
		t.Errorf("unknown: %v", seen)
	}
}

// ownCalls are all calls of the part about one personal password, and those about none.
func ownCalls(id uint64) (one, none [][2]string) {
	for _, r := range routes {
		if r.part != MyPasswords {
			continue
		}
		for method := range r.calls {
			path := strings.Replace(strings.Replace(r.path, "ID", fmt.Sprint(id), 1), "STR", "a", 1)
			if strings.Contains(r.path, "ID") {
				one = append(one, [2]string{method, path})
			} else {
				none = append(none, [2]string{method, path})
			}
			if r.list && method == http.MethodGet {
				none = append(none, [2]string{method, path + "/count"}, [2]string{method, path + "/page/2"})
			}
		}
	}
	return one, none
}

// anyBody is right for every call of the part.
const anyBody = `{"name":"x","project_id":3,"new_name":"x","custom_label1":"x","file_name":"x","file_data_base64":"eA=="}`

// TestMyPasswordsAreTheOwnersAlone tries every call as others, and as the owner of what is shared.
func TestMyPasswordsAreTheOwnersAlone(t *testing.T) {
	w := newWorld(t)
	before := w.heads()
	for _, c := range []struct {
		user string
		id   uint64
		want int
	}{{"admin", 7, 404}, {"pam", 7, 404}, {"admin", 1, 404}, {"nora", 1, 404}, {"nora", 99, 404}, {"rita", 7, 403}, {"rita", 99, 403}} {
		one, _ := ownCalls(c.id)
		if len(one) < 13 {
			t.Fatalf("only %d calls", len(one))
		}
		for _, call := range one {
			if status, text := w.my(t, c.user, call[0], call[1], anyBody); status != c.want || strings.Contains(text, "iary") {
				t.Errorf("%s: %v: got %d %s, want %d", c.user, call, status, text, c.want)
			}
		}
	}
	for _, user := range []string{"admin", "pam"} {
		for _, path := range []string{"my_passwords", "my_passwords/archived", "my_passwords/favorite", "my_passwords/search/Diary", "favorite_my_passwords"} {
			if status, text := w.my(t, user, "GET", path, ""); status != 200 || text != "[]\n" {
				t.Errorf("%s: %s: got %d %s", user, path, status, text)
			}
		}
	}
	for _, call := range []string{"GET", "PUT", "DELETE"} { // nor is a personal one a password
		for _, user := range []string{"nora", "admin"} {
			if status, text := w.my(t, user, call, "passwords/7", `{"name":"x"}`); status != 404 {
				t.Errorf("%s: %s passwords/7: got %d %s", user, call, status, text)
			}
		}
	}
	if _, text := w.my(t, "nora", "GET", "passwords/search/Diary/count", ""); !strings.Contains(text, `"num_items":0`) {
		t.Errorf("a personal password among the shared: %s", text)
	}
	if after := w.heads(); after != before {
		t.Errorf("heads %v became %v", before, after)
	}
	if status, text := w.my(t, "nora", "GET", "my_passwords/7", ""); status != 200 || !strings.Contains(text, "canary-diary") {
		t.Errorf("the owner: got %d %s", status, text)
	}
	if status, text := w.my(t, "nora", "GET", "my_passwords/all", ""); status != 404 {
		t.Errorf("my_passwords/all: got %d %s", status, text)
	}
}

// TestPersonalPasswordsOff switches them off in another process: every call says so from the next one on, whatever else is wrong with it.
func TestPersonalPasswordsOff(t *testing.T) {
	w := newWorld(t)
	if status, _ := w.my(t, "nora", "GET", "my_passwords/count", ""); status != 200 {
		t.Fatalf("on: got %d", status)
	}
	other := w.Another(t, w.Store)
	other.Do(t, func(tx *vault.Tx) error { return tx.SetSetting(SettingPersonal, "0") })
	before := w.heads()
	for _, id := range []uint64{7, 99} {
		one, none := ownCalls(id)
		for _, call := range append(one, none...) {
			for _, body := range []string{anyBody, "", "[]", `{"name":7,"project_id":-1,"custom_type1":"x"}`} {
				for _, user := range []string{"nora", "rita", "admin"} {
					status, text := w.my(t, user, call[0], call[1], body)
					if status != 403 || text != `{"error":true,"type":"Forbidden","message":"Personal passwords are disabled"}`+"\n" {
						t.Errorf("%s: %v %s: got %d %s", user, call, body, status, text)
					}
				}
			}
		}
	}
	if status, _ := w.my(t, "nora", "GET", "passwords", ""); status != 200 {
		t.Errorf("shared passwords: got %d", status)
	}
	after := w.heads()
	if before.Entries != after.Entries {
		t.Errorf("heads %v became %v", before, after)
	}
	other.Do(t, func(tx *vault.Tx) error { return tx.SetSetting(SettingPersonal, "1") })
	if status, text := w.my(t, "nora", "GET", "my_passwords/7", ""); status != 200 || !strings.Contains(text, "canary-diary") {
		t.Errorf("on again: got %d %s", status, text)
	}
}

// TestMyPasswordsOfNarrowedCredentials: a key for one project reaches none, one that may only read changes none.
func TestMyPasswordsOfNarrowedCredentials(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]vault.Credential{"project": {Projects: []vault.ProjectID{3}}, "read": {ReadOnly: true}, "action": {Actions: []string{"my_passwords/list"}}} {
		pair := auth.KeyPair{Public: auth.NewHexToken(), Private: auth.NewHexToken()}
		c.User, c.Dialect, c.TokenHash = 3, vault.TPM, auth.HashToken(pair.Public)
		w.as(t, "admin", func(tx *vault.Tx) error {
			_, err := tx.CreateCredential(c, auth.SealKey(w.Sealer, pair.Private))
			return err
		})
		w.users[name] = &auth.Founding{TPM: pair}
	}
	for _, c := range []struct {
		who, method, path string
		want              int
		in                string
	}{
		{"project", "GET", "my_passwords", 200, "[]"}, {"project", "GET", "my_passwords/7", 404, ""}, {"project", "DELETE", "my_passwords/7", 404, ""}, {"project", "POST", "my_passwords", 403, ""},
		{"read", "GET", "my_passwords/7", 200, "canary-diary"}, {"read", "DELETE", "my_passwords/7", 403, ""}, {"read", "POST", "my_passwords", 403, ""}, {"read", "POST", "favorite_my_passwords/7", 403, ""},
		{"action", "GET", "my_passwords", 200, "Diary"}, {"action", "GET", "my_passwords/7", 403, ""}, {"action", "POST", "my_passwords/7/copy", 403, ""},
	} {
		h := http.Header{}
		w.sign(h, c.who, "api/v6/"+c.path+".json", anyBody)
		out := w.send(t, request{method: c.method, path: "/index.php/api/v6/" + c.path + ".json", header: h, body: anyBody})
		if out.StatusCode != c.want || !strings.Contains(out.Body, c.in) {
			t.Errorf("%s %s %s: got %d %s, want %d %s", c.who, c.method, c.path, out.StatusCode, out.Body, c.want, c.in)
		}
	}
}
