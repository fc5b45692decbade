package tpm

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"tresor/shared/vault"
)

const tenFields = "custom_field1 custom_field2 custom_field3 custom_field4 custom_field5 custom_field6 custom_field7 custom_field8 custom_field9 custom_field10 "

// keysBefore are the members that each object had before v6, in their order (tpm 1.2, 1.3, 6, 7).
var keysBefore = map[string]map[string]string{
	"item": {
		"3": "id name project notes_snippet tags access_info username email expiry_date expiry_status archived favorite num_files locked external_sharing updated_on",
		"4": "id name project notes_snippet tags access_info username email expiry_date expiry_status archived favorite num_files locked external_sharing updated_on",
		"5": "id name project notes_snippet tags access_info username email has_password expiry_date expiry_status archived project_archived favorite num_files locked locking_type external_sharing linked updated_on",
		"6": itemKeys,
	},
	"locked item": {
		"3": "id name project archived favorite locked external_sharing updated_on",
		"4": "id name project archived favorite locked external_sharing updated_on",
		"5": "id name project archived project_archived favorite locked locking_type external_sharing linked updated_on",
		"6": lockedItemKeys,
	},
	"show": {
		"3": "id name project tags access_info username email password expiry_date expiry_status notes " + tenFields + "everyone_has_access users_access groups_access user_permission archived favorite num_files locked external_sharing external_url managed_by created_on created_by updated_on updated_by",
		"4": "id name project parents tags access_info username email password expiry_date expiry_status notes " + tenFields + "users_permissions groups_permissions user_permission archived favorite num_files locked external_sharing external_url managed_by created_on created_by updated_on updated_by",
		"5": "id name project parents tags access_info username email password expiry_date expiry_status notes " + tenFields + "users_permissions groups_permissions user_permission archived project_archived favorite num_files locked locking_type locking_request_notify external_sharing external_url linked source_password_id managed_by created_on created_by updated_on updated_by",
		"6": showKeys,
	},
	"locked show": {
		"3": "id name project archived favorite locked external_sharing managed_by created_on created_by updated_on updated_by",
		"4": "id name project parents archived favorite locked external_sharing managed_by created_on created_by updated_on updated_by",
		"5": "id name project parents archived project_archived favorite locked locking_type external_sharing linked managed_by created_on created_by updated_on updated_by",
		"6": lockedShowKeys,
	},
	"my item": {
		"3": "id name notes_snippet tags access_info username email updated_on",
		"4": "id name notes_snippet tags access_info username email updated_on",
		"5": "id name notes_snippet tags access_info username email has_password updated_on",
		"6": "id name notes_snippet tags access_info username email has_password strength archived favorite num_files created_by created_on updated_by updated_on",
	},
	"my show": {
		"3": "id name tags access_info username email password notes created_on created_by updated_on updated_by",
		"4": "id name tags access_info username email password notes created_on created_by updated_on updated_by",
		"5": "id name tags access_info username email password notes created_on created_by updated_on updated_by",
		"6": "id name tags access_info username email password strength time_to_crack notes " + tenFields + "archived favorite num_files created_on created_by updated_on updated_by",
	},
	"project item": {
		"3": "id name tags managed_by archived favorite num_files updated_on",
		"4": "id name tags managed_by archived favorite num_files updated_on",
		"5": "id name tags managed_by archived favorite num_files updated_on",
		"6": projectKeys,
	},
	"project show": {
		"3": "id name tags notes managed_by everyone_has_access users_access groups_access num_passwords num_files user_permission user_can_create_passwords archived favorite created_on created_by updated_on updated_by",
		"4": "id name parent_id parents tags notes managed_by grant_all_permission users_permissions groups_permissions num_passwords num_files user_permission user_can_create_passwords is_leaf archived favorite created_on created_by updated_on updated_by",
		"5": "id name parent_id parents tags notes managed_by grant_all_permission users_permissions groups_permissions num_passwords num_files user_permission user_can_create_passwords is_leaf archived favorite created_on created_by updated_on updated_by",
		"6": projectShowKeys,
	},
	"security": {
		"3": "user access_type", "4": "user permission granted_via", "5": "user permission granted_via", "6": "user permission granted_via",
	},
	"user":           {"3": userKeys, "4": userKeys, "5": userKeys, "6": userKeys},
	"password field": {"3": "type label data", "4": "type label data", "5": "type label data", "6": "type label data strength time_to_crack"},
	"metadata":       {"3": metadataKeys, "4": metadataKeys, "5": metadataKeys, "6": metadataKeys},
	"permissions":    {"3": permissionsKeys, "4": permissionsKeys, "5": permissionsKeys, "6": permissionsKeys},
}

