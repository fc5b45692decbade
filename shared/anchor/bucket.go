package anchor

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"tresor/shared/blob"
	"tresor/shared/journal"
	"tresor/shared/vault"
)

const folder = "anchors/"

// stamp names times so that they sort.
const stamp = "20060102T150405Z"

func keyOf(made time.Time) string { return folder + made.UTC().Format(stamp) + ".json" }

// Put keeps an anchor under its time, and returns the key. What is there is never overwritten: Exists, where one of that second is.
func Put(ctx context.Context, to blob.Store, a *Anchor) (key string, err error) {
	file, err := a.Encode()
	if err != nil {
		return "", err
	}
	key = keyOf(a.Made)
	if _, err := to.Put(ctx, key, bytes.NewReader(file)); err != nil {
		return "", fmt.Errorf("put an anchor: %w", err)
	}
	return key, nil
}

// Load returns the anchors kept since a time, oldest first, and what is wrong with those that are none, each with its key. An error means that they could not be read.
func Load(ctx context.Context, from blob.ReadOnly, s vault.Sealer, since time.Time) (anchors []*Anchor, problems []string, err error) {
	for after := keyOf(since.Add(-time.Second)); ; {
		page, err := from.List(ctx, folder, after, blob.MaxList)
		if err != nil {
			return nil, nil, fmt.Errorf("list the anchors: %w", err)
		}
		for _, o := range page {
			after = o.Key
			a, err := load(ctx, from, s, o.Key)
			switch {
			case err == nil:
				anchors = append(anchors, a)
			case errors.Is(err, vault.Corrupt):
				problems = append(problems, fmt.Sprintf("%s: %v", o.Key, err))
			default:
				return nil, nil, fmt.Errorf("read %s: %w", o.Key, err)
			}
		}
		if len(page) < blob.MaxList {
			sortByTime(anchors)
			return anchors, problems, nil
		}
	}
}

func load(ctx context.Context, from blob.ReadOnly, s vault.Sealer, key string) (*Anchor, error) {
	var file []byte
	err := journal.Persist(ctx, func() error {
		r, size, err := from.Open(ctx, key, 0, -1)
		if err != nil {
			return err
		}
		defer func() { _ = r.Close() }() // nothing was written
		if size > MaxFile {
			return corrupt("this is no anchor", fmt.Errorf("%d bytes", size))
		}
		file, err = io.ReadAll(io.LimitReader(r, MaxFile))
		return err
	})
	if err != nil {
		return nil, err
	}
	a, err := Parse(file, s)
	if err == nil && keyOf(a.Made) != key {
		return nil, corrupt("the anchor lies under another one's name", nil)
	}
	return a, err
}

// Write makes an anchor and keeps it, and returns its key. Errors: those of Make and Put.
func Write(ctx context.Context, log *journal.Log, s vault.Sealer, to blob.Store, now time.Time) (key string, err error) {
	a, err := Make(ctx, log, s, now)
	if err != nil {
		return "", err
	}
	return Put(ctx, to, a)
}
