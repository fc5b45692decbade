package attach

import (
	"bytes"
	"context"
	"io"

	"tresor/shared/stream"
)

// sealing gives a content sealed, one chunk at a time: beside the content itself no more than that is held.
type sealing struct {
	ctx    context.Context // of Put, while which it is read
	w      *stream.Writer
	rest   []byte
	sealed bytes.Buffer
	ended  bool
}

// Read implements io.Reader.
func (s *sealing) Read(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	for s.sealed.Len() == 0 {
		if s.ended {
			return 0, io.EOF
		}
		if err := s.next(); err != nil {
			return 0, err
		}
	}
	return s.sealed.Read(p)
}

// next seals some more, the last chunk when nothing is left.
func (s *sealing) next() error {
	if len(s.rest) == 0 {
		s.ended = true
		return s.w.Close(nil)
	}
	n := min(len(s.rest), stream.ChunkSize)
	_, err := s.w.Write(s.rest[:n])
	s.rest = s.rest[n:]
	return err
}
