package teampass_test

import (
	"bytes"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "rewrite the answers in testdata")

// TestTranscripts replays raw requests through the gateway. In them {key NAME} is an API key, {blob FIELDS} and {each FIELDS} are
// dialects B and C.
func TestTranscripts(t *testing.T) {
	for _, name := range transcripts(t) {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			replay(t, name)
		})
	}
}

func transcripts(t *testing.T) []string {
	t.Helper()
	names, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	return names
}

func replay(t *testing.T, name string) {
	archive, err := txtar.ParseFile(name)
	if err != nil {
		t.Fatal(err)
	}
	s := newSystem(t)
	var out txtar.Archive
	out.Comment = archive.Comment
	for _, f := range archive.Files {
		title, isRequest := strings.CutSuffix(f.Name, " request")
		if !isRequest {
			continue
		}
		got := s.answer(t, string(f.Data))
		out.Files = append(out.Files, f, txtar.File{Name: title + " answer", Data: []byte(got)})
	}
	if *update {
		if err := os.WriteFile(name, txtar.Format(&out), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(txtar.Format(archive)), string(txtar.Format(&out))); diff != "" {
		t.Errorf("transcript (-want +got):\n%s", diff)
	}
}

// answer sends one request and writes down what came back.
func (s *system) answer(t *testing.T, text string) string {
	t.Helper()
	ev := s.parseRequest(t, text)
	res := s.send(t.Context(), ev)
	var b bytes.Buffer
	fmt.Fprintf(&b, "HTTP %d\nContent-Type: %s\n\n", res.StatusCode, strings.Join(res.MultiValueHeaders["Content-Type"], ", "))
	if res.Body != "" {
		b.WriteString(res.Body + "\n")
	}
	return b.String()
}

var macro = regexp.MustCompile(`\{(key|blob|each) ([^{}]*)\}`)

func (s *system) parseRequest(t *testing.T, text string) events.APIGatewayProxyRequest {
	t.Helper()
	text = macro.ReplaceAllStringFunc(text, func(m string) string {
		part := macro.FindStringSubmatch(m)
		switch part[1] {
		case "blob":
			return blob(part[2])
		case "each":
			return each(part[2])
		}
		key, ok := s.keys[part[2]]
		if !ok {
			t.Fatalf("no key %q", part[2])
		}
		return strings.ReplaceAll(key, " ", "+")
	})
	head, body, _ := strings.Cut(text, "\n\n")
	lines := strings.Split(strings.TrimSuffix(head, "\n"), "\n")
	method, target, ok := strings.Cut(lines[0], " ")
	if !ok {
		t.Fatalf("not a request line: %q", lines[0])
	}
	header := http.Header{}
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ": ")
		header.Add(name, value)
	}
	return event(method, target, header, strings.TrimSuffix(body, "\n"))
}
