// Package bucket builds what keeps objects in S3, for the functions that do. It is apart from package wire so that no other function
// links an S3 client.
package bucket

import (
	"log/slog"

	"tresor/shared/attach"
	"tresor/shared/blob"
	"tresor/shared/blob/s3"
	"tresor/shared/depot"
	"tresor/shared/invoke"
	"tresor/shared/wire"
)

// Depot returns the depot of a function's vault, in the bucket that the environment names. Without a bucket it takes nothing, and everything else works.
// Where the environment names an exporter, that makes the large exports.
func Depot(s *wire.System) *depot.Depot {
	return depot.New(depot.Parts{Vault: s.Vault, Log: s.Log, Store: s.Store, Sealer: s.Sealer, Blobs: Objects(s), Later: exporter(s)})
}

// exporter returns what starts the exporter; nil for nobody.
func exporter(s *wire.System) depot.Invoker {
	if s.Settings.Exporter == "" {
		return nil
	}
	f, err := invoke.New(wire.Config("LAMBDA"), s.Settings.Exporter)
	if err != nil {
		slog.Error("wrong configuration", "error", err.Error())
		return nil
	}
	return f
}

// Files returns what keeps the contents of files, in the same bucket. Without a bucket it takes none.
func Files(s *wire.System) *attach.Store { return attach.New(Objects(s), s.Sealer) }

// Objects returns the objects of a function's vault, in the bucket that the environment names; nil without a bucket, which is logged.
func Objects(s *wire.System) blob.Store {
	if s.Settings.Bucket == "" {
		slog.Warn("TRESOR_BUCKET is not set: backups, exports and files have nowhere to go")
		return nil
	}
	return store(s, s.Settings.Bucket)
}

// Anchors returns where a function's vault keeps its anchors; nil without a bucket for them.
func Anchors(s *wire.System) blob.Store {
	if s.Settings.Anchors == "" {
		slog.Error("TRESOR_ANCHOR_BUCKET is not set: anchors have nowhere to go")
		return nil
	}
	return store(s, s.Settings.Anchors)
}

func store(s *wire.System, name string) blob.Store {
	store, err := s3.New(s3.NewClient(wire.Config("S3")), s3.Config{Bucket: name, Prefix: s.Settings.Vault})
	if err != nil {
		slog.Error("wrong configuration", "error", err.Error())
		return nil
	}
	return store
}
