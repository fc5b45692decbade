package tpm

import (
	"strings"

	"tresor/shared/vault"
)

// passwordItem is a password in a list (tpm 6.1).
type passwordItem struct {
	ID              uint64        `json:"id"`
	Name            string        `json:"name"`
	Project         namedObject   `json:"project"`
	Path            []pathElement `json:"project_full_path" since:"6"`
	NotesSnippet    string        `json:"notes_snippet"`
	Tags            string        `json:"tags"`
	AccessInfo      string        `json:"access_info"`
	Username        string        `json:"username"`
	Email           string        `json:"email"`
	HasPassword     bool          `json:"has_password" since:"5"`
	Strength        string        `json:"strength" since:"6"`
	ExpiryDate      *string       `json:"expiry_date"`
	ExpiryStatus    int           `json:"expiry_status"`
	Archived        bool          `json:"archived"`
	ProjectArchived bool          `json:"project_archived" since:"5"`
	Favorite        bool          `json:"favorite"`
	NumFiles        int           `json:"num_files"`
	Locked          bool          `json:"locked"`
	LockingType     int           `json:"locking_type" since:"5"`
	ExternalSharing bool          `json:"external_sharing"`
	Linked          bool          `json:"linked" since:"5"`
	SourceID        uint64        `json:"source_password_id" since:"6"`
	ManagedBy       idObject      `json:"managed_by" since:"6"`
	itemStamps
}

// lockedItem is what a list shows of a locked password. The documentation's text lists external_sharing, its sample leaves it out (tpm 6.1).
type lockedItem struct {
	ID              uint64        `json:"id"`
	Name            string        `json:"name"`
	Project         namedObject   `json:"project"`
	Path            []pathElement `json:"project_full_path" since:"6"`
	Archived        bool          `json:"archived"`
	ProjectArchived bool          `json:"project_archived" since:"5"`
	Favorite        bool          `json:"favorite"`
	Locked          bool          `json:"locked"`
	LockingType     int           `json:"locking_type" since:"5"`
	ExternalSharing bool          `json:"external_sharing"`
	Linked          bool          `json:"linked" since:"5"`
	ManagedBy       idObject      `json:"managed_by" since:"6"`
	itemStamps
}

// passwordPermissions is what X-Permissions makes of a list's item (tpm 6.1).
type passwordPermissions struct {
	ID        uint64            `json:"id"`
	Users     []userPermission  `json:"users_permissions"`
	Groups    []groupPermission `json:"groups_permissions"`
	ManagedBy idObject          `json:"managed_by"`
	stamps
}

// passwordObject is a password in full (tpm 6.2).
type passwordObject struct {
	ID           uint64        `json:"id"`
	Name         string        `json:"name"`
	Project      namedObject   `json:"project"`
	Path         []pathElement `json:"project_full_path" since:"6"`
	Parents      []uint64      `json:"parents" since:"4" until:"5"`
	Tags         string        `json:"tags"`
	AccessInfo   string        `json:"access_info"`
	Username     string        `json:"username"`
	Email        string        `json:"email"`
	Password     string        `json:"password"`
	Strength     string        `json:"strength" since:"6"`
	CrackTime    string        `json:"time_to_crack" since:"6"`
	ExpiryDate   *string       `json:"expiry_date"`
	ExpiryStatus int           `json:"expiry_status"`
	Notes        string        `json:"notes"`
	customFields
	Users           []userPermission  `json:"users_permissions" since:"4"`
	Groups          []groupPermission `json:"groups_permissions" since:"4"`
	flatAccess      `until:"3"`
	UserPermission  permission `json:"user_permission" since:"4"`
	flatPermission  `until:"3"`
	Archived        bool       `json:"archived"`
	ProjectArchived bool       `json:"project_archived" since:"5"`
	Favorite        bool       `json:"favorite"`
	NumFiles        int        `json:"num_files"`
	Locked          bool       `json:"locked"`
	LockingType     int        `json:"locking_type" since:"5"`
	RequestNotify   int        `json:"locking_request_notify" since:"5"`
	ExternalSharing bool       `json:"external_sharing"`
	ExternalURL     *string    `json:"external_url"`
	Linked          bool       `json:"linked" since:"5"`
	SourceID        uint64     `json:"source_password_id" since:"5"`
	ManagedBy       userObject `json:"managed_by"`
	fullStamps
}

