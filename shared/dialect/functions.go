// Package dialect says which handler each Lambda function of the API serves. The dialects themselves are the packages below; none of them
// imports this one or another.
//
// The one idea: the local server must run what is deployed, without linking ten binaries. A function's main imports its own dialect alone, so
// that it stays small, and this table repeats what the mains say; a test reads them and holds both to be the same.
package dialect

import (
	"net/http"
	"strings"

	"tresor/shared/auth"
	"tresor/shared/dialect/syspass"
	"tresor/shared/dialect/teampass"
	"tresor/shared/dialect/tpm"
	"tresor/shared/trail"
	"tresor/shared/vault"
)

// Parts are what handlers are made of.
type Parts struct {
	Vault *vault.Vault
	Auth  *auth.Service
	Depot syspass.Depot
	Files vault.Contents
	Trail *trail.Trail // one for all functions of a process
}

// Constructor makes a function's handler.
type Constructor func(s Parts) http.Handler

// Functions are the functions that answer requests, by their logical ids in template.yaml.
var Functions = map[string]Constructor{
	"SyspassFunction": func(s Parts) http.Handler {
		return syspass.NewHandler(s.Vault, s.Auth, s.Depot)
	},
	"TeampassItemsFunction": func(s Parts) http.Handler {
		return teampass.NewHandler(s.Vault, s.Auth, teampass.Items)
	},
	"TeampassFoldersFunction": func(s Parts) http.Handler {
		return teampass.NewHandler(s.Vault, s.Auth, teampass.Folders)
	},
	"TeampassUsersFunction": func(s Parts) http.Handler {
		return teampass.NewHandler(s.Vault, s.Auth, teampass.Users)
	},
	"TeampassAuthFunction": func(s Parts) http.Handler {
		return teampass.NewHandler(s.Vault, s.Auth, teampass.Auth)
	},
	"TeampassInfoFunction": func(s Parts) http.Handler {
		return teampass.NewHandler(s.Vault, s.Auth, teampass.Info)
	},
	"TeampassPostFunction": func(s Parts) http.Handler {
		return teampass.NewHandlerWithFiles(s.Vault, s.Auth, s.Files)
	},
	"TpmPasswordsFunction": func(s Parts) http.Handler {
		return tpm.NewHandler(tpm.Services{Vault: s.Vault, Auth: s.Auth, Files: s.Files}, tpm.Passwords)
	},
	"TpmMyPasswordsFunction": func(s Parts) http.Handler {
		return tpm.NewHandler(tpm.Services{Vault: s.Vault, Auth: s.Auth, Files: s.Files}, tpm.MyPasswords)
	},
	"TpmProjectsFunction": func(s Parts) http.Handler {
		return tpm.NewHandler(tpm.Services{Vault: s.Vault, Auth: s.Auth, Files: s.Files}, tpm.Projects)
	},
	"TpmUsersFunction": func(s Parts) http.Handler {
		return tpm.NewHandler(tpm.Services{Vault: s.Vault, Auth: s.Auth}, tpm.Users)
	},
	"TpmGroupsFunction": func(s Parts) http.Handler {
		return tpm.NewHandler(tpm.Services{Vault: s.Vault, Auth: s.Auth}, tpm.Groups)
	},
	"TpmLogFunction": func(s Parts) http.Handler {
		return tpm.NewHandler(tpm.Services{Vault: s.Vault, Auth: s.Auth, Log: s.Trail}, tpm.Log)
	},
	"TpmFilesFunction": func(s Parts) http.Handler {
		return tpm.NewHandler(tpm.Services{Vault: s.Vault, Auth: s.Auth, Files: s.Files}, tpm.Files)
	},
	"TpmVersionFunction": func(s Parts) http.Handler {
		return tpm.NewHandler(tpm.Services{Vault: s.Vault, Auth: s.Auth, Log: s.Trail, Files: s.Files})
	},
}

// Fail returns what answers in a function's dialect when its handler panics; nil for an unknown function.
func Fail(logicalID string) http.HandlerFunc {
	name, _, _ := strings.Cut(FunctionName(logicalID), "-")
	switch vault.Dialect(name) {
	case vault.SysPass:
		return syspass.Fail
	case vault.TeamPass:
		return teampass.Fail
	case vault.TPM:
		return tpm.Fail
	case vault.Command:
	}
	return nil
}

// FunctionName returns the name that a function carries in its logs and the folder of its main: "tpm-passwords" for TpmPasswordsFunction.
func FunctionName(logicalID string) string {
	var name []byte
	for i, r := range []byte(strings.TrimSuffix(logicalID, "Function")) {
		if i > 0 && 'A' <= r && r <= 'Z' {
			name = append(name, '-')
		}
		name = append(name, r|0x20)
	}
	return string(name)
}

// Actions returns the calls of a dialect, nil for what is none.
func Actions(d vault.Dialect) []vault.Action {
	switch d {
	case vault.SysPass:
		return syspass.Actions()
	case vault.TeamPass:
		return teampass.Actions()
	case vault.TPM:
		return tpm.Actions()
	case vault.Command:
	}
	return nil
}
