package main

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"tresor/shared/scenario"
	"tresor/shared/vault"
)

func TestServeAndStop(t *testing.T) {
	dir, f := newVault(t)
	s := startServer(t, "--data", dir, "--json")
	if status, body := teamPass(t, s.url, "info/version", f.TeamPass.APIKey); status != http.StatusOK || !strings.Contains(body, "api-version") {
		t.Errorf("got %d %q", status, body)
	}
	if got := tpmMe(t, s.url, "admin", f.Admin.Password); got != http.StatusOK {
		t.Errorf("TPM: status %d", got)
	}
	s.stop(t)
	out := s.output()
	if !strings.Contains(out, "warning: the key "+filepath.Join(dir, keyFile)) {
		t.Errorf("no warning about the key in the data folder in %q", out)
	}
	for what, secret := range map[string]string{"password": f.Admin.Password, "key": f.TeamPass.APIKey} {
		if strings.Contains(out, secret) {
			t.Errorf("the server's output holds the %s", what)
		}
	}
}

// SIGTERM lets a request end that has begun: here one whose body is still on its way.
func TestSIGTERMFinishesWhatRuns(t *testing.T) {
	dir, f := newVault(t)
	s := startServer(t, "--data", dir)
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(hung))
	answers := bufio.NewReader(conn)
	body := fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":"category/create","params":{"authToken":%q,"name":"late"}}`, f.SysPass.AuthToken)
	if _, err := fmt.Fprintf(conn, "POST /api.php HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n", len(body)); err != nil {
		t.Fatal(err)
	}
	if line, err := answers.ReadString('\n'); err != nil || line != "HTTP/1.1 100 Continue\r\n" { // it begins to read
		t.Fatalf("got %q, %v", line, err)
	}
	if line, err := answers.ReadString('\n'); err != nil || line != "\r\n" {
		t.Fatalf("got %q, %v", line, err)
	}
	stopped := make(chan struct{})
	go func() { s.stop(t); close(stopped) }()
	time.Sleep(200 * time.Millisecond)
	if _, err := fmt.Fprint(conn, body); err != nil {
		t.Fatal(err)
	}
	r, err := http.ReadResponse(answers, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	if text, err := io.ReadAll(r.Body); err != nil || r.StatusCode != http.StatusOK || !strings.Contains(string(text), "Category added") {
		t.Errorf("got %d, %q, %v", r.StatusCode, text, err)
	}
	<-stopped
}

func TestKeyElsewhereIsNoWarning(t *testing.T) {
	dir, key := t.TempDir(), filepath.Join(t.TempDir(), "key")
	ok(t, "init", "--data", dir, "--key-file", key)
	s := startServer(t, "--data", dir, "--key-file", key)
	s.stop(t)
	if strings.Contains(s.output(), "warning") {
		t.Errorf("got %q", s.output())
	}
}

func TestServeTLS(t *testing.T) {
	dir, f := newVault(t)
	cert, key, pool := certificate(t)
	s := startServer(t, "--data", dir, "--tls-cert", cert, "--tls-key", key)
	if !strings.HasPrefix(s.url, "https://127.0.0.1:") {
		t.Fatalf("url %s", s.url)
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	res, err := client.Get(s.url + "/api/index.php/info/version?apikey=" + f.TeamPass.APIKey)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Errorf("status %d", res.StatusCode)
	}
	o := runCommand(t, "", "serve", "--data", dir, "--listen", "127.0.0.1:0", "--tls-cert", key, "--tls-key", key)
	if o.status != statusError || o.stdout != "" || !strings.Contains(o.stderr, "load the certificate") {
		t.Errorf("a wrong certificate: %+v", o)
	}
}

func certificate(t *testing.T) (cert, key string, pool *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	write := func(name, kind string, b []byte) {
		if err := os.WriteFile(name, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b}), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(cert, "CERTIFICATE", der)
	write(key, "PRIVATE KEY", keyDER)
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool = x509.NewCertPool()
	pool.AddCert(parsed)
	return cert, key, pool
}

// Behind a proxy the address that the proxy saw is the one that a token's sources are compared with.
func TestBehindTLSProxy(t *testing.T) {
	dir, _ := newVault(t)
	token := object[tokenResult](t, ok(t, "token", "add", "--data", dir, "--dialect", "teampass", "--user", "admin", "--source", "192.0.2.0/24", "--json"))
	s := startServer(t, "--data", dir, "--behind-tls-proxy")
	from := func(address string) int {
		status, _ := send(t, http.MethodGet, s.url+"/api/index.php/info/version?apikey="+token.APIKey, "", func(r *http.Request) {
			r.Header.Set("X-Forwarded-For", "192.0.2.7, "+address)
		})
		return status
	}
	inside, outside := from("192.0.2.9"), from("198.51.100.1")
	if inside != http.StatusOK || outside == http.StatusOK {
		t.Errorf("from the token's network: status %d; from elsewhere: %d", inside, outside)
	}
}

