package tpm

import (
	"net/http"
	"slices"
	"strings"

	"tresor/shared/auth"
	"tresor/shared/vault"
)

// classNames are the kinds of characters that a generated password may have.
var classNames = []string{"lower", "upper", "digits", symbolClass}

const symbolClass = "symbols"

// classes are the characters of each kind. The symbols mean the same wherever a password is pasted: no shell expands them, a URL takes them unencoded, XML and
// JSON unescaped. The tilde would be a home folder, + a space, and : @ / would end a password in a URL.
var classes = map[string]string{
	"lower": "abcdefghijklmnopqrstuvwxyz", "upper": "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "digits": "0123456789", symbolClass: "-.,_=",
}

// recipe is how a password is made.
type recipe struct {
	length  int
	classes []string
}

// generatedBody is a generated password (tpm 7.6). It is shown once: it is neither stored nor logged.
type generatedBody struct {
	Password string `json:"password"`
}

// generatePassword makes the endpoint that makes a password up, for every user (tpm 7.6). The View gives the rules only: it may run several times.
func generatePassword(name string) endpoint {
	return endpoint{named(name, false, false), func(v *vault.Vault, c *call) (reply, error) {
		how, err := vault.View(c.r.Context(), v, c.req, func(r *vault.Reader) (recipe, error) {
			return recipe{passwordLength(r), passwordClasses(r)}, nil
		})
		if err != nil {
			return reply{}, err
		}
		return reply{status: http.StatusOK, body: generatedBody{how.draw(auth.RandomString)}}, nil
	}}
}

// draw makes passwords until one follows the rules, so that each that does is as likely as any other: to put missing characters in afterwards would
// favour some. More than one draw in four is good, whatever the rules.
func (r recipe) draw(random func(alphabet string, n int) string) string {
	alphabet := r.alphabet()
	for {
		if password := random(alphabet, r.length); r.allows(password) {
			return password
		}
	}
}

// alphabet returns each character once, however often a class is named.
func (r recipe) alphabet() string {
	var b strings.Builder
	for _, name := range classNames {
		if slices.Contains(r.classes, name) {
			b.WriteString(classes[name])
		}
	}
	return b.String()
}

// allows reports whether a password has something of each class and does not begin with a symbol, which commands take for an option and zsh for a path; if there is
// anything else to begin with.
func (r recipe) allows(password string) bool {
	for _, name := range r.classes {
		if !strings.ContainsAny(password, classes[name]) {
			return false
		}
		if name != symbolClass && strings.ContainsAny(password[:1], classes[symbolClass]) {
			return false
		}
	}
	return true
}
