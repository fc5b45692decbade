package vault

// Given holds the highest id of each kind that was ever given, whether or not the thing lives (law 10). As a change it raises those of a vault that goes on from an
// earlier point: what was made after that point is gone, and access records still name it.
type Given struct {
	Entry      EntryID      `cbor:"1,keyasint,omitempty"`
	Project    ProjectID    `cbor:"2,keyasint,omitempty"`
	Category   CategoryID   `cbor:"3,keyasint,omitempty"`
	Tag        TagID        `cbor:"4,keyasint,omitempty"`
	User       UserID       `cbor:"5,keyasint,omitempty"`
	Group      GroupID      `cbor:"6,keyasint,omitempty"`
	Credential CredentialID `cbor:"7,keyasint,omitempty"`
	File       FileID       `cbor:"8,keyasint,omitempty"`
	Job        JobID        `cbor:"16,keyasint,omitempty"`
}

// Take raises g to the ids that a change gives.
func (g *Given) Take(c *Change) {
	switch {
	case c.Entry != nil:
		g.Entry = max(g.Entry, c.Entry.ID)
	case c.Project != nil:
		g.Project = max(g.Project, c.Project.ID)
	case c.Category != nil:
		g.Category = max(g.Category, c.Category.ID)
	case c.Tag != nil:
		g.Tag = max(g.Tag, c.Tag.ID)
	case c.User != nil:
		g.User = max(g.User, c.User.ID)
	case c.Group != nil:
		g.Group = max(g.Group, c.Group.ID)
	case c.Credential != nil:
		g.Credential = max(g.Credential, c.Credential.ID)
	case c.File != nil:
		g.File = max(g.File, c.File.ID)
	case c.Job != nil:
		g.Job = max(g.Job, c.Job.ID)
	case c.Given != nil:
		g.raise(c.Given)
	}
}

func (g *Given) raise(to *Given) {
	g.Entry, g.Project, g.Category, g.Tag = max(g.Entry, to.Entry), max(g.Project, to.Project), max(g.Category, to.Category), max(g.Tag, to.Tag)
	g.User, g.Group, g.Credential, g.File = max(g.User, to.User), max(g.Group, to.Group), max(g.Credential, to.Credential), max(g.File, to.File)
	g.Job = max(g.Job, to.Job)
}
