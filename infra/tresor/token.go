package main

import (
	"cmp"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"tresor/shared/auth"
	"tresor/shared/dialect"
	"tresor/shared/vault"
)

// tokenResult is what token add prints, once. Which strings there are depends on the dialect.
type tokenResult struct {
	ID         vault.CredentialID `json:"id"`
	AuthToken  string             `json:"authToken,omitempty"`
	TokenPass  string             `json:"tokenPass,omitempty"`
	APIKey     string             `json:"apikey,omitempty"`
	PublicKey  string             `json:"public_key,omitempty"`
	PrivateKey string             `json:"private_key,omitempty"`
}

func (r tokenResult) people(w io.Writer) {
	fmt.Fprintf(w, "token %d; its secret is shown this once\n", r.ID)
	for _, line := range [][2]string{
		{"authToken", r.AuthToken}, {"tokenPass", r.TokenPass}, {"apikey", r.APIKey}, {"public_key", r.PublicKey}, {"private_key", r.PrivateKey},
	} {
		if line[1] != "" {
			fmt.Fprintf(w, "  %-12s %s\n", line[0], line[1])
		}
	}
}

// newStrings makes a credential's strings and what is stored of them.
func (r *tokenResult) newStrings(c *vault.Credential) {
	switch c.Dialect {
	case vault.SysPass:
		r.AuthToken, r.TokenPass = auth.NewHexToken(), auth.NewHexToken()
		c.TokenHash, c.PassHash = auth.HashToken(r.AuthToken), auth.HashToken(r.TokenPass)
	case vault.TeamPass:
		r.APIKey = auth.NewAPIKey()
		c.TokenHash = auth.HashToken(r.APIKey)
	case vault.TPM:
		r.PublicKey, r.PrivateKey = auth.NewHexToken(), auth.NewHexToken()
		c.TokenHash = auth.HashToken(r.PublicKey)
	case vault.Command: // has none
	}
}

// tokenFlags are the flags of token add as they were given.
type tokenFlags struct {
	dialect, user              string
	actions, projects, sources listFlag
	readOnly                   bool
	expires                    time.Duration
}

func tokenAdd(k *call) error {
	var f tokenFlags
	k.flags.StringVar(&f.dialect, "dialect", "", "`dialect`: syspass, teampass or tpm")
	k.flags.StringVar(&f.user, "user", "", "`username` that the token acts as")
	k.flags.Var(&f.actions, "action", "an `action` that it may do, such as account/search; repeatable; default: all")
	k.flags.BoolVar(&f.readOnly, "read-only", false, "it may change nothing")
	k.flags.Var(&f.projects, "project", "`id` of a project that it reaches, with those below; repeatable; default: all")
	k.flags.DurationVar(&f.expires, "expires", 0, "`duration` after which it ends, such as 720h; default: never")
	k.flags.Var(&f.sources, "source", "`CIDR` of addresses that it may come from; repeatable; default: anywhere")
	if err := k.parse(0, 0); err != nil {
		return err
	}
	c, err := f.credential(time.Now())
	if err != nil {
		return err
	}
	out := tokenResult{}
	out.newStrings(&c)
	out.ID, err = update(k, func(s *system, t *vault.Tx) (vault.CredentialID, error) {
		u, err := userNamed(t.Reader, f.user)
		if err != nil {
			return 0, err
		}
		c.User = u.ID
		return t.CreateCredential(c, out.sealKey(s))
	})
	if err != nil {
		return err
	}
	return k.print(out, out.people)
}

// sealKey seals the private key, where there is one.
func (r *tokenResult) sealKey(s *system) func(vault.CredentialID) ([]byte, error) {
	if r.PrivateKey == "" {
		return func(vault.CredentialID) ([]byte, error) { return nil, nil }
	}
	return auth.SealKey(s.sealer, r.PrivateKey)
}

// tokenRefresh gives a token new strings: who may do what with it stays.
func tokenRefresh(k *call) error {
	id, err := k.tokenID()
	if err != nil {
		return err
	}
	var out tokenResult
	_, err = update(k, func(s *system, t *vault.Tx) (struct{}, error) {
		old := t.Credential(id)
		if old == nil {
			return struct{}{}, fmt.Errorf("there is no token %d", id)
		}
		fresh := vault.Credential{Dialect: old.Dialect}
		out = tokenResult{ID: id}
		out.newStrings(&fresh)
		return struct{}{}, t.RefreshCredential(id, fresh, out.sealKey(s))
	})
	if err != nil {
		return err
	}
	return k.print(out, out.people)
}

// tokenID reads the one argument of a command.
func (k *call) tokenID() (vault.CredentialID, error) {
	if err := k.parse(1, 1); err != nil {
		return 0, err
	}
	id, err := strconv.ParseUint(k.args[0], 10, 64)
	if err != nil {
		return 0, usagef("%q is not the id of a token", k.args[0])
	}
	return vault.CredentialID(id), nil
}

