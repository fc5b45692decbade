package trail

// Event is what happened, whatever the dialect.
type Event uint8

// The events. The object of those about users, groups, credentials, categories, tags and files is their id.
const (
	// Other is a change that has no name of its own.
	Other Event = iota
	// Revealed is a secret that left, or several.
	Revealed
	// Withheld is a secret that was recorded as leaving, on a guess, and did not.
	Withheld
	// Viewed is a use that is on record although no secret left, such as that of a locked entry.
	Viewed
	EntryCreated
	EntryUpdated
	EntryDeleted
	OwnCreated // a personal entry
	OwnUpdated
	OwnDeleted
	ProjectCreated
	ProjectUpdated
	ProjectDeleted
	ProjectGranted // who may do what with it
	FavouritesChanged
	CategoryCreated
	CategoryUpdated
	CategoryDeleted
	TagCreated
	TagUpdated
	TagDeleted
	UserCreated
	UserUpdated
	UserPassword
	UserActivated
	UserDeactivated
	UserDeleted
	GroupCreated
	GroupUpdated
	GroupDeleted
	GroupJoined // by one user
	GroupLeft   // by one user
	CredentialCreated
	CredentialUpdated
	CredentialRevoked
	SettingChanged
	LockedOut
	FileAdded // to an entry or a project
	FileUpdated
	FileDeleted
	FileDownloaded // its content left
	Purged         // entries, projects and files, from the trash and for good
	eventEnd
)

// Events lists every event, for tests that must cover all of them.
func Events() []Event {
	all := make([]Event, 0, eventEnd)
	for e := Other; e < eventEnd; e++ {
		all = append(all, e)
	}
	return all
}
