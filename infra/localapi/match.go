package localapi

import (
	"fmt"
	"strings"

	"tresor/infra/template"

	"github.com/aws/aws-lambda-go/events"
)

// Router finds routes as a REST API does. What is known of that, from measurements of live APIs that others published
// (ministackorg/ministack pull request 1423, floci-io/floci pull requests 1630 and 3399, localstack issue 11253):
//   - path and method are matched together; a path whose resource lacks the method goes on to a wider resource that has it;
//   - a fixed segment is preferred to a variable, and that to a greedy variable, which takes at least one segment;
//   - a resource's own method is preferred to its ANY;
//   - slashes are merged, and a trailing one ignored, for matching only: the event keeps the path as it came.
type Router struct {
	root   node
	binary []string // media types
}

type node struct {
	fixed    map[string]*node
	variable *node
	greedy   *node
	name     string // of the variable
	methods  map[string]template.Route
}

// match is a route found, with the values of its path variables, still percent-encoded.
type match struct {
	route  template.Route
	params map[string]string
}

// NewRouter returns a Router for the template's routes. It refuses what API Gateway refuses: two variables side by side.
func NewRouter(t *template.Template) (*Router, error) {
	routes, err := t.Routes()
	if err != nil {
		return nil, err
	}
	r := &Router{binary: binaryMediaTypes(t)}
	for _, route := range routes {
		if err := r.add(route); err != nil {
			return nil, fmt.Errorf("route %s: %w", route, err)
		}
	}
	return r, nil
}

func binaryMediaTypes(t *template.Template) []string {
	var out []string
	for _, r := range t.Resources {
		if r.Type != "AWS::Serverless::Api" {
			continue
		}
		for _, m := range template.List(r.Properties["BinaryMediaTypes"]) {
			if s, ok := m.(string); ok {
				out = append(out, strings.ReplaceAll(s, "~1", "/"))
			}
		}
	}
	return out
}

// Event returns the event that API Gateway would make of a request, and the route that it takes; ok is false if there is none.
func (r *Router) Event(q Request) (ev events.APIGatewayProxyRequest, route template.Route, ok bool) {
	path, _, _ := strings.Cut(q.Target, "?")
	m, ok := r.find(q.Method, path)
	if !ok {
		return ev, route, false
	}
	return event(q, m, r.binary), m.route, true
}

func (r *Router) add(route template.Route) error {
	at := &r.root
	for _, s := range split(route.Path) {
		if at.name != "" && strings.HasSuffix(at.name, "+") {
			return fmt.Errorf("something follows {%s}", at.name)
		}
		next, err := at.child(s.text)
		if err != nil {
			return err
		}
		at = next
	}
	if at.methods == nil {
		at.methods = map[string]template.Route{}
	}
	at.methods[route.Method] = route
	return nil
}

// child returns the node below n for a segment of a template path, making it if need be. API Gateway refuses two variables side by
// side under different names; greedy or not is part of the name.
func (n *node) child(segment string) (*node, error) {
	name, isVariable := strings.CutPrefix(segment, "{")
	if !isVariable {
		if n.fixed == nil {
			n.fixed = map[string]*node{}
		}
		if n.fixed[segment] == nil {
			n.fixed[segment] = new(node)
		}
		return n.fixed[segment], nil
	}
	name = strings.TrimSuffix(name, "}")
	slot, other := &n.variable, n.greedy
	if strings.HasSuffix(name, "+") {
		slot, other = &n.greedy, n.variable
	}
	if other != nil || *slot != nil && (*slot).name != name {
		return nil, fmt.Errorf("{%s} is beside another variable", name)
	}
	if *slot == nil {
		*slot = &node{name: name}
	}
	return *slot, nil
}

// find returns the route of a path as it came, without query.
func (r *Router) find(method, path string) (match, bool) {
	m := match{params: map[string]string{}}
	ok := r.root.find(method, path, split(path), &m)
	return m, ok
}

func (n *node) find(method, path string, rest []segment, m *match) bool {
	if len(rest) == 0 {
		return n.serve(method, m)
	}
	if c := n.fixed[rest[0].text]; c != nil && c.find(method, path, rest[1:], m) {
		return true
	}
	if c := n.variable; c != nil && c.find(method, path, rest[1:], m) {
		m.params[c.name] = rest[0].text
		return true
	}
	if c := n.greedy; c != nil && c.serve(method, m) {
		m.params[strings.TrimSuffix(c.name, "+")] = path[rest[0].at:]
		return true
	}
	return false
}

func (n *node) serve(method string, m *match) bool {
	route, ok := n.methods[method]
	if !ok {
		route, ok = n.methods["ANY"]
	}
	m.route = route
	return ok
}

// segment is a part of a path between slashes, and where it begins.
type segment struct {
	text string
	at   int
}

// split returns the segments that are not empty.
func split(path string) []segment {
	var all []segment
	for at := 0; at < len(path); {
		if path[at] == '/' {
			at++
			continue
		}
		end := strings.IndexByte(path[at:], '/')
		if end < 0 {
			end = len(path) - at
		}
		all = append(all, segment{path[at : at+end], at})
		at += end
	}
	return all
}
