package teampass

import (
	"encoding/base64"
	"strings"

	"tresor/shared/auth"
	"tresor/shared/vault"
)

// version answers what the last 2.1 releases do (teampass 1). Made by hand in the original, like add/item's answer.
func version(*vault.Reader) (answer, error) { return answer(`{"api-version":"2.1.5"}`), nil }

// complexityLevels answers the names of a folder's documented complexities (teampass 5.18).
func complexityLevels(*vault.Reader) (answer, error) {
	return encode(object{
		{"0", "Very weak"}, {"25", "Weak"}, {"50", "Medium"}, {"60", "Strong"}, {"70", "Very strong"}, {"80", "Heavy"}, {"90", "Very heavy"},
	}), nil
}

// Alphabets of new_password (teampass 5.17): without the letters and digits that look alike.
const (
	passwordLetters = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghjkmnpqrstuvwxyz23456789"
	passwordSymbols = "!@$%^&*()<>,.?/[]{}-=_+"
)

// Sizes of a new password.
const (
	defaultSize = 8
	maxSize     = 200
)

// parsePassword makes a password of <size>;<secure>;<numerals>;<capitalize>;<ambiguous>;<symbols>;<base64>. numerals, capitalize and ambiguous change nothing
// (teampass 5.17). It is not stored.
func parsePassword(a argument) (made string, err error) {
	if a.isBlank() {
		return "", faultNoParameters
	}
	f := append(a.list(), make([]string, 7)...)[:7]
	flag := func(i int) bool { return toInt(f[i]) != 0 }
	size := int64(defaultSize)
	switch {
	case strings.Trim(f[0], phpSpace) == "":
	case !isNumeric(f[0]):
		return "", faultUnclear
	default:
		size = toInt(f[0])
	}
	if size < 1 || size > maxSize {
		return "", faultParameters
	}
	alphabet := passwordLetters
	if flag(1) || flag(5) && flag(6) {
		alphabet += passwordSymbols
	}
	made = auth.RandomString(alphabet, int(size))
	if flag(6) {
		made = base64.StdEncoding.EncodeToString([]byte(made))
	}
	return made, nil
}

// newPassword answers a password. Made by hand in the original, like the others (teampass 4): a / in it stays as it is, for scripts that cut the password out of the text.
// Neither alphabet has anything that JSON must escape.
func newPassword(_ *vault.Reader, made string) (answer, error) {
	return answer(`{"password" : "` + made + `"}`), nil
}
