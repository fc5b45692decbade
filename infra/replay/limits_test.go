package replay_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tresor"
	"tresor/infra/canary"
	"tresor/infra/replay"
	"tresor/infra/template"
	"tresor/shared/auth"
	"tresor/shared/blob"
	"tresor/shared/depot"
	"tresor/shared/dialect"
	"tresor/shared/gateway"
	"tresor/shared/journal"
	"tresor/shared/trail"
	"tresor/shared/vault"
)

// role is what the template lets a function do, as the tables and KMS would hold it to, and what it tried beyond.
type role struct {
	may      map[string]bool // "Entries journal PutItem"
	purposes []string

	mu     sync.Mutex
	beyond map[string]bool
	used   map[string]bool
}

func roleOf(t *testing.T, tmpl *template.Template, id string) *role {
	t.Helper()
	r := &role{may: map[string]bool{}, beyond: map[string]bool{}, used: map[string]bool{}}
	lines, problems := tmpl.Rights(id)
	if len(problems) > 0 {
		t.Fatalf("%s: %v", id, problems)
	}
	for _, line := range lines {
		on, actions, _ := strings.Cut(line, ": ")
		table, keys, _ := strings.Cut(on, " ")
		for key := range strings.SplitSeq(keys, ",") {
			for action := range strings.FieldsSeq(actions) {
				r.may[table+" "+key+" "+action] = true
			}
		}
		if purposes, is := strings.CutPrefix(line, "Key: kms:Decrypt purpose "); is {
			r.purposes = strings.Split(purposes, ",")
		}
	}
	return r
}

// use notes an action, and refuses what the role does not allow.
func (r *role) use(action string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.used[action] = true
	if !r.may[action] {
		r.beyond[action] = true
		return &vault.Error{Kind: vault.Internal, Msg: "AccessDenied: " + action}
	}
	return nil
}

// guarded is a store that a role reaches as the functions reach DynamoDB: one action on one partition key at a time.
type guarded struct {
	vault.Store
	*role
}

func table(t vault.Table) string {
	if t == vault.Entries {
		return "Entries"
	}
	return "Permissions"
}

func (g guarded) Tail(ctx context.Context, t vault.Table, after vault.Seq) ([]vault.StoredRecord, bool, error) {
	if err := g.use(table(t) + " journal Query"); err != nil {
		return nil, false, err
	}
	return g.Store.Tail(ctx, t, after)
}

func (g guarded) Commit(ctx context.Context, tx vault.Transaction) error {
	var actions []string
	for _, r := range tx.Put {
		actions = append(actions, table(r.Table)+" journal PutItem")
	}
	for _, k := range tx.Absent {
		actions = append(actions, table(k.Table)+" journal ConditionCheckItem")
	}
	if len(tx.PutSecrets) > 0 {
		actions = append(actions, "Entries secret PutItem")
	}
	if len(tx.DropSecrets) > 0 {
		actions = append(actions, "Entries secret DeleteItem")
	}
	if len(tx.PutKeysets) > 0 {
		actions = append(actions, "Permissions keyset PutItem")
	}
	if len(tx.PutMarks) > 0 {
		actions = append(actions, "Permissions mark#* PutItem")
	}
	for _, a := range actions {
		if err := g.use(a); err != nil {
			return err
		}
	}
	return g.Store.Commit(ctx, tx)
}

func (g guarded) Secrets(ctx context.Context, keys []vault.SecretKey) (map[vault.SecretKey][]byte, error) {
	if err := g.use("Entries secret BatchGetItem"); err != nil {
		return nil, err
	}
	return g.Store.Secrets(ctx, keys)
}

func (g guarded) PutAccess(ctx context.Context, records []vault.StoredAccess) error {
	if err := g.use("Permissions access#* PutItem"); err != nil {
		return err
	}
	return g.Store.PutAccess(ctx, records)
}

func (g guarded) AccessHour(ctx context.Context, h vault.Hour, after string) ([]vault.StoredAccess, error) {
	if err := g.use("Permissions access#* Query"); err != nil {
		return nil, err
	}
	return g.Store.AccessHour(ctx, h, after)
}

func (g guarded) AddAttempts(ctx context.Context, key string, delta int, now, expires time.Time) (int, error) {
	if err := g.use("Permissions attempts#* UpdateItem"); err != nil {
		return 0, err
	}
	return g.Store.AddAttempts(ctx, key, delta, now, expires)
}

func (g guarded) Attempts(ctx context.Context, key string, now time.Time) (int, error) {
	if err := g.use("Permissions attempts#* GetItem"); err != nil {
		return 0, err
	}
	return g.Store.Attempts(ctx, key, now)
}

func (g guarded) Marked(ctx context.Context, mark vault.Hash, now time.Time) (bool, error) {
	if err := g.use("Permissions mark#* GetItem"); err != nil {
		return false, err
	}
	return g.Store.Marked(ctx, mark, now)
}

