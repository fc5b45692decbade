package syspass

import (
	"errors"
	"log/slog"
	"net/http"
	"unicode/utf8"

	"tresor/shared/inbound"
	"tresor/shared/vault"
	"tresor/shared/watch"
)

// failure is an error as it is answered (syspass 1.5). The exported fields are the wire's, in its order; data is always present.
type failure struct {
	Message string `json:"message"`
	Code    int    `json:"code"` // 0 for all that the method's own work refuses
	Data    any    `json:"data"`

	status int   // HTTP status; 0: 200, which everything has that a method handler answers
	global bool  // of the installation, not of the call: carries id 0 (syspass 1.7)
	blank  bool  // no body at all
	cause  error // for the log; the data then says where to look
}

// Error returns the message, which is fixed text.
func (f *failure) Error() string { return "syspass: " + f.Message }

var (
	errTokenPass = &failure{Message: "Unauthorized access", Code: -32603}
	// errNoArray is the original's internal type error, which escapes its handler (syspass 1.3).
	errNoArray  = &failure{Message: "not an array", status: http.StatusNotFound, blank: true}
	errEncoding = &failure{Message: "Encoding error", Data: errUTF8.Error()}
	errInternal = &failure{Message: "Internal error"}
	// errLongPassword is what the original says to a password that its column does not hold (syspass 3.8): here nothing failed.
	errLongPassword = &failure{Message: "Internal error"}
	errNotInstalled = &failure{Message: "Not installed", status: http.StatusNotFound, global: true}
	// errReference is the original's raw text, as far as it is not about its tables.
	errReference = &failure{Message: "Integrity constraint", Code: 23000,
		Data: "SQLSTATE[23000]: Integrity constraint violation: 1452 Cannot add or update a child row: a foreign key constraint fails"}
	errRepeated = &failure{Message: "Integrity constraint", Code: 23000,
		Data: "SQLSTATE[23000]: Integrity constraint violation: 1062 Duplicate entry"}
	errInUse = &failure{Message: "Integrity constraint", Code: 23000,
		Data: "SQLSTATE[23000]: Integrity constraint violation: 1451 Cannot delete or update a parent row: a foreign key constraint fails"}
)

// kinds is the wire shape of every kind of error. NotFound and Exists take the method's own text. "Internal error" with -32603 is what the
// original says to a token that is unknown or not for this action: clients take it for "not authorised" (syspass 1.5, 7).
var kinds = map[vault.Kind]*failure{
	vault.Internal:        errInternal,
	vault.Invalid:         {Message: "Wrong parameters", Code: -32602},
	vault.Unauthenticated: {Message: "Internal error", Code: -32603},
	vault.Disabled:        {Message: "Unauthorized access", Code: -32603},
	vault.Forbidden:       {Message: "Internal error", Code: -32603},
	vault.NotFound:        {},
	vault.Exists:          {},
	vault.InUse:           errInUse,
	vault.BadReference:    errReference,
	vault.Locked:          {Message: "Unauthorized access", Code: -32603},
	vault.LockedFirmly:    {Message: "Unauthorized access", Code: -32603},
	vault.TooLarge:        sqlError("22001", "String data, right truncated: 1406 Data too long for column"),
	vault.Throttled:       {Message: "Attempts exceeded", Code: -32603},
	vault.Conflict:        errInternal,
	vault.Busy:            {Message: "Database connection error", status: http.StatusNotFound, global: true},
	vault.Undecided:       errInternal,
	vault.NewerFormat:     {Message: "Updating needed", status: http.StatusNotFound, global: true},
	vault.Corrupt:         {Message: "Integrity check failed."},
}

// unknown are the kinds that nobody expects: they are logged, and answered with the request's id where the shape has room.
var unknown = map[vault.Kind]bool{vault.Internal: true, vault.Conflict: true, vault.Undecided: true, vault.NewerFormat: true, vault.Corrupt: true}

// sqlError is an error of the original's database, whose text it passes on (syspass 1.5).
func sqlError(state, text string) *failure {
	return &failure{Message: "SQLSTATE[" + state + "]: " + text, Data: state}
}

