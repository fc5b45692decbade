package anchor

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"tresor/shared/vault"
)

// MaxFile bounds an anchor's file, in bytes: one of maxWriters has half of it.
const MaxFile = 8 << 20

// Encode returns the anchor's file.
func (a *Anchor) Encode() ([]byte, error) {
	text, err := json.MarshalIndent(a, "", " ")
	if err != nil {
		return nil, fmt.Errorf("encode an anchor: %w", err)
	}
	return append(text, '\n'), nil
}

// digest is what the seal is of: the hash of all but the seal, however the file is laid out.
func (a *Anchor) digest() ([]byte, error) {
	bare := *a
	bare.Seal = ""
	text, err := json.Marshal(bare)
	if err != nil {
		return nil, fmt.Errorf("encode an anchor: %w", err)
	}
	sum := sha256.Sum256(text)
	return sum[:], nil
}

func (a *Anchor) binding() vault.Binding {
	return vault.Binding{Table: vault.Permissions, Kind: "anchor", ID: a.Made.Format(time.RFC3339), Field: "digest", Version: uint64(a.Format)}
}

func (a *Anchor) seal(s vault.Sealer) error {
	sum, err := a.digest()
	if err != nil {
		return err
	}
	sealed, err := s.Seal(vault.PurposeIndex, sum, a.binding())
	a.Seal = base64.StdEncoding.EncodeToString(sealed)
	return err
}

// Parse reads a file and checks that this vault's keys have sealed what it says. Errors: Corrupt with a Msg (no anchor, changed, another vault's), NewerFormat.
func Parse(file []byte, s vault.Sealer) (*Anchor, error) {
	a, err := decode(file)
	if err != nil {
		return nil, err
	}
	if id := s.VaultID(); id != "" && a.Vault != id { // where it is not known, the keys are out of reach, which opening says
		return nil, corrupt("the anchor is another vault's", nil)
	}
	sealed, err := base64.StdEncoding.DecodeString(a.Seal)
	if err != nil {
		return nil, corrupt("the anchor's seal is changed", err)
	}
	then, err := s.Open(vault.PurposeIndex, sealed, a.binding())
	if errors.Is(err, vault.Corrupt) {
		return nil, corrupt("the anchor is changed, or was not made with this vault's keys", err)
	} else if err != nil {
		return nil, fmt.Errorf("open an anchor's seal: %w", err)
	}
	now, err := a.digest()
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(now, then) {
		return nil, corrupt("the anchor is changed", nil)
	}
	return a, nil
}

func decode(file []byte) (*Anchor, error) {
	var version struct {
		Format int `json:"tresor_anchor"`
	}
	switch err := json.Unmarshal(file, &version); {
	case err != nil, version.Format < 1:
		return nil, corrupt("this is no anchor", err)
	case version.Format > Format:
		return nil, &vault.Error{Kind: vault.NewerFormat, Msg: "the anchor was made by a newer tresor", Err: fmt.Errorf("anchor format %d, this program reads up to %d", version.Format, Format)}
	}
	a := new(Anchor)
	d := json.NewDecoder(bytes.NewReader(file))
	d.DisallowUnknownFields()
	if err := d.Decode(a); err != nil {
		return nil, corrupt("the anchor is changed", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, corrupt("something follows the anchor", nil)
	}
	a.Made = a.Made.UTC()
	return a, nil
}

func corrupt(msg string, cause error) error {
	return &vault.Error{Kind: vault.Corrupt, Msg: msg, Err: cause}
}
