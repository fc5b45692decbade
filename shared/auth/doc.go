// Package auth finds out who a caller is: from a sysPass authToken, a TeamPass API key, a TPM HMAC signature, or a username and password.
// It is not about what the caller may do; that is the vault's.
//
// The one idea: what is slow or needs I/O happens first, on the side (argon2, counting attempts, opening a private key), and its result is
// a vault.Authenticator that is cheap and pure. The vault asks that one again on the caught-up state, so a credential that was revoked or
// a password that was changed a moment ago does not pass because a replica was stale.
package auth
