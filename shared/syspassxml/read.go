package syspassxml

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// Read reads a file, plain or encrypted, of sysPass 3 or (Customers for Clients) 2.1 and later. It is stricter than sysPass in this:
//
//   - It computes the file's hash and reports a difference; sysPass only checks the sign over the stated hash, so that nobody notices a changed file.
//     Both are warnings all the same: a file that was edited by hand is its owner's business, and a plain file of
//     another installation is signed with a key that nobody else has.
//   - A Data element that does not decrypt is an error that names it; sysPass skips it, and imports what is left.
//   - What sysPass overlooks is refused: a container that is there twice, ids that are not numbers, texts between elements.
//
// Elements that Read does not know are passed over, and hashed. References from accounts are not checked.
//
// Errors: Invalid with sysPass's own texts: "XML file not supported" (no sysPass export), "Invalid XML format", "Encryption password not set",
// "Wrong encryption password"; Corrupt: a Data element does not verify; TooLarge: see ReadOptions.MaxBytes, and bounds on depth and the size of one text;
// errors of r as they are.
//
// The file is streamed, except that a Data element has to be in memory, with its copies about four times its size, to be verified before it is believed.
func Read(r io.Reader, o ReadOptions) (*Document, []Warning, error) {
	if o.MaxBytes <= 0 {
		o.MaxBytes = DefaultMaxBytes
	}
	sum := newHash()
	rd := &reader{opts: o, scanner: newScanner(r, o.MaxBytes, sum), seen: map[string]bool{}}
	if err := rd.file(); err != nil {
		return nil, nil, err
	}
	if err := rd.canon.w.Flush(); err != nil {
		return nil, nil, fmt.Errorf("hash sysPass export: %w", err)
	}
	key := o.SignKey
	if rd.seen["Encrypted"] {
		key = o.Password.Reveal()
	}
	return &rd.doc, judge(rd.stated, rd.signed, hex.EncodeToString(sum.Sum(nil)), key), nil
}

// reader builds a Document from a file, or from a decrypted part of one.
type reader struct {
	*scanner
	opts      ReadOptions
	doc       Document
	seen      map[string]bool // elements that may be there once
	generator string
	stated    string // the hash
	signed    string // its signature
	items     int
	lastKey   string // so that one key string for all accounts is in memory once
}

func (r *reader) file() error {
	root, err := r.start()
	if err != nil {
		return err
	}
	if root != "Root" {
		return invalid(textNotSupported)
	}
	if err := r.children(r.rootChild); err != nil {
		return err
	}
	if err := r.end(); err != nil {
		return err
	}
	if !strings.EqualFold(strings.TrimSpace(r.generator), generator) {
		return invalid(textNotSupported)
	}
	if !r.seen["Categories"] || !r.seen["Clients"] || !r.seen["Accounts"] {
		return invalid(textInvalidXML)
	}
	return nil
}

func (r *reader) rootChild(name string) error {
	switch name {
	case "Meta":
		if err := r.once(name); err != nil {
			return err
		}
		return r.children(r.meta)
	case "Encrypted":
		if err := r.once(name); err != nil {
			return err
		}
		return r.encrypted()
	}
	return r.container(name)
}

// once refuses the second element of a name.
func (r *reader) once(name string) error {
	if r.seen[name] {
		return r.place(name + " is there twice")
	}
	r.seen[name] = true
	return nil
}

func (r *reader) meta(name string) (err error) {
	switch name {
	case "Generator":
		return r.into(&r.generator)
	case "Version":
		return r.into(&r.doc.Version)
	case "Time":
		return r.time()
	case "User":
		if r.doc.User.ID, err = r.id(); err != nil {
			return err
		}
		return r.into(&r.doc.User.Login)
	case "Group":
		if r.doc.Group.ID, err = r.id(); err != nil {
			return err
		}
		return r.into(&r.doc.Group.Name)
	case "Hash":
		r.signed = r.attr("sign")
		return r.into(&r.stated)
	}
	return r.skip()
}

func (r *reader) time() error {
	v, err := r.value()
	if err != nil {
		return err
	}
	seconds, err := strconv.ParseInt(strings.TrimSpace(string(v)), 10, 64)
	if err != nil {
		return r.place("the time is not in unix seconds")
	}
	r.doc.Time = time.Unix(seconds, 0).UTC()
	return nil
}

// encrypted reads the containers out of Data elements.
func (r *reader) encrypted() error {
	if r.opts.Password.IsEmpty() {
		return invalid(textNoPassword)
	}
	if hash := r.attr("hash"); hash != "" {
		if err := checkPassword(hash, r.opts.Password.Reveal()); err != nil {
			return err
		}
	}
	n := 0
	return r.children(func(name string) error {
		if name != "Data" {
			return r.skip()
		}
		if n++; n > maxData {
			return tooLarge("the file has more than %d Data elements", maxData)
		}
		return r.data(fmt.Sprintf("Data element %d", n))
	})
}

func (r *reader) data(place string) error {
	protected := r.attr("key")
	r.huge = true
	text, err := r.value()
	r.huge = false
	if err != nil {
		return err
	}
	k, err := OpenKey(protected, r.opts.Password.Reveal())
	if err != nil {
		return at(place, err)
	}
	sealed, err := decodeData(text)
	if err != nil {
		return at(place, err)
	}
	plaintext, err := open(sealed, k.root)
	if err != nil {
		return at(place, err)
	}
	return r.part(place, plaintext)
}

func decodeData(text []byte) ([]byte, error) {
	out := bytes.NewBuffer(make([]byte, 0, len(text)/8*3+bytes.MinRead)) // room to spare, so that it never grows
	if _, err := out.ReadFrom(hex.NewDecoder(base64.NewDecoder(base64.StdEncoding, bytes.NewReader(text)))); err != nil {
		return nil, invalid("the text is not hexadecimal in base64")
	}
	return out.Bytes(), nil
}

// part reads a decrypted container.
func (r *reader) part(place string, plaintext []byte) error {
	outer := r.scanner
	r.scanner = newScanner(bytes.NewReader(plaintext), r.opts.MaxBytes, nil)
	err := r.partRoot()
	r.scanner = outer
	return at(place, err)
}

func (r *reader) partRoot() error {
	name, err := r.start()
	if err != nil {
		return err
	}
	if err := r.container(name); err != nil {
		return err
	}
	return r.end()
}
