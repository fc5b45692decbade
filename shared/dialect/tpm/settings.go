package tpm

import (
	"slices"
	"strconv"
	"strings"

	"tresor/shared/vault"
)

// The vault's settings for this API. They are read from the caught-up state of each call, so that they hold from the next request on, whichever process
// serves it; only what may cost much is asked of the replica first (see admission).
const (
	// SettingAPI switches the API off: 0 (tpm 1.5).
	SettingAPI = "tpm.api"
	// SettingAuth says which credentials are taken: both, basic or hmac (tpm 1.3).
	SettingAuth = "tpm.auth"
	// SettingKeyDays is how many days HMAC keys last from their creation; 0: for ever (tpm 1.3).
	SettingKeyDays = "tpm.key_days"
	// SettingPersonal switches personal passwords off: 0. The original's is a server parameter, ALLOW_PERSONAL_PASSWORDS (tpm 6.4).
	SettingPersonal = "tpm.personal_passwords"
	// SettingPageSize is how many items a page has that no X-Page-Size asks for (tpm 2.3).
	SettingPageSize = "tpm.page_size"
	// SettingSoonDays is how many days before its date a password expires soon, here as for the vault's events.
	SettingSoonDays = vault.SettingSoonDays
	// SettingPasswordLength is how many characters a generated password has (tpm 7.6).
	SettingPasswordLength = "tpm.password_length"
	// SettingPasswordClasses names what a generated password is made of: lower, upper, digits, symbols, separated by spaces (tpm 7.6).
	SettingPasswordClasses = "tpm.password_classes"
)

// What SettingAuth may be.
const (
	authBoth  = "both"
	authBasic = "basic"
	authHMAC  = "hmac"
)

// settingRule is a setting's value where it is unset, and what it may be.
type settingRule struct {
	fallback string
	valid    func(string) bool
}

var settingRules = map[string]settingRule{
	SettingAPI:             {"1", oneOf("0", "1")},
	SettingAuth:            {authBoth, oneOf(authBoth, authBasic, authHMAC)},
	SettingKeyDays:         {"0", within(0, 36500)},
	SettingPersonal:        {"1", oneOf("0", "1")},
	SettingPageSize:        {"20", within(minPageSize, maxPageSize)},
	SettingSoonDays:        {strconv.Itoa(vault.DefaultSoonDays), within(0, 3650)},
	SettingPasswordLength:  {"20", within(8, 128)},
	SettingPasswordClasses: {strings.Join(classNames, " "), areClasses},
}

func oneOf(values ...string) func(string) bool {
	return func(s string) bool { return slices.Contains(values, s) }
}

// within takes numbers as they are usually written only, so that a value has one form.
func within(low, high int) func(string) bool {
	return func(s string) bool {
		n, err := strconv.Atoi(s)
		return err == nil && low <= n && n <= high && strconv.Itoa(n) == s
	}
}

func areClasses(s string) bool {
	names := strings.Fields(s)
	return len(names) > 0 && !slices.ContainsFunc(names, func(name string) bool { return classes[name] == "" })
}

// ValidSetting reports whether one of the settings above may have a value.
func ValidSetting(key, value string) bool {
	r, known := settingRules[key]
	return known && r.valid(value)
}

// DefaultSetting returns what one of the settings above is where it is unset.
func DefaultSetting(key string) string { return settingRules[key].fallback }

// settingSource is where settings are read: a caller's view, or a state.
type settingSource interface {
	Setting(key, fallback string) string
}

// setting returns a valid value: what is stored, or the default where that is none.
func setting(s settingSource, key string) string {
	r := settingRules[key]
	if value := s.Setting(key, r.fallback); r.valid(value) {
		return value
	}
	return r.fallback
}

func numberSetting(s settingSource, key string) int {
	n, _ := strconv.Atoi(setting(s, key)) // it is valid
	return n
}

// apiOn reports whether the API answers at all.
func apiOn(s settingSource) bool { return setting(s, SettingAPI) == "1" }

// takesBasic and takesHMAC report which credentials are taken.
func takesBasic(s settingSource) bool { return setting(s, SettingAuth) != authHMAC }
func takesHMAC(s settingSource) bool  { return setting(s, SettingAuth) != authBasic }

// keyDays returns how many days HMAC keys last; 0: for ever.
func keyDays(s settingSource) int { return numberSetting(s, SettingKeyDays) }

// personalOn reports whether users have personal passwords.
func personalOn(s settingSource) bool { return setting(s, SettingPersonal) == "1" }

// defaultPageSize returns how long a page is that says nothing of it.
func defaultPageSize(s settingSource) int { return numberSetting(s, SettingPageSize) }

// soonDays returns how many days before its date a password expires soon.
func soonDays(s settingSource) int { return numberSetting(s, SettingSoonDays) }

// passwordLength and passwordClasses say how passwords are generated.
func passwordLength(s settingSource) int { return numberSetting(s, SettingPasswordLength) }
func passwordClasses(s settingSource) []string {
	return strings.Fields(setting(s, SettingPasswordClasses))
}
