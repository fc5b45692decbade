// Package teampass speaks the classic HTTP API of TeamPass 2.1.20 to 2.1.27.36, with its three ways to encode arguments, over a vault. It
// is not the JWT API of TeamPass 3, and it has no rules of its own: who may see or change what is the vault's to say.
//
// The one idea: a call is a text, `<action>/<what>/<argument>`, whether it comes as a URL's path or as a POST's body. So there is one
// grammar, one table of calls, and one place that answers. That text holds passwords: nothing of it is ever logged or repeated in an error.
//
// Comments that say "teampass 5.8" name sections of the wire contract that docs/teampass.md sums up.
package teampass

import (
	"context"
	"maps"
	"net/http"
	"slices"

	"tresor/shared/auth"
	"tresor/shared/inbound"
	"tresor/shared/vault"
)

// Part is a share of the calls, so that a function needs only the rights of its own.
type Part uint8

// The parts.
const (
	Items   Part = iota + 1 // reads and changes items, reveals passwords
	Folders                 // reads and changes folders
	Users                   // changes users
	Auth                    // takes a user's login and password beside the key
	Info                    // needs no more than to read the index
	Uploads                 // stores files
)

// methods is the API on one screen. A test compares it with the documented list. A name without a slash takes all that follows it as its argument.
var methods = map[string]method{
	"add/item":      {Items, writes, write(parseItem, addItem)},
	"delete/item":   {Items, writes, write(parseDeletion, deleteItems)},
	"find/item":     {Items, reveals, read(parseSearch, findItem)},
	"find/items":    {Items, reveals, read(parseText, findItems)},
	"get/item":      {Items, reveals, read(parseID, getItem)},
	"list/items":    {Items, reveals, bare(listItems)},
	"read/category": {Items, reveals, read(parseFolders, readCategory)},
	"read/folder":   {Items, reveals, read(parseFolders, readFolder)},
	"read/items":    {Items, reveals, read(parseItems, readItems)},
	"read/userpw":   {Items, reveals, read(parseLogin, userpw)},
	"update/item":   {Items, writes, write(parseChange, updateItem)},

	"add/folder":              {Folders, writes, write(parseFolder, addFolder)},
	"delete/folder":           {Folders, writes, write(parseFolderDeletion, deleteFolders)},
	"find/folders":            {Folders, plain, read(parseText, findFolders)},
	"get/folder":              {Folders, plain, read(parseID, getFolder)},
	"list/folders":            {Folders, plain, bare(listFolders)},
	"read/folder_descendants": {Folders, plain, read(parseDescendants, folderDescendants)},
	"read/userfolders":        {Folders, plain, read(parseLogin, userfolders)},
	"update/folder":           {Folders, writes, write(parseFolderChange, updateFolder)},

	"add/user":    {Users, writes, hashed(addUser)},
	"update/user": {Users, writes, hashed(updateUser)},

	"auth":            {Auth, reveals, asReader(parseAuth, authItems)},
	"auth_tpc":        {Auth, reveals, asReader(parseAuthTPC, authTPC)},
	"set":             {Auth, writes, asWriter(parseSet, store)},
	"set_tpc/add":     {Auth, writes, asWriter(parseAddition, tpcAdd)},
	"set_tpc/edit":    {Auth, writes, asWriter(parseEdit, tpcEdit)},
	"tpc_delete":      {Auth, writes, asWriter(parseRemoval, tpcDelete)},
	"tpc_find":        {Auth, reveals, asReader(parseLookup, tpcFind)},
	"tpc_userfolders": {Auth, plain, asReader(parseWho, tpcUserfolders)},

	"info/complexicity_levels_list": {Info, plain, bare(complexityLevels)}, // the original's spelling
	"info/folder":                   {Info, plain, read(parseNumber, folderInfo)},
	"info/version":                  {Info, plain, bare(version)},
	"new_password":                  {Info, plain, read(parsePassword, newPassword)},
	"read/files":                    {Info, plain, read(parseID, readFile)},
	"read/listfiles":                {Info, plain, read(parseID, listFiles)},

	"add/file": {Uploads, writes, bare(formOnly)}, // see isUpload
}

// method is one call.
type method struct {
	part Part
	does effect
	endpoint
}

// endpoint answers a call.
type endpoint struct {
	serve func(ctx context.Context, a *api, req vault.Request, arg argument) (answer, error)
	needs bool // an argument: without one there is nothing to read or change
}

// effect is what a call does beyond reading the index.
type effect uint8

const (
	plain effect = iota
	writes
	reveals
)

// answer is the body of a reply.
type answer []byte

// Actions lists the calls, for credentials that are narrowed to some of them.
func Actions() []vault.Action {
	list := make([]vault.Action, 0, len(methods))
	for _, name := range slices.Sorted(maps.Keys(methods)) {
		list = append(list, action(name, methods[name].does))
	}
	return list
}

func action(name string, does effect) vault.Action {
	return vault.Action{Dialect: vault.TeamPass, Name: name, Writes: does == writes, Reveals: does == reveals}
}

type api struct {
	vault *vault.Vault
	auth  *auth.Service // for calls that take a login and a password
	files vault.Contents
	parts []Part
}

