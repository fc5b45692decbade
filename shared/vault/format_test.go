package vault

import (
	"errors"
	"reflect"
	"testing"
)

// TestLaw11EveryKindOfChangeHasAFormat: one without is never written.
func TestLaw11EveryKindOfChangeHasAFormat(t *testing.T) {
	kinds := reflect.TypeFor[Change]()
	for i := range kinds.NumField() {
		var c Change
		reflect.ValueOf(&c).Elem().Field(i).Set(reflect.New(kinds.Field(i).Type.Elem()))
		if since := c.since(); since < firstFormat || since > Format {
			t.Errorf("%s is of format %d; say in since when it appeared", kinds.Field(i).Name, since)
		}
	}
	if since := (&Change{}).since(); since <= Format {
		t.Errorf("an unknown kind is of format %d", since)
	}
}

func TestLaw11ARecordHasTheFormatOfTheNewestThingInIt(t *testing.T) {
	old, raise := Change{Tag: &Tag{}}, Change{Setting: &Setting{FormatSetting, "9"}}
	for name, c := range map[string]struct {
		changes []Change
		want    uint16
	}{
		"nothing": {nil, 1}, "what was always there": {[]Change{old}, 1}, "the raise itself": {[]Change{old, raise, old}, 9}, "another setting": {[]Change{{Setting: &Setting{"x", "9"}}}, 1},
		"an unknown kind": {[]Change{old, {}}, Format + 1},
	} {
		if got := FormatOf([]Op{{}, {Changes: c.changes}}); got != c.want {
			t.Errorf("%s: got %d, want %d", name, got, c.want)
		}
	}
}

func TestLaw11AFormatIsRaisedToWhatIsKnownAndNeverLowered(t *testing.T) {
	for _, c := range []struct {
		now, to string
		want    error
	}{
		{"", "1", nil}, {"", "2", Invalid}, {"", "0", Invalid}, {"", "", Invalid}, {"", "x", Invalid}, {"", "-1", Invalid}, {"", "65537", Invalid}, {"2", "1", Invalid}, {"2", "", Invalid},
	} {
		s := NewState()
		s.settings[FormatSetting] = c.now
		tx := &Tx{Reader: &Reader{}, o: newOverlay(s)}
		if err := tx.raiseFormat(c.to); !errors.Is(err, c.want) {
			t.Errorf("from %q to %q: got %v, want %v", c.now, c.to, err, c.want)
		}
	}
}

func TestLaw11WhatTheVaultHasNotComeToIsNotWritten(t *testing.T) {
	tx := &Tx{Reader: &Reader{req: &Request{}}, o: newOverlay(NewState())}
	tx.changes = []Change{{Tag: &Tag{}}}
	if err := tx.checkFormat(); err != nil {
		t.Error(err)
	}
	tx.changes = append(tx.changes, Change{})
	if err := tx.checkFormat(); err == nil || KindOf(err) != Internal {
		t.Errorf("got %v, want a failure of the program's", err)
	}
}
