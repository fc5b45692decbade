package wire

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"tresor/shared/dynamo"
	"tresor/shared/vault"
	"tresor/shared/wire/process"
)

// Environment variables, as template.yaml sets them, beside those of package process.
const (
	envBucket   = "TRESOR_BUCKET"        // name of the bucket; only where objects are kept
	envAnchors  = "TRESOR_ANCHOR_BUCKET" // name of the bucket for anchors; only where they are made or compared with
	envExporter = "TRESOR_EXPORTER"      // name of the function that makes large exports; only where they are asked for
	envKey      = "TRESOR_KEY_ID"        // KMS key id, ARN or alias
	envPurposes = "TRESOR_PURPOSES"      // keysets that the function's role may unwrap, separated by spaces; empty: all
	envKeyFile  = "TRESOR_KEY_FILE"      // of the embedded vault; read by the command alone
)

// Settings say where a vault on AWS lies and which of its keysets this process opens.
type Settings struct {
	dynamo.Config
	Bucket   string
	Anchors  string // the bucket for anchors; empty: there are none
	Exporter string // empty: every export is made in its call
	Key      string
	Stack    string          // empty: no metrics
	Purposes []vault.Purpose // none: all
}

// FromEnvironment reads the settings. Every problem is named, not the first alone.
func FromEnvironment() (Settings, error) {
	s := Settings{Config: process.Tables(), Bucket: os.Getenv(envBucket), Anchors: os.Getenv(envAnchors), Exporter: os.Getenv(envExporter), Key: os.Getenv(envKey), Stack: os.Getenv(process.EnvStack)}
	var problems []error
	for _, name := range []string{process.EnvVault, process.EnvEntries, process.EnvPermissions, envKey} {
		if os.Getenv(name) == "" {
			problems = append(problems, fmt.Errorf("%s is not set", name))
		}
	}
	for _, name := range strings.Fields(os.Getenv(envPurposes)) {
		p, err := vault.ParsePurpose(name)
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", envPurposes, err))
		}
		s.Purposes = append(s.Purposes, p)
	}
	return s, errors.Join(problems...)
}

// KeyFile returns the path in TRESOR_KEY_FILE, or "".
func KeyFile() string { return os.Getenv(envKeyFile) }

// HasBucket reports whether the environment names a bucket.
func HasBucket() bool { return os.Getenv(envBucket) != "" }