// lockedPassword is what is shown of a locked password without a reason: no error (tpm 6.2).
type lockedPassword struct {
	ID              uint64        `json:"id"`
	Name            string        `json:"name"`
	Project         namedObject   `json:"project"`
	Path            []pathElement `json:"project_full_path" since:"6"`
	Parents         []uint64      `json:"parents" since:"4" until:"5"`
	Archived        bool          `json:"archived"`
	ProjectArchived bool          `json:"project_archived" since:"5"`
	Favorite        bool          `json:"favorite"`
	Locked          bool          `json:"locked"`
	LockingType     int           `json:"locking_type" since:"5"`
	ExternalSharing bool          `json:"external_sharing"`
	Linked          bool          `json:"linked" since:"5"`
	ManagedBy       userObject    `json:"managed_by"`
	fullStamps
}

// password returns a shared entry that the caller may read. Personal ones are no passwords here but my_passwords.
func password(r *vault.Reader, id uint64) (*vault.Entry, vault.Access, error) {
	e, a, err := r.Entry(vault.EntryID(id))
	if err != nil || e.Owner != 0 {
		return nil, vault.Access{}, notFound("Password not found.")
	}
	return e, a, nil
}

func showPassword(r *vault.Reader, c *call) (any, error) {
	e, a, err := password(r, c.id)
	if err != nil {
		return nil, err
	}
	out := render(r)
	switch {
	case c.flag("X-Metadata-Only"):
		return metadataOf(e), nil
	case e.Lock != vault.Unlocked && strings.TrimSpace(c.req.Reason) == "":
		return out.lockedPassword(e), nil
	}
	secrets, err := r.Reveal(e.ID)
	if err != nil {
		return nil, err
	}
	return out.password(e, a, secrets), nil
}

func metadataOf(e *vault.Entry) metadata {
	return metadata{uint64(e.ID), idObject{uint64(e.Manager)}, stampsOf(e.CreatedBy, e.Created, e.UpdatedBy, e.Updated)}
}

// project returns the project of an entry. Whoever may read the entry may know its project's name (tpm 7.1).
func (r *renderer) project(e *vault.Entry) namedObject {
	o := namedObject{ID: uint64(e.Project)}
	if path := r.path(e.Project); len(path) > 0 {
		o.Name = path[len(path)-1].Name
	}
	return o
}

// item returns an entry as a list shows it.
func (r *renderer) item(e *vault.Entry) any {
	archived := r.Archived(e.Project)
	if e.Lock != vault.Unlocked {
		return lockedItem{
			ID: uint64(e.ID), Name: e.Name, Project: r.project(e), Path: r.path(e.Project), Archived: e.Archived || archived, ProjectArchived: archived,
			Favorite: r.IsFavourite(e.ID), Locked: true, LockingType: int(e.Lock), Linked: e.Source != 0, ManagedBy: idObject{uint64(e.Manager)},
			itemStamps: itemStamps(stampsOf(e.CreatedBy, e.Created, e.UpdatedBy, e.Updated)),
		}
	}
	return passwordItem{
		ID: uint64(e.ID), Name: e.Name, Project: r.project(e), Path: r.path(e.Project), NotesSnippet: snippet(e.Notes), Tags: r.tags(e.Tags),
		AccessInfo: e.URL, Username: e.Username, Email: e.Email, HasPassword: e.HasPassword, Strength: strengthText(e.Strength),
		ExpiryDate: dateText(e.Expiry), ExpiryStatus: expiryStatus(e.Expiry, vault.StampOf(r.Now()), soonDays(r)),
		Archived: e.Archived || archived, ProjectArchived: archived, Favorite: r.IsFavourite(e.ID), NumFiles: r.NumFiles(e), Linked: e.Source != 0, SourceID: uint64(e.Source),
		ManagedBy: idObject{uint64(e.Manager)}, itemStamps: itemStamps(stampsOf(e.CreatedBy, e.Created, e.UpdatedBy, e.Updated)),
	}
}

