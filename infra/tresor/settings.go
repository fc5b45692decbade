package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"tresor/shared/auth"
	"tresor/shared/dialect/teampass"
	"tresor/shared/dialect/tpm"
	"tresor/shared/vault"
)

// setting describes one of the vault's settings.
type setting struct {
	about    string
	fallback string // what counts where it is unset; empty: there is none
	valid    func(value string) bool
	seal     func(vault.Sealer, string) (string, error) // of one that is never shown; nil: stored as it is
}

var knownSettings = map[string]setting{
	auth.MasterPasswordSetting:      {"password that sysPass exports are encrypted under", "", anything, auth.SealMasterPassword},
	auth.WindowSetting:              {"seconds that the timestamp of a signed TPM request may be from now: 1 to 3600", strconv.Itoa(int(auth.DefaultWindow / time.Second)), window, nil},
	vault.FormatSetting:             {"newest format that may be written to the vault; it is never lowered, and programs that do not know it are shut out: docs/operations.md", "1", digits, nil},
	vault.TrashDaysSetting:          {"days that what is in the trash is kept: 0 to 36500; 0: for ever", strconv.Itoa(vault.DefaultTrashDays), trashDays, nil},
	teampass.SettingAPI:             {"1: the TeamPass API is on, 0: it is off", "1", onOff, nil},
	teampass.SettingSources:         {"addresses that may call the TeamPass API: CIDR prefixes, separated by spaces; all: everyone", "all", addresses, nil},
	teampass.SettingDuplicateItem:   {"1: items made through the TeamPass API may share a label", "0", onOff, nil},
	teampass.SettingDuplicateFolder: {"1: folders made through the TeamPass API may share a title", "0", onOff, nil},
	teampass.SettingMaxPassword:     {"longest password in bytes that the TeamPass API takes; 0: any", strconv.Itoa(teampass.DefaultMaxPassword), digits, nil},
	tpm.SettingAPI:                  ofTPM(tpm.SettingAPI, "1: the TPM API is on, 0: it is off"),
	tpm.SettingAuth:                 ofTPM(tpm.SettingAuth, "credentials that the TPM API takes: both, basic or hmac"),
	tpm.SettingKeyDays:              ofTPM(tpm.SettingKeyDays, "days that TPM HMAC keys last from their creation: 0 to 36500; 0: for ever"),
	tpm.SettingPersonal:             ofTPM(tpm.SettingPersonal, "1: users have personal passwords in the TPM API, 0: they have none"),
	tpm.SettingPageSize:             ofTPM(tpm.SettingPageSize, "items on a page of the TPM API: 5 to 1000"),
	tpm.SettingSoonDays:             ofTPM(tpm.SettingSoonDays, "days before its date that a password expires soon in the TPM API: 0 to 3650"),
	tpm.SettingPasswordLength:       ofTPM(tpm.SettingPasswordLength, "characters of a password that the TPM API generates: 8 to 128"),
	tpm.SettingPasswordClasses:      ofTPM(tpm.SettingPasswordClasses, "what such a password is made of: lower, upper, digits, symbols, separated by spaces"),
}

func ofTPM(key, about string) setting {
	return setting{about, tpm.DefaultSetting(key), func(value string) bool { return tpm.ValidSetting(key, value) }, nil}
}

func anything(string) bool { return true }

func onOff(value string) bool { return value == "0" || value == "1" }

func digits(value string) bool {
	_, err := strconv.ParseUint(value, 10, 31)
	return err == nil
}

func trashDays(value string) bool {
	_, ok := vault.ParseTrashDays(value)
	return ok
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
	var stored map[string]string
	if len(changes) == 0 {
		stored, err = view(k, (*vault.Reader).Settings)
	} else {
		stored, err = update(k, func(s *system, t *vault.Tx) (map[string]string, error) {
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
	return k.showSettings(stored)
}

// showSettings prints every setting with what counts, and says which were set.
func (k *call) showSettings(stored map[string]string) error {
	all, set := map[string]string{}, []string{}
	for key, s := range knownSettings {
		all[key] = s.fallback
	}
	for key, value := range stored {
		if value == "" { // taken back
			continue
		}
		if knownSettings[key].seal != nil {
			value = hidden
		}
		all[key], set = value, append(set, key)
	}
	slices.Sort(set)
	return k.print(map[string]any{"settings": all, "set": set}, func(w io.Writer) {
		for _, key := range slices.Sorted(maps.Keys(all)) {
			note := " (default)"
			if slices.Contains(set, key) {
				note = ""
			}
			fmt.Fprintf(w, "%s=%s%s\n", key, all[key], note)
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

// settingChanges reads KEY=VALUE arguments; a value of - is a line of standard input, and an empty one takes a setting back to its default.
func (k *call) settingChanges() (map[string]string, error) {
	changes := map[string]string{}
	for _, arg := range k.args {
		key, value, ok := strings.Cut(arg, "=")
		if !ok {
			return nil, usagef("%q is not KEY=VALUE", arg)
		}
		known, is := knownSettings[key]
		if !is {
			return nil, usagef("there is no setting %q; there are: %s", key, strings.Join(slices.Sorted(maps.Keys(knownSettings)), ", "))
		}
		if value == "" && known.fallback != "" {
			changes[key] = ""
			continue
		}
		if value == "" {
			return nil, usagef("%s needs a value", key)
		}
		value, err := k.secret(value)
		if err != nil {
			return nil, err
		}
		if !known.valid(value) {
			return nil, usagef("%s: %s", key, known.about)
		}
		changes[key] = value
	}
	return changes, nil
}
