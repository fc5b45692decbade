package replay

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	recorded "tresor/events"
	"tresor/shared/auth"
	"tresor/shared/vault"
)

// World is a vault that holds what the placeholders of events name.
type World struct {
	Admin   *auth.Founding
	Secrets []string // the passwords of its entries
	Planted []string // what transcripts carry in place of their secrets
	values  map[string]string
}

// entries are what is made, each in the one folder.
var entries = []string{"item", "spare_item", "spare_item_short", "account", "password", "spare_password", "updated_item"}

// personal are the personal ones, their secrets behind those of entries.
var personal = []string{"my_password", "moved_my_password", "spare_my_password"}

// Prepare makes what the events need in a vault that admin founded.
func Prepare(ctx context.Context, v *vault.Vault, admin *auth.Founding) (*World, error) {
	w := &World{Admin: admin}
	for _, name := range slices.Concat(entries, personal) {
		w.Secrets = append(w.Secrets, "canary of "+name+": "+auth.NewPassword())
	}
	req := vault.Request{Auth: auth.Token(admin.SysPass.AuthToken), Action: vault.Action{Dialect: vault.SysPass, Name: "account/create", Writes: true}}
	ids, err := vault.Update(ctx, v, req, func(t *vault.Tx) (map[string]int64, error) {
		project, err := t.CreateProject(vault.Project{Name: "Replayed", Manager: admin.AdminID})
		if err != nil {
			return nil, err
		}
		updated, err := t.CreateProject(vault.Project{Name: "Replayed and changed", Parent: project, Manager: admin.AdminID})
		if err != nil {
			return nil, err
		}
		group, err := t.CreateGroup(vault.Group{Name: "Replayed"})
		if err != nil {
			return nil, err
		}
		ids := map[string]int64{"group": int64(group), "folder": int64(project), "updated_folder": int64(updated)}
		for i, name := range slices.Concat(entries, personal) {
			e := vault.Entry{Project: project, Manager: admin.AdminID, Name: "Replayed " + name, Username: "root"}
			if i >= len(entries) {
				e.Project, e.Owner = 0, admin.AdminID
			}
			id, err := t.CreateEntry(e, vault.Payload{Password: vault.NewSecret(w.Secrets[i])})
			if err != nil {
				return nil, err
			}
			ids[name] = int64(id)
		}
		return ids, nil
	})
	if err != nil {
		return nil, fmt.Errorf("prepare a vault for events: %w", err)
	}
	w.name(ids)
	return w, nil
}

func (w *World) name(ids map[string]int64) {
	folder := strconv.FormatInt(ids["folder"], 10)
	w.values = map[string]string{
		"apikey": w.Admin.APIKey, "authToken": w.Admin.SysPass.AuthToken, "tokenPass": w.Admin.SysPass.TokenPass, "basic": w.basic(),
		"folder": folder, "folder_base64": base64.StdEncoding.EncodeToString([]byte(folder)), "client": folder, "project": folder,
		"category": "1", // every vault has it
		"group":    strconv.FormatInt(ids["group"], 10), "user": strconv.FormatUint(uint64(w.Admin.AdminID), 10),
		"updated_folder": strconv.FormatInt(ids["updated_folder"], 10), "username": w.Admin.Username, "password_of_user": w.Admin.Password,
		"username_base64": base64.RawURLEncoding.EncodeToString([]byte(w.Admin.Username)), "password_of_user_base64": base64.RawURLEncoding.EncodeToString([]byte(w.Admin.Password)),
	}
	for _, name := range slices.Concat(entries, personal) {
		w.values[name] = strconv.FormatInt(ids[name], 10)
	}
}

func (w *World) basic() string {
	return base64.StdEncoding.EncodeToString([]byte(w.Admin.Username + ":" + w.Admin.Password))
}

// Event returns a recorded event as a client of this vault would cause it at the given time.
func (w *World) Event(e recorded.Event, now time.Time) (events.APIGatewayProxyRequest, error) {
	values := map[string]string{"public_key": "", "timestamp": "", "hash": ""}
	for name, v := range w.values {
		values[name] = v
	}
	unsigned, err := e.Request(values)
	if err != nil {
		return unsigned, err
	}
	sig := auth.Sign(w.Admin.TPM, now, signedURI(unsigned.Path), []byte(unsigned.Body))
	values["public_key"], values["timestamp"], values["hash"] = sig.PublicKey, sig.Timestamp, sig.Hash
	return e.Request(values)
}

// Fill returns an event that is not of the API as this vault would cause it.
func (w *World) Fill(o recorded.Other) ([]byte, error) { return o.Text(w.values) }

// signedURI is the part of a path that TPM's clients sign.
func signedURI(path string) string {
	_, uri, ok := strings.Cut(path, "/index.php/")
	if !ok {
		uri = strings.TrimPrefix(path, "/")
	}
	return uri
}
