package dynamodblocal

import (
	"bytes"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// decode decodes a property into v, refusing fields that v does not have. A !Ref to a parameter stands for the parameter's
// default; any other intrinsic function in a property that tests need is an error, since its value is known to CloudFormation only.
func (t *template) decode(n *yaml.Node, v any) error {
	plain, err := t.resolve(n)
	if err != nil {
		return err
	}
	text, err := yaml.Marshal(plain) // only a Decoder can refuse unknown fields
	if err != nil {
		return err
	}
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	return d.Decode(v)
}

// resolve returns a copy of n without intrinsic functions.
func (t *template) resolve(n *yaml.Node) (*yaml.Node, error) {
	if n.Kind == yaml.AliasNode {
		return t.resolve(n.Alias)
	}
	name, arg := intrinsic(n)
	if name == "Ref" {
		if p, ok := t.Parameters[arg]; ok && !p.Default.IsZero() {
			return &p.Default, nil
		}
	}
	if name != "" {
		return nil, fmt.Errorf("line %d: tests cannot know the value of %s %s", n.Line, name, arg)
	}
	out := *n
	out.Content = nil
	for _, child := range n.Content {
		c, err := t.resolve(child)
		if err != nil {
			return nil, err
		}
		out.Content = append(out.Content, c)
	}
	return &out, nil
}

// intrinsic returns the name and the plain argument of an intrinsic function in its short form (!Ref X) or its long one
// ({Ref: X}, {Fn::Sub: X}); an empty name for anything else.
func intrinsic(n *yaml.Node) (name, arg string) {
	if strings.HasPrefix(n.Tag, "!") && !strings.HasPrefix(n.Tag, "!!") {
		return n.Tag[1:], n.Value
	}
	if n.Kind != yaml.MappingNode || len(n.Content) != 2 {
		return "", ""
	}
	key := n.Content[0].Value
	if key == "Ref" || key == "Condition" || strings.HasPrefix(key, "Fn::") {
		return strings.TrimPrefix(key, "Fn::"), n.Content[1].Value
	}
	return "", ""
}
