package vault

import (
	"fmt"
	"strconv"
)

// Format is the newest record format that this code reads, and the newest that it writes. Code that meets a newer one refuses to go on (law 11).
//
// Whoever adds a kind of change, a member to what a change holds, or a meaning that older code would get wrong, raises it by one and says so in since; the new thing
// is used only where State.Format says that the vault is that far, and until then what was written before is written. For code that does not know it would lose it with
// the next after-image.
const Format = 1

// FormatSetting is the format that may be written to the vault. It is raised by `tresor settings format=N` when all programs on the vault read N, and never lowered:
// records of format N may be there.
const FormatSetting = "format"

// firstFormat is that of a vault whose setting says nothing.
const firstFormat = 1

// Format returns the newest format that may be written to this vault.
func (s *State) Format() uint16 { return formatOf(s.settings[FormatSetting]) }

// Format returns the newest format that this Update may write.
func (t *Tx) Format() uint16 { return formatOf(t.o.setting(FormatSetting)) }

func formatOf(setting string) uint16 {
	n, err := strconv.ParseUint(setting, 10, 16)
	if err != nil || n == 0 {
		return firstFormat
	}
	return uint16(n)
}

// since returns the format in which a change of this kind, with these members, appeared. What has no line here is of a format that nobody writes.
func (c *Change) since() uint16 {
	switch {
	case c.Setting != nil && c.Setting.Key == FormatSetting:
		return formatOf(c.Setting.Value) // whoever does not know that format stops here
	case c.Entry != nil, c.Project != nil, c.Category != nil, c.Tag != nil, c.Favourites != nil, c.TrashBulk != nil, c.Removed != nil, c.User != nil, c.Group != nil,
		c.Credential != nil, c.Grants != nil, c.Setting != nil, c.AccessHour != nil, c.Lockout != nil, c.File != nil, c.Job != nil, c.Given != nil:
		return firstFormat
	}
	return Format + 1
}

// FormatOf returns the format of a record with these operations: that of the newest thing in it.
func FormatOf(ops []Op) uint16 {
	newest := uint16(firstFormat)
	for i := range ops {
		for j := range ops[i].Changes {
			newest = max(newest, ops[i].Changes[j].since())
		}
	}
	return newest
}

// checkFormat refuses changes of a format that the vault has not come to. It is a fault of the program's, which should have asked Format.
func (t *Tx) checkFormat() error {
	for i := range t.changes {
		if since := t.changes[i].since(); since > t.Format() {
			return &Error{Kind: Internal, Err: fmt.Errorf("%s writes format %d, and the vault is at %d", t.req.Action, since, t.Format())}
		}
	}
	return nil
}

// raiseFormat checks a new value of FormatSetting.
func (t *Tx) raiseFormat(value string) error {
	n, err := strconv.ParseUint(value, 10, 16)
	switch {
	case err != nil || n > Format:
		return fail(Invalid, fmt.Sprintf("this program knows formats up to %d", Format))
	case uint16(n) < t.Format():
		return fail(Invalid, fmt.Sprintf("the vault is at format %d, and older programs cannot read it again", t.Format()))
	}
	return nil
}
