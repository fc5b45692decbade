package events

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// request is one of requests.http.
type request struct {
	name           string
	status         int
	method, target string
	header         http.Header
	body           string
}

func requests() ([]request, error) {
	text, err := files.ReadFile("requests.http")
	if err != nil {
		return nil, fmt.Errorf("load requests: %w", err)
	}
	return parse(string(text))
}

// parse reads requests that "### name status" lines begin. What stands before the first is a comment.
func parse(text string) ([]request, error) {
	parts := strings.Split("\n"+text, "\n### ")
	var all []request
	seen := map[string]bool{}
	for _, part := range parts[1:] {
		q, err := parseOne(part)
		if err != nil {
			return nil, err
		}
		if seen[q.name] {
			return nil, fmt.Errorf("requests.http: %s is there twice", q.name)
		}
		seen[q.name] = true
		all = append(all, q)
	}
	return all, nil
}

func parseOne(part string) (request, error) {
	head, body, _ := strings.Cut(part, "\n\n")
	lines := strings.Split(strings.TrimRight(head, "\n"), "\n")
	q := request{header: http.Header{}, body: strings.TrimRight(body, "\n")}
	name, status, _ := strings.Cut(lines[0], " ")
	code, err := strconv.Atoi(status)
	if err != nil || len(lines) < 2 || !strings.Contains(name, "/") {
		return q, fmt.Errorf("requests.http: %q is no function/name, status and request", lines[0])
	}
	q.name, q.status = name, code
	q.method, q.target, _ = strings.Cut(lines[1], " ")
	if !strings.HasPrefix(q.target, "/") {
		return q, fmt.Errorf("requests.http: %s: no target in %q", name, lines[1])
	}
	for _, line := range lines[2:] {
		k, v, ok := strings.Cut(line, ": ")
		if !ok {
			return q, fmt.Errorf("requests.http: %s: no header in %q", name, line)
		}
		q.header.Add(k, v)
	}
	return q, nil
}
