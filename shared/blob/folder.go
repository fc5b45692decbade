package blob

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"time"

	"tresor/shared/vault"
)

// Folder keeps objects as files below a folder: key "exports/17" is the file exports/17. Folders have mode 0700, files 0600. Several processes
// may use one folder at once.
//
// A file is written under a name of its own in .tmp, made durable, and then linked to its key: link(2) refuses a name that is taken, whoever
// else writes at that moment. Rename would overwrite, and an exclusive create under the final name would show a half object
// to others and leave one after a crash.
//
// Symbolic links below the folder are not followed, and are no objects; os.Root keeps even those out of it that somebody puts in while a call runs.
// What a file system cannot do and S3 can: hold "a" beside "a/b". Put refuses the second of them as taken. And where the file
// system ignores case or Unicode form, so do keys. It must have hard links.
type Folder struct {
	root    *os.Root
	path    string // absolute
	maxSize int64
}

const (
	dirMode  = 0o700
	fileMode = 0o600
	// temporary is where objects are written. No valid key begins with a dot.
	temporary = ".tmp"
	// staleAfter is the age from which on a temporary file is left over from a crash: how long ago it was last written to.
	staleAfter = 24 * time.Hour
	// writeSize is how much is written at once, in bytes.
	writeSize = 64 << 10
)

var _ Store = (*Folder)(nil)

// OpenFolder opens a folder, making it if it is not there, and removes temporary files that are older than a day.
func OpenFolder(dir string) (*Folder, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("open folder %s: %w", dir, err)
	}
	if err := os.MkdirAll(abs, dirMode); err != nil {
		return nil, fmt.Errorf("open folder %s: %w", dir, err)
	}
	root, err := os.OpenRoot(abs)
	if err != nil {
		return nil, fmt.Errorf("open folder %s: %w", dir, err)
	}
	f := &Folder{root: root, path: abs, maxSize: MaxSize}
	if err := f.prepare(); err != nil {
		return nil, errors.Join(fmt.Errorf("open folder %s: %w", dir, err), root.Close())
	}
	return f, nil
}

// prepare makes the folder of temporary files and removes those that a crash left.
func (f *Folder) prepare() error {
	if err := f.makeFolders(temporary); err != nil {
		return err
	}
	entries, err := fs.ReadDir(f.root.FS(), temporary)
	if err != nil {
		return err
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() || time.Since(info.ModTime()) < staleAfter {
			continue // also one that another process has just removed
		}
		if err := f.root.Remove(path.Join(temporary, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// Close releases the folder. Readers that are open stay so.
func (f *Folder) Close() error { return f.root.Close() }

// Put implements Store.
func (f *Folder) Put(ctx context.Context, key string, r io.Reader) (string, error) {
	if err := begin(ctx, key); err != nil {
		return "", fmt.Errorf("put object: %w", err)
	}
	if err := f.put(ctx, key, r); err != nil {
		return "", fmt.Errorf("put object %q: %w", key, err)
	}
	return f.Location(key), nil
}

// Location implements Locator.
func (f *Folder) Location(key string) string {
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(f.path) + "/" + key}).String()
}

// begin checks what every method on one object checks first.
func begin(ctx context.Context, key string) error {
	if err := ValidKey(key); err != nil {
		return err
	}
	return ctx.Err()
}

func (f *Folder) put(ctx context.Context, key string, r io.Reader) error {
	temp := path.Join(temporary, rand.Text())
	defer f.root.Remove(temp) //nolint:errcheck // it may not be there; if it stays, it is removed when it is old
	if err := f.fill(ctx, temp, r); err != nil {
		return err
	}
	if err := f.makeFolders(path.Dir(key)); err != nil {
		return putError(err)
	}
	if err := f.root.Link(temp, key); err != nil {
		return putError(err)
	}
	if err := f.syncAbove(key); err != nil {
		return &vault.Error{Kind: vault.Undecided, Err: err} // it is there, and a power cut may take it away
	}
	return nil
}

// fill writes all that r gives to a new file and makes it durable.
func (f *Folder) fill(ctx context.Context, name string, r io.Reader) error {
	file, err := f.root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, fileMode)
	if err != nil {
		return putError(err)
	}
	source := &source{ctx: ctx, r: r, left: f.maxSize}
	buffer := bufio.NewWriterSize(file, writeSize) // a reader may give a byte at a time
	if _, err = buffer.ReadFrom(source); err == nil {
		err = buffer.Flush()
	}
	switch {
	case source.err != nil:
		err = source.err
	case err != nil:
		err = putError(err)
	case ctx.Err() != nil: // since the last read
		err = ctx.Err()
	default:
		err = putError(file.Sync())
	}
	if closed := file.Close(); err == nil {
		err = putError(closed)
	}
	return err
}

// makeFolders makes a folder and those above it, where they are not there. MkdirAll would follow symbolic links.
func (f *Folder) makeFolders(dir string) error {
	return f.eachFolder(dir, func(dir string) error {
		if err := f.root.Mkdir(dir, dirMode); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		return f.isFolder(dir)
	})
}

// mustBeFolders returns an error unless dir and all above it are folders, and none a symbolic link to one.
func (f *Folder) mustBeFolders(dir string) error { return f.eachFolder(dir, f.isFolder) }

func (f *Folder) isFolder(dir string) error {
	info, err := f.root.Lstat(dir)
	if err == nil && !info.IsDir() {
		return fmt.Errorf("%q: %w", dir, errNoFolder)
	}
	return err
}

// eachFolder calls fn for each folder on the way from the top to dir, and dir itself.
func (*Folder) eachFolder(dir string, fn func(dir string) error) error {
	for i := range len(dir) + 1 {
		if (i == len(dir) || dir[i] == '/') && dir != "." {
			if err := fn(dir[:i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// syncAbove makes a name durable: its folder's entry for it, that folder's own in the one above, and so on up. All of them, not only
// new ones: another process may have made a folder a moment ago and not be this far.
func (f *Folder) syncAbove(key string) error {
	for dir := key; dir != "."; {
		dir = path.Dir(dir)
		if err := f.syncFolder(dir); err != nil {
			return err
		}
	}
	return nil
}

func (f *Folder) syncFolder(dir string) error {
	d, err := f.root.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// source is a caller's reader: it ends with its context, is not longer than it may be, and keeps its error apart from the file's.
type source struct {
	ctx  context.Context // of the one Put that it is for
	r    io.Reader
	left int64
	err  error
}

func (s *source) Read(p []byte) (int, error) {
	if s.err = s.ctx.Err(); s.err != nil {
		return 0, s.err
	}
	n, err := s.r.Read(p)
	if s.left -= int64(n); s.left < 0 {
		s.err = &vault.Error{Kind: vault.TooLarge, Msg: "the object is too large"}
		return n, s.err
	}
	if err != nil && err != io.EOF { // readers return io.EOF itself; a wrapped one is an error
		s.err = fmt.Errorf("read: %w", err)
		return n, s.err
	}
	return n, err
}