func (g guarded) Keysets(ctx context.Context) ([]vault.StoredKeyset, error) {
	if err := g.use("Permissions keyset Query"); err != nil {
		return nil, err
	}
	return g.Store.Keysets(ctx)
}

// purposeful is a sealer with the keys that the role may unwrap.
type purposeful struct {
	vault.Sealer
	*role
}

func (p purposeful) check(purpose vault.Purpose) error {
	if slices.Contains(p.purposes, string(purpose)) {
		return nil
	}
	return p.use("Key purpose " + string(purpose))
}

func (p purposeful) Seal(purpose vault.Purpose, plaintext []byte, b vault.Binding) ([]byte, error) {
	if err := p.check(purpose); err != nil {
		return nil, err
	}
	return p.Sealer.Seal(purpose, plaintext, b)
}

func (p purposeful) Open(purpose vault.Purpose, sealed []byte, b vault.Binding) ([]byte, error) {
	if err := p.check(purpose); err != nil {
		return nil, err
	}
	return p.Sealer.Open(purpose, sealed, b)
}

// confine gives each function a process of its own, with what its role may do and no more.
func (w *world) confine(t *testing.T) map[string]*role {
	t.Helper()
	tmpl, err := template.Parse(tresor.Template)
	if err != nil {
		t.Fatal(err)
	}
	blobs, err := blob.OpenFolder(w.objects)
	if err != nil {
		t.Fatal(err)
	}
	roles := map[string]*role{}
	for id, construct := range dialect.Functions {
		name, r := dialect.FunctionName(id), roleOf(t, tmpl, id)
		store, sealer := guarded{w.Store, r}, purposeful{w.Sealer, r}
		log := journal.Open(store, sealer, journal.WithClock(w.Clock.Now))
		v := vault.New(log, vault.Options{Now: w.Clock.Now})
		a := auth.New(v, sealer, store, auth.Options{Now: w.Clock.Now})
		d := depot.New(depot.Parts{Vault: v, Log: log, Store: store, Sealer: sealer, Blobs: blobs, Now: w.Clock.Now})
		w.functions[name] = gateway.New(construct(dialect.Parts{Vault: v, Auth: a, Depot: d, Trail: trail.New(log)}), gateway.Options{Function: name, Fail: dialect.Fail(id)})
		roles[name] = r
	}
	return roles
}

// signedCreates are creates with a signature, which are marked as used; the recorded ones come with a password, and are not.
func (w *world) signedCreates(t *testing.T, all []replay.Request) (out []replay.Request) {
	t.Helper()
	bodies := map[string]string{"tpm-projects": `{"name":"Signed","parent_id":0}`, "tpm-passwords": `{"name":"Signed","project_id":1}`}
	for _, r := range all {
		body, ok := bodies[r.Function]
		if !ok || r.Event.HTTPMethod != http.MethodPost {
			continue
		}
		delete(bodies, r.Function)
		_, uri, _ := strings.Cut(r.Event.Path, "/index.php/")
		sig := auth.Sign(w.Founding.TPM, w.Clock.Now(), uri, []byte(body))
		r.Event.Body, r.Event.Headers = body, nil
		r.Event.MultiValueHeaders = map[string][]string{"X-Public-Key": {sig.PublicKey}, "X-Request-Timestamp": {sig.Timestamp}, "X-Request-Hash": {sig.Hash}}
		out = append(out, r)
	}
	if len(bodies) > 0 {
		t.Fatalf("no create is recorded for %v", bodies)
	}
	return out
}

// TestEachRoleSufficesForItsFunction replays every event and every transcript with each function held to the role that the template gives it. What a
// function tries beyond fails here, and not on AWS; what a role allows and nothing uses is told.
func TestEachRoleSufficesForItsFunction(t *testing.T) {
	w := newWorld(t)
	all, _ := w.requests(t)
	transcripts, err := w.Transcripts("../..", w.Clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	roles := w.confine(t)
	canary.Written(t, func() {
		for _, r := range slices.Concat(all, transcripts) {
			w.send(t, r.Function, r.Event)
		}
		for _, r := range w.signedCreates(t, all) {
			if out := w.send(t, r.Function, r.Event); out.StatusCode != http.StatusCreated || !roles[r.Function].used["Permissions mark#* PutItem"] {
				t.Errorf("%s: a signed create: got %d %s, marked %v", r.Function, out.StatusCode, out.Body, roles[r.Function].used["Permissions mark#* PutItem"])
			}
		}
	})
	for name, r := range roles {
		for action := range r.beyond {
			t.Errorf("%s is denied %s", name, action)
		}
		for right := range r.may {
			isTable := strings.HasPrefix(right, "Entries ") || strings.HasPrefix(right, "Permissions ")
			idle := strings.HasSuffix(right, "keyset Query") || strings.HasSuffix(right, "attempts#* PutItem") || strings.HasSuffix(right, "attempts#* GetItem")
			if isTable && !r.used[right] && !idle { // a start's, or another form of the same step
				t.Logf("%s never used %s", name, right)
			}
		}
	}
}
