package samlocal

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

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
	spell(template.Map(top["Resources"]))
	return json.Marshal(top)
}

// spell writes ANY as the methods that no other function has on the same path. API Gateway prefers the function with the very method; SAM takes either, by the hash of the moment.
func spell(resources map[string]any) {
	taken := map[string]bool{} // "GET /path"
	each := func(do func(events map[string]any, name, method, path string)) {
		for _, r := range resources {
			events := template.Map(template.Map(template.Map(r)["Properties"])["Events"])
			for _, name := range slices.Collect(maps.Keys(events)) {
				p := template.Map(template.Map(events[name])["Properties"])
				method, _ := p["Method"].(string)
				path, _ := p["Path"].(string)
				do(events, name, strings.ToUpper(method), path)
			}
		}
	}
	paths := map[string]bool{}
	each(func(_ map[string]any, _, method, path string) {
		if method != "" && method != "ANY" {
			taken[method+" "+path], paths[path] = true, true
		}
	})
	each(func(events map[string]any, name, method, path string) {
		if method != "ANY" || !paths[path] {
			return
		}
		event := template.Map(events[name])
		delete(events, name)
		for _, m := range []string{"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"} {
			if !taken[m+" "+path] {
				properties := maps.Clone(template.Map(event["Properties"]))
				properties["Method"] = m
				own := maps.Clone(event)
				own["Properties"] = properties
				events[name+m] = own
			}
		}
	})
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
