package teampass_test

import (
	"bytes"
	"encoding/base64"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"testing"

	"tresor/shared/auth"
	"tresor/shared/dialect/teampass"
	"tresor/shared/vault"

	"github.com/google/go-cmp/cmp"
)

// documented are the calls of contract section 5, and what they do.
var documented = []vault.Action{
	{Name: "add/file", Writes: true}, {Name: "add/folder", Writes: true}, {Name: "add/item", Writes: true}, {Name: "add/user", Writes: true}, {Name: "auth", Reveals: true}, {Name: "auth_tpc", Reveals: true},
	{Name: "delete/folder", Writes: true}, {Name: "delete/item", Writes: true}, {Name: "find/folders"}, {Name: "find/item", Reveals: true}, {Name: "find/items", Reveals: true},
	{Name: "get/folder"}, {Name: "get/item", Reveals: true}, {Name: "info/complexicity_levels_list"}, {Name: "info/folder"}, {Name: "info/version"},
	{Name: "list/folders"}, {Name: "list/items", Reveals: true}, {Name: "new_password"}, {Name: "read/category", Reveals: true}, {Name: "read/files"}, {Name: "read/folder", Reveals: true},
	{Name: "read/folder_descendants"}, {Name: "read/items", Reveals: true}, {Name: "read/listfiles"}, {Name: "read/userfolders"}, {Name: "read/userpw", Reveals: true}, {Name: "set", Writes: true},
	{Name: "set_tpc/add", Writes: true}, {Name: "set_tpc/edit", Writes: true}, {Name: "tpc_delete", Writes: true}, {Name: "tpc_find", Reveals: true},
	{Name: "tpc_userfolders"}, {Name: "update/folder", Writes: true}, {Name: "update/item", Writes: true}, {Name: "update/user", Writes: true},
}

func TestActionsAreTheDocumentedCalls(t *testing.T) {
	want := make([]vault.Action, len(documented))
	for i, a := range documented {
		a.Dialect = vault.TeamPass
		want[i] = a
	}
	if diff := cmp.Diff(want, teampass.Actions()); diff != "" {
		t.Errorf("actions (-want +got):\n%s", diff)
	}
}

