package vault

import "iter"

// SecretKeys yields the name of every payload that the entries have, those in the trash included.
func (s *State) SecretKeys() iter.Seq[SecretKey] {
	return func(yield func(SecretKey) bool) {
		for _, id := range sortedKeys(s.entries) {
			for v := uint32(1); v <= s.entries[id].SecretVersion; v++ {
				if !yield(SecretKey{id, v}) {
					return
				}
			}
		}
	}
}

// ContentFiles are the files that share a content.
type ContentFiles struct {
	Object string
	Size   int64
	Files  []FileID // ascending
}

// ContentFiles returns the contents that files have, those in the trash included, by their first file.
func (s *State) ContentFiles() []ContentFiles {
	var list []ContentFiles
	at := map[string]int{}
	for _, id := range sortedKeys(s.files) {
		f := s.files[id]
		i, known := at[f.Object]
		if !known {
			i, at[f.Object] = len(list), len(list)
			list = append(list, ContentFiles{Object: f.Object, Size: f.Size})
		}
		list[i].Files = append(list[i].Files, id)
	}
	return list
}

var errReseal = fail(Forbidden, "not allowed to put anything under another key")

// ResealPassword puts a user's password hash, the same one, under another key. Operators only. Errors: NotFound, Forbidden.
func (t *Tx) ResealPassword(id UserID, sealed []byte) error {
	old := t.x.user(id)
	switch {
	case !t.principal.operator:
		return errReseal
	case old == nil:
		return fail(NotFound, "no such user")
	}
	u := *old
	u.Password = sealed
	t.put(Change{User: &u})
	return nil
}

// ResealKey puts a credential's private key, the same one, under another key. Operators only. Errors: NotFound, Forbidden.
func (t *Tx) ResealKey(id CredentialID, sealed []byte) error {
	old := t.x.credential(id)
	switch {
	case !t.principal.operator:
		return errReseal
	case old == nil:
		return fail(NotFound, "no such credential")
	}
	c := *old
	c.PrivateKey = sealed
	t.put(Change{Credential: &c})
	return nil
}

// MoveContent says of those files among ids whose content has one name that it, the same one, has another now. It returns how many those are. Operators only.
func (t *Tx) MoveContent(ids []FileID, from, to string) (moved int, err error) {
	if !t.principal.operator {
		return 0, errReseal
	}
	for _, id := range ids {
		old := t.x.file(id)
		if old == nil || old.Object != from {
			continue
		}
		f := *old
		f.Object = to
		t.put(Change{File: &f})
		moved++
	}
	return moved, nil
}
