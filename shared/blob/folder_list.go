package blob

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
)

// List implements Store.
func (f *Folder) List(ctx context.Context, prefix, after string, limit int) ([]Object, error) {
	for _, p := range []string{prefix, after} {
		if err := ValidPrefix(p); err != nil {
			return nil, fmt.Errorf("list objects: %w", err)
		}
	}
	if limit < 1 || limit > MaxList {
		limit = MaxList
	}
	l := listing{root: f.root, prefix: prefix, after: after, limit: limit}
	if err := l.folder(ctx, ""); err != nil {
		return nil, fmt.Errorf("list objects below %q: %w", prefix, err)
	}
	return l.found, nil
}

// listing is one call of List: a walk in the order of the keys' bytes, into those folders only that can hold what is asked for.
type listing struct {
	root          *os.Root
	prefix, after string
	limit         int
	found         []Object
}

// folder lists the folder whose keys begin with dir, which is empty or ends with a slash.
func (l *listing) folder(ctx context.Context, dir string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	entries, err := fs.ReadDir(l.root.FS(), path.Clean(dir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return readError(err)
	}
	// A folder's keys go on with a slash, which comes after some characters: "a-b" is before "a/b", and both are after "a".
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return cmp.Compare(keyed(a), keyed(b)) })
	for _, e := range entries {
		if len(l.found) == l.limit {
			return nil
		}
		if err := l.entry(ctx, dir+keyed(e), e); err != nil {
			return err
		}
	}
	return nil
}

// keyed returns an entry's name as it stands in keys.
func keyed(e fs.DirEntry) string {
	if e.IsDir() {
		return e.Name() + "/"
	}
	return e.Name()
}

func (l *listing) entry(ctx context.Context, key string, e fs.DirEntry) error {
	if e.IsDir() {
		mayMatch := strings.HasPrefix(key, l.prefix) || strings.HasPrefix(l.prefix, key)
		mayFollow := key > l.after || strings.HasPrefix(l.after, key)
		if !mayMatch || !mayFollow {
			return nil
		}
		return l.folder(ctx, key)
	}
	if !strings.HasPrefix(key, l.prefix) || key <= l.after || ValidKey(key) != nil { // a temporary file has no valid key, nor has somebody else's
		return nil
	}
	info, err := e.Info()
	if errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode().IsRegular() { // just removed, or no file
		return nil
	}
	if err != nil {
		return readError(err)
	}
	l.found = append(l.found, Object{Key: key, Size: info.Size(), Modified: info.ModTime().UTC()})
	return nil
}
