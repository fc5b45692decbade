package localaws

import (
	"slices"
	"strings"
	"testing"

	"tresor"
	"tresor/infra/coldstart/kmslocal"
	"tresor/infra/dynamodblocal"
	"tresor/infra/template"
	"tresor/infra/versitygw"
	"tresor/shared/bus/bustest"
)

func parts(t *testing.T) *Services {
	t.Helper()
	kms, err := kmslocal.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(kms.Close)
	events, err := bustest.StartOn(t.Context(), "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(events.Close)
	return &Services{
		S3: &versitygw.Server{URL: "http://127.0.0.1:7070", ID: "id", Secret: "secret"}, KMS: kms, Events: events, Names: map[string]string{},
		Tables: dynamodblocal.Tables{Entries: "entries-local", Permissions: "permissions-local"}, dynamo: &dynamodblocal.Server{URL: "http://127.0.0.1:8000"},
	}
}

func TestEndpoints(t *testing.T) {
	s := parts(t)
	here, err := s.Endpoints("")
	if err != nil || here["AWS_ENDPOINT_URL_S3"] != "http://127.0.0.1:7070" || here["AWS_ENDPOINT_URL"] != s.Events.URL || here["AWS_ACCESS_KEY_ID"] != "id" {
		t.Errorf("here: %v, %v", here, err)
	}
	there, err := s.Endpoints("host.docker.internal")
	if err != nil || there["AWS_ENDPOINT_URL_DYNAMODB"] != "http://host.docker.internal:8000" {
		t.Errorf("in a container: %v, %v", there, err)
	}
	for name, url := range there {
		if strings.HasPrefix(name, "AWS_ENDPOINT") && strings.Contains(url, "127.0.0.1") {
			t.Errorf("a container's own loopback: %s=%s", name, url)
		}
	}
}

// TestEnvironment: whatever account this process is in, the command sees what is here.
func TestEnvironment(t *testing.T) {
	t.Setenv("AWS_PROFILE", "production")
	t.Setenv("AWS_SESSION_TOKEN", "production")
	t.Setenv("AWS_ACCESS_KEY_ID", "production")
	t.Setenv("TRESOR_ENTRIES_TABLE", "production")
	t.Setenv("KEPT", "yes")
	s := parts(t)
	s.Names["Bucket"] = "bucket-local"
	got, err := s.Environment()
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range got {
		if strings.Contains(v, "production") {
			t.Errorf("got %s", v)
		}
	}
	for _, want := range []string{"KEPT=yes", "TRESOR_ENTRIES_TABLE=entries-local", "TRESOR_BUCKET=bucket-local", "TRESOR_VAULT=tresor", "AWS_ACCESS_KEY_ID=id"} {
		if !slices.Contains(got, want) {
			t.Errorf("no %s", want)
		}
	}
}

// TestNames: all that functions are told the name of has one here.
func TestNames(t *testing.T) {
	tmpl, err := template.Parse(tresor.Template)
	if err != nil {
		t.Fatal(err)
	}
	s := parts(t)
	s.name(tmpl)
	for _, name := range []string{"EntriesTable", "PermissionsTable", "Bucket", "AnchorBucket", "Key.Arn"} {
		if s.Names[name] == "" {
			t.Errorf("no name for %s", name)
		}
	}
	if s.Names["Bucket"] == s.Names["AnchorBucket"] || s.Bucket() != s.Names["Bucket"] {
		t.Errorf("got %v", s.Names)
	}
}
