package vault

// Use returns an entry as Entry does, for what a lock closes although it is neither a secret nor a change (TPM 6.3: the list of files). A reason that was needed is on
// record. Errors: NotFound; Locked, LockedFirmly.
func (r *Reader) Use(id EntryID) (*Entry, Access, error) {
	e, a, err := r.Entry(id)
	if err == nil {
		err = r.unlock(e)
	}
	if err != nil {
		return nil, Access{}, err
	}
	return e, a, nil
}
