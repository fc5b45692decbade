package teampass

import (
	"net/netip"
	"strconv"
	"strings"

	"tresor/shared/vault"
)

// Settings of the vault that this API looks at. They are the original's, and unset they are as there, but for SettingAPI.
const (
	// SettingAPI switches the API off: 0 (teampass 3). It is on unless it is set: a key must be made before anyone can call.
	SettingAPI = "teampass.api"
	// SettingSources is the list of addresses that may call it: CIDR prefixes or addresses, separated by spaces; unset or "all": everyone (teampass 3).
	SettingSources = "teampass.sources"
	// SettingDuplicateItem allows labels that another item has: 1 (teampass 5.8).
	SettingDuplicateItem = "teampass.duplicate_item"
	// SettingDuplicateFolder allows titles that another folder has, beside each other excepted: 1 (teampass 5.12).
	SettingDuplicateFolder = "teampass.duplicate_folder"
	// SettingMaxPassword is the longest password in bytes that may be stored through it; 0: any (teampass 5.8).
	SettingMaxPassword = "teampass.max_password"
	// DefaultMaxPassword is SettingMaxPassword where it is unset.
	DefaultMaxPassword = 50
)

// gate takes the checks that come before the key's (teampass 3): whether the API is on, and whether it is for this address.
type gate struct {
	vault.Authenticator
	source netip.Addr
}

// Authenticate asks the settings, and then the key.
func (g gate) Authenticate(s *vault.State) (vault.UserID, *vault.Credential, error) {
	switch {
	case s.Setting(SettingAPI, "1") != "1":
		return 0, nil, faultOff
	case !among(s.Setting(SettingSources, ""), g.source):
		return 0, nil, faultAddress
	}
	return g.Authenticator.Authenticate(s)
}

// refusal is the answer to a call that comes to grief before its key is looked at.
type refusal struct{ err error }

// Authenticate refuses.
func (r refusal) Authenticate(*vault.State) (vault.UserID, *vault.Credential, error) {
	return 0, nil, r.err
}

// among reports whether an address is in a list, or the list is empty.
func among(list string, source netip.Addr) bool {
	for _, text := range strings.Fields(list) {
		prefix, err := netip.ParsePrefix(text)
		if a, failed := netip.ParseAddr(text); failed == nil {
			prefix, err = netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen()), nil
		}
		if err == nil && prefix.Contains(source.Unmap()) {
			return true
		}
	}
	list = strings.TrimSpace(list)
	return list == "" || list == "all"
}

// longestPassword returns the limit in bytes; 0 for none.
func longestPassword(r *vault.Reader) int {
	n, err := strconv.Atoi(r.Setting(SettingMaxPassword, strconv.Itoa(DefaultMaxPassword)))
	if err != nil || n < 0 {
		return DefaultMaxPassword
	}
	return n
}
