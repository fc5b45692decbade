package tpm

import (
	"strings"
	"time"

	"tresor/shared/vault"
)

// customField is a custom field's definition and data; strength and time only where the type is Password (tpm 5).
type customField struct {
	Type      string  `json:"type"`
	Label     string  `json:"label"`
	Data      string  `json:"data"`
	Strength  *string `json:"strength,omitempty" since:"6"`
	CrackTime *string `json:"time_to_crack,omitempty" since:"6"`
}

// customFields are the ten, null where there is none.
type customFields struct {
	F1  *customField `json:"custom_field1"`
	F2  *customField `json:"custom_field2"`
	F3  *customField `json:"custom_field3"`
	F4  *customField `json:"custom_field4"`
	F5  *customField `json:"custom_field5"`
	F6  *customField `json:"custom_field6"`
	F7  *customField `json:"custom_field7"`
	F8  *customField `json:"custom_field8"`
	F9  *customField `json:"custom_field9"`
	F10 *customField `json:"custom_field10"`
}

func (c *customFields) at(number uint8) **customField {
	return [...]**customField{&c.F1, &c.F2, &c.F3, &c.F4, &c.F5, &c.F6, &c.F7, &c.F8, &c.F9, &c.F10}[number-1]
}

// fieldTypes names the types as they are given out (tpm 6.3).
var fieldTypes = map[vault.FieldType]string{
	vault.FieldText: "Text", vault.FieldEncryptedText: "Encrypted text", vault.FieldEmail: "E-mail", vault.FieldPassword: "Password",
	vault.FieldNotes: "Notes", vault.FieldEncryptedNotes: "Encrypted notes", vault.FieldOTP: "One Time Password", vault.FieldDate: "Date",
}

func (r *renderer) customFields(e *vault.Entry, secrets vault.Payload) (out customFields) {
	for _, f := range e.Fields {
		shown := &customField{Type: fieldTypes[f.Type], Label: f.Label, Data: f.Data}
		secret := secrets.Fields[f.Number]
		switch {
		case f.Type == vault.FieldOTP:
			shown.Data = otpCode(secret.Reveal(), r.Now()) // the code, never the seed (tpm 1.2)
		case f.Type.Encrypted():
			shown.Data = secret.Reveal()
		}
		if f.Type == vault.FieldPassword {
			strength := strengthText(f.Strength)
			shown.Strength, shown.CrackTime = &strength, &f.Strength.CrackTime
		}
		*out.at(f.Number) = shown
	}
	return out
}

// maxShortField is the longest text of a Text or Encrypted text field, in characters (tpm 6.3).
const maxShortField = 250

// checkCustom refuses data that does not fit its field's type.
func checkCustom(t vault.FieldType, data string) error {
	if !t.Encrypted() && strings.Contains(data, "\x00") { // which separates fields in the index
		return invalid("custom data has a NUL in it")
	}
	switch t {
	case vault.FieldText, vault.FieldEncryptedText:
		if len([]rune(data)) > maxShortField {
			return invalid("custom data of a text field has at most 250 characters")
		}
	case vault.FieldOTP:
		if _, ok := otpKey(data); !ok && data != "" {
			return invalid("custom data of a one time password is its secret key in Base32")
		}
	case vault.FieldDate:
		if _, err := time.Parse(time.DateOnly, data); err != nil && data != "" {
			return invalid("custom data of a date is yyyy-mm-dd")
		}
	case vault.FieldEmail, vault.FieldPassword, vault.FieldNotes, vault.FieldEncryptedNotes:
	}
	return nil
}
