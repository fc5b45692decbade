// Package welcome is what the first admin of a new vault is told: the credentials, once, and three calls to try. It makes no vault.
//
// The one idea: tresor init, make run and make local say the same, and their scripts read the same JSON.
package welcome

import (
	"fmt"
	"io"

	"tresor/shared/auth"
	"tresor/shared/vault"
)

// Credentials are those of the first admin, as `tresor init --json` prints them.
type Credentials struct {
	Admin struct {
		ID       vault.UserID `json:"id"`
		Username string       `json:"username"`
		Password string       `json:"password"`
	} `json:"admin"`
	TPM struct {
		PublicKey  string `json:"public_key"`
		PrivateKey string `json:"private_key"`
	} `json:"tpm"`
	SysPass struct {
		AuthToken      string `json:"authToken"`
		TokenPass      string `json:"tokenPass"`
		MasterPassword string `json:"masterPassword"`
	} `json:"syspass"`
	TeamPass struct {
		APIKey string `json:"apikey"`
	} `json:"teampass"`
}

// Of returns the credentials of a new vault.
func Of(f *auth.Founding) *Credentials {
	var out Credentials
	out.Admin.ID, out.Admin.Username, out.Admin.Password = f.AdminID, f.Username, f.Password
	out.TPM.PublicKey, out.TPM.PrivateKey = f.TPM.Public, f.TPM.Private
	out.SysPass.AuthToken, out.SysPass.TokenPass, out.SysPass.MasterPassword = f.SysPass.AuthToken, f.SysPass.TokenPass, f.SysPass.MasterPassword
	out.TeamPass.APIKey = f.APIKey
	return &out
}

// Founding is Of's other way.
func (c *Credentials) Founding() *auth.Founding {
	return &auth.Founding{
		AdminID: c.Admin.ID, Username: c.Admin.Username, Password: c.Admin.Password, APIKey: c.TeamPass.APIKey,
		TPM:     auth.KeyPair{Public: c.TPM.PublicKey, Private: c.TPM.PrivateKey},
		SysPass: auth.SysPassToken{AuthToken: c.SysPass.AuthToken, TokenPass: c.SysPass.TokenPass, MasterPassword: c.SysPass.MasterPassword},
	}
}

// People prints the credentials for people.
func (c *Credentials) People(w io.Writer) {
	fmt.Fprintf(w, "The vault is made. These credentials are shown this once.\n\n")
	for _, line := range [][2]string{
		{"admin's name", c.Admin.Username}, {"admin's password", c.Admin.Password},
		{"TPM public key", c.TPM.PublicKey}, {"TPM private key", c.TPM.PrivateKey},
		{"sysPass authToken", c.SysPass.AuthToken}, {"sysPass tokenPass", c.SysPass.TokenPass}, {"sysPass masterPassword", c.SysPass.MasterPassword},
		{"TeamPass apikey", c.TeamPass.APIKey},
	} {
		fmt.Fprintf(w, "  %-24s %s\n", line[0], line[1])
	}
}

// Calls prints three calls to a server at url, in whose vault a client is and no entry yet. They are for pasting: each is a line of its own, and what
// stands in quotes holds letters and digits of ours.
func (c *Credentials) Calls(w io.Writer, url string, client vault.ProjectID) {
	fmt.Fprintf(w, `
Create an entry through sysPass, read it through TeamPass, then through Team Password Manager:

curl -sw '\n' %[1]s/api.php -d '{"jsonrpc":"2.0","method":"account/create","params":{"authToken":"%[2]s","tokenPass":"%[3]s","name":"db-01","login":"root","pass":"correct horse","categoryId":%[4]d,"clientId":%[5]d},"id":1}'
curl -sw '\n' '%[1]s/api/index.php/read/items/1?apikey=%[6]s'
curl -sw '\n' -u '%[7]s:%[8]s' %[1]s/index.php/api/v6/passwords/1.json

`, url, c.SysPass.AuthToken, c.SysPass.TokenPass, vault.DefaultCategory, client, c.TeamPass.APIKey, c.Admin.Username, c.Admin.Password)
}
