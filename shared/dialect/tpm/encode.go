package tpm

import (
	"bytes"
	"encoding"
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
	"sync"
)

// latest is the version that a reply is written for where none was called.
const latest = "6"

// writer writes a value of one type for one version.
type writer func(*bytes.Buffer, reflect.Value) error

// encode writes a reply's body as encoding/json does, without HTML escaping, but for the members of structs that the version does not have: a tag since:"5" is on a
// member that came with version 5, until:"5" on one that went after it (tpm 1.2). On an embedded struct they hold for all its members. So each object has one
// struct, whatever is called; one struct for each version would say the same four times.
func encode(b *bytes.Buffer, version string, body any) error {
	if version == "" {
		version = latest
	}
	if err := writeAny(version)(b, reflect.ValueOf(&body).Elem()); err != nil {
		return err
	}
	return b.WriteByte('\n')
}

// plan is what writers are remembered by: they are made once.
type plan struct {
	t       reflect.Type
	version string
}

var plans sync.Map // plan -> writer

// writerOf returns the writer of a type. The types of replies do not contain themselves.
func writerOf(t reflect.Type, version string) writer {
	key := plan{t, version}
	if w, ok := plans.Load(key); ok {
		return w.(writer)
	}
	w := newWriter(t, version)
	plans.Store(key, w)
	return w
}

var marshaler, textMarshaler = reflect.TypeFor[json.Marshaler](), reflect.TypeFor[encoding.TextMarshaler]()

func newWriter(t reflect.Type, version string) writer {
	if t.Implements(marshaler) || t.Implements(textMarshaler) {
		return writeJSON
	}
	switch t.Kind() { //nolint:exhaustive // the others have no members
	case reflect.Interface:
		return writeAny(version)
	case reflect.Pointer:
		return orNull(func(b *bytes.Buffer, v reflect.Value) error { return writerOf(t.Elem(), version)(b, v.Elem()) })
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 { // Base64
			return writeJSON
		}
		return orNull(writeList(writerOf(t.Elem(), version)))
	case reflect.Struct:
		return writeMembers(plannedMembers(t, version, nil))
	case reflect.String:
		return writeText
	case reflect.Bool:
		return func(b *bytes.Buffer, v reflect.Value) error {
			return put(b, strconv.AppendBool(b.AvailableBuffer(), v.Bool()))
		}
	case reflect.Int:
		return func(b *bytes.Buffer, v reflect.Value) error {
			return put(b, strconv.AppendInt(b.AvailableBuffer(), v.Int(), 10))
		}
	case reflect.Uint64:
		return func(b *bytes.Buffer, v reflect.Value) error {
			return put(b, strconv.AppendUint(b.AvailableBuffer(), v.Uint(), 10))
		}
	}
	return writeJSON
}

func put(b *bytes.Buffer, text []byte) error {
	_, err := b.Write(text)
	return err
}

// writeAny writes what is in an interface, whose type is known only then.
func writeAny(version string) writer {
	return orNull(func(b *bytes.Buffer, v reflect.Value) error { return writerOf(v.Elem().Type(), version)(b, v.Elem()) })
}

func orNull(w writer) writer {
	return func(b *bytes.Buffer, v reflect.Value) error {
		if v.IsNil() {
			return put(b, []byte("null"))
		}
		return w(b, v)
	}
}

func writeList(w writer) writer {
	return func(b *bytes.Buffer, v reflect.Value) error {
		b.WriteByte('[')
		for i := range v.Len() {
			if i > 0 {
				b.WriteByte(',')
			}
			if err := w(b, v.Index(i)); err != nil {
				return err
			}
		}
		return b.WriteByte(']')
	}
}

// writeText writes most texts as they are; what needs an escape is left to encoding/json.
func writeText(b *bytes.Buffer, v reflect.Value) error {
	s := v.String()
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return writeJSON(b, v)
		}
	}
	b.WriteByte('"')
	b.WriteString(s)
	return b.WriteByte('"')
}

func writeJSON(b *bytes.Buffer, v reflect.Value) error {
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	err := e.Encode(v.Interface())
	if err == nil {
		b.Truncate(b.Len() - 1) // the newline
	}
	return err
}

// member is what a struct has in one version.
type member struct {
	at        []int
	key       string // quoted, with the colon
	omitEmpty bool
	write     writer
}

// plannedMembers returns the members of a struct, those of embedded ones in their place.
func plannedMembers(t reflect.Type, version string, at []int) (list []member) {
	for i := range t.NumField() {
		f := t.Field(i)
		path := append(at[:len(at):len(at)], i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case !isIn(f.Tag, version):
		case f.Anonymous && name == "" && f.Type.Kind() == reflect.Struct:
			list = append(list, plannedMembers(f.Type, version, path)...)
		case name != "" && name != "-" && f.IsExported():
			list = append(list, member{path, strconv.Quote(name) + ":", options == "omitempty", writerOf(f.Type, version)})
		}
	}
	return list
}

// isIn reports whether a version has a member. Versions have one digit.
func isIn(tag reflect.StructTag, version string) bool {
	until, ends := tag.Lookup("until")
	return version >= tag.Get("since") && (!ends || version <= until)
}

func writeMembers(list []member) writer {
	return func(b *bytes.Buffer, v reflect.Value) error {
		next := byte('{')
		for _, m := range list {
			value := v.FieldByIndex(m.at)
			if m.omitEmpty && empty(value) {
				continue
			}
			b.WriteByte(next)
			next = ','
			b.WriteString(m.key)
			if err := m.write(b, value); err != nil {
				return err
			}
		}
		if next == '{' {
			b.WriteByte(next)
		}
		return b.WriteByte('}')
	}
}

// empty is what omitempty leaves out.
func empty(v reflect.Value) bool {
	switch v.Kind() { //nolint:exhaustive // structs are never empty, and the rest is where it is zero
	case reflect.Struct:
		return false
	case reflect.Slice, reflect.Map:
		return v.Len() == 0
	}
	return v.IsZero()
}
