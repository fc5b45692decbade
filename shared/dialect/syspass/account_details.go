package syspass

import (
	"errors"

	"tresor/shared/auth"
	"tresor/shared/vault"
)

// viewOf is what account/view takes.
type viewOf struct {
	id      vault.EntryID
	details bool // our extension
	hasPass bool // and its tokenPass, which the original does not look at here
	pass    string
}

func decodeView(p params) (viewOf, error) {
	return viewOf{ref[vault.EntryID](p.integer("id")), p.flag("details"), p["tokenPass"] != nil, phpString(p["tokenPass"])}, nil
}

// accountDetails is shape A with what clients of the original asked for most (syspass 6). Only who sets "details" gets it: others see the
// original's shape.
type accountDetails struct {
	accountObject
	Tags         []named       `json:"tags"`
	Users        []named       `json:"users"`
	UserGroups   []named       `json:"userGroups"`
	CustomFields []customField `json:"customFields"`
}

type named struct {
	ID   uint64 `json:"id"`
	Name string `json:"name"`
}

// customField is a field of the account. The value of an encrypted one is null unless the call reveals it.
type customField struct {
	ID        uint8   `json:"definitionId"`
	Name      string  `json:"definitionName"`
	Value     *string `json:"value"`
	Encrypted bool    `json:"encrypted"`
}

// accountDetails also reports whether secrets are in the answer. Errors: errTokenPass, errEncoding.
func (r *reading) accountDetails(e *vault.Entry, v viewOf) (d accountDetails, revealed bool, err error) {
	secrets, revealed, err := r.fieldSecrets(e, v)
	if err != nil {
		return d, false, err
	}
	d = accountDetails{accountObject: r.accountObject(e), Tags: []named{}, Users: []named{}, UserGroups: []named{}, CustomFields: []customField{}}
	for _, id := range e.Tags {
		if t := r.Tag(id); t != nil {
			d.Tags = append(d.Tags, named{uint64(id), t.Name})
		}
	}
	if r.MayAdmin(vault.ListUsers, vault.AdminTarget{}) {
		for _, g := range e.Users {
			name, _ := r.userNames(g.User)
			d.Users = append(d.Users, named{uint64(g.User), name})
		}
	}
	if r.MayAdmin(vault.ListGroups, vault.AdminTarget{}) {
		for _, g := range e.Groups {
			if group := r.Group(g.Group); group != nil {
				d.UserGroups = append(d.UserGroups, named{uint64(g.Group), group.Name})
			}
		}
	}
	for _, f := range e.Fields {
		field := customField{ID: f.Number, Name: f.Label, Encrypted: f.Type.Encrypted(), Value: secrets[f.Number]}
		if !field.Encrypted {
			field.Value = &f.Data
		}
		d.CustomFields = append(d.CustomFields, field)
	}
	return d, revealed, nil
}

// fieldSecrets reveals the encrypted fields, to a token that may call viewPass and that comes with its tokenPass. Seeds of one-time codes
// stay inside: no API gives them (tpm 1.2). A locked account keeps its secrets, as everywhere, and shows the rest.
func (r *reading) fieldSecrets(e *vault.Entry, v viewOf) (values map[uint8]*string, revealed bool, err error) {
	if !v.hasPass {
		return nil, false, nil
	}
	if !auth.MatchPass(r.Principal().Credential(), v.pass) { // it was meant for this, so it is tracked as for viewPass
		return nil, false, errTokenPass
	}
	wanted := map[uint8]*string{}
	for _, f := range e.Fields {
		if f.Type.Encrypted() && f.Type != vault.FieldOTP {
			wanted[f.Number] = nil
		}
	}
	if len(wanted) == 0 || !r.Principal().MayCall("account/viewPass") {
		return nil, false, nil
	}
	secrets, err := r.Reveal(e.ID)
	switch {
	case errors.Is(err, vault.Locked), errors.Is(err, vault.LockedFirmly):
		return nil, false, nil
	case err != nil:
		return nil, false, err
	}
	for number := range wanted {
		secret, there := secrets.Fields[number]
		if !there { // never set, or a link without its source
			continue
		}
		text := secret.Reveal()
		if err := encodable(text); err != nil {
			return nil, false, err
		}
		wanted[number] = &text
		revealed = true
	}
	return wanted, revealed, nil
}
