// Package importer takes the accounts of a sysPass export into a vault. It is for an operator: sysPass has no call for it (sysPass 4.7). It reads no file itself
// (package syspassxml does) and has no rules of its own: what may be made is the vault's to say.
//
// The one idea: an import is a row of Updates, each of which is decided on the vault as it stands and on nothing that a former one remembers. Clients, categories and
// tags are looked up by name in the Update that needs them, and an account "exists" where the vault holds as many of its kind as the file has had so far. So an import
// that was cut off between two Updates is finished by running it again, and nothing is there twice.
//
// All secrets are opened before the first Update: a wrong master password changes nothing.
package importer
