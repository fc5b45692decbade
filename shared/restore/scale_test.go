package restore_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"testing"

	"tresor/shared/blob/blobtest"
	"tresor/shared/restore"
	"tresor/shared/seal/keyfile"
	"tresor/shared/stream"
	"tresor/shared/vault"
	"tresor/shared/vault/vaulttest"
)

// counting is a store that keeps nothing but records, and so does not hide what a restore holds.
type counting struct {
	vault.Store
	secrets, records int
}

// Commit implements vault.Store.
func (c *counting) Commit(ctx context.Context, tx vault.Transaction) error {
	c.secrets += len(tx.PutSecrets)
	c.records += len(tx.Put)
	if len(tx.Put) == 1 && tx.Put[0].RecordKey == vault.RestoreMark || len(tx.PutKeysets) > 0 {
		return c.Store.Commit(ctx, tx)
	}
	return nil
}

// discarding keeps no content.
type discarding struct {
	restore.Objects
	bytes int64
}

// Put implements restore.Objects.
func (d *discarding) Put(_ context.Context, _ string, r io.Reader) (string, error) {
	n, err := io.Copy(io.Discard, r)
	d.bytes += n
	return "", err
}

// watched is an archive that notes the most that lives on the heap whenever some chunks went by.
type watched struct {
	*os.File
	chunks  int
	rewound bool
	peak    uint64
}

// Seek implements io.Seeker.
func (w *watched) Seek(offset int64, whence int) (int64, error) {
	w.rewound = w.chunks > 0
	return w.File.Seek(offset, whence)
}

// Read implements io.Reader.
func (w *watched) Read(p []byte) (int, error) {
	if len(p) > 1<<16 { // a chunk, not its length
		if w.chunks++; !w.rewound && w.chunks < 60 || w.chunks%16 == 0 { // the journals come first, and are what is held
			w.peak = max(w.peak, living())
		}
	}
	return w.File.Read(p)
}

func living() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestMemoryIsBounded restores 100,000 entries and files of 96 MB to an earlier point, which is where the most is held: the budget is 256 MB, and grows with no secret and no file.
func TestMemoryIsBounded(t *testing.T) {
	const entries, fileSize, files = 100_000, vault.MaxFileSize, 24
	w := newWorld(t, keyfile.Generate())
	w.Do(t, func(tx *vault.Tx) error { _, err := tx.CreateProject(vault.Project{Name: "Initech"}); return err })
	w.create(t, entries, "correct horse battery staple")
	for i := range files {
		w.attach(t, fmt.Sprint("file", i), fileSize)
	}
	at := heads(w.System).Entries.Seq
	w.Do(t, func(tx *vault.Tx) error { return tx.SetPassword(1, vault.NewSecret("later")) })
	f, err := os.Open(w.backup(t))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	in, store, blobs := &watched{File: f}, &counting{Store: vaulttest.NewMemory()}, &discarding{Objects: blobtest.Folder(t)}
	before := living()
	p, err := restore.Prepare(t.Context(), in, opener(t.Context(), w.key), restore.Options{ToSeq: at, Now: w.clock})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Run(t.Context(), restore.Target{Store: store, Blobs: blobs}); err != nil {
		t.Fatal(err)
	}
	held := in.peak - before
	runtime.KeepAlive(w) // freed in between, it would hide what the restore takes
	t.Logf("%d entries, %d records: held %d MB", p.Entries(), store.records, held>>20)
	if store.secrets != entries || blobs.bytes < files*(fileSize+stream.FrameSize) || in.chunks < 200 {
		t.Errorf("restored %d secrets and %d MB of files, in %d chunks", store.secrets, blobs.bytes>>20, in.chunks)
	}
	if held > 256<<20 {
		t.Errorf("the restore held %d MB, want at most 256", held>>20)
	}
}
