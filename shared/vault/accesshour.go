package vault

// NewestClosedHour returns the newest hour of access records that the journal vouches for; false if there is none yet.
func (s *State) NewestClosedHour() (Hour, bool) { return s.lastHour, s.lastHour != 0 }

// Founded returns when the vault was made; false for one that does not exist.
func (s *State) Founded() (Stamp, bool) {
	first := s.users[1] // made with the vault
	if first == nil {
		first = s.former[1]
	}
	if first == nil {
		return 0, false
	}
	return first.Created, true
}

// NewestClosedHour is as the State's: in an Update, as it was before it.
func (r *Reader) NewestClosedHour() (Hour, bool) { return r.state.NewestClosedHour() }

// ClosedHour returns the newest hour whose access records are part of what Reveals counts; 0 if there is none.
func (r *Reader) ClosedHour() Hour { return r.state.lastHour }
