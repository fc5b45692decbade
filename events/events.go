// Package events holds one recorded event or more for every route of the template, and one for every other trigger, as files that
// `sam local invoke -e` takes too. It is no test by itself: a test replays them through the functions' own handlers.
//
// The one idea: the files are made from requests.http by the same code that serves requests locally, so that they cannot differ from
// what a handler sees.
//
// Placeholders stand in the files for what only a vault knows. None of their values needs escaping:
//
//	apikey                      a TeamPass API key
//	folder, folder_base64       the id of a folder with items, and the same in base64
//	item                        the id of an item in it
//	spare_item, spare_item_short  items that may be deleted
//	updated_item, updated_folder  an item and a folder that may be changed
//	username, username_base64   the login of the key's user
//	password_of_user, password_of_user_base64  and its password, of letters and digits
//	authToken, tokenPass        a sysPass token that carries every action, and its password
//	category, client, account   ids of such; the account has a password
//	basic                       base64 of a user's name, a colon and the password
//	project, password           ids of a project and a password of the same user
//	spare_password              a password that may be deleted
//	my_password                 a personal password of the same user
//	moved_my_password, spare_my_password  personal passwords that may be moved and deleted
//	public_key, timestamp, hash  a TPM key pair's public key, unix seconds, and the HMAC over what the event holds
package events

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-lambda-go/events"
)

//go:embed requests.http */*.json
var files embed.FS

// Event is a recorded event of an API's route.
type Event struct {
	Name     string // "tpm-passwords/v6-list": its file without ending
	Function string // "tpm-passwords": the function's folder
	Status   int    // the answer's
	text     string
}

// Load returns the events of the API, in an order in which they can be replayed.
func Load() ([]Event, error) {
	wanted, err := requests()
	if err != nil {
		return nil, err
	}
	all := make([]Event, 0, len(wanted))
	for _, q := range wanted {
		text, err := files.ReadFile(q.name + ".json")
		if err != nil {
			return nil, fmt.Errorf("load event: %w", err)
		}
		all = append(all, Event{Name: q.name, Function: path.Dir(q.name), Status: q.status, text: string(text)})
	}
	return all, nil
}

// Trigger returns a recorded event that is not of the API, such as "compactor/hourly".
func Trigger(name string) (json.RawMessage, error) {
	text, err := files.ReadFile(name + ".json")
	if err != nil {
		return nil, fmt.Errorf("load event: %w", err)
	}
	return text, nil
}

var placeholder = regexp.MustCompile(`\{\{([a-zA-Z_0-9]+)\}\}`)

// Placeholders returns the names of those in the event, ordered.
func (e Event) Placeholders() []string {
	var names []string
	for _, m := range placeholder.FindAllStringSubmatch(e.text, -1) {
		names = append(names, m[1])
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Request returns the event with values for its placeholders. A value that is missing, or that JSON would have to escape, is an error.
func (e Event) Request(values map[string]string) (events.APIGatewayProxyRequest, error) {
	var ev events.APIGatewayProxyRequest
	text, err := fill(e.Name, e.text, values)
	if err != nil {
		return ev, err
	}
	if err := json.Unmarshal(text, &ev); err != nil {
		return ev, fmt.Errorf("event %s: %w", e.Name, err)
	}
	return ev, nil
}

// fill puts values in the place of placeholders.
func fill(name, text string, values map[string]string) ([]byte, error) {
	var problems []error
	filled := placeholder.ReplaceAllStringFunc(text, func(m string) string {
		v, ok := values[strings.Trim(m, "{}")]
		if !ok || strings.ContainsFunc(v, func(r rune) bool { return r < ' ' || r == '"' || r == '\\' }) {
			problems = append(problems, fmt.Errorf("event %s: no usable value for %s", name, m))
		}
		return v
	})
	return []byte(filled), errors.Join(problems...)
}
