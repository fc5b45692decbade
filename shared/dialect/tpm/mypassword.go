package tpm

import (
	"net/http"

	"tresor/shared/vault"
)

// myPasswordItem is a personal password in a list (tpm 6.4).
type myPasswordItem struct {
	ID           uint64 `json:"id"`
	Name         string `json:"name"`
	NotesSnippet string `json:"notes_snippet"`
	Tags         string `json:"tags"`
	AccessInfo   string `json:"access_info"`
	Username     string `json:"username"`
	Email        string `json:"email"`
	HasPassword  bool   `json:"has_password" since:"5"`
	Strength     string `json:"strength" since:"6"`
	Archived     bool   `json:"archived" since:"6"`
	Favorite     bool   `json:"favorite" since:"6"`
	NumFiles     int    `json:"num_files" since:"6"`
	itemStamps
}

// myPasswordMetadata is what X-Metadata-Only leaves of one: nobody manages it but its owner (tpm 6.4).
type myPasswordMetadata struct {
	ID uint64 `json:"id"`
	stamps
}

// myPasswordObject is a personal password in full (tpm 6.4).
type myPasswordObject struct {
	ID           uint64 `json:"id"`
	Name         string `json:"name"`
	Tags         string `json:"tags"`
	AccessInfo   string `json:"access_info"`
	Username     string `json:"username"`
	Email        string `json:"email"`
	Password     string `json:"password"`
	Strength     string `json:"strength" since:"6"`
	CrackTime    string `json:"time_to_crack" since:"6"`
	Notes        string `json:"notes"`
	customFields `since:"6"`
	Archived     bool `json:"archived" since:"6"`
	Favorite     bool `json:"favorite" since:"6"`
	NumFiles     int  `json:"num_files" since:"6"`
	fullStamps
}

// mayHaveOwn is the check before all others of a call about personal passwords: whether there are any, and whether for this caller. Read only users have
// none (tpm 4.1). It is asked inside each View and Update, so that a setting holds from the next call on, whichever process serves it.
func mayHaveOwn(r *vault.Reader) error {
	switch {
	case !personalOn(r):
		return &vault.Error{Kind: vault.Forbidden, Msg: "Personal passwords are disabled"} // this text exactly (tpm 6.4)
	case r.Principal().Role() == vault.ReadOnly:
		return &vault.Error{Kind: vault.Forbidden, Msg: "Read only users have no personal passwords."}
	}
	return nil
}

// myPassword returns a personal entry of the caller. Shared ones are no my_passwords but passwords.
func myPassword(r *vault.Reader, id uint64) (*vault.Entry, error) {
	e, _, err := r.Entry(vault.EntryID(id))
	if err != nil || e.Owner == 0 || e.Owner != r.Principal().ID() {
		return nil, notFound("Password not found.")
	}
	return e, nil
}

func showMyPassword(r *vault.Reader, c *call) (any, error) {
	if err := mayHaveOwn(r); err != nil {
		return nil, err
	}
	e, err := myPassword(r, c.id)
	switch {
	case err != nil:
		return nil, err
	case c.flag("X-Metadata-Only"):
		return myMetadataOf(e), nil
	}
	secrets, err := r.Reveal(e.ID)
	if err != nil {
		return nil, err
	}
	return render(r).myPassword(e, secrets), nil
}

func (r *renderer) myPassword(e *vault.Entry, secrets vault.Payload) myPasswordObject {
	return myPasswordObject{
		ID: uint64(e.ID), Name: e.Name, Tags: r.tags(e.Tags), AccessInfo: e.URL, Username: e.Username, Email: e.Email, Password: secrets.Password.Reveal(),
		Strength: strengthText(e.Strength), CrackTime: e.Strength.CrackTime, Notes: e.Notes, customFields: r.customFields(e, secrets),
		Archived: e.Archived, Favorite: r.IsFavourite(e.ID), NumFiles: r.NumFiles(e), fullStamps: r.fullStamps(e.CreatedBy, e.Created, e.UpdatedBy, e.Updated),
	}
}

