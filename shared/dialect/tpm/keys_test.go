package tpm

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tresor/shared/vault"
)

// The members of each representation, in the documented order (tpm 6.1, 6.2, 7.1, 7.2).
const (
	metadataKeys    = "id managed_by created_by created_on updated_by updated_on"
	itemKeys        = "id name project project_full_path notes_snippet tags access_info username email has_password strength expiry_date expiry_status archived project_archived favorite num_files locked locking_type external_sharing linked source_password_id managed_by created_by created_on updated_by updated_on"
	lockedItemKeys  = "id name project project_full_path archived project_archived favorite locked locking_type external_sharing linked managed_by created_by created_on updated_by updated_on"
	permissionsKeys = "id users_permissions groups_permissions managed_by created_by created_on updated_by updated_on"
	showKeys        = "id name project project_full_path tags access_info username email password strength time_to_crack expiry_date expiry_status notes custom_field1 custom_field2 custom_field3 custom_field4 custom_field5 custom_field6 custom_field7 custom_field8 custom_field9 custom_field10 users_permissions groups_permissions user_permission archived project_archived favorite num_files locked locking_type locking_request_notify external_sharing external_url linked source_password_id managed_by created_on created_by updated_on updated_by"
	lockedShowKeys  = "id name project project_full_path archived project_archived favorite locked locking_type external_sharing linked managed_by created_on created_by updated_on updated_by"
	userKeys        = "id username email_address name role"
	projectKeys     = "id name full_path notes_snippet tags archived favorite num_files managed_by created_by created_on updated_by updated_on"
	projectShowKeys = "id name parent_id full_path tags notes managed_by grant_all_permission users_permissions groups_permissions num_passwords num_files user_permission user_can_create_passwords is_leaf archived favorite created_on created_by updated_on updated_by"
	meKeys          = "id username email_address name role is_active is_ldap login_dn is_saml is_api_only can_create_projects_in_root is_2fa_enabled valid_hash groups last_login last_api_request created_on created_by updated_on updated_by"
	usersKeys       = "id name username email_address role last_login last_api_request is_active is_ldap is_saml is_api_only is_2fa_enabled valid_hash num_groups created_by created_on updated_by updated_on"
	usersMetadata   = "id created_by created_on updated_by updated_on"
)

