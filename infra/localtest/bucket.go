package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"tresor/infra/versitygw"
	"tresor/shared/blob/s3"
	"tresor/shared/blob/s3read"
)

// bucket is a bucket with versioning, as the template's is.
type bucket struct {
	*versitygw.Server
	name   string
	client *awss3.Client
}

func makeBucket(ctx context.Context, s *versitygw.Server) (*bucket, error) {
	b := &bucket{s, "tresor-test-" + strings.ToLower(rand.Text()), s3.NewClient(s.Config(s.ID, s.Secret))}
	if _, err := b.client.CreateBucket(ctx, &awss3.CreateBucketInput{Bucket: &b.name}); err != nil {
		return nil, fmt.Errorf("make a bucket on %s: %w", s.URL, err)
	}
	on := types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled}
	if _, err := b.client.PutBucketVersioning(ctx, &awss3.PutBucketVersioningInput{Bucket: &b.name, VersioningConfiguration: &on}); err != nil {
		return nil, fmt.Errorf("turn versioning on: %w", err)
	}
	return b, nil
}

// remove removes the bucket with all versions in it.
func (b *bucket) remove(ctx context.Context) error {
	for {
		versions, err := b.versions(ctx, "")
		if err != nil {
			return err
		}
		if len(versions) == 0 {
			break
		}
		if err := b.forget(ctx, versions); err != nil {
			return err
		}
	}
	if _, err := b.client.DeleteBucket(ctx, &awss3.DeleteBucketInput{Bucket: &b.name}); err != nil {
		return fmt.Errorf("remove the bucket: %w", err)
	}
	return nil
}

// forget removes versions for good.
func (b *bucket) forget(ctx context.Context, versions []version) error {
	for _, v := range versions {
		if _, err := b.client.DeleteObject(ctx, &awss3.DeleteObjectInput{Bucket: &b.name, Key: &v.key, VersionId: &v.id}); err != nil {
			return fmt.Errorf("remove version %s of %s: %w", v.id, v.key, err)
		}
	}
	return nil
}

// version is one version of an object, or a mark that it was deleted.
type version struct {
	key, id string
	mark    bool
}

// versions returns the first page of versions below a prefix.
func (b *bucket) versions(ctx context.Context, prefix string) (list []version, err error) {
	out, err := b.client.ListObjectVersions(ctx, &awss3.ListObjectVersionsInput{Bucket: &b.name, Prefix: &prefix})
	if err != nil {
		return nil, fmt.Errorf("list versions: %w", err)
	}
	for _, v := range out.Versions {
		list = append(list, version{aws.ToString(v.Key), aws.ToString(v.VersionId), false})
	}
	for _, m := range out.DeleteMarkers {
		list = append(list, version{aws.ToString(m.Key), aws.ToString(m.VersionId), true})
	}
	return list, nil
}

// store is the store that tresor uses, and counts the uploads that it left unfinished: blobtest.Unfinished.
type store struct {
	*s3.Store
	in     *bucket
	prefix string
}

// Unfinished implements blobtest.Unfinished.
func (s *store) Unfinished(ctx context.Context) (int, error) {
	below := s.prefix + "/"
	out, err := s.in.client.ListMultipartUploads(ctx, &awss3.ListMultipartUploadsInput{Bucket: &s.in.name, Prefix: &below})
	if err != nil {
		return 0, err
	}
	return len(out.Uploads), nil
}

// Delete implements blob.Store, and then removes what is left of the object for good. versitygw 1.8.0 takes the mark of a deletion for an object: it refuses a
// put with If-None-Match: * over one with 412 PreconditionFailed, where on S3 it succeeds, by https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html.
// The suite puts anew what it has deleted. tresor never does: its keys are random or hold a number that only grows.
func (s *store) Delete(ctx context.Context, key string) error {
	if err := s.Store.Delete(ctx, key); err != nil {
		return err
	}
	name := s.prefix + "/" + key
	versions, err := s.in.versions(ctx, name)
	if err != nil {
		return err
	}
	return s.in.forget(ctx, slices.DeleteFunc(versions, func(v version) bool { return v.key != name }))
}

// open returns a store on a part of the bucket of its own.
func (b *bucket) open(t *testing.T) *store {
	t.Helper()
	prefix := rand.Text()
	s, err := s3.New(b.client, s3.Config{Bucket: b.name, Prefix: prefix})
	if err != nil {
		t.Fatal(err)
	}
	return &store{s, b, prefix}
}

// reader returns a plain reader of what a store holds, with given credentials.
func (b *bucket) reader(t *testing.T, of *store, id, secret string) *s3read.Store {
	t.Helper()
	r, err := s3read.New(b.Config(id, secret), b.name, of.prefix)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// second is the error of a call whose results are not wanted.
func second[A, B any](_ A, _ B, err error) error { return err }

// last is the error of such a call with one result.
func last[A any](_ A, err error) error { return err }
