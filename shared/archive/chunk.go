package archive

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"tresor/shared/vault"
)

const (
	chunkSize = 1 << 20           // of plaintext
	maxSealed = chunkSize + 1<<10 // of a sealed chunk: more than any sealer adds
	lastChunk = uint32(1) << 31   // in the length
	lengthOf  = ^lastChunk        // the rest of it
	frameSize = 4                 // bytes of the length
)

// chunkBinding is where a chunk belongs. id names the archive: it is the hash of all before the first chunk.
func chunkBinding(id string, number uint64, last bool) vault.Binding {
	field := "chunk"
	if last {
		field = "last"
	}
	return vault.Binding{Kind: "archive", ID: id, Field: field, Version: number}
}

// chunkWriter cuts what is written into chunks and seals them. It keeps the newest one back until more comes, because only then is it not the last.
type chunkWriter struct {
	w      io.Writer
	sealer vault.Sealer
	id     string
	number uint64 // of chunks sealed
	plain  []byte
}

func newChunkWriter(w io.Writer, s vault.Sealer, id string) *chunkWriter {
	return &chunkWriter{w: w, sealer: s, id: id, plain: make([]byte, 0, chunkSize)}
}

// Write implements io.Writer.
func (c *chunkWriter) Write(p []byte) (int, error) {
	written := 0
	for len(p) > 0 {
		if len(c.plain) == chunkSize {
			if err := c.flush(); err != nil {
				return written, err
			}
		}
		n := min(len(p), chunkSize-len(c.plain))
		c.plain = append(c.plain, p[:n]...)
		p, written = p[n:], written+n
	}
	return written, nil
}

func (c *chunkWriter) flush() error {
	sealed, err := c.seal(false)
	if err != nil {
		return err
	}
	c.plain = c.plain[:0]
	return writeAll(c.w, sealed)
}

// close seals and writes the last chunk. approve is asked when nothing remains to be sealed: without its consent the archive stays cut.
func (c *chunkWriter) close(approve func() error) error {
	sealed, err := c.seal(true)
	if err != nil {
		return err
	}
	if err := approve(); err != nil {
		return err
	}
	return writeAll(c.w, sealed)
}

// seal returns the chunk with its length before it.
func (c *chunkWriter) seal(last bool) ([]byte, error) {
	c.number++
	sealed, err := c.sealer.Seal(vault.PurposeExports, c.plain, chunkBinding(c.id, c.number, last))
	if err != nil {
		return nil, fmt.Errorf("seal chunk %d: %w", c.number, err)
	}
	length := uint32(len(sealed))
	if last {
		length |= lastChunk
	}
	out := make([]byte, frameSize, frameSize+len(sealed))
	binary.BigEndian.PutUint32(out, length)
	return append(out, sealed...), nil
}

func writeAll(w io.Writer, p []byte) error {
	n, err := w.Write(p)
	if err == nil && n < len(p) {
		err = io.ErrShortWrite
	}
	if err != nil {
		return fmt.Errorf("write the archive: %w", err)
	}
	return nil
}

// chunkReader opens chunks and gives what is in them. It ends with io.EOF only behind the last chunk, where the file must end too.
type chunkReader struct {
	r      io.Reader
	sealer vault.Sealer
	id     string
	number uint64
	sealed []byte // reused
	plain  []byte // not yet read
	last   bool
}

// Read implements io.Reader.
func (c *chunkReader) Read(p []byte) (int, error) {
	if len(c.plain) == 0 {
		if c.last {
			return 0, io.EOF
		}
		if err := c.load(); err != nil {
			return 0, err
		}
	}
	n := copy(p, c.plain)
	c.plain = c.plain[n:]
	return n, nil
}

// load opens the next chunk.
func (c *chunkReader) load() error {
	var frame [frameSize]byte
	if err := readFull(c.r, frame[:]); err != nil {
		return err
	}
	length := binary.BigEndian.Uint32(frame[:])
	last := length&lastChunk != 0
	c.number++
	if length &= lengthOf; length > maxSealed {
		return c.changed(errors.New("too long"))
	}
	if cap(c.sealed) < int(length) {
		c.sealed = make([]byte, length)
	}
	c.sealed = c.sealed[:length]
	if err := readFull(c.r, c.sealed); err != nil {
		return err
	}
	plain, err := c.sealer.Open(vault.PurposeExports, c.sealed, chunkBinding(c.id, c.number, last))
	switch {
	case errors.Is(err, vault.Corrupt):
		return c.changed(err)
	case err != nil:
		return fmt.Errorf("open chunk %d of the archive: %w", c.number, err)
	case len(plain) == 0 || len(plain) > chunkSize || !last && len(plain) != chunkSize:
		return c.changed(errors.New("not the size of a chunk"))
	}
	c.plain, c.last = plain, last
	if last {
		return c.end()
	}
	return nil
}

// end checks that nothing follows the last chunk.
func (c *chunkReader) end() error {
	var one [1]byte
	_, err := io.ReadFull(c.r, one[:])
	switch {
	case err == nil:
		return corrupt("bytes follow the archive's end", nil)
	case !errors.Is(err, io.EOF):
		return fmt.Errorf("read the archive: %w", err)
	}
	return nil
}

func (c *chunkReader) changed(cause error) error {
	if c.number == 1 {
		return corrupt("the archive's beginning is changed, or it was sealed under another key", cause)
	}
	return corrupt(fmt.Sprintf("chunk %d of the archive is changed, or not where it belongs", c.number), cause)
}
