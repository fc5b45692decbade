package s3

import (
	"context"
	"fmt"
	"io"
)

// source is a caller's reader, read in parts.
type source struct {
	ctx   context.Context // of the one Put that it is for
	r     io.Reader
	next  []byte // a byte that was read ahead, or nothing
	ahead [1]byte
	ended bool // r has ended
}

// fill reads until b is full or r ends. Unlike io.ReadFull it takes nothing but io.EOF itself for the end: io.ErrUnexpectedEOF is how a source
// that was cut off reports it.
func (s *source) fill(b []byte) ([]byte, error) {
	b, s.next = append(b, s.next...), nil
	for empty := 0; len(b) < cap(b) && !s.ended; {
		if err := s.ctx.Err(); err != nil {
			return nil, err
		}
		n, err := s.r.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		if err == io.EOF { // readers return io.EOF itself; a wrapped one is an error
			s.ended = true
		} else if err != nil {
			return nil, fmt.Errorf("read: %w", err)
		}
		if empty++; n > 0 {
			empty = 0
		}
		if empty == maxEmptyReads {
			return nil, fmt.Errorf("read: %w", io.ErrNoProgress)
		}
	}
	return b, nil
}

// maxEmptyReads is how many reads without a byte mean that none will come, as in package bufio.
const maxEmptyReads = 100

// done says whether all was handed out, after a peek.
func (s *source) done() bool { return s.ended && len(s.next) == 0 }

// peek reads one byte ahead, to know whether there is one.
func (s *source) peek() error {
	if s.ended || len(s.next) > 0 {
		return nil
	}
	var err error
	s.next, err = s.fill(s.ahead[:0])
	return err
}
