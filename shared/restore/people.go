package restore

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"tresor/shared/vault"
)

// people are the users and credentials at a cut, and the newest of what became of them after it; and all ids that were given.
type people struct {
	users            map[vault.UserID]*vault.User
	usersSince       map[vault.UserID]*vault.User
	credentials      map[vault.CredentialID]*vault.Credential
	credentialsSince map[vault.CredentialID]*vault.Credential
	given            vault.Given
}

func newPeople() people {
	return people{map[vault.UserID]*vault.User{}, map[vault.UserID]*vault.User{}, map[vault.CredentialID]*vault.Credential{}, map[vault.CredentialID]*vault.Credential{}, vault.Given{}}
}

// take notes a change, which is kept or lies after the cut.
func (p *people) take(change *vault.Change, kept bool) {
	p.given.Take(change)
	switch {
	case change.User != nil:
		p.user(change.User, kept)
	case change.Credential != nil:
		p.credential(change.Credential, kept)
	case change.Removed != nil && change.Removed.Kind == "user" && kept:
		delete(p.users, vault.UserID(change.Removed.ID))
	}
}

func (p *people) user(u *vault.User, kept bool) {
	if kept {
		p.users[u.ID] = u
	} else {
		p.usersSince[u.ID] = u
	}
}

func (p *people) credential(c *vault.Credential, kept bool) {
	if kept {
		p.credentials[c.ID] = c
	} else {
		p.credentialsSince[c.ID] = c
	}
}

// since returns what must not be undone by going back: who was disabled or removed stays out, who lost a role does not get it back, the newest passwords count, and
// credentials are as they are now, revoked, renewed or narrowed.
func (p *people) since(now vault.Stamp) (changes []vault.Change) {
	for _, id := range slices.Sorted(maps.Keys(p.usersSince)) {
		if u := newer(p.users[id], p.usersSince[id]); u != nil {
			u.Updated, u.UpdatedBy = now, 0
			changes = append(changes, vault.Change{User: u})
		}
	}
	for _, id := range slices.Sorted(maps.Keys(p.credentialsSince)) {
		if p.credentials[id] != nil {
			changes = append(changes, vault.Change{Credential: p.credentialsSince[id]})
		}
	}
	return changes
}

// newer returns the user of then, kept out and with the password of now and the lesser role; nil where that changes nothing. A removed user comes back without a
// password, disabled.
func newer(then, now *vault.User) *vault.User {
	if then == nil {
		return nil
	}
	u := *then
	u.Disabled = then.Disabled || now.Disabled
	u.Role = min(then.Role, now.Role) // they ascend
	u.MayCreateRoots = then.MayCreateRoots && now.MayCreateRoots
	u.Password, u.PasswordVersion = now.Password, now.PasswordVersion
	if u.Disabled == then.Disabled && u.Role == then.Role && u.MayCreateRoots == then.MayCreateRoots && u.PasswordVersion == then.PasswordVersion && bytes.Equal(u.Password, then.Password) {
		return nil
	}
	return &u
}

// Setting is the setting that says to which point the vault was restored, and from what.
const Setting = "vault.restored"

// record returns the record with which the vault goes on after a cut: that it was restored, and what of the newer permissions holds all the same.
func (p *Plan) record(txn vault.TxnID) (vault.StoredRecord, error) {
	heads, now := p.cut.heads, p.options.Now()
	about := fmt.Sprintf("entries record %d, permissions record %d, of archive %s", heads.Entries.Seq, heads.Permissions.Seq, p.manifest.ID)
	op := vault.Op{At: vault.StampOf(now), Millis: uint16(now.Nanosecond() / 1e6), Action: string(vault.Command) + " restore",
		Changes: []vault.Change{{Setting: &vault.Setting{Key: Setting, Value: about}}, {Given: &p.cut.people.given}}}
	if p.options.OldCredentials {
		op.Reason = "users and credentials as of that point, at the operator's word"
	} else {
		op.Reason = "what was revoked, disabled or lessened since then stays so"
		op.Changes = append(op.Changes, p.cut.people.since(op.At)...)
	}
	return goOn(p.sealer, heads, txn, op)
}
