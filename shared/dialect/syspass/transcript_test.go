package syspass

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "rewrite the answers in testdata")

// TestTranscripts replays requests and compares the whole answers. In a transcript, files named "... request" hold a raw HTTP request, and
// the one after it, "... answer", what came back. Credentials stand as $ADMIN_TOKEN, $ADMIN_PASS, $DANA_TOKEN and so on.
func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) { replay(t, file) })
	}
}

func replay(t *testing.T, file string) {
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	fill := strings.NewReplacer(
		"$ADMIN_TOKEN", w.admin.AuthToken, "$ADMIN_PASS", w.admin.TokenPass, "$DANA_TOKEN", w.dana.SysPass.AuthToken,
		"$DANA_PASS", w.dana.SysPass.TokenPass, "$ROB_TOKEN", w.rob.SysPass.AuthToken, "$ROB_PASS", w.rob.SysPass.TokenPass)
	var out []txtar.File
	answers := map[string]string{}
	for _, f := range archive.Files {
		if name, ok := strings.CutSuffix(f.Name, " answer"); ok {
			answers[name] = string(f.Data)
		}
	}
	requests := 0
	for _, f := range archive.Files {
		name, ok := strings.CutSuffix(f.Name, " request")
		if !ok {
			continue
		}
		requests++
		got := w.exchange(t, fill.Replace(string(f.Data)))
		if got != answers[name] && !*update {
			t.Errorf("%s:\ngot\n%s\nwant\n%s", name, got, answers[name])
		}
		out = append(out, f, txtar.File{Name: name + " answer", Data: []byte(got)})
	}
	if requests == 0 {
		t.Fatal("no request in the transcript")
	}
	if *update {
		archive.Files = out
		if err := os.WriteFile(file, txtar.Format(archive), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// exchange sends a raw request and writes the answer down: status, the headers that the dialect sets, body.
func (w *world) exchange(t *testing.T, raw string) string {
	t.Helper()
	head, body, _ := strings.Cut(raw, "\n\n")
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(head + "\n\n")))
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, r.Body)
	out := w.send(t, r.Method, r.RequestURI, []byte(strings.TrimSuffix(body, "\n")), source)
	var b bytes.Buffer
	fmt.Fprintf(&b, "%d\n", out.StatusCode)
	for _, name := range []string{"Content-Type", "Allow", "Access-Control-Allow-Origin", "Access-Control-Allow-Headers", "Access-Control-Allow-Methods"} {
		if v := http.Header(out.MultiValueHeaders).Values(name); len(v) > 0 {
			fmt.Fprintf(&b, "%s: %s\n", name, strings.Join(v, ", "))
		}
	}
	fmt.Fprintf(&b, "\n%s\n", out.Body)
	return b.String()
}

// TestEveryMethodHasATranscript keeps the transcripts complete.
func TestEveryMethodHasATranscript(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.txtar")
	var all []byte
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, text...)
	}
	for _, m := range methods {
		if !bytes.Contains(all, []byte(`"method":"`+m.name+`"`)) {
			t.Errorf("no transcript calls %s", m.name)
		}
	}
}

// documented are the methods of the original.
var documented = strings.Fields(`account/search account/view account/viewPass account/editPass account/create account/edit account/delete
	category/search category/view category/create category/edit category/delete client/search client/view client/create client/edit client/delete
	tag/search tag/view tag/create tag/edit tag/delete userGroup/search userGroup/view userGroup/create userGroup/edit userGroup/delete
	config/backup config/export`)

// TestMethodsAreTheDocumentedOnes compares the registry with the documented list, so that none can go missing.
func TestMethodsAreTheDocumentedOnes(t *testing.T) {
	if len(documented) != 29 {
		t.Fatalf("%d documented methods, want 29", len(documented))
	}
	w := newWorld(t)
	var served []string
	for _, a := range Actions() {
		served = append(served, a.Name)
	}
	if want := slices.Sorted(slices.Values(documented)); !slices.Equal(served, want) {
		t.Errorf("served are %v, want %v", served, want)
	}
	for _, name := range documented {
		a := w.call(t, w.admin, name, "")
		if a.Error != nil && a.Error.Code == -32601 {
			t.Errorf("%s: error %+v", name, a.Error)
		}
	}
	for _, a := range Actions() {
		_, action, _ := strings.Cut(a.Name, "/")
		reveals := action == "viewPass" || action == "export" || a.Name == "account/view" // the last with "details"
		if writes := !slices.Contains([]string{"search", "view", "viewPass", "backup", "export"}, action); a.Writes != writes || a.Reveals != reveals {
			t.Errorf("%s: writes %v, reveals %v", a.Name, a.Writes, a.Reveals)
		}
	}
}
