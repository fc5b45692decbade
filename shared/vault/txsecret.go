package vault

import (
	"maps"
	"slices"
)

// SetPassword replaces an entry's password. The earlier one stays as a version. Needs edit. Errors as EditEntry.
func (t *Tx) SetPassword(id EntryID, password Secret) error {
	return t.setPayload(id, func(p *Payload) { p.Password = password }, true)
}

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
	}, password != nil)
}

// setPayload writes the next version of an entry's payload: the newest one with a change. The newest one is fetched, unless the change replaces all
// there is in it.
func (t *Tx) setPayload(id EntryID, change func(*Payload), newPassword bool) error {
	old, e, err := t.editable(id)
	if err != nil {
		return err
	}
	if err := t.checkRights(old, e); err != nil {
		return err
	}
	var p Payload
	encrypted := func(f CustomField) bool { return f.Type.Encrypted() }
	if !newPassword || e.SecretFields != 0 || slices.ContainsFunc(e.Fields, encrypted) {
		if p, err = t.current(e); err != nil {
			return err
		}
	}
	p = p.clone()
	change(&p)
	t.touch(e)
	t.attach(e, p)
	t.put(Change{Entry: e})
	return nil
}

// current returns the newest payload of an entry: one that this Update wrote, or the stored one, which is fetched if need be.
func (t *Tx) current(e *Entry) (Payload, error) {
	key := SecretKey{e.ID, e.SecretVersion}
	if p, ok := t.o.payloads[key]; ok {
		t.passedOn = append(t.passedOn, key)
		return p, nil
	}
	return t.payload(e)
}

// attach makes p the newest payload of e and sets what the index knows of it.
func (t *Tx) attach(e *Entry, p Payload) {
	e.HasPassword = !p.Password.IsEmpty()
	e.Strength = t.rate(p.Password)
	e.SecretChanged = t.stamp()
	e.Fields = slices.Clone(e.Fields)
	for i := range e.Fields {
		if e.Fields[i].Type == FieldPassword {
			e.Fields[i].Strength = t.rate(p.Fields[e.Fields[i].Number])
		}
	}
	e.SecretFields = 0
	for number, data := range p.Fields {
		if !data.IsEmpty() {
			e.SecretFields |= 1 << number
		}
	}
	if e.SecretVersion == 0 && p.Password.IsEmpty() && len(p.Fields) == 0 {
		return // nothing to keep yet
	}
	e.SecretVersion++
	t.o.payloads[SecretKey{e.ID, e.SecretVersion}] = p
}

func (t *Tx) rate(s Secret) Strength {
	if s.IsEmpty() || t.strength == nil {
		return Strength{}
	}
	return t.strength(s.Reveal())
}
