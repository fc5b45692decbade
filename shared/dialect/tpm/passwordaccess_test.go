package tpm

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tresor/shared/vault"
)

// seen is what an access record says of a call.
type seen struct {
	Action, Reason string
	User           vault.UserID
	Secrets        []vault.SecretKey
}

// accesses returns what is on record of the present hour.
func (w *world) accesses(t *testing.T) (list []seen) {
	t.Helper()
	records, err := w.Log.Accesses(t.Context(), vault.HourOf(w.Clock.Now()), "")
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(records, func(a, b *vault.AccessRecord) int { return int(a.Number) - int(b.Number) })
	for _, a := range records {
		if !a.Withheld {
			list = append(list, seen{a.Action, a.Reason, a.User, a.Secrets})
		}
	}
	return list
}

// TestRevealsAreOnRecord looks for the record of each secret that left, by show, copy or duplicate, with the reason where one was needed, and for none of what was refused.
func TestRevealsAreOnRecord(t *testing.T) {
	one, two := []vault.SecretKey{{Entry: 1, Version: 1}}, []vault.SecretKey{{Entry: 2, Version: 1}}
	const why = "deploy"
	for _, c := range []struct {
		user, method, path, body, reason string
		want                             []seen
	}{
		{"nora", "GET", "passwords/1", "", "", []seen{{"tpm passwords/show", "", 3, one}}},
		{"admin", "GET", "passwords/2", "", why, []seen{{"tpm passwords/show", why, 1, two}}},
		{"admin", "POST", "passwords/1/copy", `{"project_id":4}`, "", []seen{{"tpm passwords/copy", "", 1, one}}},
		{"nora", "POST", "passwords/1/duplicate", `{"new_name":"x"}`, why, []seen{{"tpm passwords/duplicate", "", 3, one}}}, // it is not locked: no reason was needed
		{"admin", "POST", "passwords/2/copy", `{"project_id":4}`, why, []seen{{"tpm passwords/copy", why, 1, two}}},
		{"nora", "POST", "passwords/2/duplicate", `{"new_name":"x"}`, why, []seen{{"tpm passwords/duplicate", why, 3, two}}},
		{"admin", "GET", "passwords/2/security", "", why, []seen{{"tpm passwords/security", why, 1, nil}}}, // nothing leaves, and the reason is told
		{"rita", "GET", "passwords/2/files", "", why, []seen{{"tpm passwords/files", why, 4, nil}}},
		{"admin", "GET", "passwords/1/security", "", why, nil},
		{"admin", "GET", "passwords/2", "", "", nil},
		{"admin", "GET", "passwords/3/files", "", why, nil},
		{"admin", "POST", "passwords/2/copy", `{"project_id":4}`, "", nil},
		{"admin", "POST", "passwords/3/copy", `{"project_id":4}`, why, nil},
		{"rita", "POST", "passwords/1/copy", `{"project_id":3}`, "", nil},
		{"nora", "POST", "passwords/5/copy", `{"project_id":3}`, "", nil},
		{"admin", "PUT", "passwords/1/move", `{"project_id":4}`, "", nil},
	} {
		w := newWorld(t)
		if c.reason == "" {
			w.ask(t, c.user, c.method, "/index.php/api/v6/"+c.path+".json", c.body)
		} else {
			w.ask(t, c.user, c.method, "/index.php/api/v6/"+c.path+".json", c.body, "X-Unlock-Reason", c.reason)
		}
		if diff := cmp.Diff(c.want, w.accesses(t)); diff != "" {
			t.Errorf("%s %s %s (-want +got):\n%s", c.user, c.method, c.path, diff)
		}
	}
}

// TestACopyThatWasRefusedIsNoReveal: what was recorded for it is withdrawn.
func TestACopyThatWasRefusedIsNoReveal(t *testing.T) {
	w := newWorld(t)
	req := w.signed("admin", "POST", "api/v6/passwords/1/copy.json", `{"project_id":3}`)
	w.wantStatus(t, "the first", req, 201)
	w.wantStatus(t, "again", req, 401)
	w.wantStatus(t, "and again", req, 401)
	records, err := w.Log.Accesses(t.Context(), vault.HourOf(w.Clock.Now()), "")
	if err != nil {
		t.Fatal(err)
	}
	left := 0
	for _, a := range records {
		if a.Withheld {
			left--
		} else {
			left++
		}
	}
	if left != 1 || len(records) != 5 {
		t.Errorf("%d of %d records stand; want one of 5", left, len(records))
	}
}

// TestSecretsThatBecomeCustomTextAreOnRecord: whoever may read the entry finds them from then on.
func TestSecretsThatBecomeCustomTextAreOnRecord(t *testing.T) {
	w := newWorld(t)
	path := "/index.php/api/v6/passwords/1/custom_fields.json"
	for _, body := range []string{`{"custom_type2":""}`, `{"custom_label2":"hello"}`} {
		if out := w.ask(t, "admin", "PUT", path, body); out.StatusCode != 204 {
			t.Fatalf("%s: got %d %s", body, out.StatusCode, out.Body)
		}
	}
	if out := w.ask(t, "nora", "GET", "/index.php/api/v6/passwords/search/custom:GEZDG/count.json", ""); !strings.Contains(out.Body, `"num_items":0`) {
		t.Errorf("a label took the seed into the index: %s", out.Body)
	}
	before := len(w.accesses(t))
	if out := w.ask(t, "admin", "PUT", path, `{"custom_type2":"Text"}`); out.StatusCode != 204 {
		t.Fatalf("got %d %s", out.StatusCode, out.Body)
	}
	if after := len(w.accesses(t)); after != before+1 {
		t.Errorf("%d access records after %d", after, before)
	}
}