func TestKeys(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		path, at, want string
		header         []string
	}{
		{"passwords/search/name:wordpress.json", "0", itemKeys, nil},
		{"passwords/search/name:wordpress.json", "0 project", "id name", nil},
		{"passwords/search/name:wordpress.json", "0 project_full_path 0", "id name archived", nil},
		{"passwords/search/name:wordpress.json", "0 managed_by", "id", nil},
		{"passwords/search/is:locked.json", "0", lockedItemKeys, nil},
		{"passwords/search/is:locked.json", "0", metadataKeys, []string{"X-Metadata-Only", "true"}},
		{"passwords/search/name:wordpress.json", "0", permissionsKeys, []string{"X-Permissions", "true"}},
		{"passwords/search/name:wordpress.json", "0 users_permissions 0", "user permission", []string{"X-Permissions", "true"}},
		{"passwords/search/name:wordpress.json", "0 users_permissions 0 user", "id", []string{"X-Permissions", "true"}},
		{"passwords/search/name:wordpress.json", "0 groups_permissions 0 group", "id", []string{"X-Permissions", "true"}},
		{"passwords/1.json", "", showKeys, nil},
		{"passwords/1.json", "custom_field1", "type label data strength time_to_crack", nil},
		{"passwords/1.json", "custom_field2", "type label data", nil},
		{"passwords/1.json", "users_permissions 0 user", userKeys, nil},
		{"passwords/1.json", "groups_permissions 0 group", "id name", nil},
		{"passwords/1.json", "user_permission", "id label", nil},
		{"passwords/1.json", "managed_by", userKeys, nil},
		{"passwords/1.json", "updated_by", userKeys, nil},
		{"passwords/1.json", "", metadataKeys, []string{"X-Metadata-Only", "true"}},
		{"passwords/2.json", "", lockedShowKeys, nil},
		{"passwords/2.json", "", showKeys, []string{"X-Unlock-Reason", "x"}},
		{"passwords/count.json", "", "num_items num_pages num_items_per_page", nil},
		{"projects.json", "0", projectKeys, nil},
		{"log.json", "0", "id date_time ip_address user action related_password related_project additional_data origin", nil},
		{"log.json", "0 user", "id name deleted", nil},
		{"log.json", "0 action", "id description", nil},
		{"log.json", "0 related_password", "id name deleted", nil},
		{"log.json", "0 related_project", "id name deleted", nil},
		{"log.json", "0 additional_data", "raw ui", nil},
		{"log/count.json", "", "num_items num_pages num_items_per_page", nil},
		{"projects.json", "0", metadataKeys, []string{"X-Metadata-Only", "true"}},
		{"projects/3.json", "", projectShowKeys, nil},
		{"projects/0/subprojects.json", "0", "id name archived favorite has_children disabled num_pwds num_pwds_branch", nil},
		{"projects/3/security.json", "0", "user permission granted_via", nil},
		{"projects/3/security.json", "0 user", userKeys, nil},
		{"projects/2/passwords.json", "0", itemKeys, nil},
		{"users/me.json", "", meKeys, nil},
		{"users/me.json", "", usersMetadata, []string{"X-Metadata-Only", "true"}},
		{"users/3.json", "", meKeys, nil},
		{"users/3.json", "groups 0", "id name", nil},
		{"users.json", "0", usersKeys, nil},
		{"users.json", "0 created_by", "id", nil},
		{"users/search/nora.json", "0", usersKeys, nil},
		{"users/search/nora.json", "0", usersMetadata, []string{"X-Metadata-Only", "true"}},
		{"users/3/passwords.json", "0", itemKeys + " user_permission granted_via", nil},
		{"users/3/passwords.json", "0 user_permission", "id label", nil},
		{"users/3/passwords.json", "0", metadataKeys, []string{"X-Metadata-Only", "true"}},
		{"users/3/projects.json", "0", projectKeys + " user_permission granted_via", nil},
		{"users/3/projects.json", "0", metadataKeys, []string{"X-Metadata-Only", "true"}},
		{"version.json", "", "version version_date api_version", nil},
		{"unknown.json", "", "error type message", nil},
	} {
		out := w.ask(t, "admin", "GET", "/index.php/api/v6/"+c.path, "", c.header...)
		got := keys(t, out.Body, strings.Fields(c.at))
		if diff := cmp.Diff(strings.Fields(c.want), got); diff != "" {
			t.Errorf("%s %s (-want +got):\n%s", c.path, c.at, diff)
		}
	}
}

// keys returns the members of an object within a JSON text, as they stand there.
func keys(t *testing.T, text string, at []string) (names []string) {
	t.Helper()
	raw := json.RawMessage(text)
	for _, step := range at {
		var object map[string]json.RawMessage
		var list []json.RawMessage
		if json.Unmarshal(raw, &object) == nil {
			raw = object[step]
		} else if json.Unmarshal(raw, &list) == nil && len(list) > 0 {
			raw = list[0]
		} else {
			t.Fatalf("no %s in %s", step, raw)
		}
	}
	d := json.NewDecoder(strings.NewReader(string(raw)))
	depth := 0
	for {
		token, err := d.Token()
		if err != nil {
			return names
		}
		switch v := token.(type) {
		case json.Delim:
			if v == '{' || v == '[' {
				depth++
			} else {
				depth--
			}
		case string:
			if depth == 1 {
				names = append(names, v)
				skip(d)
			}
		}
	}
}

