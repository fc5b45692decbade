package samlocal

import (
	"errors"

	"tresor"
	"tresor/infra/template"
	"tresor/shared/dialect"
)

// Functions returns the logical ids of the template's functions by their folders' names.
func Functions() (map[string]string, error) {
	tmpl, err := template.Parse(tresor.Template)
	if err != nil {
		return nil, err
	}
	ids := map[string]string{}
	for id, r := range tmpl.Resources {
		if r.Type == "AWS::Serverless::Function" {
			ids[dialect.FunctionName(id)] = id
		}
	}
	if len(ids) == 0 {
		return nil, errors.New("the template has no functions")
	}
	return ids, nil
}
