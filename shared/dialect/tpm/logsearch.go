package tpm

import (
	"strconv"
	"strings"
	"time"

	"tresor/shared/trail"
	"tresor/shared/vault"
)

// logOperator is what stands before the colon in a search of the log. password_id and action_id are documented (tpm 3).
type logOperator uint8

const (
	logText logOperator = iota
	logPassword
	logProject
	logUser
	logActionID
	logDate
	logIP
	logOrigin
)

var logOperators = map[string]logOperator{
	"password_id": logPassword, "project_id": logProject, "user_id": logUser, "action_id": logActionID, "date": logDate, "ip": logIP, "origin": logOrigin,
}

// logTerm is one of the conditions of a search, all of which must hold.
type logTerm struct {
	op   logOperator
	text string // folded
	id   uint64
}

// logQuery is a search: a time, and conditions.
type logQuery struct {
	from, to vault.Stamp
	terms    []logTerm
}

// everything reports whether the search leaves nothing out.
func (q *logQuery) everything() bool { return q.from == 0 && q.to == endOfTime && len(q.terms) == 0 }

// needsNames reports whether what things are called decides about rows.
func (q *logQuery) needsNames() bool {
	for _, t := range q.terms {
		if t.op == logText || t.op == logProject {
			return true
		}
	}
	return false
}

// parseLogQuery reads a search: conditions, each a text or operator:value. Brackets keep spaces after an operator, as in other searches, and an unknown operator
// is text (tpm 3). An id or a date that is none is an error: a search of a log that silently finds nothing would be taken for an answer.
func parseLogQuery(s string) (*logQuery, error) {
	q := &logQuery{to: endOfTime}
	for t := range tokens(s, isLogTerm) {
		if err := q.add(logTerm{op: logOperators[t.op], text: t.text}); err != nil {
			return nil, err
		}
	}
	return q, nil
}

// isLogTerm reports whether a condition exists. Without an operator brackets are text.
func isLogTerm(t token) bool {
	_, known := logOperators[t.op]
	return known || t.op == "" && !t.exact
}

// add makes a condition part of the search. One without a value says nothing, unless it is an id or a date.
func (q *logQuery) add(t logTerm) error {
	var err error
	switch t.op {
	case logDate:
		return q.limit(t.text)
	case logPassword, logProject, logUser:
		if t.id, err = logID(t); err != nil {
			return err
		}
	case logText, logActionID, logIP, logOrigin:
		if t.text == "" {
			return nil
		}
	}
	q.terms = append(q.terms, t)
	return nil
}

// logID reads an id. User 0 is the operator.
func logID(t logTerm) (uint64, error) {
	id, err := strconv.ParseUint(t.text, 10, 63)
	if err != nil || id == 0 && t.op != logUser {
		return 0, invalid("password_id:, project_id: and user_id: take the number of one.")
	}
	return id, nil
}

// limit narrows the time to a day, month or year, or from one to another, both included (UTC).
func (q *logQuery) limit(text string) error {
	begin, end, ranged := strings.Cut(text, "..")
	if !ranged {
		end = begin
	}
	from, _, ok1 := period(begin)
	_, to, ok2 := period(end)
	if !ok1 || !ok2 || to < from {
		return invalid("date: takes YYYY-MM-DD, YYYY-MM or YYYY, or two of them with .. between, the earlier first.")
	}
	q.from, q.to = max(q.from, from), min(q.to, to)
	return nil
}

// period returns the first and the last second of a day, month or year.
func period(text string) (from, to vault.Stamp, ok bool) {
	for _, form := range []struct {
		layout              string
		years, months, days int
	}{{"2006-01-02", 0, 0, 1}, {"2006-01", 0, 1, 0}, {"2006", 1, 0, 0}} {
		if at, err := time.Parse(form.layout, text); err == nil {
			return vault.StampOf(at), vault.StampOf(at.AddDate(form.years, form.months, form.days)) - 1, true
		}
	}
	return 0, 0, false
}

// matches reports whether a row meets every condition. Without names, conditions that need them count as met.
func (q *logQuery) matches(row *trail.Row, names *logNames) bool {
	for i := range q.terms {
		if !q.terms[i].matches(row, names) {
			return false
		}
	}
	return true
}

func (t *logTerm) matches(row *trail.Row, names *logNames) bool {
	switch t.op {
	case logPassword:
		return row.About(vault.EntryID(t.id))
	case logProject:
		return names == nil || row.Project == vault.ProjectID(t.id) ||
			row.AnyEntry(func(id vault.EntryID) bool { return names.entries[id].project == vault.ProjectID(t.id) })
	case logUser:
		return row.Context.Actor == vault.UserID(t.id)
	case logActionID:
		return logActions[row.Event].ID == t.text || strings.EqualFold(row.Context.Action, t.text)
	case logIP:
		return strings.Contains(row.Context.Source, t.text)
	case logOrigin:
		return originOf(row.Context) == t.text
	case logDate:
		return true // the rows are of that time
	case logText:
	}
	return names == nil || names.contain(row, t.text)
}

// logTexts are the texts of rows, folded once for the many rows that share them.
type logTexts struct {
	contexts map[*trail.Context]string
	entries  map[vault.EntryID]string
	projects map[vault.ProjectID]string
	objects  map[logObject]string
	actions  map[trail.Event]string
}

// contain reports whether one of the texts that a row shows contains a folded one. Names that are hidden are not there to be found.
func (n *logNames) contain(row *trail.Row, folded string) bool {
	if n.texts.contexts == nil {
		n.texts = logTexts{map[*trail.Context]string{}, map[vault.EntryID]string{}, map[vault.ProjectID]string{}, map[logObject]string{}, map[trail.Event]string{}}
	}
	if strings.Contains(remembered(n.texts.contexts, row.Context, n.contextWords), folded) {
		return true
	}
	if strings.Contains(remembered(n.texts.actions, row.Event, actionWords), folded) {
		return true
	}
	if row.Entry != 0 && strings.Contains(remembered(n.texts.entries, row.Entry, n.entryWords), folded) {
		return true
	}
	if p := n.projectOf(row); p != 0 && strings.Contains(remembered(n.texts.projects, p, n.projectWords), folded) {
		return true
	}
	if o := objectOf(row); o != (logObject{}) && strings.Contains(remembered(n.texts.objects, o, n.objectWords), folded) {
		return true
	}
	for _, text := range []string{n.membersText(row), settingText(row), manyText(row), reasonText(row)} {
		if text != "" && strings.Contains(vault.Fold(text), folded) {
			return true
		}
	}
	return false
}

func remembered[K comparable](m map[K]string, k K, text func(K) string) string {
	s, known := m[k]
	if !known {
		s = vault.Fold(text(k))
		m[k] = s
	}
	return s
}

// contextWords are the texts of a context, which NUL keeps apart: no search contains one.
func (n *logNames) contextWords(x *trail.Context) string {
	u := n.users[x.Actor]
	return strings.Join([]string{u.related.Name, u.username, contextText(x), x.Source}, "\x00")
}

func actionWords(e trail.Event) string { return logActions[e].ID + "\x00" + logActions[e].Description }

func (n *logNames) entryWords(id vault.EntryID) string { return n.entries[id].related.Name }

func (n *logNames) projectWords(id vault.ProjectID) string { return n.projects[id].Name }

func (n *logNames) objectWords(o logObject) string { return n.objects[o] }
