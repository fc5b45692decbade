package vault

import (
	"maps"
	"slices"
)

// SetSecrets changes an entry's password (nil: as it is) and encrypted custom fields at once, as one version. Needs edit. Errors as EditEntry;
// Invalid for a field that is not defined as encrypted.
func (t *Tx) SetSecrets(id EntryID, password *Secret, fields map[uint8]Secret) error {
	e, _, err := t.Entry(id)
	if err != nil {
		return err
	}
	for number := range fields {
		if !slices.ContainsFunc(e.Fields, func(f CustomField) bool { return f.Number == number && f.Type.Encrypted() }) {
			return fail(Invalid, "no such encrypted custom field")
		}
	}
	return t.setPayload(id, func(p *Payload) {
		if password != nil {
			p.Password = *password
		}
		maps.Copy(p.Fields, fields)
	})
}
