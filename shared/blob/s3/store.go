package s3

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"tresor/shared/blob"
	"tresor/shared/vault"
)

// maxPrefix is the longest prefix in bytes: with its slash and the longest key it fills the 1,024 of S3.
const maxPrefix = 1024 - blob.MaxKey - 1

// Config says where a Store's objects lie.
type Config struct {
	Bucket string
	// Prefix is a folder of the bucket that no other store uses, such as the vault's name, without the slash at its end. Empty: the whole bucket.
	Prefix string
	// KMSKey is the id or ARN of a key to encrypt objects under. Empty: whatever the bucket's default is.
	KMSKey string
}

// Store keeps objects in a bucket.
type Store struct {
	api      API
	bucket   string
	prefix   string // empty, or ends with a slash
	kmsKey   string
	maxParts int32
	grace    time.Duration // see afterwards
	pause    time.Duration // see again
}

var (
	_ blob.Store   = (*Store)(nil)
	_ blob.Locator = (*Store)(nil)
)

// New returns a store. It sends nothing.
func New(api API, c Config) (*Store, error) {
	s := &Store{api: api, bucket: c.Bucket, kmsKey: c.KMSKey, maxParts: blob.MaxSize / partSize, grace: grace, pause: partPause}
	switch {
	case c.Bucket == "" || strings.ContainsAny(c.Bucket, "/:"): // an ARN would leave its parts to the SDK
		return nil, fmt.Errorf("open bucket %q: not the name of a bucket", c.Bucket)
	case len(c.Prefix) > maxPrefix:
		return nil, fmt.Errorf("open bucket %q: the prefix is longer than %d bytes", c.Bucket, maxPrefix)
	case c.Prefix != "":
		if err := blob.ValidKey(c.Prefix); err != nil {
			return nil, fmt.Errorf("open bucket %q: prefix: %w", c.Bucket, err)
		}
		s.prefix = c.Prefix + "/"
	}
	return s, nil
}

// begin checks what every method on one object checks first, and returns the key in the bucket.
func (s *Store) begin(ctx context.Context, key string) (string, error) {
	if err := blob.ValidKey(key); err != nil {
		return "", err
	}
	return s.prefix + key, ctx.Err()
}

// List implements blob.Store.
func (s *Store) List(ctx context.Context, prefix, after string, limit int) ([]blob.Object, error) {
	for _, p := range []string{prefix, after} {
		if err := blob.ValidPrefix(p); err != nil {
			return nil, fmt.Errorf("list objects: %w", err)
		}
	}
	if limit < 1 || limit > blob.MaxList {
		limit = blob.MaxList
	}
	var found []blob.Object
	for more := true; more && len(found) < limit; { // a page may be short, and even empty, before the end
		page, next, err := s.page(ctx, prefix, after, limit-len(found))
		if err != nil {
			return nil, fmt.Errorf("list objects below %q: %w", prefix, err)
		}
		found = append(found, page...)
		after, more = next, next != ""
	}
	return found, nil
}

// page asks for one page, and returns the key to go on after; "" at the end.
func (s *Store) page(ctx context.Context, prefix, after string, limit int) ([]blob.Object, string, error) {
	in := &s3.ListObjectsV2Input{Bucket: &s.bucket, Prefix: aws.String(s.prefix + prefix), MaxKeys: aws.Int32(int32(limit))}
	if after != "" {
		in.StartAfter = aws.String(s.prefix + after)
	}
	var found []blob.Object
	for {
		out, err := s.api.ListObjectsV2(ctx, in)
		if err != nil {
			return nil, "", readError(ctx, err)
		}
		var last string
		for _, o := range out.Contents {
			last = strings.TrimPrefix(aws.ToString(o.Key), s.prefix)
			if blob.ValidKey(last) == nil { // somebody else's object has no key
				found = append(found, blob.Object{Key: last, Size: aws.ToInt64(o.Size), Modified: aws.ToTime(o.LastModified).UTC()})
			}
		}
		if !aws.ToBool(out.IsTruncated) {
			return found, "", nil
		}
		if last != "" {
			return found, last, nil
		}
		in.ContinuationToken = out.NextContinuationToken
	}
}

// Delete implements blob.Store.
func (s *Store) Delete(ctx context.Context, key string) error {
	name, err := s.begin(ctx, key)
	if err != nil {
		return fmt.Errorf("delete object: %w", err)
	}
	if _, err = s.api.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &s.bucket, Key: &name}); err == nil {
		return nil
	}
	if o := outcomeOf(err); o == lost || o == strange {
		err = s.deleted(ctx, name, err)
	} else {
		err = writeError(err)
	}
	if err != nil {
		return fmt.Errorf("delete object %q: %w", key, err)
	}
	return nil
}

// deleted settles a removal whose answer was lost: if nothing is there, it is done.
func (s *Store) deleted(ctx context.Context, name string, lost error) error {
	ctx, cancel := s.afterwards(ctx)
	defer cancel()
	if _, err := s.head(ctx, name); errors.Is(err, vault.NotFound) {
		return nil
	}
	return undecided(lost)
}

// head asks for an object's size and metadata. NotFound, Busy.
func (s *Store) head(ctx context.Context, name string) (*s3.HeadObjectOutput, error) {
	out, err := s.api.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &s.bucket, Key: &name})
	if err != nil {
		return nil, readError(ctx, err)
	}
	return out, nil
}

// grace is how long what must be done after a failure may go on when the caller's context has ended: settle a lost answer, abort an upload. A
// function ends 2 s after its handler should have.
const grace = 2 * time.Second

// afterwards returns a context for that: it ends when ctx has ended for as long as s.grace.
func (s *Store) afterwards(ctx context.Context) (context.Context, context.CancelFunc) {
	own, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		select {
		case <-time.After(s.grace):
			cancel()
		case <-own.Done():
		}
	})
	return own, func() { stop(); cancel() }
}
