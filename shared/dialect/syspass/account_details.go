package syspass

import "tresor/shared/vault"

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

// customField is a field of the account. The value of an encrypted one is null: this is no reveal.
type customField struct {
	ID        uint8   `json:"definitionId"`
	Name      string  `json:"definitionName"`
	Value     *string `json:"value"`
	Encrypted bool    `json:"encrypted"`
}

func (r *reading) accountDetails(e *vault.Entry) accountDetails {
	d := accountDetails{accountObject: r.accountObject(e), Tags: []named{}, Users: []named{}, UserGroups: []named{}, CustomFields: []customField{}}
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
		field := customField{ID: f.Number, Name: f.Label, Encrypted: f.Type.Encrypted()}
		if !field.Encrypted {
			field.Value = &f.Data
		}
		d.CustomFields = append(d.CustomFields, field)
	}
	return d
}
