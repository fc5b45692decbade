package events

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"tresor"
	"tresor/infra/localapi"
	"tresor/infra/template"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the events of requests.http anew")

func router(t *testing.T) (*localapi.Router, []template.Route) {
	t.Helper()
	tmpl, err := template.Parse(tresor.Template)
	if err != nil {
		t.Fatal(err)
	}
	routes, err := tmpl.Routes()
	if err != nil {
		t.Fatal(err)
	}
	r, err := localapi.NewRouter(tmpl)
	if err != nil {
		t.Fatal(err)
	}
	return r, routes
}

// record makes the event of a request as a deployed API would have got it.
func record(r *localapi.Router, number int, q request) (events.APIGatewayProxyRequest, template.Route, bool) {
	q.header.Set("User-Agent", "recorded/1.0")
	q.header.Set("Accept", "*/*")
	return r.Event(localapi.Request{
		Method: q.method, Target: q.target, Host: "vault.example.org", Header: q.header, Body: []byte(q.body), Source: "203.0.113.9", TLS: true, Stage: "prod",
		ID: fmt.Sprintf("7c2af7db-31f3-42b5-8a6d-%012d", number), Time: time.Date(2026, 7, 10, 19, 19, 4, 0, time.UTC),
	})
}

func encode(t *testing.T, ev events.APIGatewayProxyRequest) []byte {
	t.Helper()
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(ev); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// folder is where the Makefile finds a function.
func folder(logicalID string) string {
	dashed := regexp.MustCompile(`[A-Z]`).ReplaceAllString(strings.TrimSuffix(logicalID, "Function"), "-$0")
	return strings.ToLower(strings.TrimPrefix(dashed, "-"))
}

func TestEventsAreWhatTheGatewayMakesOfTheRequests(t *testing.T) {
	r, _ := router(t)
	all, err := requests()
	if err != nil {
		t.Fatal(err)
	}
	for i, q := range all {
		ev, route, ok := record(r, i+1, q)
		if !ok {
			t.Errorf("%s: no route for %s %s", q.name, q.method, q.target)
			continue
		}
		if folder(route.Function) != path.Dir(q.name) {
			t.Errorf("%s: %s %s goes to %s", q.name, q.method, q.target, route.Function)
		}
		file, text := filepath.FromSlash(q.name)+".json", encode(t, ev)
		if *update {
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, text, 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		got, err := files.ReadFile(q.name + ".json")
		if err != nil {
			t.Errorf("%s: %v; run go test ./events -run Gateway -update", q.name, err)
		} else if diff := cmp.Diff(string(got), string(text)); diff != "" {
			t.Errorf("%s is not what its request makes; run go test ./events -run Gateway -update (-file +made):\n%s", q.name, diff)
		}
	}
}

func TestEveryRouteHasAnEventAndEveryEventARoute(t *testing.T) {
	_, routes := router(t)
	all, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	recorded := map[string]int{}
	for _, e := range all {
		var ev events.APIGatewayProxyRequest
		if err := json.Unmarshal([]byte(e.text), &ev); err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(routes, func(r template.Route) bool { return r.Path == ev.Resource && folder(r.Function) == e.Function })
		if i < 0 {
			t.Errorf("%s: the template has no %s of %s", e.Name, ev.Resource, e.Function)
			continue
		}
		recorded[routes[i].String()]++
	}
	for _, r := range routes {
		if recorded[r.String()] == 0 {
			t.Errorf("no event for %s of %s", r, r.Function)
		}
	}
}

func TestEveryFileIsNamedInRequests(t *testing.T) {
	all, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	triggered, err := Triggered()
	if err != nil {
		t.Fatal(err)
	}
	err = fs.WalkDir(files, ".", func(file string, d fs.DirEntry, err error) error {
		name, isEvent := strings.CutSuffix(file, ".json")
		if err != nil || d.IsDir() || !isEvent || slices.Contains(triggered, path.Dir(name)) {
			return err
		}
		if !slices.ContainsFunc(all, func(e Event) bool { return e.Name == name }) {
			t.Errorf("%s is of no request", file)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestEveryFunctionHasAnEvent: what no request comes to is what the template gives no route, and each has an event.
func TestEveryFunctionHasAnEvent(t *testing.T) {
	tmpl, err := template.Parse(tresor.Template)
	if err != nil {
		t.Fatal(err)
	}
	_, routes := router(t)
	var want []string
	for id, r := range tmpl.Resources {
		if r.Type == "AWS::Serverless::Function" && !slices.ContainsFunc(routes, func(r template.Route) bool { return r.Function == id }) {
			want = append(want, folder(id))
		}
	}
	slices.Sort(want)
	got, err := Triggered()
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v; (-template +events)\n%s", err, diff)
	}
}

// eachTrigger calls check with the recorded event of every trigger of a type that a function of the template has, by the trigger's name.
func eachTrigger(t *testing.T, kind string, check func(t *testing.T, trigger string, event []byte)) {
	t.Helper()
	tmpl, err := template.Parse(tresor.Template)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for id, r := range tmpl.Resources {
		for name, e := range template.Map(r.Properties["Events"]) {
			if template.Map(e)["Type"] != kind {
				continue
			}
			found++
			t.Run(id+" "+name, func(t *testing.T) {
				event, err := Trigger(folder(id) + "/" + strings.ToLower(name))
				if err != nil {
					t.Fatal(err)
				}
				check(t, name, event)
			})
		}
	}
	if found == 0 {
		t.Errorf("no function of the template has a trigger of type %s", kind)
	}
}

func TestScheduledFunctionsHaveAnEvent(t *testing.T) {
	eachTrigger(t, "Schedule", func(t *testing.T, _ string, event []byte) {
		var ev events.EventBridgeEvent
		if err := json.Unmarshal(event, &ev); err != nil || ev.Source != "aws.events" {
			t.Errorf("%v, %+v", err, ev)
		}
	})
	if _, err := Trigger("compactor/none"); err == nil {
		t.Error("no error for an event that is not there")
	}
}

// TestStreamsHaveEvents: each table's stream that a function follows has a batch of records, of that table.
func TestStreamsHaveEvents(t *testing.T) {
	eachTrigger(t, "DynamoDB", func(t *testing.T, table string, event []byte) {
		var ev events.DynamoDBEvent
		if err := json.Unmarshal(event, &ev); err != nil || len(ev.Records) == 0 {
			t.Errorf("%v, %+v", err, ev)
		}
		for _, r := range ev.Records {
			if !strings.Contains(r.EventSourceArn, ":table/"+table+"Table/stream/") {
				t.Errorf("a record of %s", r.EventSourceArn)
			}
		}
	})
}

func TestPlaceholders(t *testing.T) {
	all, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	known := []string{"apikey", "folder", "folder_base64", "item", "spare_item", "spare_item_short", "authToken", "tokenPass", "category", "client", "account", "basic",
		"group", "user", "project", "password", "spare_password", "my_password", "moved_my_password", "spare_my_password", "updated_item", "updated_folder", "username", "username_base64", "password_of_user", "password_of_user_base64", "public_key", "timestamp", "hash"}
	used := map[string]bool{}
	for _, e := range all {
		values := map[string]string{}
		for _, name := range e.Placeholders() {
			if !slices.Contains(known, name) {
				t.Errorf("%s: unknown placeholder %s", e.Name, name)
			}
			used[name], values[name] = true, "12345"
		}
		ev, err := e.Request(values)
		if err != nil {
			t.Error(err)
			continue
		}
		if text := encode(t, ev); bytes.Contains(text, []byte("{{")) {
			t.Errorf("%s: a placeholder is left", e.Name)
		}
		if ct := ev.Headers["Content-Type"]; strings.HasPrefix(ct, "application/json") && ev.Body != "" && !json.Valid([]byte(ev.Body)) {
			t.Errorf("%s: body is no JSON: %s", e.Name, ev.Body)
		}
		if len(values) > 0 {
			if _, err := e.Request(nil); err == nil {
				t.Errorf("%s: no error without values", e.Name)
			}
			for name := range values {
				values[name] = "a\"b"
			}
			if _, err := e.Request(values); err == nil {
				t.Errorf("%s: no error for a value that breaks the event", e.Name)
			}
		}
	}
	for _, name := range known {
		if !used[name] {
			t.Errorf("placeholder %s is nowhere", name)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"no status": "### a/b\nGET /\n", "no function": "### a 200\nGET /\n", "no request": "### a/b 200\n", "no target": "### a/b 200\nGET\n",
		"no header": "### a/b 200\nGET /\nx\n", "a name twice": "### a/b 200\nGET /\n\n### a/b 200\nGET /\n",
	} {
		if _, err := parse(text); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	got, err := parse("comment\n\n### a/b 201\nPOST /x?y\nA: b: c\n\nbody\n\nmore\n\n### a/c 200\nGET /z\n")
	if err != nil || len(got) != 2 || got[0].body != "body\n\nmore" || got[0].header.Get("A") != "b: c" || got[1].target != "/z" {
		t.Errorf("got %+v, %v", got, err)
	}
}
