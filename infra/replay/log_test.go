package replay_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"tresor/infra/canary"
)

// logged is what a row of the log says.
type logged struct {
	Action struct{ ID string }
	Origin string
}

// search asks the log's own function.
func (w *world) search(t *testing.T, text string) (items []logged) {
	t.Helper()
	ev := events.APIGatewayProxyRequest{
		HTTPMethod: http.MethodGet, Resource: "/index.php/api/v6/log/{proxy+}", Path: "/index.php/api/v6/log/search/" + url.PathEscape(text) + ".json",
		MultiValueHeaders: map[string][]string{"Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte(w.Admin.Username+":"+w.Admin.Password))}},
	}
	out := w.send(t, "tpm-log", ev)
	if err := json.Unmarshal([]byte(out.Body), &items); err != nil || out.StatusCode != http.StatusOK {
		t.Fatalf("search %q: %d %s", text, out.StatusCode, out.Body)
	}
	return items
}

// TestTheLogIsOfAllDialects replays every recorded event and finds what each dialect and the command did, called alike.
func TestTheLogIsOfAllDialects(t *testing.T) {
	w := newWorld(t)
	all, _ := w.requests(t)
	canary.Written(t, func() {
		for _, r := range all {
			w.send(t, r.Function, r.Event)
		}
	})
	for search, action := range map[string]string{
		`action_id:"syspass account/viewPass"`:   "password_shown",
		`action_id:"syspass account/create"`:     "create_password",
		`action_id:"syspass category/create"`:    "create_category",
		`action_id:"teampass read/items"`:        "password_shown",
		`action_id:"teampass add/item"`:          "create_password",
		`action_id:"teampass add/folder" folder`: "create_project",
		`action_id:"tpm passwords/show"`:         "password_shown",
		`action_id:"tpm passwords/create"`:       "create_password",
		`action_id:"tpm projects/update"`:        "update_project",
		`action_id:"tresor init" origin:web`:     "create_user",
	} {
		items := w.search(t, search)
		if len(items) == 0 {
			t.Errorf("%s: nothing", search)
			continue
		}
		ids := map[string]bool{}
		for _, item := range items {
			ids[item.Action.ID] = true
			if want := "api"; item.Origin != want && action != "create_user" {
				t.Errorf("%s: origin %s", search, item.Origin)
			}
		}
		if !ids[action] {
			t.Errorf("%s: actions %v, want %s", search, ids, action)
		}
	}
}
