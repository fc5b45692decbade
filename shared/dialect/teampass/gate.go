package teampass

import (
	"net/netip"
	"strconv"
	"strings"

	"tresor/shared/vault"
)

// Settings of the vault that this API looks at. They are the original's, and unset they are as there.
const (
	// SettingAPI switches the API off: 0 (teampass 3).
	SettingAPI = "teampass.api"
	// SettingSources is the list of addresses that may call it: CIDR prefixes or addresses, separated by spaces; unset or "all": everyone (teampass 3).
	SettingSources = "teampass.sources"
	// SettingDuplicateItem allows labels that another item has: 1 (teampass 5.8).
	SettingDuplicateItem = "teampass.duplicate_item"
	// SettingDuplicateFolder allows titles that another folder has, beside each other excepted: 1 (teampass 5.12).
	SettingDuplicateFolder = "teampass.duplicate_folder"
	// SettingMaxPassword is the longest password in bytes that may be stored through it, 50 if unset; 0: any (teampass 5.8).
	SettingMaxPassword = "teampass.max_password"
)

// gate takes the checks that come before the key's (teampass 3): whether the API is on, and whether it is for this address.
type gate struct {
	vault.Authenticator
	source netip.Addr
}

// Authenticate asks the settings, and then the key. That a key is for other addresses is told to who has it (teampass 3, 6).
func (g gate) Authenticate(s *vault.State) (vault.UserID, *vault.Credential, error) {
	switch {
	case s.Setting(SettingAPI, "1") != "1":
		return 0, nil, faultOff
	case !among(s.Setting(SettingSources, ""), g.source):
		return 0, nil, faultAddress
	}
	user, c, err := g.Authenticator.Authenticate(s)
	if err == nil && c.Dialect == vault.TeamPass && c.Revoked == 0 && !c.MayComeFrom(g.source) {
		return 0, nil, faultAddress
	}
	return user, c, err
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
	n, err := strconv.Atoi(r.Setting(SettingMaxPassword, strconv.Itoa(maxPassword)))
	if err != nil || n < 0 {
		return maxPassword
	}
	return n
}