// NewHandler serves the calls of the named parts, or all if none is named; other calls are answered as not authorised.
func NewHandler(v *vault.Vault, a *auth.Service, parts ...Part) http.Handler {
	return NewHandlerWithFiles(v, a, vault.NoContents{}, parts...)
}

// NewHandlerWithFiles is NewHandler for who takes files too.
func NewHandlerWithFiles(v *vault.Vault, a *auth.Service, files vault.Contents, parts ...Part) http.Handler {
	if files == nil {
		files = vault.NoContents{}
	}
	return &api{v, a, files, parts}
}

// ServeHTTP answers one call.
func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	out, err := a.respond(r)
	if err != nil {
		fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(out) //nolint:gosec // JSON, and said to be
}

// respond keeps the original's order of checks (teampass 3): the API is on, for this address; the key is there, the HTTP method, the form of the URL, the key is
// right, the call.
func (a *api) respond(r *http.Request) (answer, error) {
	key, c, err := takeApart(r)
	req := vault.Request{Auth: gate{auth.Token(key), inbound.SourceAddr(r)}, Source: inbound.SourceAddr(r)}
	if err != nil {
		req.Auth = gate{refusal{err}, req.Source}
		return a.checkKey(r, req, c)
	}
	if isUpload(r) && a.mayAddFiles() {
		return a.addFile(r, req)
	}
	c, m, known := find(c)
	if !known || !a.serves(m, c.arg) || r.Method == http.MethodPut || r.Method == http.MethodDelete {
		return a.checkKey(r, req, c)
	}
	req.Action = action(c.name, m.does)
	return m.serve(r.Context(), a, req, c.arg)
}

// takeApart returns the key and the call, or what is wrong with the request before anything is asked of the vault.
func takeApart(r *http.Request) (key string, c call, err error) {
	key, given := apiKey(r)
	switch r.Method {
	case http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodHead:
	default:
		given = false // answered alike
	}
	switch {
	case !given:
		return "", call{}, faultUnclear
	case r.Method == http.MethodHead:
		return "", call{}, faultPayment
	}
	c, err = parseCall(r)
	return key, c, err
}

// find looks a call up, by its two words or by the first alone.
func find(c call) (call, method, bool) {
	if m, known := methods[c.name]; known {
		return c, m, true
	}
	m, known := methods[c.action]
	if known {
		c.name, c.arg = c.action, c.rest
	}
	return c, m, known
}

// serves reports whether this handler answers a call. Every handler answers one that lacks the argument it needs: a route such as
// /read/items/{proxy+} does not take it, so the gateway brings it to whoever has the rest, and the answer reads and changes nothing.
func (a *api) serves(m method, arg argument) bool {
	return len(a.parts) == 0 || slices.Contains(a.parts, m.part) || m.needs && arg.isBlank()
}

// checkKey answers what is not in the table once the key is found right. A credential that may do some calls only is right too.
func (a *api) checkKey(r *http.Request, req vault.Request, c call) (answer, error) {
	req.Action = action("apikey", plain)
	_, err := vault.View(r.Context(), a.vault, req, func(*vault.Reader) (struct{}, error) { return struct{}{}, nil })
	if err != nil && vault.KindOf(err) != vault.Forbidden {
		return nil, err
	}
	switch {
	case r.Method == http.MethodPut: // checks, and does nothing (teampass 2)
		return nil, nil
	case r.Method == http.MethodDelete: // dead in the last releases: an empty 500, here with the generic text (teampass 2, 6)
		return nil, faultUnclear
	case r.Method == http.MethodPost && c.name == "": // an empty body (teampass 2)
		return nil, faultEmpty
	}
	return c.unserved()
}

// read makes a call of a function that reads. A wrong argument is told only to those whose key is right.
func read[A any](parse func(argument) (A, error), fn func(*vault.Reader, A) (answer, error)) endpoint {
	return endpoint{needs: true, serve: func(ctx context.Context, a *api, req vault.Request, arg argument) (answer, error) {
		in, malformed := parse(arg)
		return vault.View(ctx, a.vault, req, func(r *vault.Reader) (answer, error) {
			if malformed != nil {
				return nil, malformed
			}
			return fn(r, in)
		})
	}}
}

// bare makes a call of a function that reads and takes no argument; one that is there is ignored.
func bare(fn func(*vault.Reader) (answer, error)) endpoint {
	return endpoint{serve: func(ctx context.Context, a *api, req vault.Request, _ argument) (answer, error) {
		return vault.View(ctx, a.vault, req, fn)
	}}
}

// write makes a call of a function that changes something, all of it in one Update.
func write[A any](parse func(argument) (A, error), fn func(*vault.Tx, A) (answer, error)) endpoint {
	return endpoint{needs: true, serve: func(ctx context.Context, a *api, req vault.Request, arg argument) (answer, error) {
		in, malformed := parse(arg)
		return vault.Update(ctx, a.vault, req, func(t *vault.Tx) (answer, error) {
			if malformed != nil {
				return nil, malformed
			}
			return fn(t, in)
		})
	}}
}
