package vault

import "slices"

// SetSecrets changes an entry's password and encrypted custom fields at once, as one version: change gets a copy of the newest payload and may
// replace its password and set fields, all of which must be defined as encrypted. Errors as EditEntry.
func (t *Tx) SetSecrets(id EntryID, change func(*Payload)) error {
	e, _, err := t.Entry(id)
	if err != nil {
		return err
	}
	var p Payload
	checked := p.clone()
	change(&checked)
	for number := range checked.Fields {
		if !slices.ContainsFunc(e.Fields, func(f CustomField) bool { return f.Number == number && f.Type.Encrypted() }) {
			return fail(Invalid, "no such encrypted custom field")
		}
	}
	return t.setPayload(id, change)
}