// TestKeysOfVersions asks for every object in every version: its members, in their order, and that what two versions both say is the same.
func TestKeysOfVersions(t *testing.T) {
	w := newWorld(t)
	const reason, only, permissions = "X-Unlock-Reason", "X-Metadata-Only", "X-Permissions"
	for _, c := range []struct {
		object, user, path, at string
		header                 []string
	}{
		{"item", "admin", "passwords/search/wordpress", "0", nil},
		{"item", "nora", "passwords/archived", "0", nil},
		{"item", "admin", "projects/2/passwords", "0", nil},
		{"locked item", "admin", "passwords/search/name:ftp", "0", nil},
		{"locked item", "rita", "passwords/search/is:locked/page/1", "0", nil},
		{"show", "admin", "passwords/1", "", nil},
		{"show", "nora", "passwords/1", "", nil},
		{"show", "rita", "passwords/2", "", []string{reason, "x"}},
		{"locked show", "admin", "passwords/2", "", nil},
		{"locked show", "nora", "passwords/3", "", nil},
		{"my item", "nora", "my_passwords", "0", nil},
		{"my show", "nora", "my_passwords/7", "", nil},
		{"project item", "admin", "projects", "0", nil},
		{"project item", "rita", "projects/all", "0", nil},
		{"project show", "admin", "projects/3", "", nil},
		{"project show", "rita", "projects/1", "", nil},
		{"security", "admin", "passwords/1/security", "0", nil},
		{"security", "admin", "projects/3/security", "0", nil},
		{"user", "admin", "projects/3/security", "0 user", nil},
		{"user", "admin", "passwords/1", "managed_by", nil},
		{"password field", "admin", "passwords/1", "custom_field1", nil},
		{"metadata", "admin", "passwords", "0", []string{only, "true"}},
		{"metadata", "admin", "passwords/2", "", []string{only, "true"}},
		{"metadata", "nora", "projects", "0", []string{only, "true"}},
		{"permissions", "admin", "passwords", "0", []string{permissions, "true"}},
	} {
		latest := w.ask(t, c.user, "GET", "/index.php/api/v6/"+c.path+".json", "", c.header...).Body
		for version, want := range keysBefore[c.object] {
			out := w.ask(t, c.user, "GET", "/index.php/api/v"+version+"/"+c.path+".json", "", c.header...)
			if diff := cmp.Diff(strings.Fields(want), keys(t, out.Body, strings.Fields(c.at))); diff != "" || out.StatusCode != 200 {
				t.Errorf("v%s %s as %s: %d (-want +got):\n%s", version, c.path, c.user, out.StatusCode, diff)
			}
			if at := disagreement(decode(t, out.Body), decode(t, latest)); at != "" {
				t.Errorf("v%s %s as %s: not what v6 says: %s", version, c.path, c.user, at)
			}
		}
	}
}

// TestVersionsAgree sends the reads of all transcripts in each version: the status is v6's, and what both say is the same.
func TestVersionsAgree(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			w := newWorld(t)
			w.set(t, string(archive.Comment))
			for i := 0; i < len(archive.Files); i += 2 {
				text := string(archive.Files[i].Data)
				now := w.send(t, w.parse(t, text))
				if !strings.HasPrefix(text, "GET ") {
					continue
				}
				for _, version := range []string{"3", "4", "5"} {
					old := w.send(t, w.parse(t, strings.ReplaceAll(text, "api/v6/", "api/v"+version+"/")))
					if old.StatusCode != now.StatusCode {
						t.Errorf("v%s: got %d, want %d: %s", version, old.StatusCode, now.StatusCode, text)
					} else if at := disagreement(decode(t, old.Body), decode(t, now.Body)); at != "" {
						t.Errorf("v%s: not what v6 says: %s: %s", version, at, text)
					}
				}
			}
		})
	}
}

func decode(t *testing.T, text string) (v any) {
	t.Helper()
	if text == "" {
		return nil
	}
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err, text)
	}
	return v
}

// moving are the members that differ from call to call.
var moving = map[string]bool{"last_login": true, "last_api_request": true, "api_version": true}

// disagreement says where two representations of one thing contradict each other. What only one has is no contradiction, and a permission's label stands for it.
func disagreement(a, b any) string {
	switch x := a.(type) {
	case map[string]any:
		y, ok := b.(map[string]any)
		if !ok {
			return fmt.Sprintf("%v, %v", a, b)
		}
		for key, value := range x {
			if other, both := y[key]; both && !moving[key] {
				if at := disagreement(value, other); at != "" {
					return key + " " + at
				}
			}
		}
		return ""
	case []any:
		y, ok := b.([]any)
		if !ok || len(x) != len(y) {
			return fmt.Sprintf("%v, %v", a, b)
		}
		for i := range x {
			if at := disagreement(x[i], y[i]); at != "" {
				return fmt.Sprintf("%d %s", i, at)
			}
		}
		return ""
	case string:
		if y, is := b.(map[string]any); is && len(y) == 2 && y["label"] == x {
			return ""
		}
	}
	if !reflect.DeepEqual(a, b) {
		return fmt.Sprintf("%v, %v", a, b)
	}
	return ""
}