// replyError answers a failed call. An error that is no *failure comes from the vault and has a kind.
func replyError(w http.ResponseWriter, r *http.Request, c *call, err error) {
	watch.From(r.Context()).Refused(kindOf(err))
	var f *failure
	if !errors.As(err, &f) {
		f = c.failed(r, err)
	}
	if f.cause != nil {
		f = &failure{Message: f.Message, Code: f.Code, Data: "Check the event log: " + c.log(r, f.cause)}
	}
	id := c.id
	if f.global {
		id = 0
	}
	write := struct {
		Version string   `json:"jsonrpc"`
		Error   *failure `json:"error"`
		ID      int64    `json:"id"`
	}{"2.0", f, id}
	if f.blank {
		w.WriteHeader(f.status)
		return
	}
	replyJSON(w, f.status, write)
}

// kindOf returns what the log calls an error: the kind of one of the vault's, and for a failure what it comes closest to.
func kindOf(err error) vault.Kind {
	var f *failure
	switch {
	case !errors.As(err, &f):
		return vault.KindOf(err)
	case f.cause != nil:
		return vault.KindOf(f.cause)
	case f == errTokenPass, f == errNotInstalled:
		return vault.Unauthenticated
	case f == errLongPassword:
		return vault.TooLarge
	case f.Message == errInternal.Message:
		return vault.Internal
	}
	return vault.Invalid
}

// failed translates an error of the vault.
func (c *call) failed(r *http.Request, err error) *failure {
	kind := vault.KindOf(err)
	f := *kinds[kind]
	switch {
	case kind == vault.NotFound:
		f.Message = c.method.missing
	case kind == vault.Exists:
		f.Message = c.method.taken
	case kind == vault.Invalid:
		return c.wrongParameters()
	case unknown[kind]:
		if id := c.log(r, err); id != "" && !f.global {
			f.Data = id
		}
	}
	return &f
}

// log writes down why a call failed and returns the request's id, under which the log has it.
func (c *call) log(r *http.Request, err error) string {
	id := inbound.RequestID(r)
	slog.ErrorContext(r.Context(), "call failed", slog.String("request_id", id), slog.String("method", c.method.name), slog.Any("err", err))
	return id
}

// replyResult answers a call that was carried out (syspass 1.4).
func replyResult(w http.ResponseWriter, c *call, out result) {
	type body struct {
		ItemID  int64   `json:"itemId"`
		Result  any     `json:"result"`
		Code    int     `json:"resultCode"` // always 0
		Message *string `json:"resultMessage"`
		Count   *int    `json:"count"`

		// Ours, and only where there is something to say (config/backup, config/export).
		Location string `json:"location,omitempty"`
		LeftOut  int    `json:"leftOut,omitempty"`
		Missing  int    `json:"missing,omitempty"`
		Changed  int    `json:"changed,omitempty"`
	}
	b := body{ItemID: out.itemID, Result: out.payload, Location: out.location, LeftOut: out.leftOut, Missing: out.missing, Changed: out.changed}
	if out.message != "" {
		b.Message = &out.message
	}
	if out.count != noCount {
		b.Count = &out.count
	}
	replyJSON(w, 0, struct {
		Version string `json:"jsonrpc"`
		Result  body   `json:"result"`
		ID      int64  `json:"id"`
	}{"2.0", b, c.id})
}

func replyJSON(w http.ResponseWriter, status int, v any) {
	text, err := encodeJSON(v)
	if err != nil { // no type here fails to encode
		panic("syspass: encode an answer")
	}
	if status == 0 {
		status = http.StatusOK
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(text)
}

// Fail answers a request whose handler broke or whose answer is too large to send; it is for gateway.Options. Nothing documents what a
// client gets then, so it is a 500, which alarms count.
func Fail(w http.ResponseWriter, r *http.Request) {
	f := *errInternal
	if id := inbound.RequestID(r); id != "" {
		f.Data = id
	}
	f.status = http.StatusInternalServerError
	replyError(w, r, &call{}, &f)
}

// encodable refuses a secret that has no JSON form: a replacement would be a wrong password.
func encodable(secret string) error {
	if !utf8.ValidString(secret) {
		return errEncoding
	}
	return nil
}
