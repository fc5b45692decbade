package tpm

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"tresor/shared/vault"
)

// fullMine makes a personal password with all that one can have, an encrypted field and a one time password among it.
func (w *world) fullMine(t testing.TB) uint64 {
	t.Helper()
	id := w.makeMine(t, `{"name":"Bank","tags":"money,home","access_info":"https://bank.example","username":"n.ora","email":"n@mail.example","password":"canary-bank","notes":"Savings","custom_data1":"plain"}`)
	path := fmt.Sprintf("my_passwords/%d", id)
	for _, c := range [][2]string{
		{path + "/custom_fields", `{"custom_label1":"Branch","custom_label2":"PIN","custom_type2":"Password","custom_type3":"otp"}`},
		{path, `{"custom_data2":"canary-pin","custom_data3":"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"}`},
	} {
		if status, text := w.my(t, "nora", "PUT", c[0], c[1]); status != http.StatusNoContent {
			t.Fatalf("%v: got %d %s", c, status, text)
		}
	}
	return id
}

// content is what a copy has of a password, shared or personal.
type content struct {
	Name     string       `json:"name"`
	Tags     string       `json:"tags"`
	Access   string       `json:"access_info"`
	Username string       `json:"username"`
	Email    string       `json:"email"`
	Password string       `json:"password"`
	Strength string       `json:"strength"`
	Notes    string       `json:"notes"`
	F1       *customField `json:"custom_field1"`
	F2       *customField `json:"custom_field2"`
	F3       *customField `json:"custom_field3"`
	F4       *customField `json:"custom_field4"`
}

func (w *world) content(t testing.TB, path string) (c content) {
	t.Helper()
	status, text := w.my(t, "nora", "GET", path, "")
	if err := json.Unmarshal([]byte(text), &c); err != nil || status != http.StatusOK {
		t.Fatalf("%s: got %d %s", path, status, text)
	}
	return c
}

// TestBadMyPasswords sends what is refused: 400, and nothing changes.
func TestBadMyPasswords(t *testing.T) {
	w := newWorld(t)
	id := w.fullMine(t)
	before := w.heads()
	mine := fmt.Sprintf("my_passwords/%d", id)
	long, huge := strings.Repeat("x", maxLine+1), strings.Repeat("x", maxNotes+1)
	writes := []string{"POST my_passwords", "PUT " + mine}
	for _, write := range writes {
		bodies := []string{"", "null", "[]", `"x"`, "{", "\xff", `{"name":""}`, `{"name":"  "}`, `{"name":null,"notes":["x"]}`, `{"name":"x","custom_data4":"` + strings.Repeat("x", maxShortField+1) + `"}`, `{"name":"x","notes":"\ud800"}`}
		for _, field := range []string{"name", "tags", "access_info", "username", "email", "password", "notes", "custom_data1", "custom_data10"} {
			for _, value := range []string{"[]", "{}", "true", `"` + huge + `"`} {
				bodies = append(bodies, fmt.Sprintf(`{"name":"x","%s":%s}`, field, value))
			}
			if field != "notes" && !strings.HasPrefix(field, "custom") {
				bodies = append(bodies, fmt.Sprintf(`{"name":"x","%s":"%s"}`, field, long))
			}
			if field != "password" {
				bodies = append(bodies, fmt.Sprintf(`{"name":"x","%s":"a\u0000b"}`, field))
			}
		}
		w.refuse(t, write, bodies...)
	}
	w.refuse(t, writes[0], `{}`, `{"name":null}`, `{"notes":"x"}`)
	w.refuse(t, writes[1], `{"custom_data3":"not base32!"}`, `{"custom_data3":"GEZDGNBV","custom_data2":7,"custom_data1":[]}`)
	for _, action := range []string{"PUT " + mine + "/move", "POST " + mine + "/copy"} {
		w.refuse(t, action, "", "null", "{}", `{"project_id":null}`, `{"project_id":0}`, `{"project_id":"0"}`, `{"project_id":-1}`, `{"project_id":"-3"}`, `{"project_id":3.5}`, `{"project_id":1e3}`, `{"project_id":true}`,
			`{"project_id":[3]}`, `{"project_id":""}`, `{"project_id":99999999999999999999}`, `{"project_id":9223372036854775808}`, `{"project_id":"`+long+`"}`)
	}
	w.refuse(t, "POST "+mine+"/duplicate", "", "null", "{}", `{"name":"x"}`, `{"new_name":null}`, `{"new_name":""}`, `{"new_name":" "}`, `{"new_name":[]}`, `{"new_name":"`+long+`"}`, `{"new_name":"a\u0000b"}`)
	w.refuse(t, "PUT "+mine+"/custom_fields", "", "null", "[]", `{"custom_type1":"colour"}`, `{"custom_type1":7}`, `{"custom_label1":[]}`, `{"custom_label1":"`+long+`"}`, `{"custom_label1":"a\u0000b"}`, `{"custom_type1":"date"}`, `{"custom_type2":"otp"}`)
	if after := w.heads(); after != before {
		t.Errorf("heads %v became %v", before, after)
	}
	if got := w.content(t, mine); got.Password != "canary-bank" || got.F2.Data != "canary-pin" || got.Tags != "home,money" {
		t.Errorf("became %+v", got)
	}
}

