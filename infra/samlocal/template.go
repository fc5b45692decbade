package samlocal

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"go.yaml.in/yaml/v3"
)

// Bind returns a built template whose functions find what is on this machine: names take the place of references in their variables ("Bucket", "Key.Arn"), and every function
// gets the variables that are added. SAM's own --env-vars sets none that the template does not name, and would call a bucket what its resource is called.
func Bind(built []byte, names, added map[string]string) ([]byte, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(built, &doc); err != nil {
		return nil, fmt.Errorf("bind the template: %w", err)
	}
	if len(doc.Content) != 1 {
		return nil, errors.New("bind the template: it is empty")
	}
	top := doc.Content[0]
	all := member(member(member(member(top, "Globals"), "Function"), "Environment"), "Variables")
	if all == nil {
		return nil, errors.New("bind the template: no Globals.Function.Environment.Variables")
	}
	replace(all, names)
	functions := 0
	if resources := member(top, "Resources"); resources != nil {
		for i := 1; i < len(resources.Content); i += 2 {
			r := resources.Content[i]
			if kind := member(r, "Type"); kind == nil || kind.Value != "AWS::Serverless::Function" {
				continue
			}
			functions++
			if own := member(member(member(r, "Properties"), "Environment"), "Variables"); own != nil {
				replace(own, names)
			}
		}
	}
	if functions == 0 {
		return nil, errors.New("bind the template: no functions")
	}
	for _, name := range slices.Sorted(maps.Keys(added)) {
		if member(all, name) == nil {
			all.Content = append(all.Content, text(name), text(added[name]))
		}
	}
	return yaml.Marshal(&doc)
}

func text(v string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: v, Style: yaml.DoubleQuotedStyle}
}

// member returns a mapping's value; nil for none.
func member(n *yaml.Node, name string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			return n.Content[i+1]
		}
	}
	return nil
}

// replace puts names in the place of references to them, at any depth.
func replace(n *yaml.Node, names map[string]string) {
	if name, is := reference(n); is {
		if v, known := names[name]; known {
			*n = *text(v)
		}
		return
	}
	for _, child := range n.Content {
		replace(child, names)
	}
}

// reference returns what {Ref: X}, {Fn::GetAtt: [X, Arn]} and their short forms refer to: X, X.Arn.
func reference(n *yaml.Node) (string, bool) {
	switch {
	case n.Tag == "!Ref", n.Tag == "!GetAtt" && n.Kind == yaml.ScalarNode:
		return n.Value, true
	case n.Tag == "!GetAtt" && len(n.Content) == 2:
		return n.Content[0].Value + "." + n.Content[1].Value, true
	}
	if len(n.Content) != 2 {
		return "", false
	}
	if ref := member(n, "Ref"); ref != nil {
		return ref.Value, true
	}
	if att := member(n, "Fn::GetAtt"); att != nil {
		if len(att.Content) == 2 {
			return att.Content[0].Value + "." + att.Content[1].Value, true
		}
		return att.Value, true
	}
	return "", false
}
