package vault_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"tresor/shared/strength"
	"tresor/shared/vault"
)

var fieldTypes = []vault.FieldType{vault.FieldText, vault.FieldEncryptedText, vault.FieldEmail, vault.FieldPassword, vault.FieldNotes, vault.FieldEncryptedNotes, vault.FieldOTP, vault.FieldDate}

func anyData(vault.FieldType, string) error { return nil }

func numbered(n uint8) string { return fmt.Sprint("Custom ", n) }

func typed(n uint8, t vault.FieldType) vault.FieldChange {
	return vault.FieldChange{Number: n, Type: &t}
}

func labelled(n uint8, label string) vault.FieldChange {
	return vault.FieldChange{Number: n, Label: &label}
}

func define(id vault.EntryID, changes ...vault.FieldChange) func(*vault.Tx) error {
	return func(tx *vault.Tx) error { return tx.DefineFields(id, changes, anyData, numbered) }
}

// payloads returns which of the versions of an entry's payload are there.
func (o *office) payloads(t testing.TB, id vault.EntryID, newest uint32) (versions []uint32) {
	t.Helper()
	for v := uint32(1); v <= newest+1; v++ {
		got, err := o.Log.Payloads(t.Context(), []vault.SecretKey{{Entry: id, Version: v}})
		if err != nil {
			t.Fatal(err)
		}
		if len(got) > 0 {
			versions = append(versions, v)
		}
	}
	return versions
}

func TestWhoMayDefineFields(t *testing.T) {
	o := newOffice(t)
	for i, who := range staff {
		if got := o.try(t, who, "", define(o.entry, typed(1, vault.FieldEncryptedText))); got != managers[i] {
			t.Errorf("%s: got %v, want %v", who, got, managers[i])
		}
	}
	o.narrow(t, "elsewhere", "admin", vault.Credential{Projects: []vault.ProjectID{elsewhre}})
	o.narrow(t, "in the room", "admin", vault.Credential{Projects: []vault.ProjectID{room}})
	o.narrow(t, "reading", "admin", vault.Credential{ReadOnly: true})
	for who, want := range map[string]vault.Kind{"elsewhere": vault.NotFound, "in the room": ok, "reading": vault.Forbidden} {
		if got := o.try(t, who, "", define(o.entry, typed(1, vault.FieldEncryptedText))); got != want {
			t.Errorf("a credential %s: got %v, want %v", who, got, want)
		}
	}
	link := o.must(t, "admin", "", newEntry(vault.Entry{Name: "link", Project: room, Source: o.entry}, ""))
	locked := o.must(t, "admin", "", newEntry(vault.Entry{Name: "locked", Project: room, Lock: vault.LockReason}, "x"))
	firmly := o.must(t, "admin", "", newEntry(vault.Entry{Name: "firmly", Project: room, Lock: vault.LockPermission}, "x"))
	archived := o.must(t, "admin", "", newEntry(vault.Entry{Name: "archived", Project: room, Archived: true}, "x"))
	for _, row := range []struct {
		name   string
		id     vault.EntryID
		reason string
		want   vault.Kind
	}{
		{"a link", link, "", vault.Forbidden}, {"locked", locked, "", vault.Locked}, {"locked, a reason", locked, "because", ok}, {"locked firmly", firmly, "because", vault.LockedFirmly},
		{"archived", archived, "", vault.Forbidden}, {"in an archived project", o.inClosed(t), "", vault.Forbidden}, {"nothing", 999, "", vault.NotFound},
	} {
		if got := o.try(t, "admin", row.reason, define(row.id, typed(1, vault.FieldEncryptedText))); got != row.want {
			t.Errorf("%s: got %v, want %v", row.name, got, row.want)
		}
	}
}

