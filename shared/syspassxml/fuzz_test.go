package syspassxml

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"tresor/shared/vault"
)

// refused checks that a decoder's error is about its input.
func refused(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, vault.Invalid) && !errors.Is(err, vault.Corrupt) && !errors.Is(err, vault.TooLarge) {
		t.Errorf("got %v, want kind Invalid, Corrupt or TooLarge", err)
	}
}

// FuzzRead: whatever a file is, Read refuses it, or gives a document whose file, if it can have one, gives the same.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		minimal, `<Root><Meta><Hash sign="a">b</Hash><Time>1</Time></Meta></Root>`,
		`<Root>` + meta + `<Encrypted hash=""><Data key="def1">ZGVm</Data></Encrypted></Root>`,
		`<Root>` + meta + `<Categories><Category id="1"/></Categories><Clients><Client id="2"><name> </name></Client></Clients><Accounts><Account id="3">` +
			`<clientId>2</clientId><categoryId>1</categoryId><notes>&#13;&amp;</notes><tags><tag id="4"/></tags></Account></Accounts><Tags><Tag id="4"/></Tags></Root>`,
	} { // short ones: go test spends a minute on cutting a long one down
		f.Add([]byte(seed))
	}
	f.Add([]byte(strings.Replace(minimal, "<Clients/>", "<x:y a='&#13;&quot;'><![CDATA[<]]>&#x1F600;</x:y><Customers> <Customer id=\"1\"/></Customers>", 1)))
	f.Add([]byte("\xef\xbb\xbf<!DOCTYPE a><Root/>"))
	f.Fuzz(func(t *testing.T, file []byte) {
		d, warnings, err := Read(bytes.NewReader(file), ReadOptions{MaxBytes: 1 << 20})
		if err != nil {
			refused(t, err)
			return
		}
		for _, w := range warnings {
			if w.String() == Warning(0).String() {
				t.Errorf("got the unknown warning %d", w)
			}
		}
		var again bytes.Buffer
		if err := Write(&again, d, Options{SignKey: "s"}); err != nil {
			refused(t, err) // an id twice, or a reference to nothing
			return
		}
		got, warnings, err := Read(&again, ReadOptions{SignKey: "s"})
		if err != nil || len(warnings) > 0 {
			t.Fatalf("got warnings %v, error %v", warnings, err)
		}
		if diff := cmp.Diff(sorted(d), got, cmpopts.EquateEmpty()); diff != "" {
			t.Error(diff)
		}
	})
}

// FuzzReadDecrypted: what lies in a Data element is as strange, and was hashed by nobody.
func FuzzReadDecrypted(f *testing.F) {
	f.Add([]byte(`<Accounts><Account id="3"><clientId>2</clientId><tags><tag id="4"/></tags></Account></Accounts>`))
	f.Add([]byte(`<Customers><Customer id="1"><name/></Customer></Customers>`))
	f.Fuzz(func(t *testing.T, inner []byte) {
		if err := newReader(ReadOptions{MaxBytes: 1 << 20}).part("Data element 1", inner); err != nil {
			refused(t, err)
		}
	})
}

// FuzzOpenKey: whatever a key string is, OpenKey refuses it, unless it is the one that was made.
func FuzzOpenKey(f *testing.F) {
	v := loadVectors(f).Keys[1]
	f.Add(v.Protected)
	f.Add(v.Protected[1:])
	f.Add(v.Raw)
	f.Add(checksummed(protectedHeader, []byte(cipherVersion+strings.Repeat("x", minSealedSize))))
	f.Fuzz(func(t *testing.T, text string) {
		k, err := OpenKey(text, v.Password)
		switch {
		case strings.EqualFold(text, v.Protected):
			if err != nil || k.secret.Reveal() != string(unhex(t, v.Key)) {
				t.Errorf("got %v, want the key", err)
			}
		case err == nil:
			t.Errorf("%s opened", text)
		default:
			refused(t, err)
		}
	})
}

// FuzzDecrypt: whatever a ciphertext is, Decrypt refuses it, unless it is the one that was made. The forged ones carry the right MAC, so that
// what lies behind it is tried too.
func FuzzDecrypt(f *testing.F) {
	c := loadVectors(f).Encrypt[1]
	k := keyOf(f, c.Key)
	f.Add(unhex(f, c.Text), false)
	f.Add(unhex(f, c.Text)[:minSealedSize], false)
	f.Add(unhex(f, c.Text)[:headSize], true)
	f.Add([]byte{}, false)
	f.Fuzz(func(t *testing.T, sealed []byte, forge bool) {
		if forge && len(sealed) >= headSize {
			_, mac, err := ciphers(sealed[:headSize], k.root)
			if err != nil {
				t.Fatal(err)
			}
			sealed = append(bytes.Clone(sealed), mac(sealed)...)
		}
		text := hex.EncodeToString(sealed)
		plaintext, err := Decrypt(k, text)
		switch {
		case err != nil && (text == c.Text || forge && bytes.HasPrefix(sealed, []byte(cipherVersion)) && len(sealed) >= minSealedSize):
			t.Errorf("got %v, want what was sealed", err)
		case err != nil:
			refused(t, err)
		case !forge && text != c.Text:
			t.Errorf("%s opened", text)
		case len(plaintext) != len(sealed)-minSealedSize:
			t.Errorf("got %d bytes of plaintext", len(plaintext))
		}
	})
}
