package events

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Other is a recorded event that is not of the API.
type Other struct {
	Name     string // "compactor/hourly": its file without ending
	Function string // "compactor": the function's folder
	text     string
}

// Others returns the events that no request of the API makes, ordered by name.
func Others() ([]Other, error) {
	wanted, err := requests()
	if err != nil {
		return nil, err
	}
	names, err := fs.Glob(files, "*/*.json")
	if err != nil {
		return nil, fmt.Errorf("find events: %w", err)
	}
	var all []Other
	for _, file := range names {
		name := strings.TrimSuffix(file, ".json")
		if slices.ContainsFunc(wanted, func(q request) bool { return q.name == name }) {
			continue
		}
		text, err := files.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("load event: %w", err)
		}
		all = append(all, Other{name, path.Dir(name), string(text)})
	}
	return all, nil
}

// Triggered returns the functions that no request of the API comes to, ordered by name: those whose folders hold no event of one.
func Triggered() ([]string, error) {
	others, err := Others()
	if err != nil {
		return nil, err
	}
	wanted, err := requests()
	if err != nil {
		return nil, err
	}
	var names []string
	for _, o := range others {
		if !slices.ContainsFunc(wanted, func(q request) bool { return path.Dir(q.name) == o.Function }) {
			names = append(names, o.Function)
		}
	}
	return slices.Compact(names), nil // Others are ordered
}

// Text returns the event with values for its placeholders, if it has any.
func (o Other) Text(values map[string]string) ([]byte, error) { return fill(o.Name, o.text, values) }