// permissionsItem returns an entry's grants, ids only; none of a locked one.
func (r *renderer) permissionsItem(e *vault.Entry) passwordPermissions {
	out := passwordPermissions{ID: uint64(e.ID), ManagedBy: idObject{uint64(e.Manager)}, stamps: stampsOf(e.CreatedBy, e.Created, e.UpdatedBy, e.Updated)}
	if e.Lock == vault.Unlocked {
		out.Users, out.Groups = r.permissionsOf(e, func(id vault.UserID) any { return idObject{uint64(id)} }, func(id vault.GroupID) any { return idObject{uint64(id)} })
	}
	return out
}

// permissionsOf returns an entry's grants. Without any, the lists stay nil and become null (tpm 5).
func (r *renderer) permissionsOf(e *vault.Entry, user func(vault.UserID) any, group func(vault.GroupID) any) (users []userPermission, groups []groupPermission) {
	ofUsers, ofGroups := r.EntryGrants(e)
	for _, g := range ofUsers {
		users = append(users, userPermission{user(g.User), levelObject(g.Level)})
	}
	for _, g := range ofGroups {
		groups = append(groups, groupPermission{group(g.Group), levelObject(g.Level)})
	}
	return users, groups
}

func (r *renderer) lockedPassword(e *vault.Entry) lockedPassword {
	archived := r.Archived(e.Project)
	return lockedPassword{
		ID: uint64(e.ID), Name: e.Name, Project: r.project(e), Path: r.path(e.Project), Parents: r.parentsOf(e), Archived: e.Archived || archived,
		ProjectArchived: archived, Favorite: r.IsFavourite(e.ID), Locked: true, LockingType: int(e.Lock), Linked: e.Source != 0, ManagedBy: r.user(e.Manager),
		fullStamps: r.fullStamps(e.CreatedBy, e.Created, e.UpdatedBy, e.Updated),
	}
}

func (r *renderer) password(e *vault.Entry, a vault.Access, secrets vault.Payload) passwordObject {
	archived := r.Archived(e.Project)
	out := passwordObject{
		ID: uint64(e.ID), Name: e.Name, Project: r.project(e), Path: r.path(e.Project), Parents: r.parentsOf(e), Tags: r.tags(e.Tags), AccessInfo: e.URL,
		Username: e.Username, Email: e.Email, Password: secrets.Password.Reveal(), Strength: strengthText(e.Strength), CrackTime: e.Strength.CrackTime,
		ExpiryDate: dateText(e.Expiry), ExpiryStatus: expiryStatus(e.Expiry, vault.StampOf(r.Now()), soonDays(r)), Notes: e.Notes,
		customFields: r.customFields(e, secrets), UserPermission: levelObject(a.Level), flatPermission: flatPermission{levelLabels[a.Level]},
		Archived: e.Archived || archived, ProjectArchived: archived, Favorite: r.IsFavourite(e.ID), NumFiles: r.NumFiles(e), Locked: e.Lock != vault.Unlocked, LockingType: int(e.Lock), Linked: e.Source != 0, SourceID: uint64(e.Source),
		ManagedBy: r.user(e.Manager), fullStamps: r.fullStamps(e.CreatedBy, e.Created, e.UpdatedBy, e.Updated),
	}
	if out.Locked {
		out.RequestNotify = 1 // the manager; no call sets another (tpm 9.11)
	}
	if a.Level >= vault.LevelManage {
		out.Users, out.Groups = r.permissionsOf(e, func(id vault.UserID) any { return r.user(id) }, func(id vault.GroupID) any { return r.group(id) })
	}
	out.flatAccess = r.flat(e.Project, out.Users, out.Groups)
	return out
}