func (r *renderer) myItem(e *vault.Entry) myPasswordItem {
	return myPasswordItem{
		ID: uint64(e.ID), Name: e.Name, NotesSnippet: snippet(e.Notes), Tags: r.tags(e.Tags), AccessInfo: e.URL, Username: e.Username, Email: e.Email,
		HasPassword: e.HasPassword, Strength: strengthText(e.Strength), Archived: e.Archived, Favorite: r.IsFavourite(e.ID), NumFiles: r.NumFiles(e),
		itemStamps: itemStamps(stampsOf(e.CreatedBy, e.Created, e.UpdatedBy, e.Updated)),
	}
}

func myMetadataOf(e *vault.Entry) myPasswordMetadata {
	return myPasswordMetadata{uint64(e.ID), stampsOf(e.CreatedBy, e.Created, e.UpdatedBy, e.Updated)}
}

// ownWrite makes the endpoint of a write about personal passwords. fn returns the id of what it made, which becomes the body of a 201; a 204 has none. What is
// wrong with the body is told after mayHaveOwn was asked: where there are no personal passwords, every call says so (tpm 6.4).
func ownWrite[Req any](action vault.Action, status int, decode func(*call) (Req, error), fn func(*vault.Tx, uint64, Req) (uint64, error)) endpoint {
	return endpoint{action, func(v *vault.Vault, c *call) (reply, error) {
		req, wrong := decode(c)
		id, err := vault.Update(c.r.Context(), v, c.req, func(t *vault.Tx) (uint64, error) {
			if err := mayHaveOwn(t.Reader); err != nil {
				return 0, err
			}
			if wrong != nil {
				return 0, wrong
			}
			return fn(t, c.id, req)
		})
		switch {
		case err != nil:
			return reply{}, err
		case status == http.StatusCreated:
			return reply{status: status, body: created{id}}, nil
		}
		return reply{status: status}, nil
	}}
}

func objectIn[Req any](decode func(fields) (Req, error)) func(*call) (Req, error) {
	return func(c *call) (Req, error) { return decoded(c, decode) }
}

// ownCreate makes something out of a body: 201.
func ownCreate[Req any](name string, decode func(fields) (Req, error), fn func(*vault.Tx, Req) (uint64, error)) endpoint {
	return ownWrite(named(name, true, false), http.StatusCreated, objectIn(decode), func(t *vault.Tx, _ uint64, req Req) (uint64, error) { return fn(t, req) })
}

// ownDerive makes something out of one personal password and a body: 201. It copies secrets, which is on record as their reveal.
func ownDerive[Req any](name string, decode func(fields) (Req, error), fn func(*vault.Tx, vault.EntryID, Req) (vault.EntryID, error)) endpoint {
	return ownWrite(named(name, true, true), http.StatusCreated, objectIn(decode), func(t *vault.Tx, id uint64, req Req) (uint64, error) {
		e, err := myPassword(t.Reader, id)
		if err != nil {
			return 0, err
		}
		made, err := fn(t, e.ID, req)
		return uint64(made), err
	})
}

// ownChange changes one personal password by a body: 204.
func ownChange[Req any](name string, decode func(fields) (Req, error), fn func(*vault.Tx, *vault.Entry, Req) error) endpoint {
	return ownChanging(named(name, true, false), decode, fn)
}

// ownUncover is ownChange for what may take secrets out of their seal.
func ownUncover[Req any](name string, decode func(fields) (Req, error), fn func(*vault.Tx, *vault.Entry, Req) error) endpoint {
	return ownChanging(named(name, true, true), decode, fn)
}

func ownChanging[Req any](action vault.Action, decode func(fields) (Req, error), fn func(*vault.Tx, *vault.Entry, Req) error) endpoint {
	return ownWrite(action, http.StatusNoContent, objectIn(decode), func(t *vault.Tx, id uint64, req Req) (uint64, error) {
		e, err := myPassword(t.Reader, id)
		if err != nil {
			return 0, err
		}
		return 0, fn(t, e, req)
	})
}

// ownAct does something to one personal password and takes no body, or any (tpm 1.4): 204.
func ownAct(name string, fn func(*vault.Tx, vault.EntryID) error) endpoint {
	nothing := func(*call) (struct{}, error) { return struct{}{}, nil }
	return ownWrite(named(name, true, false), http.StatusNoContent, nothing, func(t *vault.Tx, id uint64, _ struct{}) (uint64, error) {
		e, err := myPassword(t.Reader, id)
		if err != nil {
			return 0, err
		}
		return 0, fn(t, e.ID)
	})
}
