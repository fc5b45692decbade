package vault

import (
	"context"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of a file, in bytes.
const (
	// MaxFileSize is the largest content: in Base64 it fits into a request and an answer of Lambda's, which have 6 MB.
	MaxFileSize = 4 << 20
	// MaxFileName is the longest name: what file systems take.
	MaxFileName = 255
)

// Contents keeps the contents of files, by random names. attach.Store is one.
type Contents interface {
	// Ready reports whether there is a place for files.
	Ready() bool
	// Put keeps a content and returns its name.
	Put(ctx context.Context, content []byte) (object string, err error)
	// Get returns a content of a known size; Corrupt where it is not as it was kept.
	Get(ctx context.Context, object string, size int64) ([]byte, error)
	// Remove removes a content that no file names. One that is not there is no error.
	Remove(ctx context.Context, object string) error
}

// NoContents is where there is no place for files: every call but Ready is Invalid.
type NoContents struct{}

var errNoContents = fail(Invalid, "there is no place for files")

// Ready reports that there is none.
func (NoContents) Ready() bool { return false }

// Put refuses.
func (NoContents) Put(context.Context, []byte) (string, error) { return "", errNoContents }

// Get refuses.
func (NoContents) Get(context.Context, string, int64) ([]byte, error) { return nil, errNoContents }

// Remove refuses.
func (NoContents) Remove(context.Context, string) error { return errNoContents }

// IsFileName reports whether a file may be called so: a bare name, without a path in it or what a client that saves it would stumble over.
func IsFileName(name string) bool {
	bare := strings.TrimSpace(name)
	return bare != "" && bare != "." && bare != ".." && len(name) <= MaxFileName && utf8.ValidString(name) &&
		!strings.ContainsAny(name, `/\`) && !strings.ContainsFunc(name, unicode.IsControl)
}

// Attach stores a content, and then the record that names it, so that a file whose record is there has one. which says what file it is, but for its content;
// it runs before the content is stored, so that who may not attach it stores none, and again in the Update, which decides. A content whose record is refused is
// removed; one whose record may be there stays, and if it is not, the sweep of package attach finds it.
// Errors: of which; as AddFile; those of the contents.
func Attach(ctx context.Context, v *Vault, req Request, c Contents, content []byte, which func(*Reader) (File, error)) (FileID, error) {
	_, err := View(ctx, v, req, func(r *Reader) (struct{}, error) {
		f, err := which(r)
		if err == nil {
			err = r.CheckFile(f.holder())
		}
		return struct{}{}, err
	})
	if err != nil {
		return 0, err
	}
	object, err := c.Put(ctx, content)
	if err != nil {
		return 0, err
	}
	id, err := Update(ctx, v, req, func(t *Tx) (FileID, error) {
		f, err := which(t.Reader)
		if err != nil {
			return 0, err
		}
		f.Object, f.Size = object, int64(len(content))
		return t.AddFile(f)
	})
	if err != nil && surelyNotWritten(err) {
		_ = c.Remove(ctx, object) // it is found later
	}
	return id, err
}

// surelyNotWritten reports whether an Update's error says that nothing was.
func surelyNotWritten(err error) bool {
	kind := KindOf(err)
	return kind != Undecided && kind != Internal
}
