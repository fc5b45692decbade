package tpm

import (
	"strings"
	"testing"
)

// TestBadBodies sends each field of each body in every wrong form. All are refused with 400, and nothing of them is done.
func TestBadBodies(t *testing.T) {
	w := newWorld(t)
	long := func(n int) string { return `"` + strings.Repeat("x", n) + `"` }
	type field struct {
		call, name string
		rest       string // what makes the body complete
		bad        []string
	}
	notText := []string{"true", "{}", "[]", `["x"]`, `"\ud800"`}
	plain := append([]string{`"a\u0000b"`}, notText...)
	notID := append([]string{"-1", "1.5", "1e3", `"x"`, `""`, "9223372036854775808", "99999999999999999999999", long(5000)}, notText...)
	notPairs := []string{
		"1", `"x"`, "true", "{}", "[1]", "[[]]", "[[2]]", "[[2,10,10]]", `[["x",10]]`, `[[2,"x"]]`, "[[null,10]]", "[[2,null]]", "[[0,10]]", "[[-2,10]]", "[[2,-2]]", "[[2,5]]",
		"[[2,11]]", "[[2,40]]", "[[2,60]]", "[[2,99]]", "[[2,266]]", "[[2,1e1]]", "[[2.0,10]]", "[[2,10],[2,20]]", "[[9999,10]]", "[[99999999999999999999,10]]", "[[2,10],[9999,0]]", "[{}]", "[null]",
	}
	fields := []field{
		{"PUT passwords/ID/security", "managed_by", "", append([]string{"0", `"0"`, "9999", "4"}, notID...)},
		{"PUT passwords/ID/security", "users_permissions", `"managed_by":2,`, append([]string{"[[4,20]]", "[[4,30]]"}, notPairs...)},
		{"PUT passwords/ID/security", "groups_permissions", `"managed_by":2,"users_permissions":[],`, append([]string{"[[1,10],[1,10]]"}, notPairs...)},
		{"PUT passwords/ID/custom_fields", "custom_label1", `"custom_type4":"Text",`, append([]string{long(5000)}, plain...)},
		{"PUT passwords/ID/custom_fields", "custom_type10", `"custom_label1":"changed",`, append([]string{`"Number"`, "7", `"text text"`, long(5000)}, plain...)},
		{"PUT passwords/ID/custom_fields", "custom_type1", `"custom_label1":"changed",`, []string{`"otp"`, `"date"`}}, // its data does not fit
		{"PUT passwords/ID/move", "project_id", "", append([]string{"0", "null", `"-1"`}, notID...)},
		{"POST passwords/ID/copy", "project_id", "", append([]string{"0", "null", `"-1"`}, notID...)},
		{"POST passwords/ID/duplicate", "new_name", "", append([]string{"null", `""`, `"  \t"`, long(5000)}, plain...)},
		{"POST passwords/ID/upload", "file_data_base64", `"file_name":"x",`, append([]string{"null", `""`, `"!"`, `"eA="`, `"eA"`, `"e A=="`, `"_-8="`}, notText...)},
		{"POST passwords/ID/upload", "file_name", `"file_data_base64":"eA==",`, append([]string{"null", `""`, `"  "`, `"."`, `".."`, `"a/b"`, `"a\\b"`, `"/etc/passwd"`, `"a\nb"`, long(256)}, plain...)},
		{"POST passwords/ID/upload", "notes", `"file_data_base64":"eA==","file_name":"x",`, append([]string{long(70 << 10)}, plain...)},
		{"PUT passwords/ID", "name", `"notes":"changed",`, append([]string{`""`, `" "`, long(5000)}, plain...)},
		{"PUT passwords/ID", "tags", `"notes":"changed",`, append([]string{long(5000)}, plain...)},
		{"PUT passwords/ID", "access_info", `"notes":"changed",`, append([]string{long(5000)}, plain...)},
		{"PUT passwords/ID", "username", `"notes":"changed",`, append([]string{long(5000)}, plain...)},
		{"PUT passwords/ID", "email", `"notes":"changed",`, append([]string{long(5000)}, plain...)},
		{"PUT passwords/ID", "notes", `"name":"changed",`, append([]string{long(70 << 10)}, plain...)},
		{"PUT passwords/ID", "password", `"notes":"changed",`, append([]string{long(5000)}, notText...)},
		{"PUT passwords/ID", "expiry_date", `"notes":"changed",`, append([]string{`"2024-13-01"`, `"2024-02-30"`, `"31.12.2024"`, `"1969-12-31"`, `"2024-12-31 00:00:00"`, "20241231"}, plain...)},
		{"PUT passwords/ID", "custom_data2", `"notes":"changed",`, append([]string{`"not base32!"`, `"1"`}, notText...)},
		{"PUT passwords/ID", "custom_data3", `"notes":"changed",`, append([]string{`"2024-02-30"`, `"soon"`}, plain...)},
		{"PUT passwords/ID", "custom_data4", `"notes":"changed",`, append([]string{long(251)}, plain...)},
	}
	for _, f := range fields {
		method, path, _ := strings.Cut(f.call, " ")
		for _, bad := range f.bad {
			before := w.heads()
			out := w.ask(t, "admin", method, at(path, "1"), "{"+f.rest+`"`+f.name+`":`+bad+"}")
			what := f.call + " " + f.name + " " + bad[:min(len(bad), 40)]
			checkReply(t, what, out)
			if out.StatusCode != 400 {
				t.Errorf("%s: got %d %s, want 400", what, out.StatusCode, out.Body)
			}
			if w.heads() != before {
				t.Errorf("%s: the vault has changed", what)
			}
		}
	}
}

