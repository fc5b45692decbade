package samlocal

import (
	"encoding/json"
	"errors"
	"fmt"

	"tresor/infra/template"
)

// Bind returns a built template, as JSON, whose functions find what is on this machine: names take the place of references in their variables ("Bucket", "Key.Arn"), and every
// function gets the variables that are added. SAM's own --env-vars sets none that the template does not name, and would call a bucket what its resource is called.
// JSON, because SAM reads a template of this size several times per command, in YAML for half a second of processor time longer.
func Bind(built []byte, names, added map[string]string) ([]byte, error) {
	top, err := template.Plain(built)
	if err != nil {
		return nil, fmt.Errorf("bind the template: %w", err)
	}
	all, ok := variables(template.Map(template.Map(top["Globals"])["Function"]))
	if !ok {
		return nil, errors.New("bind the template: no Globals.Function.Environment.Variables")
	}
	replace(all, names)
	for name, v := range added {
		if _, own := all[name]; !own {
			all[name] = v
		}
	}
	functions := 0
	for _, r := range template.Map(top["Resources"]) {
		if template.Map(r)["Type"] != "AWS::Serverless::Function" {
			continue
		}
		functions++
		if own, ok := variables(template.Map(template.Map(r)["Properties"])); ok {
			replace(own, names)
		}
	}
	if functions == 0 {
		return nil, errors.New("bind the template: no functions")
	}
	return json.Marshal(top)
}

// variables are those of a function's properties.
func variables(properties map[string]any) (map[string]any, bool) {
	v, ok := template.Map(properties["Environment"])["Variables"].(map[string]any)
	return v, ok
}

// replace returns v with names in the place of references to them, at any depth. It works on maps and lists in place.
func replace(v any, names map[string]string) any {
	if name, known := names[reference(v)]; known {
		return name
	}
	switch v := v.(type) {
	case map[string]any:
		for k := range v {
			v[k] = replace(v[k], names)
		}
	case []any:
		for i := range v {
			v[i] = replace(v[i], names)
		}
	}
	return v
}

// reference returns what {Ref: X} and {Fn::GetAtt: [X, Arn]} refer to: X, X.Arn; empty for what is none.
func reference(v any) string {
	m, ok := v.(map[string]any)
	if !ok || len(m) != 1 {
		return ""
	}
	if name, ok := m["Ref"].(string); ok {
		return name
	}
	switch att := m["Fn::GetAtt"].(type) {
	case string:
		return att
	case []any:
		if len(att) == 2 {
			return fmt.Sprint(att[0], ".", att[1])
		}
	}
	return ""
}
