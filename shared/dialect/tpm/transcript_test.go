package tpm

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"tresor/shared/vault"
)

var update = flag.Bool("update", false, "rewrite the replies of the transcripts")

// TestTranscripts replays testdata: requests and replies in turn, each file on a world of its own. A request is written as on the wire, but
// for its credentials: "As: USER" is Basic, "Signed-By: USER" a signature over the path, or over "Signed-URI". A line "Setting: KEY=VALUE" before the first
// request is a setting of the world's vault; "Step: 1s" moves the clock before each request.
func TestTranscripts(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			t.Parallel()
			replay(t, path)
		})
	}
}

func replay(t *testing.T, path string) {
	archive, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(archive.Files) == 0 || len(archive.Files)%2 != 0 {
		t.Fatalf("%s: requests and replies do not pair", path)
	}
	w := newWorld(t)
	w.set(t, string(archive.Comment))
	step := stepOf(t, string(archive.Comment))
	for i := 0; i < len(archive.Files); i += 2 {
		request, reply := archive.Files[i], &archive.Files[i+1]
		w.Clock.Add(step)
		got := []byte(written(w.send(t, w.parse(t, string(request.Data)))))
		if *update {
			reply.Data = got
		} else if diff := cmp.Diff(string(reply.Data), string(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", request.Data, diff)
		}
	}
	if *update {
		if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// set makes the settings that a transcript's comment names.
func (w *world) set(t *testing.T, comment string) {
	t.Helper()
	for line := range strings.Lines(comment) {
		if setting, is := strings.CutPrefix(line, "Setting: "); is {
			key, value, _ := strings.Cut(strings.TrimSpace(setting), "=")
			w.Do(t, func(tx *vault.Tx) error { return tx.SetSetting(key, value) })
		}
	}
}

// stepOf returns how far a transcript's clock moves before each request.
func stepOf(t *testing.T, comment string) (step time.Duration) {
	t.Helper()
	for line := range strings.Lines(comment) {
		if text, is := strings.CutPrefix(line, "Step: "); is {
			var err error
			if step, err = time.ParseDuration(strings.TrimSpace(text)); err != nil {
				t.Fatal(err)
			}
		}
	}
	return step
}

// logIDs are the only numbers as long. Those of access records end in random bits, which are written as 0.
var logIDs = regexp.MustCompile(`"id": ([0-9]{15,})`)

func steady(body string) string {
	return logIDs.ReplaceAllStringFunc(body, func(member string) string {
		id, _ := strconv.ParseUint(strings.TrimPrefix(member, `"id": `), 10, 64)
		if id&(1<<9) != 0 {
			id &^= 1<<9 - 1
		}
		return fmt.Sprintf(`"id": %d`, id)
	})
}

// parse reads a request.
func (w *world) parse(t testing.TB, text string) request {
	t.Helper()
	head, body, _ := strings.Cut(text, "\n\n")
	line, head, _ := strings.Cut(strings.TrimSpace(head), "\n")
	method, path, ok := strings.Cut(line, " ")
	if !ok {
		t.Fatalf("no request line in %q", text)
	}
	req := request{method: method, path: path, header: http.Header{}, body: strings.TrimSuffix(body, "\n")}
	for h := range strings.Lines(head) {
		name, value, _ := strings.Cut(strings.TrimSpace(h), ":")
		req.header.Set(name, strings.TrimSpace(value))
	}
	take := func(name string) string {
		v := req.header.Get(name)
		req.header.Del(name)
		return v
	}
	if user := take("As"); user != "" {
		w.basic(req.header, user)
	}
	if user := take("Signed-By"); user != "" {
		uri := take("Signed-URI")
		if uri == "" {
			_, uri, _ = strings.Cut(path, "/index.php/")
		}
		w.sign(req.header, user, uri, req.body)
	}
	req.resource = take("Resource")
	return req
}

// written writes a reply down, its JSON indented, and what could hide in it made visible.
func written(out events.APIGatewayProxyResponse) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d\n", out.StatusCode)
	h := http.Header(out.MultiValueHeaders)
	for _, name := range []string{"Content-Type", "Allow", "Link"} {
		if v := h.Get(name); v != "" {
			fmt.Fprintf(&b, "%s: %s\n", name, strings.ReplaceAll(v, ", <", ",\n <"))
		}
	}
	if out.Body == "" {
		return b.String()
	}
	var indented bytes.Buffer
	if json.Indent(&indented, []byte(strings.TrimSpace(out.Body)), "", "  ") != nil {
		return b.String() + "\nnot JSON: " + out.Body + "\n"
	}
	return b.String() + "\n" + steady(indented.String()) + "\n"
}
