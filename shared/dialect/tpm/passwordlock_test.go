package tpm

import (
	"strings"
	"testing"
)

// closed are the calls that a lock closes, with what they answer given a reason, in an order in which each finds its password (tpm 6.3). ID stands for the password.
var closed = []struct {
	method, path, body string
	want               int
}{
	{"PUT", "passwords/ID", `{"notes":"x","password":"y"}`, 204},
	{"GET", "passwords/ID/security", "", 200},
	{"PUT", "passwords/ID/security", `{"users_permissions":[[3,20],[4,10]]}`, 204},
	{"PUT", "passwords/ID/custom_fields", `{"custom_label1":"x","custom_type1":"password"}`, 204},
	{"POST", "passwords/ID/copy", `{"project_id":4}`, 201},
	{"POST", "passwords/ID/duplicate", `{"new_name":"x"}`, 201},
	{"PUT", "passwords/ID/move", `{"project_id":4}`, 204},
	{"PUT", "passwords/ID/archive", "", 204},
	{"PUT", "passwords/ID/unarchive", "", 204},
	{"GET", "passwords/ID/files", "", 200},
	{"GET", "passwords/ID/files/count", "", 200},
	{"POST", "passwords/ID/upload", `{"file_data_base64":"eA==","file_name":"x"}`, 201},
	{"PUT", "passwords/ID/unlock", "", 204},
	{"DELETE", "passwords/ID", "", 204},
}

// open are those that it does not close.
var open = []string{"GET passwords/ID", "PUT passwords/ID/lock"}

func at(path, id string) string {
	return "/index.php/api/v6/" + strings.Replace(path, "ID", id, 1) + ".json"
}

// TestLocksCloseEverything calls all there is on a locked password without a reason, with a blank one, and with one.
func TestLocksCloseEverything(t *testing.T) {
	w := newWorld(t)
	const needsReason, needsPermission = "use the X-Unlock-Reason header", "needs permission to be unlocked"
	for _, c := range closed {
		what := c.method + " " + c.path
		for _, refused := range []struct {
			id, reason string
			want       int
			text       string
		}{
			{"2", "", 403, needsReason}, {"2", " \t ", 403, needsReason}, {"3", "", 403, needsReason}, {"3", "deploy", 409, needsPermission},
		} {
			before := w.heads()
			out := w.ask(t, "admin", c.method, at(c.path, refused.id), c.body, "X-Unlock-Reason", refused.reason)
			checkReply(t, what, out)
			if out.StatusCode != refused.want || !strings.Contains(out.Body, refused.text) {
				t.Errorf("%s of %s with reason %q: got %d %s, want %d", what, refused.id, refused.reason, out.StatusCode, out.Body, refused.want)
			}
			if w.heads() != before {
				t.Errorf("%s of %s with reason %q: the vault has changed", what, refused.id, refused.reason)
			}
		}
		if c.method == "DELETE" { // after unlock
			w.ask(t, "admin", "PUT", at("passwords/ID/lock", "2"), "")
		}
		out := w.ask(t, "admin", c.method, at(c.path, "2"), c.body, "X-Unlock-Reason", "deploy")
		checkReply(t, what, out)
		if out.StatusCode != c.want {
			t.Errorf("%s with a reason: got %d %s, want %d", what, out.StatusCode, out.Body, c.want)
		}
		if c.path == "passwords/ID/unlock" { // and so the rows below meet a lock again
			w.ask(t, "admin", "PUT", at("passwords/ID/lock", "2"), "")
		}
	}
}

// TestEveryCallKnowsOfLocks holds the tables above to the routes: a new call on one password must be in one of them.
func TestEveryCallKnowsOfLocks(t *testing.T) {
	known := map[string]bool{}
	for _, c := range closed {
		known[c.method+" "+c.path] = true
	}
	for _, c := range open {
		known[c] = true
	}
	calls := 0
	for _, r := range routes {
		if !strings.HasPrefix(r.path, "passwords/ID") {
			continue
		}
		for method := range r.calls {
			calls++
			if !known[method+" "+r.path] {
				t.Errorf("%s %s is in neither table", method, r.path)
			}
		}
	}
	if want := len(closed) + len(open) - 1; calls != want { // files/count is a way to call files
		t.Errorf("got %d calls, want %d", calls, want)
	}
}

// TestLockAndUnlock locks and unlocks as those may who edit, and is seen in the show.
func TestLockAndUnlock(t *testing.T) {
	w := newWorld(t)
	do := func(user, path string, want int, header ...string) {
		t.Helper()
		if out := w.ask(t, user, "PUT", "/index.php/api/v6/"+path+".json", "", header...); out.StatusCode != want {
			t.Errorf("%s %s: got %d %s, want %d", user, path, out.StatusCode, out.Body, want)
		}
	}
	shows := func(id string, want ...string) {
		t.Helper()
		out := w.ask(t, "admin", "GET", at("passwords/ID", id), "")
		for _, part := range want {
			if !strings.Contains(out.Body, part) {
				t.Errorf("passwords/%s: no %s in %s", id, part, out.Body)
			}
		}
	}
	do("admin", "passwords/6/lock", 204)
	shows("6", `"locked":true,"locking_type":1`)
	full := w.ask(t, "admin", "GET", at("passwords/ID", "6"), "", "X-Unlock-Reason", "x")
	if !strings.Contains(full.Body, `"locked":true,"locking_type":1,"locking_request_notify":1`) {
		t.Errorf("the unlock is for one call and the manager is told: got %s", full.Body)
	}
	before := w.heads()
	do("admin", "passwords/6/lock", 204) // again
	do("admin", "passwords/3/lock", 204) // by the other lock
	do("nora", "passwords/2/lock", 204)  // edits by the project
	do("rita", "passwords/2/lock", 403)  // may only read
	do("rita", "passwords/3/lock", 403)
	do("nora", "passwords/5/lock", 404)
	do("rita", "passwords/2/unlock", 403, "X-Unlock-Reason", "x")
	do("rita", "passwords/1/unlock", 403)
	do("admin", "passwords/1/unlock", 204) // it is not locked
	do("admin", "passwords/4/lock", 403)   // archived
	if w.heads() != before {
		t.Error("the vault has changed")
	}
	shows("3", `"locked":true,"locking_type":2`)
	do("nora", "passwords/2/unlock", 204, "X-Unlock-Reason", "x")
	shows("2", `"locked":false,"locking_type":0,"locking_request_notify":0`, `"updated_on":"2026-11-26 12:00:00"`)
}