// TestTranscriptsCoverTheAPI fails when a call, or an error that a call can give, is in no transcript.
func TestTranscriptsCoverTheAPI(t *testing.T) {
	var all strings.Builder
	for _, name := range transcripts(t) {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	var want []string
	for _, a := range documented {
		want = append(want, "/"+a.Name)
	}
	want = append(want, "HTTP 402", "Something happen ... but what ?", "API_KEY_NOT_FOUND", "METHOD_NOT_AUTHORIZED", "URL format is not following requirements",
		"No results", "No item specified", "No parameters given", "Provided parameters are not correct", "Item definition not complete",
		"Item definition not numeric", "Label or Password or Folder ID is missing", "Label already exists", "Password is too long",
		"Folder ID does not exist", "NO_DATA_EXIST", "No data to be stored", "No destination folder provided", "HTML tags not allowed",
		"Title only with numbers not allowed", "Data already exists", "complexity level was not reached", "No folder specified", "User definition not complete",
		"Empty Login given", "User already exists", "User does not exist", "No Personal Folder exists for this user", "AUTH_NOT_GRANTED", "AUTH_NO_IDENTIFIER", "URL needed to grant access")
	for _, s := range want {
		if !strings.Contains(all.String(), s) {
			t.Errorf("no transcript has %q", s)
		}
	}
}

func TestAPartAnswersItsOwnCallsOnly(t *testing.T) {
	const refused = `{"err":"Method not authorized","code":"METHOD_NOT_AUTHORIZED"}`
	calls := map[string]teampass.Part{
		"read/items/2": teampass.Items, "read/folder/2": teampass.Items, "read/category/2": teampass.Items, "get/item/2": teampass.Items, "list/items": teampass.Items,
		"add/item/a;b;;1;;;;;": teampass.Items, "delete/item/99": teampass.Items, "get/folder/2": teampass.Folders, "list/folders": teampass.Folders,
		"add/folder/x;90;1": teampass.Folders, "info/version": teampass.Info, "info/folder/1": teampass.Info, "info/complexicity_levels_list": teampass.Info,
		"new_password/9": teampass.Info, "read/listfiles/1": teampass.Info, "read/files/1": teampass.Info, "find/item/1/x": teampass.Items, "find/items/x": teampass.Items, "read/userpw/ann": teampass.Items, "update/item/99/a;b;c;1": teampass.Items,
		"find/folders/x": teampass.Folders, "read/folder_descendants/id/1": teampass.Folders, "read/userfolders/ann": teampass.Folders, "update/folder/99/x": teampass.Folders,
		"delete/folder/99": teampass.Folders, "add/user/x;;;y;;;;;;;": teampass.Users, "update/user/nobody;;;y;;;;;;;": teampass.Users, "auth/http/x/ann/wrong": teampass.Auth,
		"tpc_userfolders/YW5u/d3Jvbmc=/": teampass.Auth,
	}
	for _, part := range []teampass.Part{teampass.Items, teampass.Folders, teampass.Users, teampass.Auth, teampass.Info} {
		s := newSystem(t, part)
		for call, owner := range calls {
			if _, body := s.get(t, "admin", call); (body == refused) != (owner != part) {
				t.Errorf("part %d, %s: got %s", part, call, body)
			}
		}
		// The gateway brings a call without its argument to whoever has the rest.
		for call, want := range map[string]string{
			"read/items": `{"err":"Item definition not numeric"}`, "read/folder/": `{"err":"No results"}`, "add/item": `{"err":"Item definition not complete"}`,
			"add/item/": `{"err":"No item specified"}`, "add/folder": `{"err":"No data to be stored"}`, "delete/item/": `{"status":"OK"}`,
			"get/folder": `{"err":"No results"}`, "info/folder": `{"err":"No parameters given"}`, "read/other/1": `{"err":"No results"}`,
		} {
			if _, body := s.get(t, "admin", call); body != want {
				t.Errorf("part %d, %s: got %s, want %s", part, call, body, want)
			}
		}
	}
}

// TestOneItemInEveryEncoding adds the same item in the three dialects, by GET and POST, and reads it back.
func TestOneItemInEveryEncoding(t *testing.T) {
	s := newSystem(t)
	const fields = ";pä/s+w=r%d?~;d/é;2;lögin;m@x.de;ftp://x.de/?a=b&c;Tag two  TAG;1"
	for i, encode := range []func(string) string{blob, each} {
		for j, send := range []func(testing.TB, string, string) (int, string){s.get, s.post} {
			label := "item " + strings.Repeat("i", i) + strings.Repeat("j", j)
			status, body := send(t, "admin", "add/item/"+encode(label+fields))
			if status != http.StatusOK || !strings.Contains(body, "item added") {
				t.Fatalf("%s: got %d %s", label, status, body)
			}
		}
	}
	if status, body := s.post(t, "admin", "add/item/item plain"+fields); status != http.StatusOK || !strings.Contains(body, "item added") {
		t.Fatalf("plain: got %d %s", status, body)
	}
	_, body := s.get(t, "admin", "read/folder/2")
	const record = `"description":"d\/\u00e9","login":"l\u00f6gin","email":"m@x.de","url":"ftp:\/\/x.de\/?a=b&c","pw":"p\u00e4\/s+w=r%d?~","folder_id":"2"`
	if got := strings.Count(body, record); got != 5 {
		t.Errorf("%d of 5 items came back: %s", got, body)
	}
	req := vault.Request{Auth: vault.Operator{}, Action: vault.Action{Dialect: vault.Command, Name: "test"}}
	e, err := vault.View(t.Context(), s.Vault, req, func(r *vault.Reader) (*vault.Entry, error) {
		e, _, err := r.Entry(6)
		if got := r.TagNames(e.Tags); !cmp.Equal(got, []string{"tag", "two"}) {
			t.Errorf("tags: got %q", got)
		}
		return e, err
	})
	if err != nil || !e.AnyoneMayEdit || e.Category != vault.DefaultCategory || e.Manager != s.Founding.AdminID || !e.HasPassword {
		t.Errorf("stored as %+v, %v", e, err)
	}
}

// TestAPersonalFolderHasPersonalFolders: and no complexity to reach.
func TestAPersonalFolderHasPersonalFolders(t *testing.T) {
	s := newSystem(t)
	pam := s.AddUser(t, "pam", vault.ProjectManager)
	s.keys["pam"] = pam.APIKey
	s.Do(t, func(tx *vault.Tx) error {
		_, err := tx.CreateProject(vault.Project{Name: "Pam's", Owner: pam.AdminID, Complexity: 90})
		return err
	})
	if _, body := s.get(t, "pam", "add/folder/"+blob("Below;0;5;0;0")); body != `{"status":"folder created" , "new_folder_id":"6"}` {
		t.Fatalf("got %s", body)
	}
	if _, body := s.get(t, "pam", "info/folder/6"); body != `{"title":"Below","personal_folder":"1","renewal_period":"0","parent_id":"5","path":"Pam's > Below"}` {
		t.Errorf("got %s", body)
	}
	if _, body := s.get(t, "admin", "info/folder/6"); body != `{"err":"Folder ID does not exist"}` {
		t.Errorf("an admin got %s", body)
	}
}

// TestDeleteIsAllOrNothing: the original's "OK" is not said of an item that is there and stays.
func TestDeleteIsAllOrNothing(t *testing.T) {
	s := newSystem(t)
	if _, body := s.get(t, "ann", "add/item/"+each("hers;pw;;1;;;;;")); !strings.Contains(body, "item added") {
		t.Fatalf("got %s", body)
	}
	before := s.heads()
	if status, body := s.get(t, "ann", "delete/item/6;2"); status != http.StatusMethodNotAllowed {
		t.Errorf("got %d %s", status, body)
	}
	if s.heads() != before {
		t.Error("a refused call changed the vault")
	}
	if _, body := s.get(t, "ann", "delete/item/6;99"); body != `{"status":"OK"}` {
		t.Errorf("got %s", body)
	}
	if _, body := s.get(t, "ann", "read/items/6"); body != `{"err":"No results"}` {
		t.Errorf("got %s", body)
	}
}

// TestBadInputChangesNothing sends what no client should and looks whether the vault stayed as it was.
func TestBadInputChangesNothing(t *testing.T) {
	s := newSystem(t)
	s.keys["nul"] = "\x00"
	before := s.heads()
	calls := []string{
		"", "/", "//", "..", "add", "add/", "add/item", "add/item/", "add/item//", "add/item/;", "add/item/" + strings.Repeat(";", 8), "add/item/{\"label\":", "add/item/[1,2",
		"add/item/" + each("l\x00;pw;;1;;;;;"), "add/item/" + each("l;p\xffw;;1;;;;;"), "add/item/l;pw;;1;;;;;\x00", "add/item/l;p\xff;;1;;;;;",
		"add/item/" + blob("a;b;c;1"), "add/item/" + each("l;pw;;99999999999999999999;;;;;"),
		"add/item/" + each("l;pw;;1;"+strings.Repeat("x", 201)+";;;;"), "add/item/" + each(strings.Repeat("é", 501)+";pw;;1;;;;;"),
		"add/folder/" + blob("t;x;y"), "add/folder/" + blob("t;0;99"), "add/folder/" + blob("\x00;0;0"), "add/folder/\xff", "add/folder/" + blob("t;0;0;99999999"),
		"delete/item/1e0", "delete/item/0x2", "delete/item/-1", "delete/item/2.0", "delete/item/%32%00", "delete/item/18446744073709551618", "delete/folder/1", "update/item/1/x",
		"read/items/" + strings.Repeat("9", 400), "read/items/1%2F2", "read/folder/../../1", "read/items/\x00",
	}
	for _, call := range calls {
		for _, key := range []string{"admin", "ann", "unknown", "nul"} {
			for _, send := range []func(testing.TB, string, string) (int, string){s.get, s.post} {
				if status, body := send(t, key, call); status >= http.StatusInternalServerError || status == http.StatusOK && strings.Contains(body, "new_") {
					t.Errorf("%q with the key %q: got %d %s", call, key, status, body)
				}
			}
		}
	}
	for _, escape := range []string{"%00", "%ff", "%zz", "%", "%C3"} { // a POST takes them as they are
		if status, body := s.get(t, "admin", "add/item/"+escape+";pw;;1;;;;;"); status != http.StatusOK || body != `{"err":"URL format is not following requirements"}` {
			t.Errorf("%s: got %d %s", escape, status, body)
		}
	}
	if s.heads() != before {
		t.Error("bad input changed the vault")
	}
}

func TestLargeBodies(t *testing.T) {
	s := newSystem(t)
	before := s.heads()
	if status, body := s.post(t, "admin", "add/item/l;pw;"+strings.Repeat("x", 10<<20)+";1;;;;;"); status != http.StatusOK || body != `{"err":"URL format is not following requirements"}` {
		t.Errorf("10 MB: got %d %s", status, body)
	}
	if status, body := s.post(t, "admin", "add/item/l;pw;"+random(3<<20)+";1;;;;;"); status != http.StatusOK || body != `{"err":"Provided parameters are not correct"}` {
		t.Errorf("3 MB: got %d %s", status, body)
	}
	if status, body := s.post(t, "admin", "add/item/l;pw;"+strings.Repeat("x", 1<<16)+";1;;;;;"); status != http.StatusOK || body != `{"err":"Provided parameters are not correct"}` {
		t.Errorf("64 KiB and more than the other APIs keep: got %d %s", status, body)
	}
	ev := event(http.MethodPost, "/api/index.php?apikey="+s.keys["admin"], nil, "not base64 %")
	ev.IsBase64Encoded = true
	if out := s.send(t.Context(), ev); out.StatusCode != http.StatusOK || out.Body != `{"err":"URL format is not following requirements"}` {
		t.Errorf("bad base64: got %d %s", out.StatusCode, out.Body)
	}
	if s.heads() != before {
		t.Error("a refused body changed the vault")
	}
	ev.Body = base64.StdEncoding.EncodeToString([]byte("add/item/l;pw;" + strings.Repeat("long ", 13107) + ";1;;;;;"))
	if out := s.send(t.Context(), ev); out.Body != `{"status":"item added" , "new_item_id" : "6"}` {
		t.Errorf("64 KiB less a byte, in base64: got %d %s", out.StatusCode, out.Body)
	}
}

// random is a text that does not compress.
func random(n int) string {
	var b strings.Builder
	for b.Len() < n {
		b.WriteString(auth.NewHexToken())
	}
	return b.String()
}

// TestNothingOfACallIsLogged plants canaries in path, query, headers and body and looks for them, and for the vault's secrets, in all that
// slog got, while the calls succeed, are refused, and fail.
func TestNothingOfACallIsLogged(t *testing.T) {
	var log bytes.Buffer
	defer slog.SetDefault(slog.Default())
	slog.SetDefault(slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	const canary = "CANARY7f3a"
	s := newSystem(t)
	s.keys["canary"] = canary
	calls := []string{"add/item/" + canary + "1;" + canary + ";" + canary + ";1;" + canary + ";;;" + canary + ";", "add/item/" + blob(canary), canary, "read/items/" + canary,
		"add/folder/" + canary + ";25;1", "delete/item/" + canary, "list/items", "read/folder/1;2", "%zz" + canary, "add/item/\xff" + canary}
	send := func() {
		for _, call := range calls {
			for _, key := range []string{"admin", "canary"} {
				_, _ = s.get(t, key, call)
				_, _ = s.post(t, key, call)
			}
		}
	}
	send()
	if log.Len() > 0 {
		t.Errorf("refusals are logged: %s", log.String())
	}
	s.serve(teampass.NewHandler(vault.New(broken{s.Log}, vault.Options{Now: s.Clock.Now}), s.Auth))
	send()
	if log.Len() == 0 {
		t.Error("failures are not logged")
	}
	for _, secret := range []string{canary, base64.StdEncoding.EncodeToString([]byte(canary)), s.keys["admin"], "Ud9r^ G7", "hidden password"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("%q is logged", secret)
		}
	}
}
