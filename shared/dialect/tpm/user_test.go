package tpm

import (
	"encoding/json"
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"tresor/shared/vault"
)

const usersAPI = "/index.php/api/v6/users"

// newUserBody is a create that is right, of a user that has the name for everything.
func newUserBody(name string) string {
	return fmt.Sprintf(`{"username":%[1]q,"email_address":"x@example.com","name":%[1]q,"role":"Normal user","password":"a password of %[1]s"}`, name)
}

// decodedAs reads the body of a reply.
func decodedAs[T any](t *testing.T, out events.APIGatewayProxyResponse) (v T) {
	t.Helper()
	if out.StatusCode != http.StatusOK {
		t.Fatalf("got %d %s, want 200", out.StatusCode, out.Body)
	}
	if err := json.Unmarshal([]byte(out.Body), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// names returns the names in a list, in its order.
func names(t *testing.T, out events.APIGatewayProxyResponse) []string {
	t.Helper()
	var list []string
	for _, u := range decodedAs[[]namedObject](t, out) {
		list = append(list, u.Name)
	}
	return list
}

// TestOneOfTwoCreatesWins makes a user of the same name twice at once, ten times.
func TestOneOfTwoCreatesWins(t *testing.T) {
	w := newWorld(t)
	other := w.Another(t, w.Store)
	second := NewHandler(Services{Vault: other.Vault, Auth: other.Auth})
	for i := range 10 {
		var codes [2]int
		var wg sync.WaitGroup
		wg.Go(func() {
			codes[0] = w.ask(t, "admin", "POST", usersAPI+".json", newUserBody(fmt.Sprint("Twin", i))).StatusCode
		})
		wg.Go(func() {
			codes[1] = through(t, w, second, "POST", usersAPI+".json", newUserBody(fmt.Sprint("tWIN", i)))
		})
		wg.Wait()
		slices.Sort(codes[:])
		if codes != [2]int{http.StatusCreated, http.StatusConflict} {
			t.Errorf("round %d: got %v, want 201 and 409", i, codes)
		}
	}
}

func TestPagesOfUsers(t *testing.T) {
	w := newWorld(t)
	want := []string{"admin", "dora", "nora", "pam", "rita"}
	for i := range 40 {
		name := fmt.Sprintf("User %02d", 39-i)
		w.AddUser(t, name, vault.NormalUser)
		want = append(want, fmt.Sprintf("User %02d", i))
	}
	for _, who := range []string{"admin", "nora"} { // the full form and the names
		var got []string
		for page := 1; page <= 5; page++ {
			out := w.ask(t, who, "GET", fmt.Sprintf("%s/page/%d.json", usersAPI, page), "", "X-Page-Size", "10")
			got = append(got, names(t, out)...)
			if last := page == 5; last == strings.Contains(link(out), fmt.Sprintf(`/users/page/%d.json>; rel="next"`, page+1)) {
				t.Errorf("%s, page %d: Link %q", who, page, link(out))
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", who, diff)
		}
		if n := decodedAs[countBody](t, w.ask(t, who, "GET", usersAPI+"/count.json", "", "X-Page-Size", "10")); n != (countBody{45, 5, 10}) {
			t.Errorf("%s: got %+v", who, n)
		}
		if n := decodedAs[countBody](t, w.ask(t, who, "GET", usersAPI+"/search/user+1/count.json", "", "X-Page-Size", "5")); n != (countBody{10, 2, 5}) {
			t.Errorf("%s, a search: got %+v", who, n)
		}
		if list := names(t, w.ask(t, who, "GET", usersAPI+"/page/6.json", "", "X-Page-Size", "10")); len(list) != 0 {
			t.Errorf("%s, beyond the last page: got %v", who, list)
		}
	}
}

// TestSearchForUsers writes searches as clients do (tpm 1.1), for names that are not ASCII.
func TestSearchForUsers(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"Jürgen Groß", "Łukasz Żak", "山田 太郎", "100% A+B"} {
		if out := w.ask(t, "admin", "POST", usersAPI+".json", newUserBody(name)); out.StatusCode != http.StatusCreated {
			t.Fatalf("%s: got %d %s", name, out.StatusCode, out.Body)
		}
	}
	for _, c := range []struct {
		search string
		want   []string
	}{
		{"j%C3%BCrgen", []string{"Jürgen Groß"}},
		{"JURGEN", []string{"Jürgen Groß"}},
		{"j%C3%BCrgen+gro%C3%9F", []string{"Jürgen Groß"}},
		{"j%C3%BCrgen%20GROSS", []string{"Jürgen Groß"}},
		{"%20lukasz+", []string{"Łukasz Żak"}},
		{"%E5%A4%AA%E9%83%8E", []string{"山田 太郎"}},
		{"a%2Bb", []string{"100% A+B"}},
		{"100%25", []string{"100% A+B"}},
		{"gro%C3%9F+j%C3%BCrgen", nil}, // one text
		{"%FF", nil},
		{"name:nora", nil}, // no operator
	} {
		for _, who := range []string{"admin", "nora"} {
			if diff := cmp.Diff(c.want, names(t, w.ask(t, who, "GET", usersAPI+"/search/"+c.search+".json", ""))); diff != "" {
				t.Errorf("%s, %s (-want +got):\n%s", c.search, who, diff)
			}
		}
	}
	for _, c := range []struct{ search, who, want string }{{"DORA@example", "admin", "dora"}, {"DORA@example", "nora", ""}, {"admin", "nora", "admin"}, {"+", "nora", "100% A+B,admin,dora,Jürgen Groß,Łukasz Żak,nora,pam,rita,山田 太郎"}} {
		if got := strings.Join(names(t, w.ask(t, c.who, "GET", usersAPI+"/search/"+c.search+".json", "")), ","); got != c.want {
			t.Errorf("%s, %s: got %s, want %s", c.search, c.who, got, c.want)
		}
	}
}

// TestWhoMayNotWritesNoHash looks at the memory that a call takes: argon2 takes 19 MiB of it. A flood of refused creates must cost nothing.
func TestWhoMayNotWritesNoHash(t *testing.T) {
	w := newWorld(t)
	w.users["ita"] = w.AddUser(t, "ita", vault.IT)
	taken := func(who, method, path, body string, want int) uint64 {
		w.ask(t, who, "GET", "/index.php/api/v6/version.json", "") // the caller's own password is verified now
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if out := w.ask(t, who, method, usersAPI+path, body); out.StatusCode != want {
			t.Errorf("%s %s %s: got %d %s, want %d", who, method, path, out.StatusCode, out.Body, want)
		}
		runtime.ReadMemStats(&after)
		return (after.TotalAlloc - before.TotalAlloc) >> 20
	}
	for _, c := range []struct {
		who, method, path, body string
		want                    int
	}{
		{"pam", "POST", ".json", newUserBody("x"), 403},
		{"nora", "PUT", "/3/change_password.json", `{"password":"x"}`, 403},
		{"ita", "POST", ".json", strings.Replace(newUserBody("x"), "Normal user", "Admin", 1), 403},
		{"ita", "PUT", "/1/change_password.json", `{"password":"x"}`, 403},
		{"ita", "PUT", "/99/change_password.json", `{"password":"x"}`, 404},
		{"admin", "POST", ".json", newUserBody("NORA"), 409},
		{"admin", "POST", ".json", strings.Replace(newUserBody("x"), "@", "", 1), 400},
		{"admin", "PUT", "/3/change_password.json", `{"password":""}`, 400},
	} {
		if mib := taken(c.who, c.method, c.path, c.body, c.want); mib >= 10 {
			t.Errorf("%s %s %s: %d MiB", c.who, c.method, c.path, mib)
		}
	}
	if mib := taken("ita", "POST", ".json", newUserBody("x"), 201); mib < 10 {
		t.Errorf("a create takes %d MiB: the test sees no hashing", mib)
	}
}

// TestMainGroupIsAGroup: sysPass's main group is shown among the groups, by id, and counted once.
func TestMainGroupIsAGroup(t *testing.T) {
	w := newWorld(t)
	w.as(t, "admin", func(tx *vault.Tx) error {
		for _, g := range []vault.Group{{Name: "Second"}, {Name: "Third", Members: []vault.UserID{2, 3}}} {
			if _, err := tx.CreateGroup(g); err != nil {
				return err
			}
		}
		for id, main := range map[vault.UserID]vault.GroupID{2: 3, 3: 2} {
			if err := tx.EditUser(id, func(u *vault.User) { u.MainGroup = main }); err != nil {
				return err
			}
		}
		return nil
	})
	for id, want := range map[int][]namedObject{2: {{3, "Third"}}, 3: {{1, "Ops"}, {2, "Second"}, {3, "Third"}}, 4: nil} {
		shown := decodedAs[userBody](t, w.ask(t, "admin", "GET", fmt.Sprintf("%s/%d.json", usersAPI, id), ""))
		if diff := cmp.Diff(want, shown.Groups); diff != "" {
			t.Errorf("user %d (-want +got):\n%s", id, diff)
		}
		listed := decodedAs[[]userItem](t, w.ask(t, "admin", "GET", usersAPI+"/search/"+shown.Username+".json", ""))
		if len(listed) != 1 || listed[0].NumGroups != len(want) {
			t.Errorf("user %d: got %+v", id, listed)
		}
	}
}
