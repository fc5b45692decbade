package archive

import (
	"bytes"
	"errors"
	"testing"

	"tresor/shared/stream"
	"tresor/shared/vault"
)

// FuzzVerify: whatever is given for an archive, Verify says what is wrong with it.
func FuzzVerify(f *testing.F) {
	s := world(f)
	valid := takeApart(f, s).assemble(f, s.Sealer)
	f.Add(valid)
	f.Add(valid[:len(valid)-1])
	f.Add(valid[:300])
	f.Add(append([]byte(magic), 0, 0, 0, 1, 0xa0, 0x80, 0, 0, 0))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, file []byte) {
		_, err := Verify(t.Context(), bytes.NewReader(file), func(Header) (vault.Sealer, error) { return s.Sealer, nil })
		if bytes.Equal(file, valid) && err == nil {
			return
		}
		if !errors.Is(err, vault.Corrupt) && !errors.Is(err, vault.NewerFormat) {
			t.Errorf("got %v, want kind Corrupt or NewerFormat", err)
		}
	})
}

// transparent seals chunks by leaving them as they are, so that a fuzzer gets at what is in them. Everything else is sealed as ever.
type transparent struct{ vault.Sealer }

func (s transparent) Seal(p vault.Purpose, plain []byte, b vault.Binding) ([]byte, error) {
	if p == vault.PurposeExports {
		return bytes.Clone(plain), nil
	}
	return s.Sealer.Seal(p, plain, b)
}

func (s transparent) Open(p vault.Purpose, sealed []byte, b vault.Binding) ([]byte, error) {
	if p == vault.PurposeExports {
		return bytes.Clone(sealed), nil
	}
	return s.Sealer.Open(p, sealed, b)
}

// FuzzItems: whatever is in the chunks, put there by someone with the key. Nothing but what the writer wrote verifies.
func FuzzItems(f *testing.F) {
	s := world(f)
	whole := takeApart(f, s)
	clear := transparent{s.Sealer}
	beginning := must(whole.header.encode())
	valid := whole.assemble(f, clear)[len(beginning)+stream.FrameSize:]
	f.Add(valid)
	f.Add(valid[:len(valid)/2])
	for at := 0; at+itemHead < len(valid); at += itemHead + int(valid[at+3])<<8 + int(valid[at+4]) {
		f.Add(append(bytes.Clone(valid[:at]), valid[min(len(valid), at+itemHead+int(valid[at+3])<<8+int(valid[at+4])):]...)) // without one item
	}
	f.Fuzz(func(t *testing.T, plain []byte) {
		file := bytes.NewBuffer(bytes.Clone(beginning))
		c := chunked.NewWriter(file, clear, digest(beginning))
		_, _ = c.Write(plain)
		if err := c.Close(nil); err != nil {
			t.Fatal(err)
		}
		_, err := Verify(t.Context(), file, func(Header) (vault.Sealer, error) { return clear, nil })
		switch {
		case bytes.Equal(plain, valid):
			if err != nil {
				t.Errorf("the archive as it was: %v", err)
			}
		case err == nil:
			t.Error("a changed archive verifies")
		case !errors.Is(err, vault.Corrupt) && !errors.Is(err, vault.NewerFormat):
			t.Errorf("got %v, want kind Corrupt or NewerFormat", err)
		}
	})
}

// FuzzHeader: what decodes as a header encodes to one that decodes to the same.
func FuzzHeader(f *testing.F) {
	whole := takeApart(f, world(f))
	valid := must(whole.header.encode())[len(magic)+4:]
	f.Add(valid)
	f.Add([]byte{0xa0})
	f.Add([]byte{0xa1, 0, 2})
	f.Fuzz(func(t *testing.T, body []byte) {
		h, err := decodeHeader(body)
		if err != nil {
			if !errors.Is(err, vault.Corrupt) && !errors.Is(err, vault.NewerFormat) {
				t.Errorf("got %v, want kind Corrupt or NewerFormat", err)
			}
			return
		}
		encoded := must(h.encode())
		again, err := decodeHeader(encoded[len(magic)+4:])
		if err != nil || !bytes.Equal(must(again.encode()), encoded) {
			t.Errorf("got %+v, %v; want %+v", again, err, h)
		}
	})
}
