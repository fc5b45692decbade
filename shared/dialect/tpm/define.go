package tpm

import (
	"fmt"
	"strings"

	"tresor/shared/vault"
)

// typeNames are the names that types are given in, folded (tpm 6.3).
var typeNames = map[string]vault.FieldType{
	"text": vault.FieldText, "encrypted text": vault.FieldEncryptedText, "e-mail": vault.FieldEmail, "email": vault.FieldEmail, "password": vault.FieldPassword,
	"notes": vault.FieldNotes, "encrypted notes": vault.FieldEncryptedNotes, "one time password": vault.FieldOTP, "otp": vault.FieldOTP, "date": vault.FieldDate,
}

// decodeDefinitions reads custom_label1 to 10 and custom_type1 to 10. An empty type takes the definition away (tpm 6.3).
func decodeDefinitions(f fields) (changes []vault.FieldChange, err error) {
	for n := range uint8(vault.MaxCustomFields) {
		c := vault.FieldChange{Number: n + 1}
		if c.Label, err = f.plain(fmt.Sprintf("custom_label%d", c.Number), maxLine); err != nil {
			return nil, err
		}
		name, err := f.plain(fmt.Sprintf("custom_type%d", c.Number), maxLine)
		if err != nil {
			return nil, err
		}
		if name != nil {
			text := vault.Fold(strings.TrimSpace(*name))
			t, known := typeNames[text]
			if !known && text != "" {
				return nil, invalid(fmt.Sprintf("custom_type%d is not a type", c.Number))
			}
			c.Type, c.Remove = &t, text == ""
		}
		if c.Label != nil || c.Type != nil {
			changes = append(changes, c)
		}
	}
	return changes, nil
}

// defineFields changes an entry's custom fields. Data that is there must fit its new type.
func defineFields(t *vault.Tx, id vault.EntryID, changes []vault.FieldChange) error {
	return t.DefineFields(id, changes, checkCustom, customLabel)
}

// customLabel is the label of a field that was given none.
func customLabel(number uint8) string { return fmt.Sprintf("Custom %d", number) }
