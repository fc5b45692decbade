// Package blob is where large things lie: files, snapshots, backups and exports. It holds the port, Store, and its embedded
// implementation, Folder; package s3 below it is the one for AWS. It seals nothing: what is put here was sealed before. It knows no
// rule of the vault, and does not know what the objects mean.
//
// The one idea: an object is written once. A key that is taken is refused by the storage itself, whoever else writes at that moment, and nothing
// is reachable under a key before all of it is there. So a location that was handed out stays true, and a crash leaves no half object.
//
// Keys name things by id and kind and are no secret: they appear in locations, errors and logs.
package blob
