package s3

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash"
	"io"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"tresor/shared/blob"
	"tresor/shared/vault"
)

// Open implements blob.Store. What is read from start to end is checked against the checksum that Put left.
func (s *Store) Open(ctx context.Context, key string, offset, length int64) (io.ReadCloser, int64, error) {
	name, err := s.begin(ctx, key)
	if err != nil {
		return nil, 0, fmt.Errorf("open object: %w", err)
	}
	if offset < 0 {
		return nil, 0, fmt.Errorf("open object %q: %w", key, &vault.Error{Kind: vault.Invalid, Msg: "the offset is negative"})
	}
	r, size, err := s.open(ctx, name, offset, length)
	if err != nil {
		return nil, 0, fmt.Errorf("open object %q: %w", key, err)
	}
	return r, size, nil
}

func (s *Store) open(ctx context.Context, name string, offset, length int64) (io.ReadCloser, int64, error) {
	if length == 0 { // there is no such range in HTTP
		return s.nothing(ctx, name)
	}
	in := &s3.GetObjectInput{Bucket: &s.bucket, Key: &name, ChecksumMode: types.ChecksumModeEnabled, Range: rangeOf(offset, length)}
	out, err := s.api.GetObject(ctx, in)
	switch {
	case err == nil:
	case outcomeOf(err) == beyond:
		return s.nothing(ctx, name)
	default:
		return nil, 0, readError(ctx, err)
	}
	size, err := sizeOf(out, in.Range != nil, offset)
	if err != nil {
		return nil, 0, errors.Join(err, out.Body.Close())
	}
	b := &body{ctx: ctx, body: out.Body, left: aws.ToInt64(out.ContentLength)}
	if in.Range == nil && out.ChecksumType == types.ChecksumTypeFullObject && out.ChecksumCRC64NVME != nil {
		b.want, b.sum = *out.ChecksumCRC64NVME, newSum()
	}
	return b, size, nil
}

// nothing is the answer to a range that holds nothing, of an object that is there.
func (s *Store) nothing(ctx context.Context, name string) (io.ReadCloser, int64, error) {
	out, err := s.head(ctx, name)
	if err != nil {
		return nil, 0, err
	}
	return io.NopCloser(bytes.NewReader(nil)), aws.ToInt64(out.ContentLength), nil
}

// rangeOf returns the value of the header Range; nil for the whole object: of an empty one, even the range from 0 on is beyond the end.
// An end that no object reaches is left out: not every server takes large numbers.
func rangeOf(offset, length int64) *string {
	if offset == 0 && length < 0 {
		return nil
	}
	r := "bytes=" + strconv.FormatInt(offset, 10) + "-"
	if length > 0 && length <= blob.MaxSize && offset <= blob.MaxSize {
		r += strconv.FormatInt(offset+length-1, 10)
	}
	return &r
}

// sizeOf returns the size of the whole object that an answer is, or is a part of. It refuses an answer to another range than was asked for.
func sizeOf(out *s3.GetObjectOutput, ranged bool, offset int64) (int64, error) {
	if out.ContentLength == nil || ranged != (out.ContentRange != nil) {
		return 0, errRange
	}
	if !ranged {
		return *out.ContentLength, nil
	}
	first, size, err := parseContentRange(*out.ContentRange)
	if err != nil || first != offset || *out.ContentLength > size-offset {
		return 0, errRange
	}
	return size, nil
}

var errRange = errors.New("the answer is not to the range that was asked for")

// parseContentRange returns the first position and the whole size in "bytes 5-9/1234".
func parseContentRange(s string) (first, size int64, err error) {
	s, ok := strings.CutPrefix(s, "bytes ")
	span, total, ok2 := strings.Cut(s, "/")
	from, to, ok3 := strings.Cut(span, "-")
	if !ok || !ok2 || !ok3 {
		return 0, 0, errRange
	}
	first, err1 := strconv.ParseInt(from, 10, 64)
	last, err2 := strconv.ParseInt(to, 10, 64)
	size, err3 := strconv.ParseInt(total, 10, 64)
	if err1 != nil || err2 != nil || err3 != nil || first < 0 || first > last || last >= size {
		return 0, 0, errRange
	}
	return first, size, nil
}

// body is an object's content on its way.
type body struct {
	ctx  context.Context // of Open, while which it reads
	body io.ReadCloser
	left int64       // bytes to come
	sum  hash.Hash64 // nil: not checked
	want string      // the checksum
}

// Read gives errors their kinds: a connection that ended early is Busy, a content that does not match its checksum Corrupt.
func (b *body) Read(p []byte) (int, error) {
	if ended := b.ctx.Err(); ended != nil { // net/http notices only some time later
		return 0, fmt.Errorf("read object: %w", ended)
	}
	n, err := b.body.Read(p)
	b.left -= int64(n)
	if b.sum != nil {
		_, _ = b.sum.Write(p[:n]) // a hash returns no error
	}
	if err == nil {
		return n, nil
	}
	return n, b.ended(err)
}

// ended returns the error to end with: the SDK reports a wrong checksum too, in words only.
func (b *body) ended(err error) error {
	if b.left == 0 {
		if b.sum != nil && *encodeSum(b.sum) != b.want {
			return &vault.Error{Kind: vault.Corrupt, Err: errors.New("read object: the content does not match its checksum")}
		}
		return io.EOF
	}
	if ended := b.ctx.Err(); ended != nil {
		return fmt.Errorf("read object: %w", ended)
	}
	return &vault.Error{Kind: vault.Busy, Err: fmt.Errorf("read object: %w", cause(err))}
}

// Close releases the connection.
func (b *body) Close() error { return b.body.Close() }
