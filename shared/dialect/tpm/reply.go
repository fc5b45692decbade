package tpm

import (
	"errors"
	"log/slog"
	"net/http"

	"tresor/shared/inbound"
	"tresor/shared/vault"
	"tresor/shared/watch"
)

// errorBody is the shape of every error (tpm 1.7). No success has a key "error".
type errorBody struct {
	Error   bool   `json:"error"`
	Type    string `json:"type"` // the HTTP reason phrase
	Message string `json:"message"`
}

// answer is what a kind of error becomes.
type answer struct {
	status int
	// text is what the client is told; empty: what the error itself says.
	text string
	// log says that the failure is ours, and its cause goes into the log.
	log bool
}

// answers has a row for every kind. An unknown reference is "not found", like one that the caller may not know of: the two must not differ.
var answers = map[vault.Kind]answer{
	vault.Internal:        {http.StatusInternalServerError, "Internal error.", true},
	vault.Invalid:         {http.StatusBadRequest, "", false},
	vault.Unauthenticated: {http.StatusUnauthorized, "Invalid credentials.", false},
	vault.Disabled:        {http.StatusUnauthorized, "Invalid credentials.", false},
	vault.Forbidden:       {http.StatusForbidden, "", false},
	vault.NotFound:        {http.StatusNotFound, "", false},
	vault.Exists:          {http.StatusConflict, "", false},
	vault.InUse:           {http.StatusConflict, "", false},
	vault.BadReference:    {http.StatusNotFound, "", false},
	vault.Locked:          {http.StatusForbidden, "The password is locked: use the X-Unlock-Reason header.", false},
	vault.LockedFirmly:    {http.StatusConflict, "The password is locked and needs permission to be unlocked.", false},
	vault.TooLarge:        {http.StatusBadRequest, "The request is too large.", false},
	vault.Throttled:       {http.StatusTooManyRequests, "Too many failed attempts: try again later.", false},
	vault.Conflict:        {http.StatusServiceUnavailable, "The vault is busy: try again.", true},
	vault.Busy:            {http.StatusServiceUnavailable, "The vault is busy: try again.", false},
	vault.Undecided:       {http.StatusInternalServerError, "The outcome is unknown: look before you try again.", true},
	vault.NewerFormat:     {http.StatusServiceUnavailable, "The vault is being upgraded: try again.", true},
	vault.Corrupt:         {http.StatusInternalServerError, "Internal error.", true},
}

// failure turns an error into its answer.
func failure(r *http.Request, err error) reply {
	var wrong *methodError
	if errors.As(err, &wrong) {
		watch.From(r.Context()).Refused(vault.Invalid)
		out := failed(http.StatusMethodNotAllowed, wrong.Error())
		out.allow = wrong.allow
		return out
	}
	watch.From(r.Context()).Refused(vault.KindOf(err))
	a, ok := answers[vault.KindOf(err)]
	if !ok {
		a = answers[vault.Internal]
	}
	id := inbound.RequestID(r)
	if a.log {
		slog.ErrorContext(r.Context(), "request failed", "request_id", id, "err", err)
	}
	text := a.text
	if text == "" || errors.Is(err, errSwitchedOff) {
		text = told(err, a.status)
	}
	if a.log && id != "" {
		text += " Request " + id + "."
	}
	return failed(a.status, text)
}

// told returns what an error has to say to clients.
func told(err error, status int) string {
	var e *vault.Error
	if errors.As(err, &e) && e.Msg != "" {
		return e.Msg
	}
	return http.StatusText(status)
}

func failed(status int, text string) reply {
	return reply{status: status, body: errorBody{true, http.StatusText(status), text}}
}

// Fail answers a request whose handler broke, or whose answer cannot be sent, for gateway.Options. What is too large is a page of long items.
func Fail(w http.ResponseWriter, r *http.Request) {
	if inbound.Overlong(r) {
		failed(http.StatusBadRequest, "The answer is too large: ask for smaller pages (X-Page-Size).").send(w)
		return
	}
	text := "Internal error."
	if id := inbound.RequestID(r); id != "" {
		text += " Request " + id + "."
	}
	failed(http.StatusInternalServerError, text).send(w)
}
