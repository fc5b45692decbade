package template

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Rights writes what a function's role may do, sorted, as lines: "Entries journal,secret: PutItem", "Permissions attempts#*: GetItem UpdateItem",
// "Objects backups,exports: s3:PutObject", "Bucket files: s3:ListBucket", "Key: kms:Decrypt purpose index,secrets", "Log: ...". problems are statements that no line can say,
// such as one that is not held to keys.
func (t *Template) Rights(function string) (lines, problems []string) {
	w := &rightsWriter{}
	for _, s := range t.statementsOf(function, w) {
		w.statement(s)
	}
	slices.Sort(w.lines)
	return w.lines, w.problems
}

type rightsWriter struct{ lines, problems []string }

func (w *rightsWriter) problem(format string, args ...any) {
	w.problems = append(w.problems, fmt.Sprintf(format, args...))
}

// statementsOf returns the statements of a function's role, from its own and the managed policies.
func (t *Template) statementsOf(function string, w *rightsWriter) (out []map[string]any) {
	id := strings.TrimSuffix(function, "Function") + "Role"
	role := t.Resources[id].Properties
	add := func(document any) {
		for _, s := range List(Map(document)["Statement"]) {
			out = append(out, Map(ifTrue(s)))
		}
	}
	for _, p := range List(role["Policies"]) {
		add(Map(p)["PolicyDocument"])
	}
	for _, m := range List(role["ManagedPolicyArns"]) {
		managed, _ := Map(m)["Ref"].(string)
		if t.Resources[managed].Type != "AWS::IAM::ManagedPolicy" {
			w.problem("managed policy %v of %s is not of this template", m, id)
		}
		add(t.Resources[managed].Properties["PolicyDocument"])
	}
	return out
}

// ifTrue returns what a value is where every condition holds: then a role may do the most.
func ifTrue(v any) any {
	if choice := List(Map(v)["Fn::If"]); len(choice) == 3 {
		return ifTrue(choice[1])
	}
	return v
}

func (w *rightsWriter) statement(s map[string]any) {
	actions := Texts(s["Action"])
	slices.Sort(actions)
	list := strings.Join(actions, " ")
	on, attribute := "", ""
	if att := List(Map(s["Resource"])["Fn::GetAtt"]); len(att) > 1 {
		on, _ = att[0].(string)
		attribute, _ = att[1].(string)
	}
	if attribute == "StreamArn" { // a stream has no keys to be held to
		w.lines = append(w.lines, strings.TrimSuffix(on, "Table")+" stream: "+strings.ReplaceAll(list, "dynamodb:", ""))
		return
	}
	switch on {
	case "EntriesTable", "PermissionsTable":
		w.lines = append(w.lines, strings.TrimSuffix(on, "Table")+" "+w.keys(s)+": "+strings.ReplaceAll(list, "dynamodb:", ""))
	case "Key":
		w.lines = append(w.lines, "Key: "+list+" "+w.keyUse(s))
	case "":
		w.lines = append(w.lines, "Objects "+w.kinds(s)+": "+list)
	case "Bucket", "AnchorBucket":
		w.lines = append(w.lines, on+" "+w.prefix(s, on)+": "+list)
	case "ExporterFunction", "EventBus", "Failures":
		w.lines = append(w.lines, on+": "+list)
	case "FunctionLogs":
		w.lines = append(w.lines, "Log: "+list)
	default:
		w.problem("statement %v on %v", s["Sid"], s["Resource"])
	}
}

// keys returns the partition keys that a statement is held to. Every one must be: a statement without them reaches the whole table.
func (w *rightsWriter) keys(s map[string]any) string {
	conditions := Map(s["Condition"])
	var out []string
	for op, m := range conditions {
		for _, k := range List(Map(m)["dynamodb:LeadingKeys"]) {
			text, _ := Map(k)["Fn::Sub"].(string)
			suffix, ok := strings.CutPrefix(text, "${VaultName}#")
			exact := (op == "ForAllValues:StringEquals" || op == "ForAllValues:StringLike") && !strings.ContainsAny(suffix, "*?")
			prefix := op == "ForAllValues:StringLike" && strings.Count(suffix, "*") == 1 && strings.HasSuffix(suffix, "#*")
			if !ok || !exact && !prefix {
				w.problem("%v: %s of key %q", s["Sid"], op, text)
			}
			out = append(out, suffix)
		}
	}
	if len(out) == 0 || len(conditions) != 1 {
		w.problem("%v: not held to keys: %v", s["Sid"], conditions)
	}
	slices.Sort(out)
	return strings.Join(out, ",")
}

// objects are those of one kind, of one vault. The star stands for the rest of their names: an object has no other resource.
var objects = regexp.MustCompile(`^\$\{(?:Bucket\.Arn\}/\$\{VaultName\}/(files|snapshots|backups|exports)|AnchorBucket\.Arn\}/\$\{VaultName\}/(anchors))/\*$`)

// IsObjects reports whether a resource is the objects of one kind, of one vault.
func IsObjects(resource string) bool { return objects.MatchString(resource) }

// kinds returns the kinds of objects that a statement is held to.
func (w *rightsWriter) kinds(s map[string]any) string {
	var out []string
	for _, text := range Texts(s["Resource"]) {
		m := objects.FindStringSubmatch(text)
		if m == nil {
			w.problem("%v: resource %s", s["Sid"], text)
			continue
		}
		out = append(out, m[1]+m[2])
	}
	return strings.Join(out, ",")
}

// prefix returns the kind of objects of one vault that a list is held to.
func (w *rightsWriter) prefix(s map[string]any, bucket string) string {
	c := Map(s["Condition"])
	text, _ := Map(Map(c["StringEquals"])["s3:prefix"])["Fn::Sub"].(string)
	kind := strings.TrimSuffix(strings.TrimPrefix(text, "${VaultName}/"), "/")
	if text != "${VaultName}/"+kind+"/" || len(c) != 1 || !IsObjects("${"+bucket+".Arn}/${VaultName}/"+kind+"/*") {
		w.problem("%v: not held to objects of one kind: %v", s["Sid"], s["Condition"])
	}
	return kind
}

// keyUse returns the purposes that a statement on the key is held to, or says that it is for what lies at rest.
func (w *rightsWriter) keyUse(s map[string]any) string {
	c := Map(Map(s["Condition"])["StringEquals"])
	if purposes := List(c["kms:EncryptionContext:purpose"]); len(purposes) > 0 {
		return "purpose " + strings.Join(Texts(purposes), ",")
	}
	if c["kms:ViaService"] != nil && len(List(c["kms:EncryptionContext:aws:dynamodb:tableName"])) == 2 {
		return "tables at rest"
	}
	if att := List(Map(c["kms:EncryptionContext:aws:s3:arn"])["Fn::GetAtt"]); c["kms:ViaService"] != nil && len(att) == 2 && att[0] == "Bucket" {
		return "objects at rest"
	}
	w.problem("%v: key without a purpose: %v", s["Sid"], s["Condition"])
	return ""
}

// Texts returns every string below v, functions' arguments included.
func Texts(v any) []string {
	var out []string
	switch v := v.(type) {
	case string:
		out = append(out, v)
	case []any:
		for _, c := range v {
			out = append(out, Texts(c)...)
		}
	case map[string]any:
		for _, c := range v {
			out = append(out, Texts(c)...)
		}
	}
	return out
}