// credential checks the flags. Its errors are usage errors.
func (f *tokenFlags) credential(now time.Time) (vault.Credential, error) {
	c := vault.Credential{Dialect: vault.Dialect(f.dialect), ReadOnly: f.readOnly}
	known := dialect.Actions(c.Dialect)
	switch {
	case known == nil:
		return c, usagef("--dialect takes syspass, teampass or tpm")
	case f.user == "":
		return c, usagef("--user is missing")
	case f.expires < 0:
		return c, usagef("--expires must be in the future")
	case f.expires > 0:
		c.Expires = vault.StampOf(now.Add(f.expires))
	}
	for _, name := range f.actions {
		if !slices.ContainsFunc(known, func(a vault.Action) bool { return a.Name == name }) {
			return c, usagef("--action: %s has no action %q; it has %s", f.dialect, name, names(known))
		}
		c.Actions = append(c.Actions, name)
	}
	for _, text := range f.projects {
		id, err := strconv.ParseUint(text, 10, 64)
		if err != nil || id == 0 {
			return c, usagef("--project takes an id, not %q", text)
		}
		c.Projects = append(c.Projects, vault.ProjectID(id))
	}
	for _, text := range f.sources {
		prefix, err := parseSource(text)
		if err != nil {
			return c, usagef("--source takes addresses such as 192.0.2.0/24, not %q", text)
		}
		c.Sources = append(c.Sources, prefix.String())
	}
	return c, nil
}

// parseSource takes a CIDR prefix or a single address.
func parseSource(text string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(text); err == nil && a.Zone() == "" {
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(text)
	return p.Masked(), err
}

func names(actions []vault.Action) string {
	list := make([]string, len(actions))
	for i, a := range actions {
		list[i] = a.Name
	}
	return strings.Join(list, ", ")
}

// tokenRow is a token without its secrets.
type tokenRow struct {
	ID       vault.CredentialID `json:"id"`
	Dialect  vault.Dialect      `json:"dialect"`
	User     string             `json:"user"`
	State    string             `json:"state"` // active, expired, revoked
	Actions  []string           `json:"actions,omitempty"`
	ReadOnly bool               `json:"read_only,omitempty"`
	Projects []vault.ProjectID  `json:"projects,omitempty"`
	Sources  []string           `json:"sources,omitempty"`
	Created  string             `json:"created"`
	Expires  string             `json:"expires,omitempty"`
}

func newTokenRow(c *vault.Credential, u *vault.User, now vault.Stamp) tokenRow {
	row := tokenRow{ID: c.ID, Dialect: c.Dialect, User: u.Username, State: "active", Actions: c.Actions, ReadOnly: c.ReadOnly, Projects: c.Projects,
		Sources: c.Sources, Created: c.Created.Time().Format(time.RFC3339)}
	if c.Expires != 0 {
		row.Expires = c.Expires.Time().Format(time.RFC3339)
	}
	switch {
	case c.Revoked != 0:
		row.State = "revoked"
	case c.Expires != 0 && now >= c.Expires:
		row.State = "expired"
	}
	return row
}

// limits tells what the token may not do as its user may.
func (r tokenRow) limits() string {
	var parts []string
	if r.ReadOnly {
		parts = append(parts, "read only")
	}
	if len(r.Actions) > 0 {
		parts = append(parts, "actions "+strings.Join(r.Actions, " "))
	}
	if len(r.Projects) > 0 {
		parts = append(parts, "projects "+strings.Trim(fmt.Sprint(r.Projects), "[]"))
	}
	if len(r.Sources) > 0 {
		parts = append(parts, "from "+strings.Join(r.Sources, " "))
	}
	return cmp.Or(strings.Join(parts, "; "), "-")
}

func tokenList(k *call) error {
	if err := k.parse(0, 0); err != nil {
		return err
	}
	rows, err := view(k, func(r *vault.Reader) ([]tokenRow, error) {
		all, err := r.Credentials()
		rows := make([]tokenRow, 0, len(all))
		for _, c := range all {
			rows = append(rows, newTokenRow(c, cmp.Or(r.User(c.User), r.FormerUser(c.User)), vault.StampOf(r.Now())))
		}
		return rows, err
	})
	if err != nil {
		return err
	}
	return k.print(map[string]any{"tokens": rows}, func(w io.Writer) {
		table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "ID\tDIALECT\tUSER\tSTATE\tCREATED\tEXPIRES\tLIMITS")
		for _, r := range rows {
			fmt.Fprintf(table, "%d\t%s\t%s\t%s\t%s\t%s\t%s\n", r.ID, r.Dialect, r.User, r.State, r.Created, cmp.Or(r.Expires, "never"), r.limits())
		}
		_ = table.Flush()
	})
}

func tokenRevoke(k *call) error {
	id, err := k.tokenID()
	if err != nil {
		return err
	}
	_, err = update(k, func(_ *system, t *vault.Tx) (struct{}, error) { return struct{}{}, t.RevokeCredential(id) })
	if err != nil {
		return err
	}
	return k.print(map[string]any{"id": id, "state": "revoked"}, func(w io.Writer) { fmt.Fprintf(w, "token %d is revoked\n", id) })
}
