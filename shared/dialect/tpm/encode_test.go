package tpm

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"tresor/shared/vault"
)

// encoded is a body as a version gets it.
func encoded(t testing.TB, version string, body any) string {
	t.Helper()
	var b bytes.Buffer
	if err := encode(&b, version, body); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// standard is a body as encoding/json writes it.
func standard(t testing.TB, body any) string {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(body); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

type shared struct {
	A string `json:"a"`
	B *int   `json:"b"`
}

// fieldName is text that writes itself.
type fieldName string

func (n fieldName) MarshalText() ([]byte, error) { return []byte("<" + n + ">"), nil }

// sample has no versions: it is written as encoding/json writes it.
type sample struct {
	Text  string `json:"text"`
	Empty string `json:"empty,omitempty"`
	shared
	Any     any               `json:"any"`
	List    []shared          `json:"list"`
	Bytes   []byte            `json:"bytes"`
	Map     map[string]uint64 `json:"map,omitempty"`
	Raw     json.RawMessage   `json:"raw"`
	Array   [2]bool           `json:"array"`
	Real    float64           `json:"real"`
	Small   uint8             `json:"small"`
	Pointer *shared           `json:"pointer,omitempty"`
	Lists   []string          `json:"lists,omitempty"`
	Struct  shared            `json:"struct,omitempty"`
	Flag    bool              `json:"flag,omitempty"`
	Address netip.Addr        `json:"address"`
	Name    fieldName         `json:"name"`
	Hidden  string            `json:"-"`
	private string
}

func sampleOf(text, other string, number int64, flag bool) sample {
	n := int(number)
	s := sample{
		Text: text, Empty: other, shared: shared{A: other}, Any: text, Raw: json.RawMessage("null"), Array: [2]bool{flag, !flag}, Real: float64(number) / 3,
		Small: uint8(number & 0xff), Hidden: text, private: text, Flag: flag,
		Address: netip.AddrFrom4([4]byte{127, 0, 0, uint8(number & 0x7f)}), Name: fieldName(other),
	}
	if flag {
		s.B, s.Any, s.List = &n, []any{shared{text, &n}, nil, number, uint64(n & 0xffff), &s.shared, (*shared)(nil)}, []shared{{other, nil}, {text, &n}}
		s.Bytes, s.Map, s.Raw, s.Pointer, s.Lists = []byte(text), map[string]uint64{text: 1, other: 2}, json.RawMessage(`{"x": [1,  2]}`), &shared{text, &n}, []string{text, other}
	} else {
		s.List, s.Lists, s.Map, s.Bytes = []shared{}, []string{}, map[string]uint64{}, []byte{}
	}
	return s
}

// FuzzEncode holds the encoder to encoding/json, byte by byte, where nothing is of a version.
func FuzzEncode(f *testing.F) {
	for _, text := range []string{"", "plain", "<a href='x'>&amp;", `"quoted\"`, "tab\tnewline\n\x00\x1f\x7f", "snow ☃ \u2028\u2029", "half \xff\xc3 broken", strings.Repeat("long ", 500)} {
		f.Add(text, "other", int64(-1), true)
		f.Add("other", text, int64(1)<<40, false)
	}
	f.Fuzz(func(t *testing.T, text, other string, number int64, flag bool) {
		s := sampleOf(text, other, number, flag)
		for _, body := range []any{s, &s, []any{s, text, number}, text, nil} {
			for _, version := range versions {
				if got, want := encoded(t, version, body), standard(t, body); got != want {
					t.Errorf("v%s: got %q, want %q", version, got, want)
				}
			}
		}
	})
}

func TestEncodeVersions(t *testing.T) {
	type part struct {
		P int `json:"p"`
		Q int `json:"q" since:"5"`
	}
	type old struct {
		Name string `json:"name"`
	}
	type object struct {
		Old  int `json:"old" until:"4"`
		New  int `json:"new" since:"5"`
		Mid  int `json:"mid" since:"4" until:"5"`
		part `since:"4"`
		old  `until:"3"`
		Name []int `json:"name" since:"4"`
		Deep any   `json:"deep,omitempty" since:"6"`
	}
	type gone struct {
		Gone int `json:"gone" until:"3"`
	}
	body := object{1, 2, 3, part{4, 5}, old{"n"}, []int{6}, []*part{{7, 8}, nil}}
	for version, want := range map[string]string{
		"3": `{"old":1,"name":"n"}`,
		"4": `{"old":1,"mid":3,"p":4,"name":[6]}`,
		"5": `{"new":2,"mid":3,"p":4,"q":5,"name":[6]}`,
		"6": `{"new":2,"p":4,"q":5,"name":[6],"deep":[{"p":7,"q":8},null]}`,
		"":  `{"new":2,"p":4,"q":5,"name":[6],"deep":[{"p":7,"q":8},null]}`,
	} {
		if got := encoded(t, version, body); got != want+"\n" {
			t.Errorf("v%s: got %swant %s", version, got, want)
		}
	}
	if got := encoded(t, "4", []any{gone{1}, &part{P: 1, Q: 2}}); got != `[{},{"p":1}]`+"\n" {
		t.Errorf("within a list: got %s", got)
	}
}

// TestTagsAreVersions finds a tag that no version can have, and options that the encoder does not know.
func TestTagsAreVersions(t *testing.T) {
	seen := map[reflect.Type]bool{}
	for _, body := range []any{
		passwordItem{}, lockedItem{}, passwordObject{}, lockedPassword{}, myPasswordItem{}, myPasswordObject{}, projectItem{}, projectObject{}, securityItem{},
		projectNode{}, userBody{}, versionBody{}, countBody{}, errorBody{}, created{}, metadata{}, passwordPermissions{}, projectPermissions{}, myPasswordMetadata{},
	} {
		checkTags(t, reflect.TypeOf(body), seen)
	}
}

func checkTags(t *testing.T, typ reflect.Type, seen map[reflect.Type]bool) {
	for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice {
		typ = typ.Elem()
	}
	if typ.Kind() != reflect.Struct || seen[typ] {
		return
	}
	seen[typ] = true
	for i := range typ.NumField() {
		f := typ.Field(i)
		for _, tag := range []string{"since", "until"} {
			if v, tagged := f.Tag.Lookup(tag); tagged && (len(v) != 1 || v < "3" || v > "6") {
				t.Errorf("%v.%s: %s is %q", typ, f.Name, tag, v)
			}
		}
		if _, options, _ := strings.Cut(f.Tag.Get("json"), ","); options != "" && options != "omitempty" {
			t.Errorf("%v.%s: the encoder does not know %q", typ, f.Name, options)
		}
		checkTags(t, f.Type, seen)
	}
}

// BenchmarkEncode writes the largest page of a list, as it is written and as encoding/json would.
func BenchmarkEncode(b *testing.B) {
	date := "2026-01-02"
	item := passwordItem{
		ID: 12345, Name: "host-00001 login", Project: namedObject{7, "Customer 001"}, Path: []pathElement{{1, "Internal", false}, {7, "Customer 001", false}},
		NotesSnippet: "Rotate every quarter, ask the owner before use.", Tags: "linux,database", AccessInfo: "https://host-00001.dc1.example.com:8443/login",
		Username: "svc_1", Email: "ops1@example.com", HasPassword: true, Strength: "good", ExpiryDate: &date,
		itemStamps: itemStamps(stampsOf(1, vault.Stamp(1.7e9), 2, vault.Stamp(1.7e9))),
	}
	var page []any
	for range maxPageSize {
		page = append(page, item)
	}
	b.Run("encode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			encoded(b, latest, page)
		}
	})
	b.Run("encoding/json", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			standard(b, page)
		}
	})
}