// TestEveryTypeBecomesEveryOther takes a field with data from each type to each other one, away, and back.
func TestEveryTypeBecomesEveryOther(t *testing.T) {
	o := newOffice(t)
	const data = "GEZDGNBVGY3TQOJQ"
	for _, from := range fieldTypes {
		for _, to := range fieldTypes {
			name := fmt.Sprintf("%d to %d", from, to)
			e := vault.Entry{Name: name, Project: room, Fields: []vault.CustomField{{Number: 3, Type: from, Label: "mine"}, {Number: 7, Type: vault.FieldPassword}}}
			p := vault.Payload{Password: vault.NewSecret("password"), Fields: map[uint8]vault.Secret{7: vault.NewSecret("seven")}}
			if from.Encrypted() {
				p.Fields[3] = vault.NewSecret(data)
			} else {
				e.Fields[0].Data = data
			}
			id := o.must(t, "admin", "", func(tx *vault.Tx) (vault.EntryID, error) { return tx.CreateEntry(e, p) })
			first, _ := o.show(t, "admin", id)
			version := uint32(1)
			sealed := from.Encrypted()
			check := func(step string, now *vault.FieldType) {
				t.Helper()
				if seals := now == nil || now.Encrypted(); seals != sealed {
					version, sealed = version+1, seals
				}
				got, secrets := o.show(t, "admin", id)
				want := map[uint8]string{0: "password", 7: "seven"}
				fields := []vault.CustomField{{Number: 7, Type: vault.FieldPassword, Strength: strength.Rate("seven")}}
				if sealed {
					want[3] = data
				}
				if now != nil {
					f := vault.CustomField{Number: 3, Type: *now, Label: "mine"}
					if step == "again" {
						f.Label = "Custom 3"
					}
					if !sealed {
						f.Data = data
					}
					if *now == vault.FieldPassword {
						f.Strength = strength.Rate(data)
					}
					fields = slices.Insert(fields, 0, f)
				}
				if d := cmp.Diff(want, secrets) + cmp.Diff(fields, got.Fields); d != "" {
					t.Errorf("%s, %s: (-want +got):\n%s", name, step, d)
				}
				if sealed && strings.Contains(fmt.Sprintf("%+v", got), data) {
					t.Errorf("%s, %s: the index holds the data", name, step)
				}
				if got.SecretVersion != version || len(o.payloads(t, id, version)) != int(version) {
					t.Errorf("%s, %s: version %d, want %d; there are %v", name, step, got.SecretVersion, version, o.payloads(t, id, version))
				}
				if got.HasPassword != first.HasPassword || got.Strength != first.Strength || got.SecretChanged != first.SecretChanged {
					t.Errorf("%s, %s: what the index knows of the password changed", name, step)
				}
			}
			check("before", &from)
			o.Clock.Add(1e9)
			for _, step := range []struct {
				name   string
				change vault.FieldChange
				now    *vault.FieldType
			}{{"changed", typed(3, to), &to}, {"the same again", typed(3, to), &to}, {"removed", vault.FieldChange{Number: 3, Remove: true}, nil}, {"removed again", vault.FieldChange{Number: 3, Remove: true}, nil}, {"again", typed(3, from), &from}} {
				if got := o.try(t, "manage", "", define(id, step.change)); got != ok {
					t.Fatalf("%s, %s: got %v", name, step.name, got)
				}
				check(step.name, step.now)
			}
		}
	}
}

func TestEmptyFieldsMakeNoVersion(t *testing.T) {
	o := newOffice(t)
	var id vault.EntryID
	o.Do(t, func(tx *vault.Tx) (err error) {
		id, err = tx.CreateEntry(vault.Entry{Name: "empty", Project: room}, vault.Payload{})
		return err
	})
	for _, typ := range fieldTypes {
		if got := o.try(t, "manage", "", define(id, typed(1, typ), labelled(2, "second"))); got != ok {
			t.Fatal(got)
		}
		e, secrets := o.show(t, "admin", id)
		want := []vault.CustomField{{Number: 1, Type: typ, Label: "Custom 1"}, {Number: 2, Label: "second"}}
		if e.SecretVersion != 0 || len(secrets) != 0 || !cmp.Equal(e.Fields, want) {
			t.Errorf("type %d: version %d, %v, fields %+v", typ, e.SecretVersion, secrets, e.Fields)
		}
	}
}

