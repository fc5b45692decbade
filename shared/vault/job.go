package vault

import "net/netip"

// Job is work that goes on after its call was answered. An event that starts it carries its id alone: what it is to do lies here, sealed, so that no queue and no log
// of an invocation holds a path or a password (design section 4).
type Job struct {
	ID         JobID        `cbor:"1,keyasint"`
	User       UserID       `cbor:"2,keyasint"` // who asked
	Credential CredentialID `cbor:"3,keyasint,omitempty"`
	Dialect    Dialect      `cbor:"4,keyasint"`
	Action     string       `cbor:"5,keyasint"`
	Source     string       `cbor:"6,keyasint,omitempty"` // where the call came from
	Sealed     []byte       `cbor:"7,keyasint,omitempty"` // parameters, under PurposeExports and JobBinding; none once it is done
	Requested  Stamp        `cbor:"8,keyasint"`
	Done       Stamp        `cbor:"9,keyasint,omitempty"`  // 0: not yet
	Location   string       `cbor:"10,keyasint,omitempty"` // of what it made
	Failed     string       `cbor:"11,keyasint,omitempty"` // why it made nothing
}

// JobBinding binds a job's parameters to it.
func JobBinding(id JobID) Binding {
	return Binding{Table: Permissions, Kind: "job", ID: id.String(), Field: "parameters", Version: 1}
}

// Request is the job as a call of whoever asked for it, as they stand when it runs: who was disabled since, or whose credential ended, is refused.
func (j *Job) Request() Request {
	source, _ := netip.ParseAddr(j.Source) // none: from nowhere, which a credential for some addresses alone is not for
	return Request{Auth: asker{j.User, j.Credential}, Action: Action{Dialect: j.Dialect, Name: j.Action, Reveals: true}, Source: source}
}

// asker authenticates a job: its call was authenticated before it was written.
type asker struct {
	user       UserID
	credential CredentialID
}

// Authenticate returns them, whatever the state says of them now: the request's own checks follow.
func (a asker) Authenticate(s *State) (UserID, *Credential, error) {
	c := s.credentials[a.credential]
	if a.user == 0 || a.credential != 0 && c == nil {
		return 0, nil, fail(Unauthenticated, "unknown credential")
	}
	return a.user, c, nil
}

// CreateJob writes down that the call is to be carried out later, and returns the id. seal gets it and returns the sealed parameters.
// Errors: Forbidden, also for an operator and for two callers at once: a job runs as one user.
func (t *Tx) CreateJob(seal func(JobID) ([]byte, error)) (JobID, error) {
	if t.principal.operator || t.also != nil || !t.MayAdmin(TakeExport, AdminTarget{}) {
		return 0, fail(Forbidden, "not allowed to export")
	}
	id := t.o.lastNow.Job + 1
	sealed, err := seal(id)
	if err != nil {
		return 0, err
	}
	j := Job{ID: id, User: t.principal.id, Dialect: t.req.Action.Dialect, Action: t.req.Action.Name, Sealed: sealed, Requested: t.stamp()}
	if c := t.principal.credential; c != nil {
		j.Credential = c.ID
	}
	if t.req.Source.IsValid() {
		j.Source = t.req.Source.String()
	}
	t.put(Change{Job: &j})
	return id, nil
}

// FinishJob ends a job: with where the thing is that it made, or with why there is none. Its parameters go. Only for the operator.
// Errors: Forbidden, NotFound, Exists (it was ended before, and stays as it is).
func (t *Tx) FinishJob(id JobID, location, failed string) error {
	old, err := t.Job(id)
	switch {
	case err != nil:
		return err
	case old.Done != 0:
		return fail(Exists, "the job is done")
	}
	j := *old
	j.Sealed, j.Done, j.Location, j.Failed = nil, t.stamp(), location, failed
	t.put(Change{Job: &j})
	return nil
}

// Job returns a job. Only for the operator. Errors: Forbidden, NotFound.
func (r *Reader) Job(id JobID) (*Job, error) {
	if !r.principal.operator {
		return nil, fail(Forbidden, "not allowed to see jobs")
	}
	if j := r.x.job(id); j != nil {
		return j, nil
	}
	return nil, fail(NotFound, "no such job")
}

// SharedEntries returns how many living entries are nobody's own: no export holds more, whoever asks for it.
func (r *Reader) SharedEntries() (n int) {
	for _, row := range r.state.orders.byUpdated {
		if row.Owner == 0 {
			n++
		}
	}
	return n
}
