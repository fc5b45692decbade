package auth

import (
	"context"
	"encoding/base64"
	"errors"

	"tresor/shared/vault"
)

// Founding is what a new vault's first admin gets. It is shown once, by the run that makes it.
type Founding struct {
	AdminID  vault.UserID
	Username string
	Password string
	TPM      KeyPair
	SysPass  SysPassToken
	APIKey   string // TeamPass
}

// KeyPair is a TPM HMAC key pair.
type KeyPair struct{ Public, Private string }

// SysPassToken is a sysPass authToken and its tokenPass, and, in a new vault, the password that exports are encrypted under.
type SysPassToken struct{ AuthToken, TokenPass, MasterPassword string }

// MasterPasswordSetting holds the password that sysPass exports are encrypted under, sealed under PurposeExports and in base64, so that
// who may read settings does not read it, and who writes exports need not open credentials.
const MasterPasswordSetting = "syspass.master_password"

func masterPasswordBinding() vault.Binding {
	return vault.Binding{Table: vault.Permissions, Kind: "setting", ID: MasterPasswordSetting, Field: "value", Version: 1}
}

// SealMasterPassword returns the value of MasterPasswordSetting for a password.
func SealMasterPassword(sealer vault.Sealer, password string) (setting string, err error) {
	sealed, err := sealer.Seal(vault.PurposeExports, []byte(password), masterPasswordBinding())
	return base64.StdEncoding.EncodeToString(sealed), err
}

// OpenMasterPassword opens the value of MasterPasswordSetting. Errors: NotFound where there is none; those of the sealer.
func OpenMasterPassword(sealer vault.Sealer, setting string) (vault.Secret, error) {
	if setting == "" {
		return vault.Secret{}, &vault.Error{Kind: vault.NotFound, Msg: "the vault has no master password"}
	}
	sealed, err := base64.StdEncoding.DecodeString(setting)
	if err != nil {
		return vault.Secret{}, &vault.Error{Kind: vault.Corrupt, Msg: "the master password does not open", Err: err}
	}
	master, err := sealer.Open(vault.PurposeExports, sealed, masterPasswordBinding())
	return vault.NewSecret(string(master)), err
}

// Found makes a vault: its first admin, one credential for each dialect, the default category and the settings. It is one transaction, which the
// log joins with the keysets (journal.WithGenesis). Errors: Exists; others from the store.
func Found(ctx context.Context, v *vault.Vault, sealer vault.Sealer) (*Founding, error) {
	f := &Founding{Username: "admin", Password: NewPassword(), APIKey: NewAPIKey(),
		TPM:     KeyPair{NewHexToken(), NewHexToken()},
		SysPass: SysPassToken{NewHexToken(), NewHexToken(), NewPassword()}}
	hash, err := HashPassword(ctx, f.Password)
	if err != nil {
		return nil, err
	}
	req := vault.Request{Auth: vault.Operator{}, Action: vault.Action{Dialect: vault.Command, Name: "init", Writes: true}}
	_, err = vault.Update(ctx, v, req, func(t *vault.Tx) (struct{}, error) { return struct{}{}, f.found(t, sealer, hash) })
	if err != nil {
		return nil, err
	}
	return f, nil
}

func (f *Founding) found(t *vault.Tx, sealer vault.Sealer, hash string) (err error) {
	if t.VaultExists() {
		return &vault.Error{Kind: vault.Exists, Msg: "there is a vault already"}
	}
	_, failed := t.CreateCategory(vault.Category{Name: "Default"})
	err = errors.Join(err, failed)
	f.AdminID, failed = t.CreateUser(vault.User{Username: f.Username, Name: f.Username, Role: vault.Admin}, SealHash(sealer, hash))
	err = errors.Join(err, failed)
	for _, c := range []vault.Credential{
		{Dialect: vault.TPM, TokenHash: HashToken(f.TPM.Public)},
		{Dialect: vault.SysPass, TokenHash: HashToken(f.SysPass.AuthToken), PassHash: HashToken(f.SysPass.TokenPass)},
		{Dialect: vault.TeamPass, TokenHash: HashToken(f.APIKey)},
	} {
		c.User = f.AdminID
		seal := func(vault.CredentialID) ([]byte, error) { return nil, nil }
		if c.Dialect == vault.TPM {
			seal = SealKey(sealer, f.TPM.Private)
		}
		_, failed = t.CreateCredential(c, seal)
		err = errors.Join(err, failed)
	}
	master, failed := SealMasterPassword(sealer, f.SysPass.MasterPassword)
	return errors.Join(err, failed, t.SetSetting(MasterPasswordSetting, master))
}