func TestDataThatDoesNotFitChangesNothing(t *testing.T) {
	o := newOffice(t)
	id := o.must(t, "admin", "", func(tx *vault.Tx) (vault.EntryID, error) {
		return tx.CreateEntry(vault.Entry{Name: "e", Project: room, Fields: []vault.CustomField{{Number: 1, Type: vault.FieldEncryptedText, Label: "sealed"}, {Number: 2, Label: "clear", Data: "two"}}},
			vault.Payload{Fields: map[uint8]vault.Secret{1: vault.NewSecret("one"), 5: vault.NewSecret("five")}})
	})
	before, secrets := o.show(t, "admin", id)
	unfit := &vault.Error{Kind: vault.Invalid, Msg: "unfit"}
	for n, data := range map[uint8]string{1: "one", 2: "two", 5: "five"} {
		seen := ""
		got := o.try(t, "admin", "", func(tx *vault.Tx) error {
			return tx.DefineFields(id, []vault.FieldChange{labelled(9, "nine"), typed(n, vault.FieldDate)}, func(typ vault.FieldType, d string) error {
				if typ != vault.FieldDate {
					return nil
				}
				if seen = d; d != "" {
					return unfit
				}
				return nil
			}, numbered)
		})
		if got != vault.Invalid || seen != data {
			t.Errorf("field %d: got %v over %q", n, got, seen)
		}
	}
	for _, n := range []uint8{0, 11, 17, 255} {
		if got := o.try(t, "admin", "", define(id, labelled(n, "x"))); got != vault.Invalid {
			t.Errorf("field %d: got %v, want Invalid", n, got)
		}
	}
	if after, now := o.show(t, "admin", id); !cmp.Equal(after, before) || !cmp.Equal(now, secrets) {
		t.Errorf("the entry changed: %+v", after)
	}
}

// TestAFieldSetAfterItsDefinitionWentIsTheNewOne: what a removed definition left behind never comes back over newer data.
func TestAFieldSetAfterItsDefinitionWentIsTheNewOne(t *testing.T) {
	for _, next := range []vault.FieldChange{{Number: 1, Remove: true}, typed(1, vault.FieldEncryptedNotes), typed(1, vault.FieldNotes)} {
		o := newOffice(t)
		steps := []func(*vault.Tx) error{
			define(o.entry, labelled(1, "one")),
			o.edit(func(e *vault.Entry) { e.Fields[0].Data = "old" }),
			define(o.entry, vault.FieldChange{Number: 1, Remove: true}),
			o.edit(func(e *vault.Entry) { e.Fields = []vault.CustomField{{Number: 1, Label: "anew", Data: "new"}} }),
			define(o.entry, next),
		}
		for i, do := range steps {
			if got := o.try(t, "manage", "", do); got != ok {
				t.Fatalf("step %d: %v", i, got)
			}
		}
		e, secrets := o.show(t, "admin", o.entry)
		found := secrets[1]
		for _, f := range e.Fields {
			found += f.Data
		}
		if found != "new" {
			t.Errorf("after %+v: found %q", next, found)
		}
	}
}

// TestFieldsAgainstAModel draws definitions and data, and compares with a map of each.
func TestFieldsAgainstAModel(t *testing.T) {
	o := newOffice(t)
	rapid.Check(t, func(rt *rapid.T) {
		id := o.must(t, "admin", "", newEntry(vault.Entry{Name: "e", Project: room}, "p"))
		m := fieldModel{types: map[uint8]vault.FieldType{}, labels: map[uint8]string{}, data: map[uint8]string{}}
		version := uint32(1)
		for range rapid.IntRange(1, 8).Draw(rt, "steps") {
			before := m.sealed()
			set := len(m.types) > 0 && rapid.Bool().Draw(rt, "set")
			var do func(*vault.Tx) error
			if set {
				do = m.drawSet(rt, id)
			} else {
				do = define(id, m.drawDefinitions(rt)...)
			}
			if got := o.try(t, "manage", "", do); got != ok {
				rt.Fatalf("got %v", got)
			}
			e, secrets := o.show(t, "admin", id)
			delete(secrets, 0)
			if d := cmp.Diff(m.sealed(), secrets) + cmp.Diff(m.fields(), e.Fields, noStrength, cmpopts.EquateEmpty()); d != "" {
				rt.Fatalf("(-want +got):\n%s", d)
			}
			changed := !cmp.Equal(before, m.sealed())
			if !set && e.SecretVersion != version && !changed || e.SecretVersion == version && changed || e.SecretVersion > version+1 {
				rt.Fatalf("version %d after %d; the payload changed: %t", e.SecretVersion, version, changed)
			}
			version = e.SecretVersion
		}
		if got := o.payloads(t, id, version); len(got) != int(version) {
			rt.Fatalf("of %d versions there are %v", version, got)
		}
	})
}

