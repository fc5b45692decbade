package archive

import (
	"context"
	"errors"
	"fmt"
	"io"

	"tresor/shared/journal"
	"tresor/shared/stream"
	"tresor/shared/vault"
)

// Objects is where the contents of files lie. Every blob store is one.
type Objects interface {
	// Open reads length bytes of an object from offset on, or to its end if length is negative, and says how large it is. NotFound: there is none.
	// Busy, also of the reader: ask again.
	Open(ctx context.Context, key string, offset, length int64) (r io.ReadCloser, size int64, err error)
}

// FilePiece is a piece of a file's content, sealed as it lies in the blob store.
type FilePiece struct {
	Object string
	Offset int64 // of Data in the object
	Data   []byte
}

// pieceSize is how much of an object goes into one item.
const pieceSize = 1 << 20

// files copies every content that a file of the journals names, in the trash or not. The content is stored before the record that names it, so one that is not there now
// was removed.
func (b *backup) files(ctx context.Context) error {
	var absent []string
	for _, object := range b.contents.objects() {
		found, err := b.file(ctx, object)
		if err != nil {
			return fmt.Errorf("copy the file %s: %w", object, err)
		}
		if !found {
			absent = append(absent, object)
		}
	}
	b.missing = b.contents.lacking(absent)
	return nil
}

func (b *backup) file(ctx context.Context, object string) (found bool, err error) {
	if b.src.Blobs == nil {
		return false, nil
	}
	for at := int64(0); ; at += pieceSize {
		piece, size, err := b.piece(ctx, object, at)
		switch {
		case at == 0 && errors.Is(err, vault.NotFound):
			return false, nil
		case err != nil:
			return false, err
		case len(piece) == 0:
			return false, corrupt("the content of a file is empty, which no sealed one is", nil)
		}
		if err := b.put(Item{File: &FilePiece{object, at, piece}}); err != nil {
			return false, err
		}
		if at+pieceSize >= size {
			return true, nil
		}
	}
}

// piece reads one piece of an object, again while the store is busy.
func (b *backup) piece(ctx context.Context, object string, at int64) (piece []byte, size int64, err error) {
	err = journal.Persist(ctx, func() (err error) {
		var r io.ReadCloser
		if r, size, err = b.src.Blobs.Open(ctx, vault.ContentKey(object), at, pieceSize); err != nil {
			return err
		}
		defer func() { _ = r.Close() }() // nothing was written
		piece = make([]byte, min(pieceSize, max(0, size-at)))
		_, err = io.ReadFull(r, piece)
		return err
	})
	return piece, size, err
}

// files opens the contents, and notes which of those that the journal names are not there.
func (v *verifier) files(ctx context.Context) error {
	var absent []string
	for _, object := range v.contents.objects() {
		it, err := v.peek(ctx)
		switch {
		case err != nil:
			return err
		case it == nil || it.File == nil || it.File.Object != object:
			absent = append(absent, object)
		default:
			plain := stream.File.NewReader(&pieces{ctx, v.view, object}, v.archive.Sealer(), object)
			if _, err := io.Copy(io.Discard, plain); err != nil {
				return explain(err, "the content %s of a file does not open", object)
			}
		}
	}
	v.missing = v.contents.lacking(absent)
	it, err := v.peek(ctx)
	if it != nil {
		return corrupt("the archive holds the content of a file that the journal does not name", nil)
	}
	return err
}

// pieces reads an object piece by piece.
type pieces struct {
	ctx    context.Context // of the verification that it is for
	v      *view
	object string
}

// Read implements io.Reader.
func (p *pieces) Read(b []byte) (int, error) {
	it, err := p.v.peek(p.ctx)
	if err != nil {
		return 0, err
	}
	if it == nil || it.File == nil || it.File.Object != p.object {
		return 0, io.EOF
	}
	n := copy(b, it.File.Data)
	if it.File.Data = it.File.Data[n:]; len(it.File.Data) == 0 {
		p.v.take()
	}
	return n, nil
}
