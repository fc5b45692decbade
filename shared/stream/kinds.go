package stream

import "tresor/shared/vault"

// File is how the contents of attachments are sealed. A stream's id is the object's name, so that no content opens as another's.
var File = Kind{Purpose: vault.PurposeFiles, Name: "file", What: "the file"}
