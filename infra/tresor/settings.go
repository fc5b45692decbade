package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"tresor/shared/auth"
	"tresor/shared/vault"
)

// setting describes one of the vault's settings.
type setting struct {
	about  string
	secret bool // is never shown
}

var knownSettings = map[string]setting{
	auth.MasterPasswordSetting: {"password that sysPass exports are encrypted under", true},
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
		all, err = update(k, func(_ *system, t *vault.Tx) (map[string]string, error) {
			for _, key := range slices.Sorted(maps.Keys(changes)) {
				if err := t.SetSetting(key, changes[key]); err != nil {
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
		if knownSettings[key].secret {
			all[key] = hidden
		}
	}
	return k.print(map[string]any{"settings": all}, func(w io.Writer) {
		for _, key := range slices.Sorted(maps.Keys(all)) {
			fmt.Fprintf(w, "%s=%s\n", key, all[key])
		}
	})
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
		changes[key] = value
	}
	return changes, nil
}
