package syspassxml

import (
	"io"
	"strings"
	"testing"

	"tresor/shared/vault"
)

// endless repeats a text after a beginning, for ever, and counts what was read.
type endless struct {
	begin, repeat string
	read          int
	left          string
}

func (e *endless) Read(p []byte) (int, error) {
	if e.read == 0 {
		e.left = e.begin
	}
	if e.left == "" {
		e.left = strings.Repeat(e.repeat, 1+4096/len(e.repeat))
	}
	n := copy(p, e.left)
	e.left = e.left[n:]
	e.read += n
	return n, nil
}

// A file without an end is given up after the bytes of one token, or of the whole where each token is small.
func TestReadIsBounded(t *testing.T) {
	const size, slack = 6 << 20, 128 << 10 // MaxBytes; what is read ahead
	accounts := `<Root>` + meta + `<Accounts><Account id="1">`
	for _, c := range []struct {
		name, begin, repeat, msg string
		most                     int
	}{
		{"nesting", "", "<a>", textNotSupported, slack},
		{"nesting in the root", "<Root>", "<a>", "nested too deep", slack},
		{"nesting in an account", accounts, "<x>", "nested too deep", slack},
		{"nesting in Meta", "<Root><Meta>", "<x>", "nested too deep", slack},
		{"text", accounts + "<notes>", "x", "tag or text", maxToken + slack},
		{"white space", accounts, " ", "tag or text", maxToken + slack},
		{"white space before the root", " ", " ", "tag or text", maxToken + slack},
		{"text in pieces", accounts + "<notes>", strings.Repeat("x", 100) + "<!-- -->", "tag or text", size},
		{"CDATA", accounts + "<notes><![CDATA[", "x", "tag or text", maxToken + slack},
		{"name", "<", "x", "tag or text", maxToken + slack},
		{"attributes", "<Root", ` a="b"`, "tag or text", maxToken + slack},
		{"attribute", `<Root a="`, `b`, "tag or text", maxToken + slack},
		{"comment", "<!--", "x", "tag or text", maxToken + slack},
		{"instruction", "<?x ", "x", "tag or text", maxToken + slack},
		{"DOCTYPE", "<!DOCTYPE ", "x", "tag or text", maxToken + slack},
		{"elements", "<Root>", "<x/>", "the file is too large", size + slack},
		{"comments", "<Root>", "<!-- -->", "the file is too large", size + slack},
		{"accounts", `<Root>` + meta + `<Accounts>`, `<Account id="1"/>`, "the file is too large", size + slack},
		{"Data", `<Root>` + meta + `<Encrypted><Data>`, "ZGVm", "the file is too large", size + slack},
	} {
		e := &endless{begin: c.begin, repeat: c.repeat}
		_, _, err := Read(e, ReadOptions{MaxBytes: size, Password: vault.NewSecret("p")})
		kind := vault.TooLarge
		if c.msg == textNotSupported {
			kind = vault.Invalid
		}
		wantError(t, c.name, err, kind, c.msg)
		if e.read > c.most {
			t.Errorf("%s: %d bytes were read, want at most %d", c.name, e.read, c.most)
		}
	}
}

func TestReadBoundsItems(t *testing.T) {
	e := &endless{begin: `<Root>` + meta + `<Accounts>`, repeat: `<Account id="1"/>`}
	_, _, err := Read(e, ReadOptions{})
	wantError(t, "accounts", err, vault.TooLarge, "more than 500000 items")
}

// MaxBytes is the largest size that is read, and not one less.
func TestMaxBytes(t *testing.T) {
	size := int64(len(minimal))
	if _, _, err := read(minimal, ReadOptions{MaxBytes: size}); err != nil {
		t.Error(err)
	}
	_, _, err := read(minimal, ReadOptions{MaxBytes: size - 1})
	wantError(t, "one byte more", err, vault.TooLarge, "the file is too large")
	_, _, err = Read(io.LimitReader(strings.NewReader(minimal+" "), size+1), ReadOptions{MaxBytes: size})
	wantError(t, "a space more", err, vault.TooLarge, "the file is too large")
}
