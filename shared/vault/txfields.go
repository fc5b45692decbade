package vault

import "slices"

// FieldChange redefines one of an entry's custom fields; nil is what it leaves alone.
type FieldChange struct {
	Number uint8 // 1 to 10
	Label  *string
	Type   *FieldType
	// Remove takes the definition away. The data stays, sealed, and shows again when the field is defined anew (TPM 6.3).
	Remove bool
}

// DefineFields changes the definitions of custom fields: their data moves between the index and the payload as their types ask. fits says whether a field's data is
// of a type. A label without a definition makes a field of type Text, or Encrypted text where there is data from before; a type without one gets the label that label
// returns for its number. Data that a new type takes out of the payload is in the index then, where whoever may read the entry finds it: the action must be one that
// Reveals, so that it is on record.
//
// Needs manage. Errors: as EditEntry; what fits returns.
func (t *Tx) DefineFields(id EntryID, changes []FieldChange, fits func(FieldType, string) error, label func(number uint8) string) error {
	old, e, err := t.managed(id)
	switch {
	case err != nil:
		return err
	case len(changes) == 0:
		return t.checkRights(old, e)
	}
	var p Payload
	if slices.ContainsFunc(changes, func(c FieldChange) bool { return c.moves(e) }) {
		if p, err = t.current(e); err != nil {
			return err
		}
	}
	d := definer{e, p.clone(), fits, label, t.rate}
	for _, c := range changes {
		if err := d.apply(c); err != nil {
			return err
		}
	}
	if err := t.checkChange(old, e); err != nil {
		return err
	}
	t.touch(e)
	if !d.payload.sameFields(p) {
		t.reattach(e, d.payload)
	}
	t.put(Change{Entry: e})
	return nil
}

// moves reports whether the change may move data into the payload or out of it.
func (c FieldChange) moves(e *Entry) bool {
	hidden := e.SecretFields&(1<<c.Number) != 0
	return hidden || c.Remove || c.Type != nil && c.Type.Encrypted()
}

// definer applies changes of definitions to an entry and its payload.
type definer struct {
	e       *Entry
	payload Payload
	fits    func(FieldType, string) error
	label   func(uint8) string
	rate    func(Secret) Strength
}

func (d *definer) apply(c FieldChange) error {
	i, found := slices.BinarySearchFunc(d.e.Fields, c.Number, func(f CustomField, n uint8) int { return int(f.Number) - int(n) })
	if c.Remove {
		if found {
			d.hide(d.e.Fields[i])
			d.e.Fields = slices.Delete(d.e.Fields, i, i+1)
		}
		return nil
	}
	f := CustomField{Number: c.Number, Type: FieldText, Label: d.label(c.Number)}
	switch {
	case found:
		f = d.e.Fields[i]
	case c.Type == nil && *c.Label == "":
		return nil // no label and no type: nothing is defined
	case c.Type == nil && !d.payload.Fields[c.Number].IsEmpty():
		f.Type = FieldEncryptedText // a label alone takes no data out of the seal
	}
	data := d.data(f, found)
	if c.Label != nil {
		f.Label = *c.Label
	}
	if c.Type != nil {
		f.Type = *c.Type
	}
	if c.Type != nil || !found {
		if err := d.fits(f.Type, data); err != nil {
			return err
		}
		d.place(&f, data)
	}
	if found {
		d.e.Fields[i] = f
	} else {
		d.e.Fields = slices.Insert(d.e.Fields, i, f)
	}
	return nil
}

// data returns a field's data, wherever it is.
func (d *definer) data(f CustomField, defined bool) string {
	if defined && !f.Type.Encrypted() {
		return f.Data
	}
	return d.payload.Fields[f.Number].Reveal()
}

// hide moves a field's data into the payload.
func (d *definer) hide(f CustomField) {
	if !f.Type.Encrypted() {
		f.Type = FieldEncryptedText
		d.place(&f, f.Data)
	}
}

// place puts a field's data where its type has it, and nowhere else.
func (d *definer) place(f *CustomField, data string) {
	f.Data, f.Strength = data, Strength{}
	delete(d.payload.Fields, f.Number)
	if f.Type.Encrypted() && data != "" {
		d.payload.Fields[f.Number] = NewSecret(data)
	}
	if f.Type.Encrypted() {
		f.Data = ""
	}
	if f.Type == FieldPassword {
		f.Strength = d.rate(NewSecret(data))
	}
}

// sameFields reports whether two payloads have the same custom data: it is no new version then.
func (p Payload) sameFields(q Payload) bool {
	for n := range uint8(MaxCustomFields) {
		if p.Fields[n+1].Reveal() != q.Fields[n+1].Reveal() {
			return false
		}
	}
	return true
}

// reattach is attach for a payload whose password is what it was.
func (t *Tx) reattach(e *Entry, p Payload) {
	strength, changed := e.Strength, e.SecretChanged
	t.attach(e, p)
	e.Strength, e.SecretChanged = strength, changed
}
