package blob

import (
	"errors"
	"io/fs"
	"syscall"

	"tresor/shared/vault"
)

// errNoFolder is a file or a symbolic link where a folder should be.
var errNoFolder = errors.New("not a folder")

// kinds are what a system call's error means here. Whatever is not among them is Internal, a full disk too: asking again does not help.
var kinds = []struct {
	err  error
	kind vault.Kind
}{
	{fs.ErrNotExist, vault.NotFound},
	{fs.ErrExist, vault.Exists},
	{errNoFolder, vault.NotFound},
	{syscall.ENOTDIR, vault.NotFound}, // below an object there is nothing
	{syscall.EFBIG, vault.TooLarge},
	{syscall.EMFILE, vault.Busy}, // too many open files
	{syscall.ENFILE, vault.Busy},
	{syscall.EAGAIN, vault.Busy},
	{syscall.EINTR, vault.Busy},
	{syscall.ENOMEM, vault.Busy},
}

// kindOf sorts a system call's error.
func kindOf(err error) vault.Kind {
	for _, k := range kinds {
		if errors.Is(err, k.err) {
			return k.kind
		}
	}
	return vault.Internal
}

// readError gives the error of a read, a list or a removal its kind.
func readError(err error) error {
	switch kind := kindOf(err); kind {
	case vault.NotFound:
		return &vault.Error{Kind: kind, Msg: "there is no such object", Err: err}
	default:
		return &vault.Error{Kind: kind, Err: err}
	}
}

// putError gives the error of a write its kind; nil for nil. A folder where the object should be, or an object where one of its
// folders should be, is a name that is taken. Something that should be there and is not is our own temporary file or folder, which
// somebody removed.
func putError(err error) error {
	if err == nil {
		return nil
	}
	kind := kindOf(err)
	switch {
	case errors.Is(err, errNoFolder), errors.Is(err, syscall.ENOTDIR), kind == vault.Exists:
		return &vault.Error{Kind: vault.Exists, Msg: "an object with this key exists", Err: err}
	case kind == vault.NotFound:
		return &vault.Error{Kind: vault.Internal, Err: err}
	}
	return &vault.Error{Kind: kind, Err: err}
}
