package teampass

import (
	"errors"
	"log/slog"
	"net/http"

	"tresor/shared/inbound"
	"tresor/shared/vault"
	"tresor/shared/watch"
)

// fault is an error of the API. The zero one is the answer to what nobody can explain.
type fault uint8

// The faults (teampass 6), in its order, without those that no call has here.
const (
	faultUnclear fault = iota // missing key, unsupported method, failures of ours
	faultPayment              // HEAD
	faultOff
	faultKey
	faultAddress
	faultMethod
	faultFormat
	faultEmpty
	faultNoCategory
	faultNoItem
	faultNoParameters
	faultParameters
	faultItemDefinition
	faultItemMalformed
	faultItemMissing
	faultItemExists
	faultPasswordLong
	faultNoFolder
	faultNoData
	faultNothingToStore
	faultNoDestination
	faultHTML
	faultNumericTitle
	faultExists
	faultComplexity
	faultUserDefinition
	faultUserLogin
	faultUserExists
	faultNoUser
	faultNoPersonalFolder
	faultCredentials
	faultAuthURL
	faultAuthIdentifier
	faultEnd
)

// faults is what each looks like: most business errors are HTTP 200, and few carry a code.
var faults = [faultEnd]struct {
	text, code string
	status     int
}{
	faultUnclear:          {"Something happen ... but what ?", "", http.StatusInternalServerError},
	faultPayment:          {"", "", http.StatusPaymentRequired}, // no body (teampass 2)
	faultOff:              {"API access not allowed.", "", http.StatusOK},
	faultKey:              {"This api_key *** doesn't exist", "API_KEY_NOT_FOUND", http.StatusMethodNotAllowed}, // the original repeats the key (teampass 9)
	faultAddress:          {"Ip address not allowed.", "", http.StatusMethodNotAllowed},
	faultMethod:           {"Method not authorized", "METHOD_NOT_AUTHORIZED", http.StatusMethodNotAllowed},
	faultFormat:           {"URL format is not following requirements", "", http.StatusOK},
	faultEmpty:            {"No results", "", http.StatusOK},
	faultNoCategory:       {"No folder specified", "", http.StatusOK},
	faultNoItem:           {"No item specified", "", http.StatusOK},
	faultNoParameters:     {"No parameters given", "", http.StatusOK},
	faultParameters:       {"Provided parameters are not correct", "", http.StatusOK},
	faultItemDefinition:   {"Item definition not complete", "", http.StatusMethodNotAllowed},
	faultItemMalformed:    {"Item definition not numeric", "", http.StatusMethodNotAllowed},
	faultItemMissing:      {"Label or Password or Folder ID is missing", "", http.StatusOK},
	faultItemExists:       {"Label already exists", "", http.StatusOK},
	faultPasswordLong:     {"Password is too long", "", http.StatusOK},
	faultNoFolder:         {"Folder ID does not exist", "", http.StatusOK},
	faultNoData:           {"No data exists", "NO_DATA_EXIST", http.StatusOK},
	faultNothingToStore:   {"No data to be stored", "", http.StatusOK},
	faultNoDestination:    {"No destination folder provided", "", http.StatusOK},
	faultHTML:             {"HTML tags not allowed", "", http.StatusOK},
	faultNumericTitle:     {"Title only with numbers not allowed", "", http.StatusOK},
	faultExists:           {"Data already exists", "", http.StatusOK},
	faultComplexity:       {"complexity level was not reached", "", http.StatusOK},
	faultUserDefinition:   {"User definition not complete", "", http.StatusMethodNotAllowed},
	faultUserLogin:        {"Empty Login given", "", http.StatusMethodNotAllowed},
	faultUserExists:       {"User already exists", "", http.StatusMethodNotAllowed},
	faultNoUser:           {"User does not exist", "", http.StatusOK},
	faultNoPersonalFolder: {"No Personal Folder exists for this user", "", http.StatusOK},
	faultCredentials:      {"Bad credentials for user", "AUTH_NOT_GRANTED", http.StatusNotFound},
	faultAuthURL:          {"URL needed to grant access", "", http.StatusOK},
	faultAuthIdentifier:   {"Credentials needed to grant access", "AUTH_NO_IDENTIFIER", http.StatusOK},
}

// Error returns the text on the wire.
func (f fault) Error() string { return faults[f].text }

// kindFaults is the answer to each kind of error that an endpoint did not answer itself. A test holds it to the list of kinds.
var kindFaults = map[vault.Kind]fault{
	vault.Internal:        faultUnclear,
	vault.Invalid:         faultParameters,
	vault.Unauthenticated: faultKey,
	vault.Disabled:        faultKey, // who holds the key of a disabled user learns nothing of it
	vault.Forbidden:       faultMethod,
	vault.NotFound:        faultEmpty,
	vault.Exists:          faultExists,
	vault.InUse:           faultMethod,
	vault.BadReference:    faultNoFolder,
	vault.Locked:          faultMethod, // no TeamPass client can give a reason
	vault.LockedFirmly:    faultMethod,
	vault.TooLarge:        faultParameters,
	vault.Throttled:       faultCredentials,
	vault.Conflict:        faultUnclear,
	vault.Busy:            faultUnclear,
	vault.Undecided:       faultUnclear, // never as refused: it may have happened
	vault.NewerFormat:     faultUnclear,
	vault.Corrupt:         faultUnclear,
}

// faultKinds are what the log calls the faults that are no mere malformed request.
var faultKinds = map[fault]vault.Kind{
	faultOff: vault.Forbidden, faultMethod: vault.Forbidden,
	faultKey: vault.Unauthenticated, faultAddress: vault.Unauthenticated, faultCredentials: vault.Unauthenticated,
	faultEmpty: vault.NotFound, faultNoData: vault.NotFound, faultNoFolder: vault.BadReference, faultNoUser: vault.NotFound, faultNoPersonalFolder: vault.NotFound,
	faultItemExists: vault.Exists, faultExists: vault.Exists, faultUserExists: vault.Exists,
}

// kindOf returns what the log calls an error.
func kindOf(err error) vault.Kind {
	var f fault
	if !errors.As(err, &f) {
		return vault.KindOf(err)
	}
	if k, ok := faultKinds[f]; ok {
		return k
	}
	return vault.Invalid
}

// fail answers an error. What is not a fault of the caller's is logged, once, without anything of the request.
func fail(w http.ResponseWriter, r *http.Request, err error) {
	watch.From(r.Context()).Refused(kindOf(err))
	var f fault
	if errors.As(err, &f) {
		f.write(w)
		return
	}
	f = kindFaults[vault.KindOf(err)]
	if errors.Is(err, vault.ErrSource) {
		f = faultAddress
	}
	if f != faultUnclear {
		f.write(w)
		return
	}
	slog.ErrorContext(r.Context(), "teampass call failed", "request_id", inbound.RequestID(r), "err", err)
	Fail(w, r)
}

// Fail answers a failure of ours, with the id under which the log has it.
func Fail(w http.ResponseWriter, r *http.Request) {
	faultUnclear.write(w, member{"request_id", inbound.RequestID(r)})
}

func (f fault) write(w http.ResponseWriter, more ...member) {
	row := faults[f]
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(row.status)
	if row.text == "" {
		return
	}
	body := object{{"err", row.text}}
	if row.code != "" {
		body = append(body, member{"code", row.code})
	}
	_, _ = w.Write(encode(append(body, more...)))
}
