package depot

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strings"

	"tresor/shared/auth"
	"tresor/shared/syspassxml"
	"tresor/shared/vault"
)

// Export writes an export in sysPass's XML below exports/ and under, a slash-separated path that may be empty. Its secrets are encrypted under the vault's
// master password, and, if password is not empty, the whole once more under that. It returns where it is, and of how many accounts a text was
// changed: XML has no place for most control characters, and U+FFFD stands for them.
// Errors: Invalid for a path that cannot be; those of the blob store.
func (d *Depot) Export(ctx context.Context, x *vault.Export, under, password string) (location string, changed int, err error) {
	key, err := place(exports, under, "sysPass_export-"+hash()+".xml")
	if err != nil {
		return "", 0, err
	}
	master, err := d.masterPassword(ctx)
	if err != nil {
		return "", 0, err
	}
	doc, changed, err := document(x, master)
	if err != nil {
		return "", 0, err
	}
	location, err = d.put(ctx, key, func(w io.Writer) error {
		return syspassxml.Write(w, doc, syspassxml.Options{Password: vault.NewSecret(password), SignKey: signKey(master)})
	})
	return location, changed, err
}

// masterPassword returns what every vault has got since it was founded.
func (d *Depot) masterPassword(ctx context.Context) (vault.Secret, error) {
	req := vault.Request{Auth: vault.Operator{}, Action: vault.Action{Dialect: vault.Command, Name: "export"}}
	sealed, err := vault.View(ctx, d.p.Vault, req, func(r *vault.Reader) (string, error) { return r.Setting(auth.MasterPasswordSetting, ""), nil })
	if err != nil {
		return vault.Secret{}, fmt.Errorf("read the master password: %w", err)
	}
	return auth.OpenMasterPassword(d.p.Sealer, sealed)
}

// signKey is what a plain file is signed with, in place of the string that each sysPass makes up for that (sysPass 4.6): who imports with the
// master password can check it.
func signKey(master vault.Secret) string {
	mac := hmac.New(sha256.New, []byte(master.Reveal()))
	mac.Write([]byte("tresor: signature of exports"))
	return hex.EncodeToString(mac.Sum(nil))
}

// document turns an export into sysPass's terms: what lies below a client is the client's, and the rest of a tree is not part of the format.
func document(x *vault.Export, master vault.Secret) (*syspassxml.Document, int, error) {
	sealer, err := syspassxml.NewSealer(master.Reveal())
	if err != nil {
		return nil, 0, err
	}
	d := &syspassxml.Document{Version: syspassxml.Version, Time: x.At.Time(), User: syspassxml.User{Login: "operator"}}
	if x.By != nil {
		d.User = syspassxml.User{ID: uint64(x.By.ID), Login: clean(x.By.Username)}
	}
	if x.Group != nil {
		d.Group = syspassxml.Group{ID: uint64(x.Group.ID), Name: clean(x.Group.Name)}
	}
	for _, c := range x.Categories {
		d.Categories = append(d.Categories, syspassxml.Item{ID: uint64(c.ID), Name: clean(c.Name), Description: clean(c.Description)})
	}
	for _, c := range x.Clients {
		d.Clients = append(d.Clients, syspassxml.Item{ID: uint64(c.ID), Name: clean(c.Name), Description: clean(c.Notes)})
	}
	living := map[vault.TagID]bool{}
	for _, t := range x.Tags {
		living[t.ID] = true
		d.Tags = append(d.Tags, syspassxml.Tag{ID: uint64(t.ID), Name: clean(t.Name)})
	}
	changed := 0
	for _, e := range x.Entries {
		a, err := account(e, sealer, living)
		if err != nil {
			return nil, 0, err
		}
		if a.Name != e.Name || a.Login != e.Username || a.URL != e.URL || a.Notes != e.Notes {
			changed++
		}
		d.Accounts = append(d.Accounts, a)
	}
	return d, changed, nil
}

func account(e vault.Exported, sealer *syspassxml.Sealer, living map[vault.TagID]bool) (syspassxml.Account, error) {
	pass, key, err := sealer.Seal(e.Payload.Password.Reveal())
	if err != nil {
		return syspassxml.Account{}, fmt.Errorf("export entry %d: %w", e.ID, err)
	}
	a := syspassxml.Account{ID: uint64(e.ID), Name: clean(e.Name), ClientID: uint64(e.Client), CategoryID: uint64(e.Category), Login: clean(e.Username),
		URL: clean(e.URL), Notes: clean(e.Notes), Pass: pass, Key: key}
	for _, id := range e.Tags {
		if living[id] {
			a.Tags = append(a.Tags, uint64(id))
		}
	}
	return a, nil
}

// clean replaces what XML cannot hold.
func clean(s string) string {
	if syspassxml.Encodable(s) {
		return s
	}
	var b strings.Builder
	for _, c := range s {
		if !syspassxml.Encodable(string(c)) {
			c = '\uFFFD'
		}
		b.WriteRune(c)
	}
	return b.String()
}