// TestNoBody sends what is no object, and objects without what is required.
func TestNoBody(t *testing.T) {
	w := newWorld(t)
	for _, call := range []string{
		"PUT passwords/ID", "PUT passwords/ID/security", "PUT passwords/ID/custom_fields", "PUT passwords/ID/move", "POST passwords/ID/copy", "POST passwords/ID/duplicate", "POST passwords/ID/upload",
	} {
		method, path, _ := strings.Cut(call, " ")
		bodies := []string{"", "null", "[]", `"x"`, "1", "{", "{}x", "\xff", `{"managed_by":2}{}`}
		if strings.HasSuffix(path, "move") || method == "POST" {
			bodies = append(bodies, "{}", `{"unknown":1}`)
		}
		for _, body := range bodies {
			before := w.heads()
			out := w.ask(t, "admin", method, at(path, "1"), body)
			checkReply(t, call, out)
			if out.StatusCode != 400 || w.heads() != before {
				t.Errorf("%s %q: got %d %s, want 400", call, body, out.StatusCode, out.Body)
			}
		}
	}
}

// TestNullsAreAbsent sends nulls where a field may be absent: nothing of it changes.
func TestNullsAreAbsent(t *testing.T) {
	w := newWorld(t)
	show := func() string {
		_, text, _ := strings.Cut(w.ask(t, "admin", "GET", at("passwords/ID", "1"), "").Body, `"custom_field3"`)
		text, _, _ = strings.Cut(text, `"user_permission"`)
		return text
	}
	before := show()
	for path, body := range map[string]string{
		"passwords/ID/security":      `{"managed_by":null,"users_permissions":null,"groups_permissions":null}`,
		"passwords/ID/custom_fields": `{"custom_label3":null,"custom_type3":null,"custom_label11":"x","custom_type0":"x"}`,
	} {
		if out := w.ask(t, "admin", "PUT", at(path, "1"), body); out.StatusCode != 204 {
			t.Errorf("%s: got %d %s, want 204", path, out.StatusCode, out.Body)
		}
	}
	if got := show(); got != before || before == "" {
		t.Errorf("got %s, want %s", got, before)
	}
}
