package syspassxml

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// DefaultMaxBytes is the largest file that Read takes unless told otherwise: more than 80,000 accounts, encrypted.
const DefaultMaxBytes = 256 << 20

const (
	maxToken = 4 << 20 // bytes of one tag or text, Data apart
	maxDepth = 32      // sysPass's own files have 5
	maxItems = 500_000 // categories, clients, tags and accounts together: a short element makes a much larger item in memory
	maxData  = 16      // Data elements; sysPass writes 4, and each costs a PBKDF2
)

var errTokenSize, errFileSize = tooLarge("a tag or text of the file is too large"), tooLarge("the file is too large")

// limiter gives a decoder its bytes one by one, and no more of them than the file and the current token may have: encoding/xml
// keeps a token in memory and knows no bound.
type limiter struct {
	r     *bufio.Reader
	file  int64 // bytes that may still come
	token int64 // of them, in this token
	err   error // why reading stopped, unless that was the end of the file
}

func newLimiter(r io.Reader, size int64) *limiter {
	l := &limiter{r: bufio.NewReaderSize(r, 64<<10), file: size, token: maxToken}
	if bom, err := l.r.Peek(3); err == nil && bytes.Equal(bom, []byte("\xef\xbb\xbf")) {
		_, _ = l.r.Discard(3)
	}
	return l
}

// ReadByte implements io.ByteReader.
func (l *limiter) ReadByte() (byte, error) {
	switch {
	case l.err != nil:
		return 0, l.err
	case l.file <= 0:
		return l.overrun(errFileSize)
	case l.token <= 0:
		l.err = errTokenSize
		return 0, l.err
	}
	b, err := l.r.ReadByte()
	if err != nil {
		return 0, l.stop(err)
	}
	l.file--
	l.token--
	return b, nil
}

// overrun is the end of the file, or an error if the file goes on.
func (l *limiter) overrun(tooMuch error) (byte, error) {
	if _, err := l.r.Peek(1); err != nil {
		return 0, l.stop(err)
	}
	l.err = tooMuch
	return 0, tooMuch
}

func (l *limiter) stop(err error) error {
	if !errors.Is(err, io.EOF) {
		l.err = err
	}
	return err
}

// Read implements io.Reader, which xml.NewDecoder asks for and a decoder does not call when there is a ReadByte.
func (l *limiter) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	b, err := l.ReadByte()
	if err != nil {
		return 0, err
	}
	p[0] = b
	return 1, nil
}
