package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"tresor/shared/auth"
	"tresor/shared/dialect/teampass"
	"tresor/shared/dialect/tpm"
	"tresor/shared/vault"
)

// setting describes one of the vault's settings.
type setting struct {
	about string
	valid func(value string) bool
	seal  func(vault.Sealer, string) (string, error) // of one that is never shown; nil: stored as it is
}

var knownSettings = map[string]setting{
	auth.MasterPasswordSetting:      {"password that sysPass exports are encrypted under", anything, auth.SealMasterPassword},
	auth.WindowSetting:              {"seconds that the timestamp of a signed TPM request may be from now: 1 to 3600; 300 if unset", window, nil},
	teampass.SettingAPI:             {"1: the TeamPass API is on, 0: it is off", onOff, nil},
	teampass.SettingSources:         {"addresses that may call the TeamPass API: CIDR prefixes, separated by spaces; all: everyone", addresses, nil},
	teampass.SettingDuplicateItem:   {"1: items made through the TeamPass API may share a label", onOff, nil},
	teampass.SettingDuplicateFolder: {"1: folders made through the TeamPass API may share a title", onOff, nil},
	teampass.SettingMaxPassword:     {"longest password in bytes that the TeamPass API takes; 0: any", digits, nil},
	tpm.SettingPersonal:             {"1: users have personal passwords in the TPM API, 0: they have none", onOff, nil},
}

func anything(string) bool { return true }

func onOff(value string) bool { return value == "0" || value == "1" }

func digits(value string) bool {
	_, err := strconv.ParseUint(value, 10, 31)
	return err == nil
}

func window(value string) bool {
	_, ok := auth.ParseWindow(value)
	return ok
}

func addresses(value string) bool {
	return value == "all" || !slices.ContainsFunc(strings.Fields(value), func(text string) bool { _, err := parseSource(text); return err != nil })
}

const hidden = "[set]"

func settings(k *call) error {
	if err := k.parse(0, -1); err != nil {
		return err
	}
	changes, err := k.settingChanges()
	if err != nil {
		return err
	}
	var all map[string]string
	if len(changes) == 0 {
		all, err = view(k, (*vault.Reader).Settings)
	} else {
		all, err = update(k, func(s *system, t *vault.Tx) (map[string]string, error) {
			for _, key := range slices.Sorted(maps.Keys(changes)) {
				if err := store(s, t, key, changes[key]); err != nil {
					return nil, err
				}
			}
			return t.Settings()
		})
	}
	if err != nil {
		return err
	}
	for key := range all {
		if knownSettings[key].seal != nil {
			all[key] = hidden
		}
	}
	return k.print(map[string]any{"settings": all}, func(w io.Writer) {
		for _, key := range slices.Sorted(maps.Keys(all)) {
			fmt.Fprintf(w, "%s=%s\n", key, all[key])
		}
	})
}

func store(s *system, t *vault.Tx, key, value string) (err error) {
	if seal := knownSettings[key].seal; seal != nil {
		if value, err = seal(s.sealer, value); err != nil {
			return err
		}
	}
	return t.SetSetting(key, value)
}

// settingChanges reads KEY=VALUE arguments; a value of - is a line of standard input.
func (k *call) settingChanges() (map[string]string, error) {
	changes := map[string]string{}
	for _, arg := range k.args {
		key, value, ok := strings.Cut(arg, "=")
		if !ok {
			return nil, usagef("%q is not KEY=VALUE", arg)
		}
		if _, known := knownSettings[key]; !known {
			return nil, usagef("there is no setting %q; there are: %s", key, strings.Join(slices.Sorted(maps.Keys(knownSettings)), ", "))
		}
		if value == "" {
			return nil, usagef("%s needs a value", key)
		}
		value, err := k.secret(value)
		if err != nil {
			return nil, err
		}
		if !knownSettings[key].valid(value) {
			return nil, usagef("%s: %s", key, knownSettings[key].about)
		}
		changes[key] = value
	}
	return changes, nil
}
