package restore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"tresor/shared/vault"
)

// file puts the content that comes next. One that is there, from an earlier run or because only the tables were lost, must be the same: names are random, so another
// content under the same name is no accident.
func (c *copier) file(ctx context.Context, object string) error {
	content := &content{ctx: ctx, items: c.items, object: object}
	if !c.plan.cut.hasObject(object) {
		_, err := io.Copy(io.Discard, content)
		return err
	}
	there, size, err := c.to.Blobs.Open(ctx, vault.ContentKey(object), 0, -1)
	switch {
	case err == nil:
		err = same(there, size, content)
		_ = there.Close() // nothing was written
	case errors.Is(err, vault.NotFound):
		err = c.putFile(ctx, object, content)
	}
	if err != nil {
		return fmt.Errorf("put the file %s: %w", object, err)
	}
	return nil
}

func (c *copier) putFile(ctx context.Context, object string, content io.Reader) error {
	_, err := c.to.Blobs.Put(ctx, vault.ContentKey(object), content)
	if errors.Is(err, vault.Exists) || errors.Is(err, vault.Undecided) { // the same restore beside this one; or it may be there, whole
		return &vault.Error{Kind: vault.Busy, Msg: "it cannot be told whether the file was written: run the restore again, it goes on where it was", Err: err}
	}
	return err
}

// same compares what is there with what is to be there.
func same(there io.Reader, size int64, want io.Reader) error {
	var a, b [64 << 10]byte
	for read := int64(0); ; {
		n, err := io.ReadFull(want, a[:])
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return err
		}
		read += int64(n)
		if m, errThere := io.ReadFull(there, b[:n]); errThere != nil || !bytes.Equal(a[:n], b[:m]) || err != nil && read != size {
			return &vault.Error{Kind: vault.Exists, Msg: "there is another content under this name", Err: errThere}
		}
		if err != nil {
			return nil
		}
	}
}

// content reads the pieces of one object.
type content struct {
	ctx    context.Context // of the restore
	items  *items
	object string
}

// Read implements io.Reader.
func (c *content) Read(b []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	it, err := c.items.peek()
	if err != nil {
		return 0, err
	}
	if it == nil || it.File == nil || it.File.Object != c.object {
		return 0, io.EOF
	}
	n := copy(b, it.File.Data)
	if it.File.Data = it.File.Data[n:]; len(it.File.Data) == 0 {
		c.items.take()
	}
	return n, nil
}