// refuse makes calls that must be answered with 400.
func (w *world) refuse(t *testing.T, call string, bodies ...string) {
	t.Helper()
	method, path, _ := strings.Cut(call, " ")
	for _, body := range bodies {
		if status, text := w.my(t, "nora", method, path, body); status != http.StatusBadRequest || !strings.Contains(text, `"message":"`) {
			t.Errorf("%s %.80s: got %d %s, want 400", call, body, status, text)
		}
	}
}

// TestIgnoredOfAMyPassword: what only shared ones have is like any unknown key, be it wrong; a personal one does not expire (tpm 6.4).
func TestIgnoredOfAMyPassword(t *testing.T) {
	w := newWorld(t)
	id := w.makeMine(t, `{"name":"x","expiry_date":"never","project_id":-5,"managed_by":1,"archived":true,"unknown":{}}`)
	if status, text := w.my(t, "nora", "PUT", fmt.Sprintf("my_passwords/%d", id), `{"expiry_date":"2030-01-01","project_id":3,"locked":true}`); status != 204 {
		t.Fatalf("got %d %s", status, text)
	}
	w.view(t, "nora", func(r *vault.Reader) error {
		e, _, err := r.Entry(vault.EntryID(id))
		if err == nil && (e.Expiry != 0 || e.Project != 0 || e.Owner != 3 || e.Manager != 3 || e.Archived || e.Lock != vault.Unlocked) {
			t.Errorf("got %+v", e)
		}
		return err
	})
}

// TestMarksOfMyPasswords: a mark may be set and taken off twice, by either path, and changes no time (tpm 6.3, 7.5).
func TestMarksOfMyPasswords(t *testing.T) {
	w := newWorld(t)
	_, before := w.my(t, "nora", "GET", "my_passwords/7", "", "X-Metadata-Only", "true")
	w.Clock.Add(secondsPerDay * 1e9)
	for _, c := range []struct {
		method, path string
		marked       bool
	}{
		{"POST", "favorite_my_passwords/7", true}, {"POST", "favorite_my_password/7", true}, {"DELETE", "favorite_my_password/7", false}, {"DELETE", "favorite_my_passwords/7", false},
	} {
		if status, text := w.my(t, "nora", c.method, c.path, ""); status != 204 || text != "" {
			t.Errorf("%s %s: got %d %s", c.method, c.path, status, text)
		}
		if _, text := w.my(t, "nora", "GET", "my_passwords/7", ""); !strings.Contains(text, fmt.Sprintf(`"favorite":%v`, c.marked)) {
			t.Errorf("%s %s: became %s", c.method, c.path, text)
		}
		if marked := len(w.ids(t, "favorite_my_passwords")) == 1; marked != c.marked {
			t.Errorf("%s %s: listed: %v", c.method, c.path, marked)
		}
	}
	if _, after := w.my(t, "nora", "GET", "my_passwords/7", "", "X-Metadata-Only", "true"); after != before {
		t.Errorf("%s became %s", before, after)
	}
}