var noStrength = cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".Strength" }, cmp.Ignore())

// fieldModel is what an entry's custom fields must be: data outlives its definition.
type fieldModel struct {
	types  map[uint8]vault.FieldType
	labels map[uint8]string
	data   map[uint8]string
}

// sealed returns the data that must lie in the payload.
func (m *fieldModel) sealed() map[uint8]string {
	out := map[uint8]string{}
	for n, data := range m.data {
		if typ, defined := m.types[n]; data != "" && (!defined || typ.Encrypted()) {
			out[n] = data
		}
	}
	return out
}

func (m *fieldModel) fields() []vault.CustomField {
	list := []vault.CustomField{}
	for n := uint8(1); n <= vault.MaxCustomFields; n++ {
		if typ, defined := m.types[n]; defined {
			f := vault.CustomField{Number: n, Type: typ, Label: m.labels[n]}
			if !typ.Encrypted() {
				f.Data = m.data[n]
			}
			list = append(list, f)
		}
	}
	return list
}

func (m *fieldModel) drawDefinitions(t *rapid.T) (changes []vault.FieldChange) {
	for range rapid.IntRange(1, 4).Draw(t, "changes") {
		c := vault.FieldChange{Number: rapid.Uint8Range(1, 3).Draw(t, "number")}
		kind := rapid.IntRange(0, 3).Draw(t, "kind")
		_, defined := m.types[c.Number]
		if kind == 0 {
			c.Remove = true
			delete(m.types, c.Number)
			delete(m.labels, c.Number)
			changes = append(changes, c)
			continue
		}
		if !defined {
			m.types[c.Number], m.labels[c.Number] = vault.FieldText, numbered(c.Number)
			if m.data[c.Number] != "" { // a label alone takes nothing out of the seal
				m.types[c.Number] = vault.FieldEncryptedText
			}
		}
		if kind != 1 {
			typ := rapid.SampledFrom(fieldTypes).Draw(t, "type")
			c.Type, m.types[c.Number] = &typ, typ
		}
		if kind != 2 {
			label := rapid.SampledFrom([]string{"a", "b"}).Draw(t, "label")
			c.Label, m.labels[c.Number] = &label, label
		}
		changes = append(changes, c)
	}
	return changes
}

// drawSet gives one of the defined fields data, the way that its type asks for.
func (m *fieldModel) drawSet(t *rapid.T, id vault.EntryID) func(*vault.Tx) error {
	fields := m.fields()
	n := fields[rapid.IntRange(0, len(fields)-1).Draw(t, "field")].Number
	data := rapid.SampledFrom([]string{"", "x", "y"}).Draw(t, "data")
	m.data[n] = data
	if m.types[n].Encrypted() {
		return func(tx *vault.Tx) error {
			return tx.SetSecrets(id, nil, map[uint8]vault.Secret{n: vault.NewSecret(data)})
		}
	}
	return func(tx *vault.Tx) error {
		return tx.EditEntry(id, func(e *vault.Entry) error {
			i := slices.IndexFunc(e.Fields, func(f vault.CustomField) bool { return f.Number == n })
			if i < 0 {
				return errors.New("the field is not defined")
			}
			e.Fields[i].Data = data
			return nil
		})
	}
}