// skip passes over a member's value.
func skip(d *json.Decoder) {
	var v json.RawMessage
	_ = d.Decode(&v)
}

func TestEveryKindHasAnAnswer(t *testing.T) {
	documented := []int{400, 401, 403, 404, 409, 429, 500, 503}
	for _, k := range vault.Kinds() {
		a, ok := answers[k]
		if !ok || !slices.Contains(documented, a.status) {
			t.Errorf("%v: answered with %d, %v", k, a.status, ok)
		}
		r, _ := http.NewRequestWithContext(t.Context(), "GET", "/", nil)
		out := failure(r, &vault.Error{Kind: k})
		body, ok := out.body.(errorBody)
		if !ok || !body.Error || body.Type != http.StatusText(out.status) || body.Message == "" || out.status != a.status {
			t.Errorf("%v: got %+v", k, out)
		}
	}
}

func TestActionsAreDistinct(t *testing.T) {
	seen := map[string]bool{}
	for _, a := range Actions() {
		if seen[a.Name] || a.Dialect != vault.TPM {
			t.Errorf("%v: named twice, or of another dialect", a)
		}
		seen[a.Name] = true
	}
	const (
		reading = "favorite_passwords/list favorite_projects/list log/list log/search " +
			"passwords/all passwords/archived passwords/favorite passwords/files passwords/list passwords/search passwords/security passwords/show " +
			"projects/all projects/archived projects/favorite projects/files projects/list projects/passwords projects/search projects/security projects/show projects/subprojects projects/subprojects_new_pwd " +
			"generate_password groups/list groups/show files/max_upload_file_size files/show files/uploads_folder_info files/download " +
			"users/list users/me users/passwords users/projects users/search users/show version version/check_latest"
		writing = "favorite_passwords/add favorite_passwords/delete favorite_projects/add favorite_projects/delete " +
			"passwords/archive passwords/copy passwords/create passwords/custom_fields passwords/delete passwords/duplicate passwords/lock passwords/move passwords/security/update passwords/unarchive passwords/unlock passwords/update passwords/upload " +
			"files/delete files/update groups/add_user groups/create groups/delete groups/delete_user groups/update " +
			"projects/archive projects/change_parent projects/create projects/delete projects/security/update projects/unarchive projects/update projects/upload " +
			"users/activate users/change_password users/convert_to_ldap users/convert_to_normal users/convert_to_saml users/create users/create_ldap users/create_saml users/deactivate users/delete users/update"
		revealing = "files/download passwords/copy passwords/custom_fields passwords/duplicate passwords/show"
	)
	want := strings.Fields(reading + " " + writing)
	slices.Sort(want)
	var got []string
	for _, a := range Actions() {
		if strings.HasPrefix(a.Name, "my_passwords/") || strings.HasPrefix(a.Name, "favorite_my_passwords/") {
			continue // held to theirs beside them
		}
		got = append(got, a.Name)
		if a.Writes != slices.Contains(strings.Fields(writing), a.Name) || a.Reveals != slices.Contains(strings.Fields(revealing), a.Name) {
			t.Errorf("%+v: wrong properties", a)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("actions (-want +got):\n%s", diff)
	}
}

func TestParts(t *testing.T) {
	paths := map[Part]string{Passwords: "passwords/count.json", Projects: "projects/count.json", Users: "users/me.json", Version: "version.json", MyPasswords: "my_passwords/count.json", Groups: "groups/count.json", Log: "log/count.json", Files: "files/max_upload_file_size.json"}
	for part := range paths {
		w := newWorld(t, part)
		for other, path := range paths {
			want := http.StatusNotFound
			if other == part {
				want = http.StatusOK
			}
			if out := w.ask(t, "admin", "GET", "/index.php/api/v6/"+path, ""); out.StatusCode != want {
				t.Errorf("part %d, %s: got %d, want %d", part, path, out.StatusCode, want)
			}
		}
	}
}
