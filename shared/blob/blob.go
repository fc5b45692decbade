package blob

import (
	"context"
	"io"
	"iter"
	"time"
)

// Limits that hold in every implementation alike, so that what was kept in one can be moved to another.
const (
	// MaxKey is the longest key, in bytes. S3 takes 1,024; the rest is for a vault's prefix.
	MaxKey = 900
	// MaxPart is the longest part of a key between two slashes, in bytes. It is what file systems take.
	MaxPart = 255
	// MaxSize is the largest object, in bytes: what S3 takes in 10,000 parts of 8 MB.
	MaxSize = 10_000 * (8 << 20)
	// MaxList is how many objects List returns at most.
	MaxList = 1000
)

// Store keeps objects by key. Package blobtest holds every implementation to these comments. Keys are what ValidKey takes; any other is
// Invalid.
//
// Errors are of these kinds: NotFound, Exists, Invalid, TooLarge, Busy (nothing was done, or what was done may be repeated; ask again), Undecided (Put and Delete:
// the answer was lost), Corrupt (Open's reader: the content does not match its checksum). Everything else is Internal. An
// ended context comes back as it is, and may turn a write that was on its way into Undecided. Methods are safe for concurrent use and
// start nothing that outlives the call, except that an ended context leaves an S3 store up to 2 s to take back what it had begun.
type Store interface {
	ReadOnly

	// Put writes a new object with all that r gives, up to MaxSize, and returns where it is, for people: "s3://bucket/key" or
	// "file:///abs/path". It reads r once, in order and without an end of its own: give it a reader that ends with ctx.
	//
	// Nothing is reachable under key until r has ended with io.EOF. An error of r comes back wrapped, and nothing is left. Exists: the key is taken; nothing was overwritten,
	// but r may have been read. Of several writers of one key exactly one succeeds. Undecided: the object may be there, whole,
	// or may come to be; it is never half there.
	Put(ctx context.Context, key string, r io.Reader) (location string, err error)

	// Delete removes an object. One that is not there is no error.
	Delete(ctx context.Context, key string) error
}

// ReadOnly is the half of a Store that changes nothing.
type ReadOnly interface {
	// Open reads length bytes from offset on, or to the end if length is negative; what lies beyond the end is left out without an error. It also
	// returns the size of the whole object. The reader must be closed, and reads only while ctx lasts. An error of the reader of kind Busy means that
	// the rest may be asked for again.
	Open(ctx context.Context, key string, offset, length int64) (r io.ReadCloser, size int64, err error)

	// List returns the objects whose keys begin with prefix and come after the key after, in ascending order of the keys' bytes, at most limit of
	// them (MaxList if limit is not between 1 and MaxList). Fewer than that means that there are no more. Neither prefix nor
	// after need be a whole key, nor name something that exists.
	List(ctx context.Context, prefix, after string, limit int) ([]Object, error)
}

// Locator is a Store that can say where an object will be before it is put.
type Locator interface {
	// Location returns what Put returns for a key that ValidKey takes.
	Location(key string) string
}

// Object is what List says of an object.
type Object struct {
	Key      string
	Size     int64     // in bytes
	Modified time.Time // when it was written, in UTC, to the second at least
}

// All lists every object below a prefix, page by page as they are asked for. It ends with the first error.
func All(ctx context.Context, s Store, prefix string) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		for after := ""; ; {
			page, err := s.List(ctx, prefix, after, MaxList)
			if err != nil {
				yield(Object{}, err)
				return
			}
			for _, o := range page {
				if !yield(o, nil) {
					return
				}
				after = o.Key
			}
			if len(page) < MaxList {
				return
			}
		}
	}
}
