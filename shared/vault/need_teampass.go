package vault

// MayCreateEntry reports why the caller may not create e where it says, nil if it may: for dialects that compare names across the whole vault
// (TeamPass 5.8), so that only those who may create there learn which names are taken. Errors: as CreateEntry's for the place.
func (t *Tx) MayCreateEntry(e Entry) error { return t.checkNewEntry(&e) }

// MayCreateProject reports why the caller may not create a project under parent (0: at the root), nil if it may. Errors: Forbidden, NotFound,
// Invalid (the tree is too deep).
func (t *Tx) MayCreateProject(parent ProjectID) error { return t.mayCreateProject(parent) }
