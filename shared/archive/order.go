package archive

import (
	"cmp"
	"errors"
	"fmt"

	"tresor/shared/vault"
)

// section is a part of an archive, in the order of the parts. Numbers are part of the format.
type section uint8

const (
	sectionEntries section = iota + 1
	sectionPermissions
	sectionAccess
	sectionSecrets
	sectionFiles
	sectionEnd
)

var sectionNames = [...]string{sectionEntries: "entries", sectionPermissions: "permissions", sectionAccess: "access", sectionSecrets: "secrets", sectionFiles: "files"}

// sequence holds items to their order: the writer, so that it writes nothing that no reader takes, and the reader.
type sequence struct {
	heads  vault.Heads
	at     section
	seq    [2]vault.Seq // read of each journal
	hour   *Hour        // the one whose access records come
	access *vault.StoredAccess
	secret vault.SecretKey
	object string // the one whose pieces come
	offset int64  // of its next piece
}

func newSequence(heads vault.Heads) *sequence { return &sequence{heads: heads, at: sectionEntries} }

// next checks that an item may come now, gives an access record its hour, and says which section the item is in.
func (s *sequence) next(it *Item) (section, error) {
	var err error
	switch {
	case it.Record != nil:
		err = s.record(it.Record)
	case it.Hour != nil:
		err = s.beginHour(it.Hour)
	case it.Access != nil:
		err = s.accessRecord(it.Access)
	case it.File != nil:
		err = s.filePiece(it.File)
	default:
		err = s.secretPayload(it.Secret)
	}
	return s.at, err
}

// enter moves on to a section. Both journals must be whole before anything else comes.
func (s *sequence) enter(to section) error {
	if to < s.at {
		return outOfOrder("a section comes twice")
	}
	for i, t := range vault.Tables {
		if to > section(t) && s.seq[i] != s.heads.Of(t).Seq {
			return outOfOrder(fmt.Sprintf("the %s journal ends with record %d of %d", t, s.seq[i], s.heads.Of(t).Seq))
		}
	}
	s.at = to
	return nil
}

func (s *sequence) record(r *vault.StoredRecord) error {
	if r.Table != vault.Entries && r.Table != vault.Permissions {
		return outOfOrder("a record of no journal")
	}
	if err := s.enter(section(r.Table)); err != nil {
		return err
	}
	last := &s.seq[r.Table-vault.Entries]
	if r.Seq != *last+1 || r.Seq > s.heads.Of(r.Table).Seq {
		return outOfOrder(fmt.Sprintf("%s record %d follows record %d", r.Table, r.Seq, *last))
	}
	*last = r.Seq
	return nil
}

func (s *sequence) beginHour(h *Hour) error {
	if err := s.enter(sectionAccess); err != nil {
		return err
	}
	if s.hour != nil && !s.hour.Closed && (h.Closed || h.Hour != s.hour.Hour+1) {
		return outOfOrder(fmt.Sprintf("hour %s follows hour %s", h.Hour, s.hour.Hour))
	}
	s.hour, s.access = h, nil
	return nil
}

func (s *sequence) accessRecord(a *vault.StoredAccess) error {
	if s.at != sectionAccess || s.hour == nil {
		return outOfOrder("an access record is in no hour")
	}
	a.Hour = s.hour.Hour
	if a.Shard >= vault.AccessShards || s.access != nil && cmp.Or(cmp.Compare(s.access.Shard, a.Shard), cmp.Compare(s.access.ID, a.ID)) >= 0 {
		return outOfOrder(fmt.Sprintf("the access records of %s are not in order", a.Hour))
	}
	s.access = a
	return nil
}

func (s *sequence) secretPayload(p *vault.StoredSecret) error {
	if err := s.enter(sectionSecrets); err != nil {
		return err
	}
	if compareKeys(p.SecretKey, s.secret) <= 0 || p.Version == 0 {
		return outOfOrder(fmt.Sprintf("secret version %d of entry %d", p.Version, p.Entry))
	}
	s.secret = p.SecretKey
	return nil
}

func (s *sequence) filePiece(p *FilePiece) error {
	if err := s.enter(sectionFiles); err != nil {
		return err
	}
	if p.Offset == 0 && p.Object > s.object {
		s.object, s.offset = p.Object, 0
	}
	if p.Object != s.object || p.Offset != s.offset || len(p.Data) == 0 {
		return outOfOrder(fmt.Sprintf("the piece of file %s at %d", p.Object, p.Offset))
	}
	s.offset += int64(len(p.Data))
	return nil
}

// end checks that the manifest may come now.
func (s *sequence) end() error { return s.enter(sectionEnd) }

func compareKeys(a, b vault.SecretKey) int {
	return cmp.Or(cmp.Compare(a.Entry, b.Entry), cmp.Compare(a.Version, b.Version))
}

func outOfOrder(what string) error {
	return corrupt("the archive's parts are not in order", errors.New(what))
}
