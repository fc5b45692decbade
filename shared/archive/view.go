package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"tresor/shared/journal"
	"tresor/shared/vault"
)

// pageSize is how many bytes of sealed records a page holds.
const pageSize = 1 << 20

// view is an archive as a vault.Store that can only be read, and only once and in the archive's order: the entries journal, the permissions journal, the hours,
// the secrets. That is the order in which the journal's verification asks, so that nothing has to be kept; whoever asks in another one gets an error. On the way
// it gathers what the journals say of the rest.
type view struct {
	closedStore
	archive  *Reader
	contents *contents
	heads    vault.Heads // of what was read
	open     bool        // the closed hours are over
	ahead    *Item       // read and not taken
	ended    bool
	err      error // of the archive, or its reader's context; it does not change any more
}

func newView(a *Reader) *view { return &view{archive: a, contents: newContents()} }

// peek returns the next item without taking it; nil at the archive's end.
func (v *view) peek(ctx context.Context) (*Item, error) {
	if v.ahead != nil || v.err != nil || v.ended {
		return v.ahead, v.err
	}
	if v.err = ctx.Err(); v.err != nil {
		return nil, v.err
	}
	switch it, err := v.archive.Next(); {
	case err == nil:
		v.ahead = &it
	case errors.Is(err, io.EOF):
		v.ended = true
	default:
		v.err = err
	}
	return v.ahead, v.err
}

// take takes the item that peek returned.
func (v *view) take() { v.ahead = nil }

// cause returns why a verification failed: the archive's own error, however it was told.
func (v *view) cause(err error) error {
	if v.err != nil {
		return v.err
	}
	return err
}

// Tail implements vault.JournalStore.
func (v *view) Tail(ctx context.Context, t vault.Table, after vault.Seq) (page []vault.StoredRecord, more bool, err error) {
	if after != v.heads.Of(t).Seq {
		return nil, false, errOrder
	}
	for size := 0; size < pageSize; v.take() {
		it, err := v.peek(ctx)
		if err != nil {
			return nil, false, final(err)
		}
		if it == nil || it.Record == nil || it.Record.Table != t {
			return page, false, nil
		}
		v.note(it.Record)
		page = append(page, *it.Record)
		size += len(it.Record.Sealed)
	}
	return page, true, nil
}

// note gathers what a record says. One that does not open is named by whoever asked for it.
func (v *view) note(s *vault.StoredRecord) {
	head := vault.Head{Seq: s.Seq}
	if r, hash, err := journal.OpenRecord(v.archive.Sealer(), s); err == nil {
		v.contents.add(r)
		head.Hash = hash
	}
	v.heads.Set(s.Table, head)
}

// AccessHour implements vault.AccessStore.
func (v *view) AccessHour(ctx context.Context, h vault.Hour, after string) (list []vault.StoredAccess, err error) {
	it, err := v.peek(ctx)
	if err != nil {
		return nil, final(err)
	}
	if it == nil || it.Hour == nil || *it.Hour != (Hour{h, !v.open}) {
		return nil, corrupt(fmt.Sprintf("the archive does not hold hour %s where it belongs", h), nil)
	}
	for {
		v.take()
		it, err := v.peek(ctx)
		if err != nil {
			return nil, final(err)
		}
		if it == nil || it.Access == nil {
			return list, nil
		}
		if it.Access.ID > after {
			list = append(list, *it.Access)
		}
	}
}

// Secrets implements vault.SecretStore, for the one secret that comes next.
func (v *view) Secrets(ctx context.Context, keys []vault.SecretKey) (map[vault.SecretKey][]byte, error) {
	it, err := v.peek(ctx)
	if err != nil {
		return nil, final(err)
	}
	if it == nil || it.Secret == nil || len(keys) != 1 || keys[0] != it.Secret.SecretKey {
		return nil, errOrder
	}
	return map[vault.SecretKey][]byte{it.Secret.SecretKey: it.Secret.Sealed}, nil
}

var errOrder = errors.New("an archive is read in its own order only")

// final hides an error's kind from those who would ask again on account of it: an archive answers the same for ever. cause brings it back.
func final(err error) error { return &vault.Error{Kind: vault.Internal, Err: errors.New(err.Error())} }

// closedStore is what an archive cannot do of a vault.Store.
type closedStore struct{}

var errReadOnly = errors.New("an archive is only read")

// Commit refuses.
func (closedStore) Commit(context.Context, vault.Transaction) error { return errReadOnly }

// PutAccess refuses.
func (closedStore) PutAccess(context.Context, []vault.StoredAccess) error { return errReadOnly }

// AddAttempts refuses.
func (closedStore) AddAttempts(context.Context, string, int, time.Time, time.Time) (int, error) {
	return 0, errReadOnly
}

// Marked refuses.
func (closedStore) Marked(context.Context, vault.Hash, time.Time) (bool, error) {
	return false, errReadOnly
}

// Attempts refuses.
func (closedStore) Attempts(context.Context, string, time.Time) (int, error) { return 0, errReadOnly }

// Keysets refuses: they are in the header.
func (closedStore) Keysets(context.Context) ([]vault.StoredKeyset, error) { return nil, errReadOnly }

// Close does nothing.
func (closedStore) Close() error { return nil }
