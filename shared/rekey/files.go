package rekey

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"tresor/shared/journal"
	"tresor/shared/seal"
	"tresor/shared/stream"
	"tresor/shared/vault"
)

// fileBatch is how many contents go by one Update.
const fileBatch = 16

// files copies every content that is under an old key to a name of its own, under the new one: a content is never overwritten, since whoever is reading it would get half of
// each. The sweep finds the old one, which no file names any more.
func (j *job) files(ctx context.Context) error {
	if j.Blobs == nil {
		return nil
	}
	var all []vault.ContentFiles
	j.Log.Read(func(s *vault.State) { all = s.ContentFiles() })
	for part := range slices.Chunk(all, fileBatch) {
		begun := time.Now()
		moved, err := j.copies(ctx, part)
		if err != nil {
			return err
		}
		if err := j.move(ctx, moved); err != nil {
			return err
		}
		if err := j.slow(ctx, begun, len(moved)); err != nil {
			return err
		}
	}
	return j.forgive(ctx)
}

// forgive takes out of the damaged contents those that no file names any more: they were purged meanwhile.
func (j *job) forgive(ctx context.Context) error {
	if len(j.done.Damaged) == 0 {
		return nil
	}
	if err := j.Vault.Vault.Fresh(ctx); err != nil {
		return err
	}
	named := map[string]bool{}
	j.Log.Read(func(s *vault.State) {
		for _, c := range s.ContentFiles() {
			named[c.Object] = true
		}
	})
	j.done.Damaged = slices.DeleteFunc(j.done.Damaged, func(object string) bool { return !named[object] })
	return nil
}

// copies copies the contents that are under an old key, and returns what each of them is called now.
func (j *job) copies(ctx context.Context, part []vault.ContentFiles) (moved map[*vault.ContentFiles]string, err error) {
	moved = map[*vault.ContentFiles]string{}
	for i := range part {
		c := &part[i]
		done, err := j.isPrimary(ctx, c.Object)
		var to string
		if err == nil && !done {
			to, err = j.copyContent(ctx, c)
		}
		switch {
		case errors.Is(err, vault.NotFound), errors.Is(err, vault.Corrupt):
			j.done.Damaged = append(j.done.Damaged, c.Object)
		case err != nil:
			return nil, fmt.Errorf("reseal the content %s: %w", c.Object, err)
		case !done:
			moved[c] = to
		}
		j.done.Files.Seen++
	}
	return moved, nil
}

// isPrimary looks at the first chunk of a content: keys only ever become newer from one chunk to the next.
func (j *job) isPrimary(ctx context.Context, object string) (done bool, err error) {
	var head [stream.FrameSize + seal.Overhead]byte
	err = journal.Persist(ctx, func() error {
		r, _, err := j.Blobs.Open(ctx, vault.ContentKey(object), 0, int64(len(head)))
		if err != nil {
			return err
		}
		defer func() { _ = r.Close() }() // nothing was written
		if _, err := io.ReadFull(r, head[:]); errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return &vault.Error{Kind: vault.Corrupt, Err: err}
		} else if err != nil {
			return err
		}
		return nil
	})
	if err != nil {
		return false, err
	}
	return j.Sealer.IsPrimary(stream.File.Purpose, head[stream.FrameSize:])
}

func (j *job) copyContent(ctx context.Context, c *vault.ContentFiles) (to string, err error) {
	var content []byte
	err = journal.Persist(ctx, func() (err error) { content, err = j.contents().Get(ctx, c.Object, c.Size); return err })
	if err != nil {
		return "", err
	}
	err = journal.Persist(ctx, func() (err error) { to, err = j.contents().Put(ctx, content); return err })
	return to, err
}

// move puts the new names of contents on record.
func (j *job) move(ctx context.Context, moved map[*vault.ContentFiles]string) error {
	if len(moved) == 0 {
		return nil
	}
	var n int
	err := journal.Persist(ctx, func() (err error) { // however often others come first
		n, err = vault.Update(ctx, j.Vault.Vault, j.Request, func(t *vault.Tx) (int, error) { return moveAll(t, moved) })
		return err
	})
	if err != nil {
		return fmt.Errorf("put the new contents of files on record: %w", err)
	}
	j.done.Files.Resealed += n
	return nil
}

func moveAll(t *vault.Tx, moved map[*vault.ContentFiles]string) (n int, err error) {
	for c, to := range moved {
		files, err := t.MoveContent(c.Files, c.Object, to)
		if err != nil {
			return 0, err
		}
		if files > 0 {
			n++
		}
	}
	return n, nil
}
