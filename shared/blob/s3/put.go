package s3

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"tresor/shared/vault"
)

const (
	// partSize is the size of an upload's parts, in bytes; what is not larger goes in one request. A Put holds one part in memory.
	partSize = 8 << 20
	// firstRead is how much room a Put begins with, in bytes: most objects are small.
	firstRead = 64 << 10
	// numberField is the metadata field that holds the number of the Put that wrote an object.
	numberField = "put"
)

// put is one Put.
type put struct {
	*Store
	name   string // the key in the bucket
	number string // found in the object's metadata, it proves that this Put has happened
}

// Put implements blob.Store.
func (s *Store) Put(ctx context.Context, key string, r io.Reader) (string, error) {
	name, err := s.begin(ctx, key)
	if err != nil {
		return "", fmt.Errorf("put object: %w", err)
	}
	p := put{Store: s, name: name, number: rand.Text()}
	if err := p.all(ctx, &source{ctx: ctx, r: r}); err != nil {
		return "", fmt.Errorf("put object %q: %w", key, err)
	}
	return s.Location(key), nil
}

// Location implements blob.Locator.
func (s *Store) Location(key string) string { return "s3://" + s.bucket + "/" + s.prefix + key }

// all reads one part, and one byte more to see whether it was the only one.
func (p *put) all(ctx context.Context, r *source) error {
	part, err := r.fill(make([]byte, 0, firstRead))
	if err != nil {
		return err
	}
	if !r.ended {
		if part, err = r.fill(append(make([]byte, 0, partSize), part...)); err != nil {
			return err
		}
	}
	if err := r.peek(); err != nil {
		return err
	}
	if r.done() {
		return p.whole(ctx, part)
	}
	return p.parts(ctx, r, part)
}

// whole writes an object in one request.
func (p *put) whole(ctx context.Context, content []byte) error {
	if err := ctx.Err(); err != nil { // nothing was sent
		return err
	}
	mode, key := p.encryption()
	_, err := p.api.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &p.bucket, Key: &p.name, IfNoneMatch: aws.String("*"),
		Body: bytes.NewReader(content), ContentLength: aws.Int64(int64(len(content))), ChecksumCRC64NVME: sumOf(content),
		Metadata: p.metadata(), ServerSideEncryption: mode, SSEKMSKeyId: key, BucketKeyEnabled: bucketKey(key),
	})
	return p.settle(ctx, err)
}

func (p *put) metadata() map[string]string { return map[string]string{numberField: p.number} }

func (s *Store) encryption() (types.ServerSideEncryption, *string) {
	if s.kmsKey == "" {
		return "", nil
	}
	return types.ServerSideEncryptionAwsKms, &s.kmsKey
}

// bucketKey asks S3 to keep a key per bucket instead of calling KMS for each object.
func bucketKey(kmsKey *string) *bool {
	if kmsKey == nil {
		return nil
	}
	return aws.Bool(true)
}

// settle turns the error of the request that makes an object into what Put returns. If its answer was lost, what is there decides: our own
// number means that it happened, another that the key was taken. If nothing is there it may still come.
func (p *put) settle(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if o := outcomeOf(err); o != lost && o != strange {
		return writeError(err)
	}
	ctx, cancel := p.afterwards(ctx)
	defer cancel()
	there, headErr := p.head(ctx, p.name)
	switch {
	case headErr != nil:
		return undecided(err)
	case there.Metadata[numberField] == p.number:
		return nil
	}
	return taken(errors.New("found after the answer was lost"))
}

// tooLarge is an object of more parts than S3 takes.
func tooLarge() error { return &vault.Error{Kind: vault.TooLarge, Msg: "the object is too large"} }
