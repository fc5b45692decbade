package auth_test

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"tresor/shared/auth"
	"tresor/shared/scenario"
	"tresor/shared/vault"
	"tresor/shared/vault/vaulttest"
)

var (
	here  = netip.MustParseAddr("192.0.2.7")
	there = netip.MustParseAddr("198.51.100.9")
)

// who returns the caller's user id, as the vault resolves it.
func who(t *testing.T, s *scenario.System, a vault.Authenticator, action vault.Action) (vault.UserID, error) {
	t.Helper()
	req := vault.Request{Auth: a, Action: action, Source: here}
	return vault.View(t.Context(), s.Vault, req, func(r *vault.Reader) (vault.UserID, error) { return r.Principal().ID(), nil })
}

var (
	tpmRead  = vault.Action{Dialect: vault.TPM, Name: "users/me"}
	sysRead  = vault.Action{Dialect: vault.SysPass, Name: "account/search"}
	sysWrite = vault.Action{Dialect: vault.SysPass, Name: "account/create", Writes: true}
	teamRead = vault.Action{Dialect: vault.TeamPass, Name: "read/items", Reveals: true}
)

func TestTokensAndKeys(t *testing.T) {
	s := scenario.New(t)
	u := s.AddUser(t, "anna", vault.NormalUser)
	for _, test := range []struct {
		name   string
		token  string
		action vault.Action
		want   vault.Kind
	}{
		{"sysPass token", u.SysPass.AuthToken, sysRead, vault.Internal},
		{"TeamPass key", u.APIKey, teamRead, vault.Internal},
		{"a sysPass token is no TeamPass key", u.SysPass.AuthToken, teamRead, vault.Unauthenticated},
		{"a TeamPass key is no sysPass token", u.APIKey, sysRead, vault.Unauthenticated},
		{"a TPM public key alone is nothing", u.TPM.Public, sysRead, vault.Unauthenticated},
		{"empty", "", sysRead, vault.Unauthenticated},
		{"with something appended", u.APIKey + "xx", teamRead, vault.Unauthenticated},
		{"in upper case", "A" + u.SysPass.AuthToken[1:], sysRead, vault.Unauthenticated},
	} {
		got, err := who(t, s, auth.Token(test.token), test.action)
		if test.want == vault.Internal && (err != nil || got != u.AdminID) || test.want != vault.Internal && !errors.Is(err, test.want) {
			t.Errorf("%s: got user %d, %v", test.name, got, err)
		}
	}
}

// addCredential makes another sysPass token for a user.
func addCredential(t *testing.T, s *scenario.System, c vault.Credential) (string, vault.CredentialID) {
	t.Helper()
	token := auth.NewHexToken()
	c.TokenHash, c.PassHash, c.Dialect = auth.HashToken(token), auth.HashToken("pass"), vault.SysPass
	var id vault.CredentialID
	s.Do(t, func(tx *vault.Tx) (err error) {
		id, err = tx.CreateCredential(c, func(vault.CredentialID) ([]byte, error) { return nil, nil })
		return err
	})
	return token, id
}

func TestNarrowedCredentials(t *testing.T) {
	s := scenario.New(t)
	u := s.AddUser(t, "anna", vault.NormalUser)
	for _, test := range []struct {
		name   string
		c      vault.Credential
		action vault.Action
		want   vault.Kind
	}{
		{"named action", vault.Credential{Actions: []string{"account/search"}}, sysRead, vault.Internal},
		{"another action", vault.Credential{Actions: []string{"account/view"}}, sysRead, vault.Forbidden},
		{"read-only reads", vault.Credential{ReadOnly: true}, sysRead, vault.Internal},
		{"read-only does not write", vault.Credential{ReadOnly: true}, sysWrite, vault.Forbidden},
		{"from an allowed address", vault.Credential{Sources: []string{"192.0.2.0/24"}}, sysRead, vault.Internal},
		{"from another address", vault.Credential{Sources: []string{"203.0.113.0/24"}}, sysRead, vault.Unauthenticated},
		{"not expired", vault.Credential{Expires: vault.StampOf(s.Clock.Now().Add(time.Hour))}, sysRead, vault.Internal},
		{"expired now", vault.Credential{Expires: vault.StampOf(s.Clock.Now())}, sysRead, vault.Unauthenticated},
	} {
		test.c.User = u.AdminID
		token, _ := addCredential(t, s, test.c)
		_, err := who(t, s, auth.Token(token), test.action)
		if test.want == vault.Internal && err != nil || test.want != vault.Internal && !errors.Is(err, test.want) {
			t.Errorf("%s: got %v", test.name, err)
		}
	}
}