// TestParents compares parents with the path that v6 shows: a root has none, and ancestors that the caller does not see are left out (tpm 6.1, 7.1).
func TestParents(t *testing.T) {
	w := newWorld(t)
	w.as(t, "admin", func(tx *vault.Tx) error { // rita traverses Internal (1), not Company (2), and reads Site (3)
		return tx.SetGrants(vault.ProjectGrants{Project: 2, All: vault.ProjectUnset})
	})
	for _, c := range []struct{ user, path, want string }{
		{"admin", "projects/1", "null"},
		{"admin", "projects/2", "[1]"},
		{"admin", "projects/3", "[1,2]"},
		{"rita", "projects/3", "[1]"},
		{"nora", "projects/3", "null"}, // sees neither above it
		{"admin", "passwords/1", "[1,2,3]"},
		{"rita", "passwords/1", "[1,3]"},
		{"nora", "passwords/1", "null"},
		{"admin", "passwords/2", "[1,2,3]"}, // locked
		{"admin", "passwords/5", "null"},
	} {
		for _, version := range []string{"4", "5"} {
			out := w.ask(t, c.user, "GET", "/index.php/api/v"+version+"/"+c.path+".json", "")
			var got struct{ Parents json.RawMessage }
			if err := json.Unmarshal([]byte(out.Body), &got); err != nil || string(got.Parents) != c.want {
				t.Errorf("v%s %s as %s: got %s, %v, want %s", version, c.path, c.user, got.Parents, err, c.want)
			}
		}
	}
}

// TestFlatAccess reads who has access in v3's form.
func TestFlatAccess(t *testing.T) {
	w := newWorld(t)
	w.as(t, "admin", func(tx *vault.Tx) error {
		for _, g := range []vault.ProjectGrants{{Project: 1, All: vault.ProjectNone}, {Project: 2, All: vault.ProjectInherit, Groups: []vault.ProjectGroupGrant{{Group: 1, Level: vault.ProjectRead}}}} {
			if err := tx.SetGrants(g); err != nil {
				return err
			}
		}
		return nil
	})
	type access struct {
		Everyone bool `json:"everyone_has_access"`
		Users    []struct {
			ID   uint64
			Role string
		} `json:"users_access"`
		Groups []namedObject `json:"groups_access"`
		May    string        `json:"user_permission"`
	}
	for _, c := range []struct {
		user, path, want string
	}{
		{"admin", "projects/1", `{true [] [] Manage}`},                                             // no access is something, too
		{"admin", "projects/2", `{true [] [{1 Ops}] Manage}`},                                      // inherited
		{"admin", "projects/3", `{false [{3 Normal user} {4 Read only}] [] Manage}`},               //
		{"nora", "projects/3", `{false [] [] Read / Edit passwords data}`},                         // does not manage it
		{"admin", "projects/4", `{false [] [] Manage}`},                                            // nothing was ever set
		{"admin", "passwords/1", `{false [{2 Project manager} {3 Normal user}] [{1 Ops}] Manage}`}, //
		{"nora", "passwords/1", `{false [] [] Read}`},                                              //
		{"admin", "passwords/6", `{true [] [] Manage}`},                                            // everyone's through its project
	} {
		out := w.ask(t, c.user, "GET", "/index.php/api/v3/"+c.path+".json", "")
		var got access
		if err := json.Unmarshal([]byte(out.Body), &got); err != nil || fmt.Sprint(got) != c.want {
			t.Errorf("%s as %s: got %v, %v, want %s", c.path, c.user, got, err, c.want)
		}
		if empty := strings.Contains(out.Body, `"users_access":[]`) || strings.Contains(out.Body, `"groups_access":[]`); empty {
			t.Errorf("%s: an empty list is not null: %s", c.path, out.Body)
		}
	}
}

// TestLinksBeforeV6 has the next page and nothing else (tpm 1.3).
func TestLinksBeforeV6(t *testing.T) {
	w := newWorld(t)
	w.many(t, 12, "x")
	for _, version := range []string{"3", "4", "5"} {
		for page, want := range map[string]string{"": "2", "/page/2": "3", "/page/3": ""} {
			header := link(w.ask(t, "admin", "GET", "/index.php/api/v"+version+"/passwords/search/name:x"+page+".json", "", "X-Page-Size", "5"))
			if want != "" {
				want = "<https://vault.example.org/index.php/api/v" + version + "/passwords/search/name:x/page/" + want + `.json>; rel="next"`
			}
			if header != want {
				t.Errorf("v%s%s: got %q, want %q", version, page, header, want)
			}
		}
	}
}
