package wire

import (
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"tresor/infra/coldstart/kmslocal"
	"tresor/infra/dynamodblocal"
	"tresor/shared/auth"
	"tresor/shared/dynamo"
	"tresor/shared/journal"
	"tresor/shared/seal"
	"tresor/shared/seal/kmswrap"
	"tresor/shared/vault"
)

// environment sets what a function finds, for a vault of the test's own.
func environment(t *testing.T, kms *kmslocal.Server, purposes string) {
	t.Helper()
	server, tables := dynamodblocal.Start(t)
	for name, value := range map[string]string{
		"TRESOR_VAULT": rand.Text(), "TRESOR_ENTRIES_TABLE": tables.Entries, "TRESOR_PERMISSIONS_TABLE": tables.Permissions,
		"TRESOR_KEY_ID": kmslocal.KeyID, "TRESOR_PURPOSES": purposes, "TRESOR_KEY_FILE": "",
		"AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_SESSION_TOKEN": "",
		"AWS_ENDPOINT_URL": "", "AWS_ENDPOINT_URL_DYNAMODB": server.URL, "AWS_ENDPOINT_URL_KMS": kms.URL,
	} {
		t.Setenv(name, value)
	}
}

func newKMS(t *testing.T) *kmslocal.Server {
	t.Helper()
	kms, err := kmslocal.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(kms.Close)
	return kms
}

func settings(t *testing.T) Settings {
	t.Helper()
	s, err := FromEnvironment()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// found makes the vault, as the command does.
func found(t *testing.T) *auth.Founding {
	t.Helper()
	clients, s := NewClients(), settings(t)
	store, err := dynamo.New(clients.DynamoDB, s.Config)
	if err != nil {
		t.Fatal(err)
	}
	keysets, sealer, err := seal.Create(t.Context(), kmswrap.New(clients.KMS, s.Key), seal.NewVaultID())
	if err != nil {
		t.Fatal(err)
	}
	v := vault.New(journal.Open(store, sealer, journal.WithGenesis(keysets)), vault.Options{})
	f, err := auth.Found(t.Context(), v, sealer)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// whoami answers a TeamPass key with its user's name, and errors with their kind.
func whoami(s *System) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		req := vault.Request{Auth: auth.Token(r.Header.Get("X-Key")), Action: vault.Action{Dialect: vault.TeamPass, Name: "test"}}
		name, err := vault.View(r.Context(), s.Vault, req, func(r *vault.Reader) (string, error) { return r.Principal().User().Username, nil })
		if err != nil {
			name = vault.KindOf(err).Error()
		}
		_, _ = io.WriteString(w, name)
	})
}

func ask(t *testing.T, s *System, key string) string {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("X-Key", key)
	w := httptest.NewRecorder()
	whoami(s).ServeHTTP(w, r)
	return w.Body.String()
}

func TestAVaultThatDoesNotExistYet(t *testing.T) {
	environment(t, newKMS(t), "index secrets")
	s, err := Open(t.Context(), settings(t), NewClients())
	if err != nil {
		t.Fatalf("open beside no vault: %v", err)
	}
	if got := ask(t, s, "some key"); got != vault.Unauthenticated.Error() {
		t.Errorf("before init: got %q, want %q", got, vault.Unauthenticated)
	}
	f := found(t)
	eventually(t, func() bool { return ask(t, s, f.APIKey) == "admin" })
}

func TestKeysetsAreOpenedOnceAndOnlyThoseOfTheRole(t *testing.T) {
	kms := newKMS(t)
	environment(t, kms, "index credentials")
	f := found(t)
	s, err := Open(t.Context(), settings(t), NewClients())
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if got := ask(t, s, f.APIKey); got != "admin" {
			t.Fatalf("got %q, want admin", got)
		}
	}
	if n := kms.Decrypts(); n != 2 {
		t.Errorf("asked KMS %d times, want once for each of two keysets", n)
	}
	_, err = s.Auth.Sealer().Seal(vault.PurposeSecrets, nil, vault.Binding{})
	if !errors.Is(err, vault.Forbidden) {
		t.Errorf("sealed a secret without its keyset: %v", err)
	}
	if _, err := s.Auth.Basic(t.Context(), f.Username, f.Password, netip.MustParseAddr("192.0.2.1")); err != nil {
		t.Errorf("password login: %v", err)
	}
}

func TestKMSOutOfReachAtStart(t *testing.T) {
	kms := newKMS(t)
	environment(t, kms, "")
	f := found(t)
	kms.SetDown(true)
	s, err := Open(t.Context(), settings(t), NewClients())
	if s == nil || err == nil {
		t.Fatalf("got %v, %v; want a system, and an error that says what is wrong", s, err)
	}
	if got := ask(t, s, f.APIKey); got != vault.Internal.Error() { // not Forbidden: it is the function that may not use the key
		t.Errorf("without keys: got %q, want %q", got, vault.Internal)
	}
	kms.SetDown(false)
	eventually(t, func() bool { return ask(t, s, f.APIKey) == "admin" })
}

func eventually(t *testing.T, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !ok(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("not within 10 s")
		}
	}
}

func TestFromEnvironment(t *testing.T) {
	for _, name := range []string{"TRESOR_VAULT", "TRESOR_ENTRIES_TABLE", "TRESOR_PERMISSIONS_TABLE"} {
		t.Setenv(name, "set")
	}
	t.Setenv("TRESOR_KEY_ID", "")
	t.Setenv("TRESOR_PURPOSES", "index index2")
	_, err := FromEnvironment()
	for _, want := range []string{"TRESOR_KEY_ID is not set", `no keyset is called "index2"`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q in it", err, want)
		}
	}
	t.Setenv("TRESOR_KEY_ID", "alias/key")
	t.Setenv("TRESOR_BUCKET", "objects")
	t.Setenv("TRESOR_EXPORTER", "exporter-1")
	t.Setenv("TRESOR_ANCHOR_BUCKET", "anchors")
	t.Setenv("TRESOR_PURPOSES", " secrets  index ")
	s, err := FromEnvironment()
	if err != nil || !slices.Equal(s.Purposes, []vault.Purpose{vault.PurposeSecrets, vault.PurposeIndex}) || s.Key != "alias/key" || s.Vault != "set" || s.Bucket != "objects" || s.Exporter != "exporter-1" || s.Anchors != "anchors" {
		t.Errorf("got %+v, %v", s, err)
	}
}

func TestReads(t *testing.T) {
	if r, err := (Settings{}).Reader(""); r != nil || err != nil {
		t.Errorf("no bucket: %v, %v", r, err)
	}
	if r, err := (Settings{}).Reader("a/b"); r != nil || err == nil {
		t.Errorf("no name of one: %v, %v", r, err)
	}
	if r, err := (Settings{}).Reader("anchors"); r == nil || err != nil {
		t.Errorf("a bucket: %v, %v", r, err)
	}
}

func TestMain(m *testing.M) {
	if os.Getenv("TRESOR_TEST_FUNCTION") != "" {
		Start("whoami", whoami, nil) // ends with the process
	}
	os.Exit(m.Run())
}
