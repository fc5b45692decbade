package tpm

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"

	"tresor/shared/vault"
)

// pair is what a subject is given: [id, permission] (tpm 6.3).
type pair struct {
	id         uint64
	permission int
}

// doNotSet as a subject's permission is as good as not naming the subject (tpm 4.2).
const doNotSet = -1

// pairs returns a list of [id, permission], and whether it is there; null is as good as absent. Both may be numeric texts, as ids may be elsewhere.
// Subjects that are not to be set are left out.
func (f fields) pairs(name string) (list []pair, there bool, err error) {
	raw, ok := f[name]
	if !ok || bytes.Equal(raw, []byte("null")) {
		return nil, false, nil
	}
	var rows [][]json.RawMessage
	if json.Unmarshal(raw, &rows) != nil {
		return nil, false, invalid(name + " is not a list of [id, permission]")
	}
	for _, row := range rows {
		if len(row) != 2 {
			return nil, false, invalid(name + " is not a list of [id, permission]")
		}
		id, failedID := integer(row[0])
		permission, failed := integer(row[1])
		if failedID != nil || failed != nil || id <= 0 || permission < doNotSet || permission > int64(vault.ProjectInherit) {
			return nil, false, invalid(name + " is not a list of [id, permission]")
		}
		if permission != doNotSet {
			list = append(list, pair{uint64(id), int(permission)})
		}
	}
	return list, true, nil
}

// integer reads a whole number or its text.
func integer(raw json.RawMessage) (int64, error) {
	text := strings.TrimSpace(string(bytes.Trim(raw, `"`)))
	if strings.HasPrefix(text, "+") {
		return 0, strconv.ErrSyntax
	}
	return strconv.ParseInt(text, 10, 64)
}
