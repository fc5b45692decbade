// Package stream seals what is too long to hold at once: in chunks of 1 MB (1,048,576 bytes) of plaintext, the last one what remains. It knows neither what it
// carries nor where that is kept.
//
// The one idea: each chunk is sealed by itself, bound to the stream's id, to its number from 1, and to being the last or not (the STREAM construction,
// https://eprint.iacr.org/2015/189). So a stream that was cut, lengthened, put together from others or put in another order does not open. Before each
// chunk stands its length, 4 bytes big endian, whose top bit is set for the last chunk.
package stream

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"tresor/shared/vault"
)

// Sizes in bytes.
const (
	// ChunkSize is how much plaintext a chunk holds.
	ChunkSize = 1 << 20
	// FrameSize is the length before each chunk.
	FrameSize = 4

	maxSealed = ChunkSize + 1<<10 // of a sealed chunk: more than any sealer adds
	lastChunk = uint32(1) << 31   // in the length
	lengthOf  = ^lastChunk        // the rest of it
)

// Kind is a kind of streams: none opens as another.
type Kind struct {
	Purpose vault.Purpose
	Name    string // in the binding
	What    string // what errors call it, e.g. "the archive"
}

func (k Kind) binding(id string, number uint64, last bool) vault.Binding {
	field := "chunk"
	if last {
		field = "last"
	}
	return vault.Binding{Kind: k.Name, ID: id, Field: field, Version: number}
}

// Writer cuts what is written into chunks and seals them. It keeps the newest one back until more comes, because only then is it not the last.
type Writer struct {
	kind   Kind
	w      io.Writer
	sealer vault.Sealer
	id     string
	number uint64 // of chunks sealed
	plain  []byte
}

// NewWriter returns a Writer of the stream with an id, which must name no other.
func (k Kind) NewWriter(w io.Writer, s vault.Sealer, id string) *Writer {
	return &Writer{kind: k, w: w, sealer: s, id: id}
}

// Write implements io.Writer.
func (c *Writer) Write(p []byte) (int, error) {
	written := 0
	for len(p) > 0 {
		if len(c.plain) == ChunkSize {
			if err := c.flush(); err != nil {
				return written, err
			}
		}
		n := min(len(p), ChunkSize-len(c.plain))
		c.plain = append(c.plain, p[:n]...)
		p, written = p[n:], written+n
	}
	return written, nil
}

func (c *Writer) flush() error {
	sealed, err := c.seal(false)
	if err != nil {
		return err
	}
	c.plain = c.plain[:0]
	return c.writeAll(sealed)
}

// Close seals and writes the last chunk, which may be empty. approve is asked when nothing remains to be sealed: without its consent the stream stays cut; nil: no question.
// It does not close what it writes to.
func (c *Writer) Close(approve func() error) error {
	sealed, err := c.seal(true)
	if err != nil {
		return err
	}
	if approve != nil {
		if err := approve(); err != nil {
			return err
		}
	}
	return c.writeAll(sealed)
}

// seal returns the chunk with its length before it.
func (c *Writer) seal(last bool) ([]byte, error) {
	c.number++
	sealed, err := c.sealer.Seal(c.kind.Purpose, c.plain, c.kind.binding(c.id, c.number, last))
	if err != nil {
		return nil, fmt.Errorf("seal chunk %d: %w", c.number, err)
	}
	length := uint32(len(sealed))
	if last {
		length |= lastChunk
	}
	out := make([]byte, FrameSize, FrameSize+len(sealed))
	binary.BigEndian.PutUint32(out, length)
	return append(out, sealed...), nil
}

func (c *Writer) writeAll(p []byte) error {
	n, err := c.w.Write(p)
	if err == nil && n < len(p) {
		err = io.ErrShortWrite
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", c.kind.What, err)
	}
	return nil
}

// Reader opens chunks and gives what is in them. It ends with io.EOF only behind the last chunk, where the stream must end too. Errors: Corrupt, with a Msg that says
// what is wrong; those of what it reads from, and of the sealer.
type Reader struct {
	kind   Kind
	r      io.Reader
	sealer vault.Sealer
	id     string
	number uint64
	sealed []byte // reused
	plain  []byte // not yet read
	last   bool
}

// NewReader returns a Reader of the stream with an id.
func (k Kind) NewReader(r io.Reader, s vault.Sealer, id string) *Reader {
	return &Reader{kind: k, r: r, sealer: s, id: id}
}

// Read implements io.Reader.
func (c *Reader) Read(p []byte) (int, error) {
	for len(c.plain) == 0 {
		if c.last {
			return 0, io.EOF
		}
		if err := c.Load(); err != nil {
			return 0, err
		}
	}
	n := copy(p, c.plain)
	c.plain = c.plain[n:]
	return n, nil
}

// Load opens the next chunk, which Read does by itself: to find out early whether the key opens the stream.
func (c *Reader) Load() error {
	var frame [FrameSize]byte
	if err := c.readFull(frame[:]); err != nil {
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
	if err := c.readFull(c.sealed); err != nil {
		return err
	}
	plain, err := c.sealer.Open(c.kind.Purpose, c.sealed, c.kind.binding(c.id, c.number, last))
	switch {
	case errors.Is(err, vault.Corrupt):
		return c.changed(err)
	case err != nil:
		return fmt.Errorf("open chunk %d of %s: %w", c.number, c.kind.What, err)
	case len(plain) > ChunkSize || !last && len(plain) != ChunkSize || len(plain) == 0 && c.number > 1:
		return c.changed(errors.New("not the size of a chunk"))
	}
	c.plain, c.last = plain, last
	if last {
		return c.end()
	}
	return nil
}

// end checks that nothing follows the last chunk.
func (c *Reader) end() error {
	var one [1]byte
	_, err := io.ReadFull(c.r, one[:])
	switch {
	case err == nil:
		return corrupt("bytes follow the end of "+c.kind.What, nil)
	case !errors.Is(err, io.EOF):
		return fmt.Errorf("read %s: %w", c.kind.What, err)
	}
	return nil
}

func (c *Reader) changed(cause error) error {
	if c.number == 1 {
		return corrupt("the beginning of "+c.kind.What+" is changed, or it was sealed under another key", cause)
	}
	return corrupt(fmt.Sprintf("chunk %d of %s is changed, or not where it belongs", c.number, c.kind.What), cause)
}

// readFull fills p. An end before that is a cut.
func (c *Reader) readFull(p []byte) error {
	_, err := io.ReadFull(c.r, p)
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return corrupt(c.kind.What+" is cut off", nil)
	case err != nil:
		return fmt.Errorf("read %s: %w", c.kind.What, err)
	}
	return nil
}

func corrupt(msg string, cause error) error {
	return &vault.Error{Kind: vault.Corrupt, Msg: msg, Err: cause}
}
