package anchor_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"tresor/shared/anchor"
	"tresor/shared/auth"
	"tresor/shared/blob"
	"tresor/shared/blob/blobtest"
	"tresor/shared/compact"
	"tresor/shared/journal"
	"tresor/shared/restore"
	"tresor/shared/scenario"
	"tresor/shared/seal"
	"tresor/shared/seal/keyfile"
	"tresor/shared/vault"
	"tresor/shared/vault/vaulttest"
)

// world is a vault whose secret is read now and then.
type world struct {
	*scenario.System
	memory *vaulttest.Memory
	entry  vault.EntryID
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{memory: vaulttest.NewMemory()}
	w.System = scenario.On(t, w.memory)
	w.Do(t, func(tx *vault.Tx) error {
		p, err := tx.CreateProject(vault.Project{Name: "canary project"})
		if err != nil {
			return err
		}
		w.entry, err = tx.CreateEntry(vault.Entry{Name: "canary entry", Project: p}, vault.Payload{Password: vault.NewSecret("canary secret")})
		return err
	})
	return w
}

func (w *world) read(t *testing.T) {
	t.Helper()
	req := vault.Request{Auth: auth.Token(w.Founding.APIKey), Action: vault.Action{Dialect: vault.TeamPass, Name: "read/items", Reveals: true}}
	if _, err := vault.View(t.Context(), w.Vault, req, func(r *vault.Reader) (vault.Payload, error) { return r.Reveal(w.entry) }); err != nil {
		t.Fatal(err)
	}
}

func (w *world) write(t *testing.T) {
	t.Helper()
	w.Do(t, func(tx *vault.Tx) error { _, err := tx.EnsureTags([]string{w.Clock.Now().String()}); return err })
	w.Do(t, func(tx *vault.Tx) error { return tx.SetSetting("k", w.Clock.Now().String()) })
}

// pass lets an hour go by and closes what is over.
func (w *world) pass(t *testing.T) {
	t.Helper()
	w.Clock.Add(time.Hour)
	if _, err := compact.Close(t.Context(), w.Vault, w.Log, w.Clock.Now()); err != nil {
		t.Fatal(err)
	}
}

