package vault

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Reader is a caller's view of the vault at one moment: it shows what the caller may see and nothing else. It is valid only inside the
// function it is given to, which must be pure: it may run several times.
type Reader struct {
	state     *State
	x         view
	principal *Principal
	req       *Request
	now       time.Time
	limits    map[ProjectID]bool // the projects that a narrowed credential reaches; nil: all
	levels    map[ProjectID]*standing
	dense     []*standing // levels by number, for going through all entries: a map would cost most of the time (see scan)
	latest    *standing   // of the project asked about last: lists come in runs
	loaded    secrets
	wanted    map[SecretKey]bool // secrets that the function asked for, loaded or not
	reasons   bool               // a locked entry was used with a reason
	announced bool               // the call leaves an access record in any case
	presence  *presence          // of this process
	taken     []FileID           // files whose content leaves
	used      []EntryID          // locked entries that were used with a reason
	also      *Reader            // of the second caller, who bounds what the first may do
}

func newReader(s *State, x view, p *Principal, req *Request, now time.Time, loaded secrets) *Reader {
	r := &Reader{state: s, x: x, principal: p, req: req, now: now, loaded: loaded, levels: map[ProjectID]*standing{}, wanted: map[SecretKey]bool{}}
	if c := p.credential; c != nil && len(c.Projects) > 0 {
		r.limits = map[ProjectID]bool{}
		for _, id := range c.Projects {
			r.collect(id, r.limits)
		}
	}
	if p.also != nil {
		r.also = newReader(s, x, p.also, req, now, nil)
	}
	return r
}

// Principal returns the caller.
func (r *Reader) Principal() *Principal { return r.principal }

// Now returns the time of the call.
func (r *Reader) Now() time.Time { return r.now }

// MayAdmin reports whether the caller may do a to target.
func (r *Reader) MayAdmin(a AdminAction, target AdminTarget) bool {
	return mayAdmin(r.principal, a, target) && (r.also == nil || r.also.MayAdmin(a, target))
}

// standing is a living project and what the caller may do with it by itself; project is nil where there is none.
type standing struct {
	id      ProjectID
	project *Project
	access  ProjectAccess
	plain   Level // on an entry in it that grants nothing itself and is managed by another
}

// standing decides once per call and project, narrowing included.
func (r *Reader) standing(id ProjectID) *standing {
	if r.latest != nil && r.latest.id == id {
		return r.latest
	}
	s := r.known(id)
	if s == nil {
		s = r.newStanding(id)
		if id < ProjectID(len(r.dense)) {
			r.dense[id] = s
		} else {
			r.levels[id] = s
		}
	}
	r.latest = s
	return s
}

func (r *Reader) known(id ProjectID) *standing {
	if id < ProjectID(len(r.dense)) {
		return r.dense[id]
	}
	return r.levels[id]
}

// scan makes ready for a question about every entry.
func (r *Reader) scan() {
	if r.dense == nil {
		r.dense = make([]*standing, r.state.last.Project+1)
	}
	if r.also != nil {
		r.also.scan()
	}
}

func (r *Reader) newStanding(id ProjectID) *standing {
	p := r.x.project(id)
	if p == nil || p.Trashed.Is() {
		return &standing{id: id}
	}
	s := &standing{id: id, project: p}
	switch {
	case r.principal.operator && p.Owner == 0:
		s.access = ProjectAccess{ProjectFull, true, Reason{Code: ViaAdmin}}
	case r.limits == nil || r.limits[id] || r.limits[p.Parent] && p.Parent != 0:
		s.access = effectiveProject(r.x, &r.principal.subject, p)
	}
	s.plain = effective(&r.principal.subject, &Entry{}, p, s.access).Level
	return s
}

// mayRead is whether entryAccess is at least read, found out quickly for the many entries that grant nothing themselves.
func (r *Reader) mayRead(row *Row) bool {
	if !row.plain || r.limits != nil || r.principal.operator || r.also != nil {
		return r.entryAccess(&row.Entry).Level >= LevelRead
	}
	s := r.standing(row.Project)
	return s.project != nil && (s.plain >= LevelRead || row.Manager == r.principal.id) && !row.Trashed.Is()
}

// projectAccess decides what the caller may do with a project: if there are two, what both may.
func (r *Reader) projectAccess(id ProjectID) ProjectAccess {
	a := r.standing(id).access
	if r.also == nil {
		return a
	}
	if other := r.also.standing(id).access; other.Level < a.Level {
		return other
	}
	return a
}

// forgetStandings makes the next question about a project be decided anew, after a change of projects or grants.
func (r *Reader) forgetStandings() {
	clear(r.levels)
	clear(r.dense)
	r.latest = nil
	if r.also != nil {
		r.also.forgetStandings()
	}
}

