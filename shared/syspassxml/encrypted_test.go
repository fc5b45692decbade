package syspassxml

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"

	"tresor/shared/vault"
)

func TestReadEncryptedRefuses(t *testing.T) {
	v := loadVectors(t)
	file := string(testdata(t, "encrypted.xml"))
	hash, last := v.Bcrypt[0].Hash, strings.LastIndex(file, "</Data>")
	lastData := func(change func(hex string) string) string {
		from := strings.LastIndex(file[:last], ">") + 1
		raw, err := base64.StdEncoding.DecodeString(file[from:last])
		if err != nil {
			t.Fatal(err)
		}
		return file[:from] + base64.StdEncoding.EncodeToString([]byte(change(string(raw)))) + file[last:]
	}
	for _, c := range []struct {
		name, file, password string
		kind                 vault.Kind
		msg                  string
	}{
		{"no password", file, "", vault.Invalid, textNoPassword},
		{"wrong password", file, "wrong", vault.Invalid, textWrongPassword},
		{"wrong password, no hash", strings.Replace(file, hash, "", 1), "wrong", vault.Corrupt, "Data element 1: " + textIntegrity},
		{"costly hash", strings.Replace(file, "$2y$10$", "$2y$31$", 1), v.Export, vault.Invalid, "too high a cost"},
		{"changed key", strings.Replace(file, "def10000def50200", "def10000def50201", 1), v.Export, vault.Corrupt, "Data element 1: the key string is damaged"},
		{"no key", strings.Replace(file, "<Data key=", "<Data x=", 1), v.Export, vault.Invalid, "Data element 1: the key string is too short"},
		{"changed data", lastData(flip), v.Export, vault.Corrupt, "Data element 4: " + textIntegrity},
		{"cut data", lastData(func(hex string) string { return hex[:len(hex)-2] }), v.Export, vault.Corrupt, "Data element 4: " + textIntegrity},
		{"not base64", file[:last] + "!!!!" + file[last:], v.Export, vault.Invalid, "Data element 4: the text is not"},
		{"odd", lastData(func(hex string) string { return hex[1:] }), v.Export, vault.Invalid, "Data element 4: the text is not"},
		{"not hexadecimal", lastData(func(hex string) string { return hex + "zz" }), v.Export, vault.Invalid, "Data element 4: the text is not"},
		{"a plain container too", strings.Replace(file, "<Encrypted", "<Accounts/><Encrypted", 1), v.Export, vault.Invalid, "Accounts is there twice"},
		{"one Data missing", file[:strings.LastIndex(file, "<Data")] + "</Encrypted></Root>", v.Export, vault.Invalid, textInvalidXML},
	} {
		d, _, err := read(c.file, ReadOptions{Password: vault.NewSecret(c.password)})
		wantError(t, c.name, err, c.kind, c.msg)
		if d != nil {
			t.Errorf("%s: got a document", c.name)
		}
	}
}

// flip changes the last hex digit.
func flip(hex string) string {
	digit := "0"
	if strings.HasSuffix(hex, digit) {
		digit = "1"
	}
	return hex[:len(hex)-1] + digit
}

func TestReadEncryptedWarnings(t *testing.T) {
	v := loadVectors(t)
	file := string(testdata(t, "encrypted.xml"))
	for _, c := range []struct {
		name, file string
		want       []Warning
	}{
		{"as written", file, nil},
		{"without the hash of the password", strings.Replace(file, v.Bcrypt[0].Hash, "", 1), []Warning{HashDiffers}},
		{"an element more", strings.Replace(file, "</Encrypted>", "<x/></Encrypted>", 1), []Warning{HashDiffers}},
		{"another sign", strings.Replace(file, `sign="`, `sign="0`, 1), []Warning{SignDiffers}},
	} {
		_, got, err := read(c.file, ReadOptions{Password: vault.NewSecret(v.Export), SignKey: "not used"})
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, %v, want %v", c.name, got, err, c.want)
		}
	}
}

// What comes out of a Data element is as strange as the file itself.
func TestReadRefusesWhatWasEncrypted(t *testing.T) {
	protected, err := protect(key, "p", append([]byte(cipherVersion), make([]byte, saltSize+16)...))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, inner string
		kind        vault.Kind
		msg         string
	}{
		{"empty", "", vault.Invalid, "Data element 1: the file is not well-formed"},
		{"bomb", `<!DOCTYPE a [<!ENTITY a "a">]><Accounts/>`, vault.Invalid, "Data element 1: the file has a document type"},
		{"two", "<Accounts/><Accounts/>", vault.Invalid, "Data element 1: the file is not well-formed"},
		{"cut", "<Accounts>", vault.Invalid, "Data element 1: the file is not well-formed"},
		{"encrypted again", `<Encrypted><Data/></Encrypted>`, vault.Invalid, textInvalidXML},
		{"no id", `<Accounts><Account/></Accounts>`, vault.Invalid, "no id"},
		{"large", "<Accounts>" + strings.Repeat(" ", 40_000), vault.TooLarge, "Data element 1: read sysPass export: the file is too large"},
	} {
		text, err := Encrypt(key, []byte(c.inner))
		if err != nil {
			t.Fatal(err)
		}
		data := fmt.Sprintf(`<Data key="%s">%s</Data>`, protected, base64.StdEncoding.EncodeToString([]byte(text)))
		o := ReadOptions{Password: vault.NewSecret("p")}
		if c.kind == vault.TooLarge {
			o.MaxBytes = 40_000 // of the inner part alone: the bound on the file itself would strike first
			inner := newReader(o)
			wantError(t, c.name, inner.part("Data element 1", []byte(c.inner)), c.kind, c.msg)
			continue
		}
		_, _, err = read(`<Root>`+meta+`<Encrypted>`+data+`</Encrypted></Root>`, o)
		wantError(t, c.name, err, c.kind, c.msg)
	}
}

func newReader(o ReadOptions) *reader {
	return &reader{opts: o, scanner: newScanner(bytes.NewReader(nil), o.MaxBytes, nil), seen: map[string]bool{}}
}

func TestReadBoundsDataElements(t *testing.T) {
	text, err := Encrypt(key, []byte("<x/>"))
	if err != nil {
		t.Fatal(err)
	}
	protected, err := protect(key, "p", append([]byte(cipherVersion), make([]byte, saltSize+16)...))
	if err != nil {
		t.Fatal(err)
	}
	data := `<Data key="` + protected + `">` + base64.StdEncoding.EncodeToString([]byte(text)) + `</Data>`
	file := `<Root>` + meta + `<Encrypted>` + strings.Repeat(data, maxData+1) + `</Encrypted></Root>`
	_, _, err = read(file, ReadOptions{Password: vault.NewSecret("p")})
	wantError(t, "many", err, vault.TooLarge, "more than 16 Data elements")
}

// The text of a Data element may have line breaks, as other writers of base64 make them.
func TestDecodeData(t *testing.T) {
	want := bytes.Repeat([]byte{0xde, 0xf5}, 100)
	b64 := base64.StdEncoding.EncodeToString([]byte(hex.EncodeToString(want)))
	got, err := decodeData([]byte("\n" + b64[:76] + "\r\n" + b64[76:] + "\n"))
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("got %x, %v", got, err)
	}
}