func (w *world) anchor(t *testing.T) *anchor.Anchor {
	t.Helper()
	a, err := anchor.Make(t.Context(), w.Log, w.Sealer, w.Clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// lived is a vault of four hours.
func lived(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	for range 3 {
		w.read(t)
		w.read(t)
		w.write(t)
		w.pass(t)
	}
	w.read(t)
	return w
}

func verify(t *testing.T, w *world, store vault.Store, a *anchor.Anchor) []string {
	t.Helper()
	report, err := journal.Verify(t.Context(), store, w.Sealer, a.Reference())
	if err != nil {
		t.Fatal(err)
	}
	return report.Problems
}

// TestAnAnchorHoldsWhatComesAfterIt: everything goes on, and it still agrees.
func TestAnAnchorHoldsWhatComesAfterIt(t *testing.T) {
	w := lived(t)
	a := w.anchor(t)
	if len(a.Closed) != 2 || a.Closed[0].Records != 2 || len(a.Open) != 2 || a.Open[0].Records != 2 || a.Open[1].Records != 1 || a.Open[1].Last != 7 {
		t.Errorf("got %+v", a)
	}
	if got := verify(t, w, w.memory, a); len(got) > 0 {
		t.Errorf("at once: %q", got)
	}
	w.read(t)
	for range 3 {
		w.write(t)
		w.pass(t)
		w.read(t)
	}
	if got := verify(t, w, w.memory, a); len(got) > 0 {
		t.Errorf("later: %q", got)
	}
}

// TestACutTailIsNamed: without an anchor there is nothing to see.
func TestACutTailIsNamed(t *testing.T) {
	w := lived(t)
	before := w.memory.Clone()
	w.Clock.Add(time.Minute)
	w.write(t)
	a := w.anchor(t)
	if report, err := journal.Verify(t.Context(), before, w.Sealer); err != nil || !report.OK() {
		t.Fatalf("without an anchor: %+v, %v", report, err)
	}
	got := strings.Join(verify(t, w, before, a), "\n")
	for _, want := range []string{"the entries journal ends with record 5, and the anchor of 2026-11-26T15:01:00Z names record 6: its end was cut off, from record 6 on", "the permissions journal ends with record 6"} {
		if !strings.Contains(got, want) {
			t.Errorf("got %s\nwant %s", got, want)
		}
	}
	if strings.Contains(got, "went back") {
		t.Errorf("an explanation where there is none: %s", got)
	}
}

// TestAnotherHistoryIsNamed: the journals grew again after a cut, past the anchor.
func TestAnotherHistoryIsNamed(t *testing.T) {
	w := lived(t)
	other := &world{memory: w.memory.Clone(), entry: w.entry}
	other.System = w.Another(t, other.memory)
	other.Clock.Add(3 * time.Hour)
	w.write(t)
	a := w.anchor(t)
	for range 3 {
		other.Clock.Add(time.Minute)
		other.write(t)
	}
	got := strings.Join(verify(t, w, other.memory, a), "\n")
	for _, want := range []string{"entries record 6 is not the one that the anchor of 2026-11-26T15:00:00Z names: this is another history", "permissions record 7 is not the one"} {
		if !strings.Contains(got, want) {
			t.Errorf("got %s\nwant %s", got, want)
		}
	}
}

// lossy loses the last access record of an hour.
type lossy struct {
	vault.Store
	hour vault.Hour
}

func (l lossy) AccessHour(ctx context.Context, h vault.Hour, after string) ([]vault.StoredAccess, error) {
	list, err := l.Store.AccessHour(ctx, h, after)
	if h == l.hour && len(list) > 0 {
		list = list[:len(list)-1]
	}
	return list, err
}

// TestAMissingAccessRecordOfAnOpenHourIsNamed, which nothing in the journal vouches for yet; and one of an hour whose closing was cut off.
func TestAMissingAccessRecordOfAnOpenHourIsNamed(t *testing.T) {
	w := lived(t)
	a := w.anchor(t)
	now := vault.HourOf(w.Clock.Now())
	if report, err := journal.Verify(t.Context(), lossy{w.memory, now}, w.Sealer); err != nil || !report.OK() {
		t.Fatalf("without an anchor: %+v, %v", report, err)
	}
	for hour, want := range map[vault.Hour]string{now: "access record 7 of process", now - 1: "process ", now - 2: "the access records of 2026-11-26T13 differ from what the anchor of 2026-11-26T15:00:00Z holds: 1 now, 2 then"} {
		if got := strings.Join(verify(t, w, lossy{w.memory, hour}, a), "\n"); !strings.Contains(got, want) {
			t.Errorf("hour %s: got %q, want %q", hour, got, want)
		}
	}
}

// TestAfterARepairTheAnchorIsExplained: it is still a finding, and the record that explains it is named.
func TestAfterARepairTheAnchorIsExplained(t *testing.T) {
	w := lived(t)
	w.Do(t, func(tx *vault.Tx) error { return tx.SetSetting("k", "v") })
	w.Do(t, func(tx *vault.Tx) error { _, err := tx.EnsureTags([]string{"late"}); return err })
	a := w.anchor(t)
	heads := w.Heads()
	err := w.memory.Commit(t.Context(), vault.Transaction{ID: vaulttest.NewTxnID(), DropRecords: []vault.RecordKey{{Table: vault.Permissions, Seq: heads.Permissions.Seq}}})
	if err != nil {
		t.Fatal(err)
	}
	r, err := restore.FindRepair(t.Context(), w.memory, w.Sealer, w.Clock.Now().Add(time.Minute))
	if err != nil || r == nil || r.Run(t.Context()) != nil {
		t.Fatalf("repair: %v, %v", r, err)
	}
	got := strings.Join(verify(t, w, w.memory, a), "\n")
	for _, want := range []string{"names record 6: its end was cut off, from record 6 on (permissions record 7 says that a repair took the vault back to an earlier point later, at 2026-11-26T15:01:00Z",
		"permissions record 7 is not the one that the anchor of 2026-11-26T15:00:00Z names: this is another history (permissions record 7"} {
		if !strings.Contains(got, want) {
			t.Errorf("got %s\nwant %s", got, want)
		}
	}
	later := w.Another(t, w.memory)
	b, err := anchor.Make(t.Context(), later.Log, w.Sealer, w.Clock.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if got := verify(t, w, w.memory, b); len(got) > 0 {
		t.Errorf("an anchor from after the repair: %q", got)
	}
}

func TestAFileReadsBackAndNoOtherDoes(t *testing.T) {
	w := lived(t)
	a := w.anchor(t)
	file, err := a.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(file, []byte("canary")) || len(file) > 4000 {
		t.Errorf("%d bytes: %s", len(file), file)
	}
	var compacted bytes.Buffer
	if err := json.Compact(&compacted, file); err != nil {
		t.Fatal(err)
	}
	for _, layout := range [][]byte{file, compacted.Bytes()} {
		back, err := anchor.Parse(layout, w.Sealer)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := back.Encode(); err != nil || !bytes.Equal(again, file) {
			t.Errorf("got %s, %v", again, err)
		}
	}
	replace := func(old, with string) []byte { return bytes.Replace(file, []byte(old), []byte(with), 1) }
	for name, c := range map[string]struct {
		file []byte
		kind vault.Kind
		text string
	}{
		"a number":        {replace(`"record": 5`, `"record": 4`), vault.Corrupt, "is changed"},
		"a time":          {replace(`"made": "2026-11-26T15:00:00Z"`, `"made": "2026-11-26T15:00:01Z"`), vault.Corrupt, "is changed"},
		"no seal":         {replace(a.Seal, ""), vault.Corrupt, "is changed"},
		"a broken seal":   {replace(a.Seal, "%"), vault.Corrupt, "seal is changed"},
		"another vault's": {replace(a.Vault, "x"), vault.Corrupt, "another vault's"},
		"a newer one":     {replace(`"tresor_anchor": 1`, `"tresor_anchor": 2`), vault.NewerFormat, "newer tresor"},
		"a new member":    {replace(`"vault"`, `"more": 1, "vault"`), vault.Corrupt, "is changed"},
		"cut off":         {file[:len(file)/2], vault.Corrupt, "no anchor"},
		"something else":  {[]byte(`{"a":1}`), vault.Corrupt, "no anchor"},
		"nothing":         {nil, vault.Corrupt, "no anchor"},
		"two":             {append(bytes.Clone(file), file...), vault.Corrupt, "no anchor"},
		"a short hash":    {replace(`"hash": "`, `"hash": "00`), vault.Corrupt, "is changed"},
	} {
		if _, err := anchor.Parse(c.file, w.Sealer); !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, foreign, err := seal.Create(t.Context(), keyfile.Generate(), w.Sealer.VaultID())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := anchor.Parse(file, foreign); !errors.Is(err, vault.Corrupt) || !strings.Contains(err.Error(), "not made with this vault's keys") {
		t.Errorf("with other keys: %v", err)
	}
}

func TestNoVaultHasNoAnchor(t *testing.T) {
	w := newWorld(t)
	nowhere := w.Another(t, vaulttest.NewMemory())
	if _, err := anchor.Make(t.Context(), nowhere.Log, w.Sealer, w.Clock.Now()); !errors.Is(err, vault.ErrNoVault) {
		t.Errorf("got %v", err)
	}
}

func TestAnchorsAreKeptByTime(t *testing.T) {
	w, in := lived(t), blobtest.Folder(t)
	for _, name := range []string{"anchors/20261126T145959Z.json", "anchors/20261126T150001Z.json"} { // the first is too old to be looked at
		if _, err := in.Put(t.Context(), name, strings.NewReader("damaged")); err != nil {
			t.Fatal(err)
		}
	}
	begin := w.Clock.Now()
	for range 3 {
		a := w.anchor(t)
		key, err := anchor.Put(t.Context(), in, a)
		if want := "anchors/" + w.Clock.Now().Format("20060102T150405Z") + ".json"; err != nil || key != want {
			t.Fatalf("got %s, %v, want %s", key, err, want)
		}
		if _, err := anchor.Put(t.Context(), in, a); !errors.Is(err, vault.Exists) {
			t.Errorf("a second one of that moment: %v", err)
		}
		w.write(t)
		w.pass(t)
	}
	anchors, problems, err := anchor.Load(t.Context(), in, w.Sealer, begin)
	if err != nil || len(anchors) != 3 || len(problems) != 1 || !strings.Contains(problems[0], "anchors/20261126T150001Z.json: this is no anchor") {
		t.Fatalf("got %v, %q, %v", anchors, problems, err)
	}
	if anchors[0].Entries.Record != 5 || anchors[2].Entries.Record != 7 {
		t.Errorf("got %+v, %+v", anchors[0], anchors[2])
	}
	file, err := anchors[0].Encode()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := in.Put(t.Context(), "anchors/20261126T190000Z.json", bytes.NewReader(file)); err != nil { // an old one passed off as the newest
		t.Fatal(err)
	}
	if _, problems, err = anchor.Load(t.Context(), in, w.Sealer, begin); err != nil || len(problems) != 2 || !strings.Contains(problems[1], "another one's name") {
		t.Errorf("got %q, %v", problems, err)
	}
	lossy := &blobtest.Lossy{Store: in, Lose: func(string, string) blobtest.Fate { return blobtest.AnswerLost }}
	if _, err := anchor.Put(t.Context(), lossy, w.anchor(t)); !errors.Is(err, vault.Undecided) {
		t.Errorf("a lost answer: %v", err)
	}
}

// TestManyAnchors: the second page of the list counts too.
func TestManyAnchors(t *testing.T) {
	w, in := newWorld(t), blobtest.Folder(t)
	begin := w.Clock.Now()
	for range blob.MaxList + 1 {
		if _, err := anchor.Put(t.Context(), in, w.anchor(t)); err != nil {
			t.Fatal(err)
		}
		w.Clock.Add(time.Second)
	}
	anchors, problems, err := anchor.Load(t.Context(), in, w.Sealer, begin)
	if err != nil || len(anchors) != blob.MaxList+1 || len(problems) != 0 {
		t.Errorf("%d anchors, %q, %v", len(anchors), problems, err)
	}
}
