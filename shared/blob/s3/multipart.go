package s3

import (
	"bytes"
	"context"
	"fmt"
	"hash"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// upload is a multipart upload under way. Nothing of it is reachable before it is completed.
type upload struct {
	*put
	id    *string
	parts []types.CompletedPart
	sum   hash.Hash64 // over everything so far
	size  int64       // in bytes
}

// parts writes an object part by part: the first, which is full, and what r still has. One part is in memory at a time; a second one read meanwhile
// would cost another 8 MB of every function, and a goroutine that outlives a reader which does not end.
func (p *put) parts(ctx context.Context, r *source, first []byte) error {
	u, err := p.start(ctx)
	if err != nil {
		return err
	}
	if err := u.run(ctx, r, first); err != nil {
		u.abort(ctx)
		return err
	}
	err = u.complete(ctx)
	if err != nil {
		u.abort(ctx) // before the look at what is there: then nothing of it can come any more
		err = p.settle(ctx, err)
	}
	return err
}

// start opens an upload. One whose answer is lost is left to the bucket's lifecycle rule: nobody knows its id.
func (p *put) start(ctx context.Context) (*upload, error) {
	mode, key := p.encryption()
	out, err := p.api.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{
		Bucket: &p.bucket, Key: &p.name, Metadata: p.metadata(),
		ChecksumAlgorithm: types.ChecksumAlgorithmCrc64nvme, ChecksumType: types.ChecksumTypeFullObject,
		ServerSideEncryption: mode, SSEKMSKeyId: key, BucketKeyEnabled: bucketKey(key),
	})
	if err != nil {
		return nil, readError(ctx, err) // repeating it changes nothing that can be seen
	}
	return &upload{put: p, id: out.UploadId, sum: newSum()}, nil
}

func (u *upload) run(ctx context.Context, r *source, part []byte) error {
	for {
		if err := u.part(ctx, part); err != nil {
			return fmt.Errorf("part %d: %w", len(u.parts)+1, err)
		}
		if err := r.peek(); err != nil {
			return err
		}
		if r.done() {
			return ctx.Err()
		}
		if len(u.parts) == int(u.maxParts) {
			return tooLarge()
		}
		var err error
		if part, err = r.fill(part[:0]); err != nil {
			return err
		}
	}
}

// part sends the next part, several times if need be: the last sending counts, and all are the same.
func (u *upload) part(ctx context.Context, content []byte) error {
	number, sum := aws.Int32(int32(len(u.parts)+1)), sumOf(content)
	out, err := u.api.UploadPart(ctx, &s3.UploadPartInput{
		Bucket: &u.bucket, Key: &u.name, UploadId: u.id, PartNumber: number,
		Body: bytes.NewReader(content), ContentLength: aws.Int64(int64(len(content))), ChecksumCRC64NVME: sum,
	}, u.again)
	if err != nil {
		return readError(ctx, err)
	}
	u.parts = append(u.parts, types.CompletedPart{PartNumber: number, ETag: out.ETag, ChecksumCRC64NVME: sum})
	_, _ = u.sum.Write(content) // a hash returns no error
	u.size += int64(len(content))
	return nil
}

// complete makes the object, if its key is free and it has our size and checksum.
func (u *upload) complete(ctx context.Context) error {
	_, err := u.api.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
		Bucket: &u.bucket, Key: &u.name, UploadId: u.id, IfNoneMatch: aws.String("*"),
		MultipartUpload: &types.CompletedMultipartUpload{Parts: u.parts},
		MpuObjectSize:   &u.size, ChecksumType: types.ChecksumTypeFullObject, ChecksumCRC64NVME: encodeSum(u.sum),
	})
	return err
}

// abort drops the upload's parts. If that fails too, the bucket's lifecycle rule does it.
func (u *upload) abort(ctx context.Context) {
	ctx, cancel := u.afterwards(ctx)
	defer cancel()
	_, _ = u.api.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &u.bucket, Key: &u.name, UploadId: u.id})
}
