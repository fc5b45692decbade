// Package template reads the SAM template: its resources as plain values, and the API's routes. It does not transform or deploy
// anything, and knows no more of CloudFormation than the short forms of its functions.
//
// The one idea: the routes exist once, in template.yaml, and everything that needs them (the local server, the recorded events, the
// tests) reads them from there.
package template

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// Template is a parsed template. Values are strings, ints, floats, bools, []any and map[string]any; CloudFormation functions are maps of
// one member with their long name: {"Ref": "X"}, {"Fn::GetAtt": ["X", "Arn"]}, {"Fn::Sub": "..."}.
type Template struct {
	Parameters map[string]any
	Conditions map[string]any
	Globals    map[string]any
	Resources  map[string]Resource
}

// Resource is one resource as it is written.
type Resource struct {
	Type       string
	Condition  string
	Properties map[string]any
	All        map[string]any // every member, Properties included
}

// Route is one method of one path of the API, and the logical id of the function that serves it.
type Route struct {
	Function string
	Method   string // "GET", ...; "ANY" for those that the path does not name
	Path     string // "/index.php/api/v6/passwords/{proxy+}"
}

// String returns the route as "GET /path".
func (r Route) String() string { return r.Method + " " + r.Path }

// Plain reads a template as maps, lists and values, its functions in their long form.
func Plain(text []byte) (map[string]any, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("parse template: %w", err)
	}
	if len(doc.Content) != 1 {
		return nil, errors.New("parse template: no document")
	}
	plain, err := value(doc.Content[0])
	if err != nil {
		return nil, fmt.Errorf("parse template: %w", err)
	}
	return Map(plain), nil
}

// Parse reads a template.
func Parse(text []byte) (*Template, error) {
	top, err := Plain(text)
	if err != nil {
		return nil, err
	}
	t := &Template{Parameters: Map(top["Parameters"]), Conditions: Map(top["Conditions"]), Globals: Map(top["Globals"]), Resources: map[string]Resource{}}
	for id, r := range Map(top["Resources"]) {
		all := Map(r)
		kind, _ := all["Type"].(string)
		condition, _ := all["Condition"].(string)
		t.Resources[id] = Resource{Type: kind, Condition: condition, Properties: Map(all["Properties"]), All: all}
	}
	if len(t.Resources) == 0 {
		return nil, errors.New("parse template: no resources")
	}
	return t, nil
}

// value turns a node into a plain value, writing functions in their long form.
func value(n *yaml.Node) (any, error) {
	if strings.HasPrefix(n.Tag, "!") && !strings.HasPrefix(n.Tag, "!!") {
		return function(n)
	}
	switch n.Kind { //nolint:exhaustive // the rest is refused below
	case yaml.MappingNode:
		m := make(map[string]any, len(n.Content)/2)
		for i := 0; i+1 < len(n.Content); i += 2 {
			v, err := value(n.Content[i+1])
			if err != nil {
				return nil, err
			}
			key := n.Content[i].Value
			if _, twice := m[key]; twice {
				return nil, fmt.Errorf("line %d: %s is there twice", n.Content[i].Line, key)
			}
			m[key] = v
		}
		return m, nil
	case yaml.SequenceNode:
		list := make([]any, 0, len(n.Content))
		for _, c := range n.Content {
			v, err := value(c)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		return list, nil
	case yaml.ScalarNode:
		var v any
		if err := n.Decode(&v); err != nil {
			return nil, fmt.Errorf("line %d: %w", n.Line, err)
		}
		if _, isTime := v.(time.Time); isTime { // a version, such as 2012-10-17
			return n.Value, nil
		}
		return v, nil
	}
	return nil, fmt.Errorf("line %d: aliases are not for CloudFormation", n.Line)
}

// function gives !Name arg as {"Fn::Name": arg}, and "!GetAtt A.B" its two parts.
func function(n *yaml.Node) (any, error) {
	name := strings.TrimPrefix(n.Tag, "!")
	plain := *n
	plain.Tag = ""
	if n.Kind == yaml.ScalarNode {
		plain.Tag = "!!str"
	}
	arg, err := value(&plain)
	if err != nil {
		return nil, err
	}
	switch s, isText := arg.(string); {
	case name == "Ref" || name == "Condition":
		return map[string]any{name: arg}, nil
	case name == "GetAtt" && isText:
		of, attribute, _ := strings.Cut(s, ".")
		arg = []any{of, attribute}
	}
	return map[string]any{"Fn::" + name: arg}, nil
}

// Map returns v as a map, an empty one if it is none.
func Map(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

// List returns v as a list: itself, or alone in one. CloudFormation takes both in many places.
func List(v any) []any {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		return v
	default:
		return []any{v}
	}
}

// Routes returns the routes of every function's Api events, ordered by path and method. Conditions are taken to hold.
func (t *Template) Routes() ([]Route, error) {
	var routes []Route
	for id, r := range t.Resources {
		if r.Type != "AWS::Serverless::Function" {
			continue
		}
		for name, e := range Map(r.Properties["Events"]) {
			if Map(e)["Type"] != "Api" {
				continue
			}
			p := Map(Map(e)["Properties"])
			method, _ := p["Method"].(string)
			path, _ := p["Path"].(string)
			if method == "" || !strings.HasPrefix(path, "/") {
				return nil, fmt.Errorf("template: event %s of %s has no method or path", name, id)
			}
			routes = append(routes, Route{Function: id, Method: strings.ToUpper(method), Path: path})
		}
	}
	slices.SortFunc(routes, func(a, b Route) int { return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Method, b.Method)) })
	for i := 1; i < len(routes); i++ {
		if routes[i].String() == routes[i-1].String() {
			return nil, fmt.Errorf("template: two functions serve %s", routes[i])
		}
	}
	return routes, nil
}