// What make run prints must work as it stands.
func TestDemo(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "demo")
	s := startServer(t, "--data", dir, "--demo")
	var lines []string
	for end := time.Now().Add(10 * time.Second); len(lines) < 3 && time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		lines = regexp.MustCompile(`(?m)^curl .*$`).FindAllString(s.output(), -1)
	}
	if len(lines) != 3 {
		t.Fatalf("got %d curl lines in %q", len(lines), s.output())
	}
	for i, want := range []string{"Account created", `"pw":"correct horse"`, `"password":"correct horse"`} {
		out, err := exec.CommandContext(t.Context(), "sh", "-c", lines[i]).Output()
		if err != nil || !strings.Contains(string(out), want) {
			t.Errorf("%s\nanswers %q, %v; want %s in it", lines[i], out, err, want)
		}
	}
	s.stop(t)

	again := startServer(t, "--data", dir, "--demo")
	again.stop(t)
	if out := again.output(); strings.Contains(out, "curl") || !strings.Contains(out, "tresor token add --data "+dir) {
		t.Errorf("a later run prints %q", out)
	}
}

// kill -9 in the middle of writes that come over HTTP: whatever was acknowledged is there, and the journal verifies.
func TestKillWhileWriting(t *testing.T) {
	dir, f := newVault(t)
	s := startServer(t, "--data", dir)
	client, _ := sysPass(t, s.url, "client/create", map[string]any{"authToken": f.SysPass.AuthToken, "name": "Initech"})
	acknowledged := killedWriters(t, s, f, client["itemId"], 100)
	again := startServer(t, "--data", dir)
	for name, id := range acknowledged {
		got, failure := sysPass(t, again.url, "account/viewPass", map[string]any{"authToken": f.SysPass.AuthToken, "tokenPass": f.SysPass.TokenPass, "id": id})
		if result, _ := got["result"].(map[string]any); result["password"] != "secret of "+name {
			t.Errorf("account %v, %s: got %v, %s", id, name, got, failure)
		}
	}
	again.stop(t)
	if got := object[auditResult](t, ok(t, "audit", "verify", "--data", dir, "--json")); !got.OK || int(got.Entries) < 2 {
		t.Errorf("audit: %+v", got)
	}
}

// killedWriters creates accounts from four goroutines, kills the server after n, and returns the ids of what was acknowledged, by name.
func killedWriters(t *testing.T, s *server, f founding, client any, n int) map[string]any {
	t.Helper()
	var mu sync.Mutex
	acknowledged := map[string]any{}
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := 0; ; i++ {
				name := fmt.Sprintf("account %d of writer %d", i, w)
				result, failure, err := trySysPass(t, s.url, "account/create", map[string]any{"authToken": f.SysPass.AuthToken, "tokenPass": f.SysPass.TokenPass,
					"name": name, "clientId": client, "categoryId": 1, "pass": "secret of " + name})
				if err != nil {
					return // killed
				}
				if failure != "" {
					t.Errorf("%s: %s", name, failure)
					return
				}
				mu.Lock()
				acknowledged[name] = result["itemId"]
				if len(acknowledged) == n {
					_ = s.cmd.Process.Kill()
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if len(acknowledged) < n {
		t.Fatalf("only %d accounts were acknowledged", len(acknowledged))
	}
	return acknowledged
}

// sweeps counts how often files are swept.
type sweeps struct{ n atomic.Int64 }

func (s *sweeps) Sweep(context.Context, *vault.Vault, time.Time) (int, error) {
	s.n.Add(1)
	return 0, nil
}

// Ten minutes in a test take none.
func TestHoursAreClosedAtTheStartAndEveryTenMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := scenario.New(t)
		ctx, cancel := context.WithCancel(t.Context())
		var done sync.WaitGroup
		var files sweeps
		done.Go(func() { compactAll(ctx, s.Vault, s.Log, &files, s.Clock.Now) })
		newest := func() (h vault.Hour, closed bool) {
			synctest.Wait()
			s.Vault.Peek(func(state *vault.State) { h, closed = state.NewestClosedHour() })
			return h, closed
		}
		if h, closed := newest(); closed {
			t.Errorf("hour %s is closed already", h)
		}
		s.Clock.Add(25 * time.Hour) // to noon of the next day: the mark of a day without a record is due
		first := vault.HourOf(s.Clock.Now()) - 25
		time.Sleep(compactInterval + time.Second)
		if h, closed := newest(); !closed || h != first+23 {
			t.Errorf("newest closed hour %d %v, want %d", h-first, closed, 23)
		}
		if n := files.n.Load(); n != 2 {
			t.Errorf("files were swept %d times, want 2", n)
		}
		cancel()
		done.Wait()
	})
}
