package tpm

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"tresor/shared/auth"
	"tresor/shared/gateway"
	"tresor/shared/vault"
)

// signed returns a call that a user signed, as one who records it could send it again and again.
func (w *world) signed(user, method, path, body string) request {
	h := http.Header{}
	w.sign(h, user, path, body)
	return request{method: method, path: "/index.php/" + path, header: h, body: body}
}

// wantStatus sends a recorded call.
func (w *world) wantStatus(t *testing.T, what string, req request, want int) {
	t.Helper()
	if out := w.send(t, req); out.StatusCode != want {
		t.Errorf("%s: got %d %s, want %d", what, out.StatusCode, out.Body, want)
	}
}

// named returns how many passwords have a name.
func (w *world) named(t *testing.T, name string) (n int) {
	t.Helper()
	w.view(t, "admin", func(r *vault.Reader) error {
		list, _ := r.Entries(vault.ByClient, func(*vault.Row) bool { return true }, 0, 1000)
		n = 0
		for _, row := range list {
			if row.Name == name {
				n++
			}
		}
		return nil
	})
	return n
}

// secretIs reports whether a password is the one that is wanted, as its owner sees it.
func (w *world) secretIs(t *testing.T, path, want string) bool {
	t.Helper()
	out := w.ask(t, "admin", "GET", "/index.php/"+path, "")
	return strings.Contains(out.Body, `"password":"`+want+`"`)
}

func TestASignedCreateCountsOnce(t *testing.T) {
	w := newWorld(t)
	req := w.signed("admin", "POST", "api/v6/passwords.json", `{"name":"Once","project_id":4}`)
	w.wantStatus(t, "first", req, http.StatusCreated)
	w.wantStatus(t, "again", req, http.StatusUnauthorized)
	again := req
	again.header = req.header.Clone()
	again.header.Set("X-Request-Hash", strings.ToUpper(req.header.Get("X-Request-Hash")))
	w.wantStatus(t, "again, in upper case", again, http.StatusUnauthorized)
	again.path = "/tpm/index.php/api/v6/passwords.json"
	w.wantStatus(t, "again, under another base path", again, http.StatusUnauthorized)
	w.Clock.Add(300 * time.Second)
	w.wantStatus(t, "at the end of the window", req, http.StatusUnauthorized)
	if n := w.named(t, "Once"); n != 1 {
		t.Errorf("got %d passwords, want 1", n)
	}
	w.wantStatus(t, "the same signed anew", w.signed("admin", "POST", "api/v6/passwords.json", `{"name":"Once","project_id":4}`), http.StatusCreated)
}

func TestARecordedChangeBringsNoOldSecretBack(t *testing.T) {
	w := newWorld(t)
	const path = "api/v6/passwords/5.json"
	old := w.signed("admin", "PUT", path, `{"password":"the old one"}`)
	w.wantStatus(t, "the old one", old, http.StatusNoContent)
	w.wantStatus(t, "the new one", w.signed("admin", "PUT", path, `{"password":"the new one"}`), http.StatusNoContent)
	w.wantStatus(t, "the old one again", old, http.StatusUnauthorized)
	if !w.secretIs(t, path, "the new one") {
		t.Error("the old password is back")
	}
}

// TestWhatHasNoBodyMayBeRepeated: a read, and a write that says nothing but what it is, within the same second and signed alike.
func TestWhatHasNoBodyMayBeRepeated(t *testing.T) {
	w := newWorld(t)
	read := w.signed("admin", "GET", "api/v6/passwords/5.json", "")
	remove := w.signed("admin", "DELETE", "api/v6/passwords/5.json", "")
	for range 3 {
		w.wantStatus(t, "read", read, http.StatusOK)
	}
	w.wantStatus(t, "delete", remove, http.StatusNoContent)
	for range 2 {
		w.wantStatus(t, "delete again", remove, http.StatusNotFound) // carried out, and there is nothing left to delete
	}
	bodied := w.signed("admin", "GET", "api/v6/passwords/6.json", "{}") // a body makes no write of a read
	w.wantStatus(t, "read with a body", bodied, http.StatusOK)
	w.wantStatus(t, "read with a body, again", bodied, http.StatusOK)
}

func TestBasicMayBeRepeated(t *testing.T) {
	w := newWorld(t)
	for range 2 {
		if out := w.ask(t, "admin", "POST", "/index.php/api/v6/passwords.json", `{"name":"Twice","project_id":4}`); out.StatusCode != http.StatusCreated {
			t.Errorf("got %d %s", out.StatusCode, out.Body)
		}
	}
	if n := w.named(t, "Twice"); n != 2 {
		t.Errorf("got %d passwords, want 2", n)
	}
}

