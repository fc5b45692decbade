package tpm

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestPasswordKeys holds what TestKeys does not: each list and each state of a password (tpm 6.1 to 6.3).
func TestPasswordKeys(t *testing.T) {
	w := newWorld(t)
	for _, id := range []string{"1", "2"} {
		w.ask(t, "admin", "POST", at("favorite_passwords/ID", id), "")
	}
	const reason, only, permissions = "X-Unlock-Reason", "X-Metadata-Only", "X-Permissions"
	for _, c := range []struct {
		path, at, want string
		header         []string
	}{
		{"passwords/1/security", "0", "user permission granted_via", nil},
		{"passwords/1/security", "0 user", userKeys, nil},
		{"passwords/1/security", "0 permission", "id label", nil},
		{"passwords/2/security", "0", "user permission granted_via", []string{reason, "x"}},
		{"passwords/2", "", lockedShowKeys, nil},
		{"passwords/3", "", lockedShowKeys, nil},
		{"passwords/2", "project", "id name", nil},
		{"passwords/2", "project_full_path 0", "id name archived", nil},
		{"passwords/2", "managed_by", userKeys, nil},
		{"passwords/2", "created_by", userKeys, nil},
		{"passwords/2", "updated_by", userKeys, nil},
		{"passwords/2", "", metadataKeys, []string{only, "true"}},
		{"passwords/3", "", metadataKeys, []string{only, "true", reason, "x"}}, // nothing of it is used
		{"passwords/2", "", lockedShowKeys, []string{only, "1"}},
		{"passwords/1", "custom_field3", "type label data", nil},
		{"passwords/1", "project_full_path 0", "id name archived", nil},
		{"passwords/1", "users_permissions 0", "user permission", nil},
		{"passwords/1", "groups_permissions 0", "group permission", nil},
		{"passwords/1", "created_by", userKeys, nil},
		{"passwords", "0", itemKeys, nil},
		{"passwords/all", "0", itemKeys, nil},
		{"passwords/archived", "0", itemKeys, nil},
		{"passwords/favorite", "0", lockedItemKeys, nil},
		{"favorite_passwords", "0", lockedItemKeys, nil},
		{"favorite_passwords/page/1", "0", metadataKeys, []string{only, "true"}},
		{"favorite_passwords", "0", permissionsKeys, []string{only, "true", permissions, "true"}},
		{"passwords/search/name:ftp", "0 created_by", "id", nil},
		{"passwords/search/name:ftp", "0 managed_by", "id", []string{permissions, "true"}},
		{"passwords/1/files/count", "", "num_items num_pages num_items_per_page", nil},
		{"favorite_passwords/count", "", "num_items num_pages num_items_per_page", nil},
	} {
		out := w.ask(t, "admin", "GET", "/index.php/api/v6/"+c.path+".json", "", c.header...)
		if diff := cmp.Diff(strings.Fields(c.want), keys(t, out.Body, strings.Fields(c.at))); diff != "" || out.StatusCode != 200 {
			t.Errorf("%s %s %v: %d (-want +got):\n%s", c.path, c.at, c.header, out.StatusCode, diff)
		}
	}
}

// TestEncryptedFieldsAreShown gives every type of custom field data and reads it back, in the show alone.
func TestEncryptedFieldsAreShown(t *testing.T) {
	w := newWorld(t)
	types := []string{"Text", "Encrypted text", "E-mail", "Password", "Notes", "Encrypted notes", "One Time Password", "Date"}
	data := []string{"canary-1", "canary-2", "a@example.com", "canary-4", "canary-5", "canary-6", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", "2026-01-02"}
	var define, set []string
	for i := range types {
		n := string(rune('1' + i))
		define = append(define, `"custom_type`+n+`":"`+strings.ToUpper(types[i])+`"`, `"custom_label`+n+`":"L`+n+`"`)
		set = append(set, `"custom_data`+n+`":"`+data[i]+`"`)
	}
	for _, c := range [][2]string{{"passwords/ID/custom_fields", strings.Join(define, ",")}, {"passwords/ID", strings.Join(set, ",")}} {
		if out := w.ask(t, "admin", "PUT", at(c[0], "5"), "{"+c[1]+"}"); out.StatusCode != 204 {
			t.Fatalf("%s: got %d %s", c[0], out.StatusCode, out.Body)
		}
	}
	out := w.ask(t, "admin", "GET", at("passwords/ID", "5"), "")
	data[6] = otpCode(data[6], w.Clock.Now())
	for i := range types {
		if want := `{"type":"` + types[i] + `","label":"L` + string(rune('1'+i)) + `","data":"` + data[i] + `"`; !strings.Contains(out.Body, want) {
			t.Errorf("no %s in %s", want, out.Body)
		}
	}
	for i, found := range []bool{true, false, true, false, true, false, false} { // what is encrypted is not searched (tpm 3)
		count := w.ask(t, "admin", "GET", "/index.php/api/v6/passwords/search/custom:["+data[i]+"]/count.json", "")
		if got := strings.Contains(count.Body, `"num_items":1`); got != found {
			t.Errorf("search for %s: got %s", types[i], count.Body)
		}
	}
}
