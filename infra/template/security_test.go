package template_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"tresor/infra/template"
	"tresor/shared/vault"

	"github.com/google/go-cmp/cmp"
)

// matrix reads the table of docs/security.md that has a column for each keyset: function to purposes.
func matrix(t *testing.T, text string) map[string][]string {
	t.Helper()
	head := []string{"function"}
	for _, p := range vault.Purposes {
		head = append(head, string(p))
	}
	var rows map[string][]string
	for line := range strings.Lines(text) {
		line, isRow := strings.CutPrefix(strings.TrimSpace(line), "|")
		cells := strings.Split(strings.TrimSuffix(line, "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		switch {
		case slices.Equal(cells, head):
			rows = map[string][]string{}
		case rows == nil || isRow && strings.HasPrefix(cells[0], "---"):
		case !isRow || len(cells) != len(head):
			return rows
		default:
			if _, twice := rows[cells[0]]; twice {
				t.Errorf("%s is in the table twice", cells[0])
			}
			rows[cells[0]] = nil
			for i, c := range cells[1:] {
				switch c {
				case "x":
					rows[cells[0]] = append(rows[cells[0]], head[i+1])
				case "":
				default:
					t.Errorf("%s: %q in the table", cells[0], c)
				}
			}
		}
	}
	return rows
}

// TestTheMatrixOfKeysetsIsWhatTheRolesMay compares the documented table with the conditions on kms:Decrypt, both ways.
func TestTheMatrixOfKeysetsIsWhatTheRolesMay(t *testing.T) {
	text, err := os.ReadFile("../../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := matrix(t, string(text))
	deployed := deployed(t)
	may := map[string][]string{}
	for id := range ofType(deployed, "AWS::Serverless::Function") {
		may[folder(id)] = purposes(t, deployed, id)
	}
	if len(may) < 15 {
		t.Fatalf("only %d functions", len(may))
	}
	if diff := cmp.Diff(documented, may); diff != "" {
		t.Errorf("docs/security.md and the roles differ (-docs +template.yaml):\n%s", diff)
	}
}

// purposes returns what a function's role may unwrap, in the order in which keysets are made.
func purposes(t *testing.T, tmpl *template.Template, function string) (out []string) {
	t.Helper()
	lines, problems := tmpl.Rights(function)
	for _, p := range problems {
		t.Errorf("%s: %s", function, p)
	}
	var all []string
	for _, line := range lines {
		if list, is := strings.CutPrefix(line, "Key: kms:Decrypt purpose "); is {
			all = append(all, strings.Split(list, ",")...)
		} else if strings.Contains(line, "purpose") {
			t.Errorf("%s: %s", function, line)
		}
	}
	for _, p := range vault.Purposes {
		if slices.Contains(all, string(p)) {
			out = append(out, string(p))
		}
	}
	if len(out) != len(all) {
		t.Errorf("%s: purposes %q", function, all)
	}
	return out
}

// abilities are what docs/security.md says of a function that was taken over, each by the rights that it takes.
var abilities = map[string]func(may func(right string) bool) bool{
	"read every password": func(may func(string) bool) bool {
		return may("Entries secret BatchGetItem") && may("Key purpose secrets")
	},
	"read every file":                                   func(may func(string) bool) bool { return may("Objects files s3:GetObject") && may("Key purpose files") },
	"open password hashes and private keys":             func(may func(string) bool) bool { return may("Key purpose credentials") },
	"put records of users, groups, tokens and grants":   func(may func(string) bool) bool { return may("Permissions journal PutItem") },
	"put records of entries and projects":               func(may func(string) bool) bool { return may("Entries journal PutItem") },
	"put other contents of secrets in the place of one": func(may func(string) bool) bool { return may("Entries secret PutItem") },
	"remove secrets":                                    func(may func(string) bool) bool { return may("Entries secret DeleteItem") },
	"remove files":                                      func(may func(string) bool) bool { return may("Objects files s3:DeleteObject") },
	"tell the bus what is not so":                       func(may func(string) bool) bool { return may("EventBus events:PutEvents") },
}

// TestWhatATakenOverFunctionCan compares the documented table with the roles, both ways.
func TestWhatATakenOverFunctionCan(t *testing.T) {
	text, err := os.ReadFile("../../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "\n| it can | functions |\n|---|---|\n")
	documented := map[string][]string{}
	for line := range strings.Lines(table) {
		cells := strings.Split(strings.Trim(line, "| \n"), " | ")
		if len(cells) != 2 {
			break
		}
		documented[cells[0]] = strings.Split(cells[1], ", ")
		slices.Sort(documented[cells[0]])
	}
	tmpl, can := deployed(t), map[string][]string{}
	for id := range ofType(tmpl, "AWS::Serverless::Function") {
		may := map[string]bool{}
		for _, line := range rights(t, tmpl, id) {
			on, actions, _ := strings.Cut(line, ": ")
			what, kinds, _ := strings.Cut(on, " ")
			for kind := range strings.SplitSeq(kinds, ",") {
				for action := range strings.FieldsSeq(actions) {
					may[strings.Join(strings.Fields(what+" "+kind+" "+action), " ")] = true
				}
			}
		}
		for _, p := range purposes(t, tmpl, id) {
			may["Key purpose "+p] = true
		}
		for ability, needs := range abilities {
			if needs(func(right string) bool { return may[right] }) {
				can[ability] = append(can[ability], folder(id))
				slices.Sort(can[ability])
			}
		}
	}
	if diff := cmp.Diff(documented, can); diff != "" {
		t.Errorf("docs/security.md and the roles differ (-docs +template.yaml):\n%s", diff)
	}
}

// The comparison must see what differs, so the table's reading must.
func TestMatrixReadsTheTable(t *testing.T) {
	got := matrix(t, "| function | index |\n|---|---|\n| a | x |\n\n| function | index | secrets | credentials | files | exports |\n|---|---|---|---|---|---|\n| a | x | | | x | |\n| b | | | | | x |\n\n| c | x | | | | |\n")
	if diff := cmp.Diff(map[string][]string{"a": {"index", "files"}, "b": {"exports"}}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := matrix(t, "nothing"); got != nil {
		t.Errorf("got %v where there is no table", got)
	}
}