// TestARefusedRequestMayBeSentAgain: it left no mark, and works when what was in its way is gone.
func TestARefusedRequestMayBeSentAgain(t *testing.T) {
	w := newWorld(t)
	taken := w.signed("admin", "POST", "api/v6/projects.json", `{"name":"Site","parent_id":2}`)
	missing := w.signed("admin", "POST", "api/v6/passwords.json", `{"name":"Early","project_id":6}`)
	malformed := w.signed("admin", "POST", "api/v6/passwords.json", `{"name":"Early"}`)
	for range 2 {
		w.wantStatus(t, "a taken name", taken, http.StatusConflict)
		w.wantStatus(t, "a missing project", missing, http.StatusNotFound)
		w.wantStatus(t, "malformed", malformed, http.StatusBadRequest)
	}
	w.as(t, "admin", func(tx *vault.Tx) error {
		return tx.EditProject(3, func(p *vault.Project) { p.Name = "Another" })
	})
	w.wantStatus(t, "a name that is free now", taken, http.StatusCreated) // this is project 6
	w.wantStatus(t, "a project that is there now", missing, http.StatusCreated)
	w.wantStatus(t, "again", missing, http.StatusUnauthorized)
}

// TestTheSameRequestInTwoProcessesAtOnce: exactly one creates.
func TestTheSameRequestInTwoProcessesAtOnce(t *testing.T) {
	w := newWorld(t)
	other := *w
	other.System = w.Another(t, w.Store)
	other.Clock.Add(w.Clock.Now().Sub(other.Clock.Now()))
	other.gateway = gateway.New(NewHandler(Services{Vault: other.Vault, Auth: other.Auth}), gateway.Options{Function: "test", Fail: Fail})
	for range 10 {
		w.Clock.Add(time.Second)
		other.Clock.Add(time.Second)
		req := w.signed("admin", "POST", "api/v6/passwords.json", `{"name":"Race","project_id":4}`)
		got := map[int]int{}
		var mu sync.Mutex
		var wg sync.WaitGroup
		for _, process := range []*world{w, &other, w, &other} {
			wg.Go(func() {
				out := process.send(t, req)
				mu.Lock()
				defer mu.Unlock()
				got[out.StatusCode]++
			})
		}
		wg.Wait()
		if got[http.StatusCreated] != 1 || got[http.StatusUnauthorized] != 3 {
			t.Errorf("got %v, want 201 once and 401 three times", got)
		}
	}
	if n := w.named(t, "Race"); n != 10 {
		t.Errorf("got %d passwords, want 10", n)
	}
}

// TestTheWindowIsASetting: it holds from the next request on, also in a process whose replica does not know of it.
func TestTheWindowIsASetting(t *testing.T) {
	w := newWorld(t)
	other := w.Another(t, w.Store)
	set := func(value string) {
		other.Do(t, func(tx *vault.Tx) error { return tx.SetSetting(auth.WindowSetting, value) })
	}
	create := w.signed("admin", "POST", "api/v6/passwords.json", `{"name":"Late","project_id":4}`)
	read := w.signed("admin", "GET", "api/v6/passwords/5.json", "")
	remove := w.signed("admin", "DELETE", "api/v6/passwords/5.json", "")
	w.Clock.Add(50 * time.Second)
	set("49")
	for name, req := range map[string]request{"create": create, "read": read, "delete": remove} {
		w.wantStatus(t, name+" in a narrow window", req, http.StatusUnauthorized)
	}
	w.Clock.Add(3550 * time.Second)
	w.wantStatus(t, "read an hour later", read, http.StatusUnauthorized)
	set("3600")
	w.wantStatus(t, "create in a wide window", create, http.StatusCreated)
	w.wantStatus(t, "read in a wide window", read, http.StatusOK)
	w.wantStatus(t, "delete, which has no body", remove, http.StatusUnauthorized)
	w.wantStatus(t, "create again", create, http.StatusUnauthorized)
	w.Clock.Add(time.Second)
	w.wantStatus(t, "read beyond the widest window", read, http.StatusUnauthorized)
}

// TestAWindowThatIsEnlargedForgivesNothing: what was used in a narrow window stays used.
func TestAWindowThatIsEnlargedForgivesNothing(t *testing.T) {
	w := newWorld(t)
	req := w.signed("admin", "POST", "api/v6/passwords.json", `{"name":"Once","project_id":4}`)
	w.wantStatus(t, "first", req, http.StatusCreated)
	w.Clock.Add(3600 * time.Second)
	w.as(t, "admin", func(tx *vault.Tx) error { return tx.SetSetting(auth.WindowSetting, "3600") })
	w.wantStatus(t, "again", req, http.StatusUnauthorized)
	if n := w.named(t, "Once"); n != 1 {
		t.Errorf("got %d passwords, want 1", n)
	}
}

// TestWhatHasNoBodyRepeats: scripts lock, unlock and lock again within a second, and sign the same bytes each time.
func TestWhatHasNoBodyRepeats(t *testing.T) {
	w := newWorld(t)
	lock, unlock := w.signed("admin", "PUT", "api/v6/passwords/1/lock.json", ""), w.signed("admin", "PUT", "api/v6/passwords/1/unlock.json", "")
	unlock.header.Set("X-Unlock-Reason", "because")
	for round := range 3 {
		w.wantStatus(t, "lock", lock, http.StatusNoContent)
		if out := w.ask(t, "admin", "PUT", "/index.php/api/v6/passwords/1.json", `{"name":"x"}`); out.StatusCode != http.StatusForbidden {
			t.Errorf("round %d: it is not locked: %d", round, out.StatusCode)
		}
		w.wantStatus(t, "unlock", unlock, http.StatusNoContent)
	}
}
