package attach

import (
	"context"
	"fmt"
	"strings"
	"time"

	"tresor/shared/blob"
	"tresor/shared/vault"
)

// Age is how old a content must be before it can be an orphan: an upload writes the record that names it within a minute of the content, or never.
const Age = 24 * time.Hour

// maxSweep bounds one run. What is left is the next run's.
const maxSweep = 10_000

// Sweep removes the contents that no file names, not even one in the trash, and that are older than Age. It returns how many. Without a place for files, or
// in a vault that does not exist, it does nothing.
func (s *Store) Sweep(ctx context.Context, v *vault.Vault, now time.Time) (removed int, err error) {
	if s.blobs == nil {
		return 0, nil
	}
	if err := v.Fresh(ctx); err != nil {
		return 0, fmt.Errorf("sweep files: %w", err)
	}
	named, exists := namedBy(v)
	if !exists {
		return 0, nil
	}
	for o, err := range blob.All(ctx, s.blobs, vault.ContentKey("")) {
		if err != nil {
			return removed, fmt.Errorf("sweep files: %w", err)
		}
		object := strings.TrimPrefix(o.Key, vault.ContentKey(""))
		if named[object] || !isName(object) || now.Sub(o.Modified) < Age {
			continue
		}
		if err := s.Remove(ctx, object); err != nil {
			return removed, fmt.Errorf("sweep files: %w", err)
		}
		if removed++; removed == maxSweep {
			break
		}
	}
	return removed, nil
}

// namedBy returns the names of the contents that files have. A newer replica names more, and of what is as old as Age only what this one does.
func namedBy(v *vault.Vault) (named map[string]bool, exists bool) {
	named = map[string]bool{}
	v.Peek(func(s *vault.State) {
		_, exists = s.Founded()
		for object := range s.FileObjects() {
			named[object] = true
		}
	})
	return named, exists
}

// isName reports whether a name is one that newName gives: what somebody else put there stays.
func isName(object string) bool {
	return len(object) == 32 && strings.Trim(object, "0123456789abcdef") == ""
}
