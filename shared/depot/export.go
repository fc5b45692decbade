package depot

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"tresor/shared/auth"
	"tresor/shared/blob"
	"tresor/shared/syspassxml"
	"tresor/shared/vault"
)

// Export writes an export in sysPass's XML below exports/ and under, a slash-separated path that may be empty. Its secrets are encrypted under the vault's
// master password, and, if password is not empty, the whole once more under that. It returns where it is, and of how many accounts and other things a text
// was changed: XML has no place for most control characters, and U+FFFD stands for them.
// Errors: Invalid for a path that cannot be, and for nothing else; those of the blob store.
func (d *Depot) Export(ctx context.Context, x *vault.Export, under, password string) (location string, changed int, err error) {
	key, err := exportKey(under)
	if err != nil {
		return "", 0, err
	}
	ctx, cancel := blob.WithGrace(ctx)
	defer cancel()
	doc, changed, err := d.document(ctx, x)
	if err != nil {
		return "", 0, err
	}
	location, err = d.put(ctx, key, func(w io.Writer) error { return d.write(w, doc, password) })
	return location, changed, hide(err, under)
}

// exportKey makes the key of a new export (sysPass 4.2).
func exportKey(under string) (string, error) {
	return place(exports, under, "sysPass_export-"+hash()+".xml")
}

// ExportTo writes what Export does to w, and keeps nothing. Errors: those of w.
func (d *Depot) ExportTo(ctx context.Context, w io.Writer, x *vault.Export, password string) (changed int, err error) {
	doc, changed, err := d.document(ctx, x)
	if err != nil {
		return 0, err
	}
	return changed, d.write(until{ctx, w}, doc, password)
}

func (d *Depot) document(ctx context.Context, x *vault.Export) (*syspassxml.Document, int, error) {
	master, err := d.MasterPassword(ctx)
	if err != nil {
		return nil, 0, err
	}
	return document(ctx, x, master)
}

func (d *Depot) write(w io.Writer, doc *syspassxml.Document, password string) error {
	err := syspassxml.Write(w, doc, syspassxml.Options{Password: vault.NewSecret(password), SignKey: d.signKey()})
	if errors.Is(err, vault.Invalid) { // a document of ours
		err = &vault.Error{Kind: vault.Internal, Err: err}
	}
	return err
}

// MasterPassword returns what exports are sealed under: every vault has got one since it was founded.
func (d *Depot) MasterPassword(ctx context.Context) (vault.Secret, error) {
	req := vault.Request{Auth: vault.Operator{}, Action: vault.Action{Dialect: vault.Command, Name: "export"}}
	sealed, err := vault.View(ctx, d.p.Vault, req, func(r *vault.Reader) (string, error) { return r.Setting(auth.MasterPasswordSetting, ""), nil })
	if err != nil {
		return vault.Secret{}, fmt.Errorf("read the master password: %w", err)
	}
	return auth.OpenMasterPassword(d.p.Sealer, sealed)
}

// signKey is what a plain file is signed with, in place of the string that each sysPass makes up for that (sysPass 4.6). It says that a file is this
// vault's, and nothing about the master password: that must not be guessed at by the signature.
func (d *Depot) signKey() string {
	mac := hmac.New(sha256.New, []byte(d.p.Sealer.VaultID()))
	mac.Write([]byte("signature of exports"))
	return hex.EncodeToString(mac.Sum(nil))
}

// document turns an export into sysPass's terms: what lies below a client is the client's, and the rest of a tree is not part of the format.
func document(ctx context.Context, x *vault.Export, master vault.Secret) (*syspassxml.Document, int, error) {
	sealer, err := syspassxml.NewSealer(master.Reveal())
	if err != nil {
		return nil, 0, err
	}
	c := &cleaner{}
	d := &syspassxml.Document{Version: syspassxml.Version, Time: x.At.Time(), User: syspassxml.User{Login: "operator"}}
	if x.By != nil {
		d.User = syspassxml.User{ID: uint64(x.By.ID), Login: c.clean(x.By.Username)}
	}
	if x.Group != nil {
		d.Group = syspassxml.Group{ID: uint64(x.Group.ID), Name: c.clean(x.Group.Name)}
	}
	for _, category := range x.Categories {
		d.Categories = append(d.Categories, c.item(uint64(category.ID), category.Name, category.Description))
	}
	for _, client := range x.Clients {
		d.Clients = append(d.Clients, c.item(uint64(client.ID), client.Name, client.Notes))
	}
	living := map[vault.TagID]bool{}
	for _, t := range x.Tags {
		living[t.ID] = true
		d.Tags = append(d.Tags, syspassxml.Tag{ID: uint64(t.ID), Name: c.clean(t.Name)})
		c.count()
	}
	for _, e := range x.Entries {
		if err := ctx.Err(); err != nil {
			return nil, 0, err
		}
		a, err := c.account(e, sealer, living)
		if err != nil {
			return nil, 0, err
		}
		d.Accounts = append(d.Accounts, a)
	}
	return d, c.things, nil
}

// cleaner replaces what XML cannot hold, and counts the things of which it had to.
type cleaner struct {
	dirty  bool
	things int
}

func (c *cleaner) clean(s string) string {
	if syspassxml.Encodable(s) {
		return s
	}
	c.dirty = true
	var b strings.Builder
	for _, r := range s {
		if !syspassxml.Encodable(string(r)) {
			r = '\uFFFD'
		}
		b.WriteRune(r)
	}
	return b.String()
}

// count ends a thing.
func (c *cleaner) count() {
	if c.dirty {
		c.things++
	}
	c.dirty = false
}

func (c *cleaner) item(id uint64, name, description string) syspassxml.Item {
	defer c.count()
	return syspassxml.Item{ID: id, Name: c.clean(name), Description: c.clean(description)}
}

func (c *cleaner) account(e vault.Exported, sealer *syspassxml.Sealer, living map[vault.TagID]bool) (syspassxml.Account, error) {
	defer c.count()
	pass, key, err := sealer.Seal(e.Payload.Password.Reveal())
	if err != nil {
		return syspassxml.Account{}, fmt.Errorf("export entry %d: %w", e.ID, err)
	}
	a := syspassxml.Account{ID: uint64(e.ID), Name: c.clean(e.Name), ClientID: uint64(e.Client), CategoryID: uint64(e.Category), Login: c.clean(e.Username),
		URL: c.clean(e.URL), Notes: c.clean(e.Notes), Pass: pass, Key: key}
	for _, id := range e.Tags {
		if living[id] {
			a.Tags = append(a.Tags, uint64(id))
		}
	}
	return a, nil
}