// entryAccess decides what the caller may do with an entry: if there are two, what both may.
func (r *Reader) entryAccess(e *Entry) Access {
	a := r.ownAccess(e)
	if r.also == nil {
		return a
	}
	if other := r.also.ownAccess(e); other.Level < a.Level {
		return other
	}
	return a
}

func (r *Reader) ownAccess(e *Entry) Access {
	switch {
	case e.Trashed.Is():
		return Access{}
	case r.limits != nil && (e.Owner != 0 || !r.limits[e.Project]):
		return Access{}
	}
	s := r.standing(e.Project)
	switch {
	case e.Owner == 0 && s.project == nil:
		return Access{}
	case !r.principal.operator:
		return effective(&r.principal.subject, e, s.project, s.access)
	case e.Owner != 0: // personal entries are their owners' alone, whoever runs the command
		return Access{}
	}
	return Access{LevelManage, true, Reason{Code: ViaAdmin}}
}

// Entry returns an entry that the caller may read, and what it may do with it. NotFound: there is none, or the caller may not know of it.
func (r *Reader) Entry(id EntryID) (*Entry, Access, error) {
	e := r.x.entry(id)
	if e == nil {
		return nil, Access{}, fail(NotFound, "no such entry")
	}
	a := r.entryAccess(e)
	if a.Level < LevelRead {
		return nil, Access{}, fail(NotFound, "no such entry")
	}
	return e, a, nil
}

// unlock decides whether the call may use the entry: a locked one only with a reason, and never where a permission is needed.
func (r *Reader) unlock(e *Entry) error {
	reason := strings.TrimSpace(r.req.Reason) != ""
	switch {
	case e.Lock == Unlocked:
		return nil
	case !reason:
		return fail(Locked, "the entry is locked: a reason is needed")
	case e.Lock == LockPermission:
		return fail(LockedFirmly, "the entry is locked: a permission is needed")
	}
	r.reasons, r.announced = true, true // the reason is for others to see, even where no secret leaves (TPM 6.3)
	r.used = append(r.used, e.ID)
	return nil
}

// Reveal returns an entry's secrets: those of the entry it is linked to, if it is. The action must be one that Reveals. In the first
// runs of the function the result may be empty; the last run, whose result counts, has the real one (see View). The access is on
// record before the function's result is handed out. NotFound as Entry, and for a payload that is not there; Locked and LockedFirmly for
// a locked entry, or a link to one.
func (r *Reader) Reveal(id EntryID) (Payload, error) {
	e, _, err := r.Entry(id)
	if err != nil {
		return Payload{}, err
	}
	if err := r.unlock(e); err != nil {
		return Payload{}, err
	}
	if e.Source == 0 {
		return r.payload(e)
	}
	source := r.source(e)
	if source == nil {
		return Payload{}, nil
	}
	if err := r.unlock(source); err != nil {
		return Payload{}, err
	}
	p, err := r.payload(source)
	return p.as(e, source), err
}

// as returns the payload of source as link shows it: a field that the two define differently is left out, lest a link show a seed as a text.
func (p Payload) as(link, source *Entry) Payload {
	p = p.clone()
	for number := range p.Fields {
		if link.fieldType(number) != source.fieldType(number) {
			delete(p.Fields, number)
		}
	}
	return p
}

// source returns the entry that a link gives the secrets of; nil if it is in the trash, or has been made private to others since.
func (r *Reader) source(link *Entry) *Entry {
	e := r.x.entry(link.Source)
	if e == nil || e.Trashed.Is() || e.hiddenFrom(&r.principal.subject) {
		return nil
	}
	if p := r.standing(e.Project).project; p == nil || p.Owner != 0 && p.Owner != r.principal.id {
		return nil
	}
	if r.also != nil {
		return r.also.source(link)
	}
	return e
}

// payload returns what is loaded of an entry's newest payload, and notes that it is wanted. NotFound: it is not there.
func (r *Reader) payload(e *Entry) (Payload, error) {
	if e.SecretVersion == 0 {
		return Payload{}, nil
	}
	key := SecretKey{e.ID, e.SecretVersion}
	r.wanted[key] = true
	p, loaded := r.loaded[key]
	switch {
	case !loaded:
		return Payload{}, nil
	case p == nil:
		return Payload{}, fail(NotFound, "no such secret")
	}
	return *p, nil
}

// missing returns the wanted secrets that are not loaded, ascending.
func (r *Reader) missing() []SecretKey {
	var keys []SecretKey
	for k := range r.wanted {
		if _, ok := r.loaded[k]; !ok {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, compareSecretKeys)
	return keys
}

func compareSecretKeys(a, b SecretKey) int {
	return cmp.Or(cmp.Compare(a.Entry, b.Entry), cmp.Compare(a.Version, b.Version))
}

// VaultExists reports whether the vault was founded before this call.
func (r *Reader) VaultExists() bool { return r.state.Exists() }