func TestACredentialForAProjectReachesWhatIsBelowItOnly(t *testing.T) {
	s := scenario.New(t)
	u := s.AddUser(t, "anna", vault.ProjectManager)
	var inside, below, outside, personal vault.EntryID
	make1 := func(e vault.Entry) vault.EntryID {
		id, err := vault.Update(t.Context(), s.Vault, vault.Request{Auth: auth.Token(u.SysPass.AuthToken), Action: sysWrite},
			func(tx *vault.Tx) (vault.EntryID, error) { return tx.CreateEntry(e, vault.Payload{}) })
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	s.Do(t, func(tx *vault.Tx) error {
		for _, p := range []vault.Project{{Name: "a", Manager: u.AdminID}, {Name: "a1", Parent: 1, Manager: u.AdminID}, {Name: "b", Manager: u.AdminID}} {
			if _, err := tx.CreateProject(p); err != nil {
				return err
			}
		}
		return nil
	})
	inside, below, outside = make1(vault.Entry{Name: "x", Project: 1}), make1(vault.Entry{Name: "x", Project: 2}), make1(vault.Entry{Name: "x", Project: 3})
	personal = make1(vault.Entry{Name: "x", Owner: u.AdminID})
	token, _ := addCredential(t, s, vault.Credential{User: u.AdminID, Projects: []vault.ProjectID{1}})
	for id, want := range map[vault.EntryID]bool{inside: true, below: true, outside: false, personal: false} {
		_, err := vault.View(t.Context(), s.Vault, vault.Request{Auth: auth.Token(token), Action: sysRead}, func(r *vault.Reader) (int, error) {
			_, _, err := r.Entry(id)
			return 0, err
		})
		if got := err == nil; got != want {
			t.Errorf("entry %d: got %v, want %v", id, got, want)
		}
	}
}

func TestARevocationHoldsFromTheNextRequestInEveryProcess(t *testing.T) {
	s := scenario.New(t)
	u := s.AddUser(t, "anna", vault.NormalUser)
	token, id := addCredential(t, s, vault.Credential{User: u.AdminID})
	other := s.Another(t, s.Store)
	if _, err := who(t, other, auth.Token(token), sysRead); err != nil {
		t.Fatal(err)
	}
	s.Do(t, func(tx *vault.Tx) error { return tx.RevokeCredential(id) })
	if _, err := who(t, other, auth.Token(token), sysRead); !errors.Is(err, vault.Unauthenticated) {
		t.Errorf("got %v, want Unauthenticated", err)
	}
}

func TestADisabledUser(t *testing.T) {
	s := scenario.New(t)
	u := s.AddUser(t, "anna", vault.NormalUser)
	other := s.Another(t, s.Store)
	basic := login(t, other, u, here)
	s.Do(t, func(tx *vault.Tx) error { return tx.EditUser(u.AdminID, func(u *vault.User) { u.Disabled = true }) })
	for name, a := range map[string]vault.Authenticator{"token": auth.Token(u.SysPass.AuthToken)} {
		if _, err := who(t, other, a, sysRead); !errors.Is(err, vault.Disabled) {
			t.Errorf("%s: got %v, want Disabled", name, err)
		}
	}
	if _, err := who(t, other, basic, tpmRead); !errors.Is(err, vault.Disabled) {
		t.Errorf("password: got %v, want Disabled", err)
	}
}

func login(t *testing.T, s *scenario.System, u *auth.Founding, from netip.Addr) vault.Authenticator {
	t.Helper()
	a, err := s.Auth.Basic(t.Context(), u.Username, u.Password, from)
	if err != nil {
		t.Fatalf("log in as %s: %v", u.Username, err)
	}
	return a
}

func TestPasswords(t *testing.T) {
	s := scenario.New(t)
	u := s.AddUser(t, "Änna", vault.NormalUser)
	if got, err := who(t, s, login(t, s, u, here), tpmRead); err != nil || got != u.AdminID {
		t.Errorf("got user %d, %v", got, err)
	}
	for name, pair := range map[string][2]string{"wrong password": {"Änna", "x"}, "no password": {"Änna", ""}, "unknown user": {"otto", "x"}, "nobody": {"", ""}} {
		if _, err := s.Auth.Basic(t.Context(), pair[0], pair[1], here); !errors.Is(err, vault.Unauthenticated) {
			t.Errorf("%s: got %v, want Unauthenticated", name, err)
		}
	}
}

// TestAVerifiedPasswordCostsNoIOAndAChangedOneMissesAtOnce: in the process that verified it, and in another that has not caught up.
func TestAVerifiedPasswordCostsNoIOAndAChangedOneMissesAtOnce(t *testing.T) {
	s := scenario.New(t)
	u := s.AddUser(t, "anna", vault.NormalUser)
	f := vaulttest.NewFaulty(s.Store, 1)
	other := s.Another(t, f)
	login(t, other, u, here)
	f.Reset()
	again := login(t, other, u, here)
	if n := f.Total().Calls; n != 0 {
		t.Errorf("a verified password cost %d calls", n)
	}
	hash, err := auth.HashPassword(t.Context(), "new")
	if err != nil {
		t.Fatal(err)
	}
	s.Do(t, func(tx *vault.Tx) error { return tx.SetUserPassword(u.AdminID, auth.SealHash(s.Sealer, hash)) })
	if _, err := who(t, other, again, tpmRead); !errors.Is(err, vault.Unauthenticated) {
		t.Errorf("the old password: got %v, want Unauthenticated", err)
	}
	if _, err := other.Auth.Basic(t.Context(), "anna", u.Password, here); !errors.Is(err, vault.Unauthenticated) {
		t.Errorf("the old password again: got %v, want Unauthenticated", err)
	}
	u.Password = "new"
	login(t, other, u, here)
}

// TestGuessingIsRefusedByAddressAndLocksNobodyOut: ten failures, then a refusal, at once, from that address only, in every process.
func TestGuessingIsRefusedByAddressAndLocksNobodyOut(t *testing.T) {
	s := scenario.New(t)
	u := s.AddUser(t, "anna", vault.NormalUser)
	other := s.Another(t, s.Store)
	for i := range 10 {
		process := []*scenario.System{s, other}[i%2]
		if _, err := process.Auth.Basic(t.Context(), "anna", fmt.Sprint(i), here); !errors.Is(err, vault.Unauthenticated) {
			t.Fatalf("failure %d: got %v", i, err)
		}
	}
	for _, process := range []*scenario.System{s, other} {
		if _, err := process.Auth.Basic(t.Context(), "anna", u.Password, here); !errors.Is(err, vault.Throttled) {
			t.Errorf("got %v, want Throttled", err)
		}
	}
	login(t, other, u, there)
	s.Clock.Add(11 * time.Minute)
	login(t, s, u, here)
}

// TestARightGuessIsRefusedToo: what a process knows of a user's password, who is at work elsewhere or even there, is nothing that guesses can be held against.
func TestARightGuessIsRefusedToo(t *testing.T) {
	for name, from := range map[string][]netip.Addr{"at work elsewhere": {there}, "at work there too": {here, there}} {
		s := scenario.New(t)
		u := s.AddUser(t, "anna", vault.NormalUser)
		for _, source := range from {
			login(t, s, u, source)
		}
		for i := range 11 {
			want := []vault.Kind{vault.Unauthenticated, vault.Throttled}[i/10]
			if _, err := s.Auth.Basic(t.Context(), "ANNA", fmt.Sprint(i), here); !errors.Is(err, want) {
				t.Fatalf("%s: failure %d: got %v, want %v", name, i, err, want)
			}
		}
		if _, err := s.Auth.Basic(t.Context(), "anna", u.Password, here); !errors.Is(err, vault.Throttled) {
			t.Errorf("%s: got %v, want Throttled", name, err)
		}
		login(t, s, u, there)
	}
}

// TestNamesOfOneUserCountAsOne: they are folded before they are counted, as they are before they are looked up.
func TestNamesOfOneUserCountAsOne(t *testing.T) {
	s := scenario.New(t)
	s.AddUser(t, "anna", vault.NormalUser)
	var last error
	for i := range 12 {
		_, last = s.Auth.Basic(t.Context(), []string{"anna", "ANNA", "anna  ", "änna"}[i%4], fmt.Sprint(i), here)
	}
	if !errors.Is(last, vault.Throttled) {
		t.Errorf("got %v, want Throttled", last)
	}
}

func TestManyNamesFromOneNetworkAreRefusedToo(t *testing.T) {
	s := scenario.New(t)
	u := s.AddUser(t, "anna", vault.NormalUser)
	if _, err := s.Auth.Basic(t.Context(), "anna", u.Password, here); err != nil {
		t.Fatal(err)
	}
	for i := range 300 {
		if _, err := s.Auth.Basic(t.Context(), fmt.Sprintf("nobody%d", i), "wrong", here); !errors.Is(err, vault.Unauthenticated) {
			t.Fatalf("name %d: got %v, want Unauthenticated", i, err)
		}
	}
	for _, name := range []string{"somebody", "admin"} {
		if _, err := s.Auth.Basic(t.Context(), name, s.Founding.Password, here); !errors.Is(err, vault.Throttled) {
			t.Errorf("%s: got %v, want Throttled", name, err)
		}
	}
	if _, err := s.Auth.Basic(t.Context(), "admin", s.Founding.Password, there); err != nil {
		t.Errorf("from elsewhere: %v", err)
	}
	if _, err := s.Auth.Basic(t.Context(), "anna", u.Password, here); err != nil {
		t.Errorf("who is known already: %v", err)
	}
	s.Clock.Add(10 * time.Minute)
	if _, err := s.Auth.Basic(t.Context(), "admin", s.Founding.Password, here); err != nil {
		t.Errorf("in the next window: %v", err)
	}
}

func TestAnIPv6HostCountsByItsNetwork(t *testing.T) {
	s := scenario.New(t)
	s.AddUser(t, "anna", vault.NormalUser)
	var last error
	for i := range 12 {
		_, last = s.Auth.Basic(t.Context(), "anna", fmt.Sprint(i), netip.MustParseAddr(fmt.Sprintf("2001:db8:0:1::%x", i+1)))
	}
	if !errors.Is(last, vault.Throttled) {
		t.Errorf("got %v, want Throttled", last)
	}
}

// TestManyAtOnceWithTheRightPasswordAllGetIn: in one process, and in processes that all start at once.
func TestManyAtOnceWithTheRightPasswordAllGetIn(t *testing.T) {
	s := scenario.New(t)
	u := s.AddUser(t, "anna", vault.NormalUser)
	var wg sync.WaitGroup
	for range 40 {
		wg.Go(func() {
			if _, err := s.Auth.Basic(t.Context(), "anna", u.Password, here); err != nil {
				t.Errorf("in one process: %v", err)
			}
		})
	}
	for range 20 {
		process := s.Another(t, s.Store)
		wg.Go(func() {
			if _, err := process.Auth.Basic(t.Context(), "anna", u.Password, here); err != nil {
				t.Errorf("in many processes: %v", err)
			}
		})
	}
	wg.Wait()
}

func TestARightPasswordGivesItsAttemptBack(t *testing.T) {
	s := scenario.New(t)
	u := s.AddUser(t, "anna", vault.NormalUser)
	for range 15 {
		login(t, s.Another(t, s.Store), u, here) // another process each time: none remembers
	}
}

// TestTheVectorsOfTheHMAC are the two of contracts TPM 1.5.
func TestTheVectorsOfTheHMAC(t *testing.T) {
	for _, v := range []struct{ private, timestamp, body, hash string }{
		{"dc6laksjddk1l23kl12j31l23j2k2jlfaa88afbdd51d7089calsdjaslkdjljc9", "1644913719", `{"name":"This is a new password","parent_id":0}`, "44105abe110f2e02b75584b939e294886a4e5cc42bc873e58d75ebb78795c2f5"},
		{"0000000000000000002j31l23j2k2jlfaa88afbdd51d70800000000000000000", "1644915273", `{"name":"This is a new password"}`, "5fe43518b641d5c56a7e68d4937f2daad46c405bec2c36a0fb4563a22a51f986"},
	} {
		s := scenario.New(t)
		s.Do(t, func(tx *vault.Tx) error {
			_, err := tx.CreateCredential(vault.Credential{User: 1, Dialect: vault.TPM, TokenHash: auth.HashToken("public")}, auth.SealKey(s.Sealer, v.private))
			return err
		})
		var seconds int64
		_, _ = fmt.Sscan(v.timestamp, &seconds)
		s.Clock.Add(time.Unix(seconds, 0).Sub(s.Clock.Now()))
		sig := auth.Signature{PublicKey: "public", Timestamp: v.timestamp, Hash: v.hash, URIs: []string{"something else", "api/v5/projects.json"}, Body: []byte(v.body), Write: true}
		a, matched, err := s.Auth.Verify(t.Context(), sig)
		if err != nil || matched != 1 {
			t.Fatalf("got form %d, %v; want 1", matched, err)
		}
		if got, err := who(t, s, a, tpmRead); err != nil || got != 1 {
			t.Errorf("got user %d, %v", got, err)
		}
		for name, change := range map[string]func(*auth.Signature){
			"another body":      func(s *auth.Signature) { s.Body = []byte("{}") },
			"another path":      func(s *auth.Signature) { s.URIs = []string{"api/v5/passwords.json"} },
			"another timestamp": func(s *auth.Signature) { s.Timestamp = fmt.Sprint(seconds + 1) },
			"another key":       func(s *auth.Signature) { s.PublicKey = "publik" },
			"no hash":           func(s *auth.Signature) { s.Hash = "" },
			"half a hash":       func(s *auth.Signature) { s.Hash = s.Hash[:32] },
			"no hexadecimal":    func(s *auth.Signature) { s.Hash = "zz" + s.Hash[2:] },
			"a digit moved":     func(s *auth.Signature) { s.URIs, s.Timestamp = []string{"api/v5/projects.jso"}, "n"+s.Timestamp },
			"a zero in front":   func(s *auth.Signature) { s.Timestamp = "0" + s.Timestamp },
			"a plus in front":   func(s *auth.Signature) { s.Timestamp = "+" + s.Timestamp },
			"no timestamp":      func(s *auth.Signature) { s.Timestamp = "" },
		} {
			bad := sig
			change(&bad)
			if _, _, err := s.Auth.Verify(t.Context(), bad); !errors.Is(err, vault.Unauthenticated) {
				t.Errorf("%s: got %v, want Unauthenticated", name, err)
			}
		}
	}
}

func TestTheWindowOfASignature(t *testing.T) {
	s := scenario.New(t)
	now := s.Clock.Now()
	for _, test := range []struct {
		name  string
		apart time.Duration
		write bool
		body  string
		ok    bool
	}{
		{"now", 0, false, "", true},
		{"five minutes ago", -300 * time.Second, false, "", true},
		{"longer ago", -301 * time.Second, false, "", false},
		{"from a clock five minutes ahead", 300 * time.Second, false, "", true},
		{"from further ahead", 301 * time.Second, false, "", false},
		{"a write with a body, five minutes ago", -300 * time.Second, true, "{}", true},
		{"a write without a body, a minute ago", -60 * time.Second, true, "", true},
		{"a write without a body, longer ago", -61 * time.Second, true, "", false},
	} {
		sig := auth.Sign(s.Founding.TPM, now.Add(test.apart), "api/v6/passwords/1.json", []byte(test.body))
		sig.Write = test.write
		if _, _, err := s.Auth.Verify(t.Context(), sig); (err == nil) != test.ok {
			t.Errorf("%s: got %v", test.name, err)
		}
	}
}

// TestTheWindowIsDecidedOnTheCaughtUpState: what verified under one setting is held to the one that counts when the vault is asked.
func TestTheWindowIsDecidedOnTheCaughtUpState(t *testing.T) {
	s := scenario.New(t)
	other := s.Another(t, s.Store)
	set := func(value string) {
		s.Do(t, func(tx *vault.Tx) error { return tx.SetSetting(auth.WindowSetting, value) })
	}
	verify := func(apart time.Duration) (vault.Authenticator, error) {
		a, _, err := other.Auth.Verify(t.Context(), auth.Sign(s.Founding.TPM, other.Clock.Now().Add(-apart), "api/v6/users/me.json", nil))
		return a, err
	}
	for _, test := range []struct {
		value  string
		window time.Duration
	}{{"", 300 * time.Second}, {"1", time.Second}, {"3600", time.Hour}, {"3601", 300 * time.Second}, {"0", 300 * time.Second}, {"x", 300 * time.Second}} {
		set(test.value)
		if _, err := verify(test.window); err != nil {
			t.Errorf("%q, at its end: %v", test.value, err)
		}
		if err := other.Vault.Fresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := verify(test.window + time.Second); !errors.Is(err, vault.Unauthenticated) {
			t.Errorf("%q, beyond: got %v, want Unauthenticated", test.value, err)
		}
	}
	early, err := verify(200 * time.Second)
	if err != nil {
		t.Fatal(err)
	}
	set("100") // the other process does not know yet
	if _, err := who(t, other, early, tpmRead); !errors.Is(err, vault.Unauthenticated) {
		t.Errorf("after the window was narrowed: got %v, want Unauthenticated", err)
	}
}

// TestATimestampBeyondAllClocks: no arithmetic turns it into one that is near, and it costs nothing.
func TestATimestampBeyondAllClocks(t *testing.T) {
	s := scenario.New(t)
	f := vaulttest.NewFaulty(s.Store, 1)
	other := s.Another(t, f)
	for _, at := range []int64{0, -1, 1 << 40, 1<<63 - 1, -1 << 63} {
		sig := auth.Sign(s.Founding.TPM, time.Unix(at, 0), "api/v6/users/me.json", nil)
		if _, _, err := other.Auth.Verify(t.Context(), sig); !errors.Is(err, vault.Unauthenticated) {
			t.Errorf("%s: got %v, want Unauthenticated", sig.Timestamp, err)
		}
	}
	if n := f.Total().Calls; n != 0 {
		t.Errorf("%d calls, want none", n)
	}
}

// TestTheMarkOfASignature: a write with a body has one, of the key and the signature, and it outlives the widest window.
func TestTheMarkOfASignature(t *testing.T) {
	s := scenario.New(t)
	now := s.Clock.Now()
	mark := func(keys auth.KeyPair, at time.Time, body string, change func(*auth.Signature)) *vault.Mark {
		sig := auth.Sign(keys, at, "api/v6/passwords/1.json", []byte(body))
		sig.Write = true
		change(&sig)
		a, _, err := s.Auth.Verify(t.Context(), sig)
		if err != nil {
			t.Fatal(err)
		}
		return a.Once()
	}
	as := func(*auth.Signature) {}
	first := mark(s.Founding.TPM, now, "{}", as)
	if first == nil || !first.Expires.After(now.Add(time.Hour)) {
		t.Fatalf("got mark %v, want one that lives longer than an hour", first)
	}
	if again := mark(s.Founding.TPM, now, "{}", func(sig *auth.Signature) { sig.Hash = strings.ToUpper(sig.Hash) }); *again != *first {
		t.Errorf("in upper case: got %v, want %v", again, first)
	}
	other := s.AddUser(t, "anna", vault.NormalUser)
	for name, m := range map[string]*vault.Mark{
		"another body":   mark(s.Founding.TPM, now, "{ }", as),
		"another second": mark(s.Founding.TPM, now.Add(time.Second), "{}", as),
		"another key":    mark(other.TPM, now, "{}", as),
	} {
		if m == nil || m.Hash == first.Hash {
			t.Errorf("%s: got %v, want another mark", name, m)
		}
	}
	if m := mark(s.Founding.TPM, now, "", as); m != nil {
		t.Errorf("no body: got %v, want none", m)
	}
	if m := mark(s.Founding.TPM, now, "{}", func(sig *auth.Signature) { sig.Write = false }); m != nil {
		t.Errorf("a read: got %v, want none", m)
	}
}

func TestThePassOfAToken(t *testing.T) {
	c := &vault.Credential{PassHash: auth.HashToken("pass")}
	if !auth.MatchPass(c, "pass") || auth.MatchPass(c, "Pass") || auth.MatchPass(c, "") || auth.MatchPass(nil, "pass") || auth.MatchPass(&vault.Credential{}, "") {
		t.Error("only the tokenPass itself may match")
	}
}

func TestAVaultIsFoundedOnce(t *testing.T) {
	s := scenario.New(t)
	if _, err := auth.Found(t.Context(), s.Vault, s.Sealer); !errors.Is(err, vault.Exists) {
		t.Errorf("got %v, want Exists", err)
	}
}

func TestStoredPasswordsAndKeysAreSealed(t *testing.T) {
	s := scenario.New(t)
	s.Vault.Peek(func(state *vault.State) {
		u := state.UserByName("admin")
		c := state.CredentialByToken(auth.HashToken(s.Founding.TPM.Public))
		if u == nil || c == nil || len(u.Password) == 0 || len(c.PrivateKey) == 0 {
			t.Fatal("no sealed password or key")
		}
		if string(u.Password[:9]) == "$argon2id" || string(c.PrivateKey) == s.Founding.TPM.Private {
			t.Error("a hash or key lies open in the index")
		}
	})
}
