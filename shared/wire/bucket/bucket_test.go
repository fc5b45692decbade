package bucket

import (
	"testing"

	"tresor/shared/depot"
	"tresor/shared/wire"
)

// TestTheExporterIsNamedByTheEnvironment: without one, or with what is none, every export is made in its call.
func TestTheExporterIsNamedByTheEnvironment(t *testing.T) {
	t.Setenv("AWS_REGION", "us-east-1")
	for name, c := range map[string]struct {
		settings wire.Settings
		want     bool
	}{
		"an exporter": {wire.Settings{Bucket: "objects", Exporter: "tresor-ExporterFunction-1A2B"}, true},
		"none":        {wire.Settings{Bucket: "objects"}, false},
		"no bucket":   {wire.Settings{Exporter: "tresor-ExporterFunction-1A2B"}, false},
		"no name":     {wire.Settings{Bucket: "objects", Exporter: "a/b"}, false},
	} {
		d := Depot(&wire.System{Settings: c.settings})
		if got := d.Later(depot.DefaultThreshold + 1); got != c.want {
			t.Errorf("%s: made later: %v", name, got)
		}
		if d.Later(depot.DefaultThreshold) {
			t.Errorf("%s: a small export is made later", name)
		}
	}
}
