package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"tresor/infra/versitygw"
	"tresor/shared/anchor"
	"tresor/shared/scenario"
	"tresor/shared/vault"
)

// lockedBucket makes a bucket under Object Lock, as the template's for anchors is, but for its mode: what a test leaves must go.
func lockedBucket(t *testing.T, s *versitygw.Server, client *awss3.Client) *bucket {
	t.Helper()
	b := &bucket{s, "tresor-anchors-" + strings.ToLower(rand.Text()), client}
	if _, err := client.CreateBucket(t.Context(), &awss3.CreateBucketInput{Bucket: &b.name, ObjectLockEnabledForBucket: aws.Bool(true)}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx := context.Background()
		versions, err := b.versions(ctx, "")
		for _, v := range versions {
			_, err := client.DeleteObject(ctx, &awss3.DeleteObjectInput{Bucket: &b.name, Key: &v.key, VersionId: &v.id, BypassGovernanceRetention: aws.Bool(true)})
			if err != nil {
				t.Errorf("remove %s: %v", v.key, err)
			}
		}
		if err == nil {
			_, err = client.DeleteBucket(ctx, &awss3.DeleteBucketInput{Bucket: &b.name})
		}
		if err != nil {
			t.Error(err)
		}
	})
	_, err := client.PutObjectLockConfiguration(t.Context(), &awss3.PutObjectLockConfigurationInput{Bucket: &b.name, ObjectLockConfiguration: &types.ObjectLockConfiguration{
		ObjectLockEnabled: types.ObjectLockEnabledEnabled,
		Rule:              &types.ObjectLockRule{DefaultRetention: &types.DefaultRetention{Mode: types.ObjectLockRetentionModeGovernance, Days: aws.Int32(1)}}}})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// testAnchors: a bucket under Object Lock takes the anchors as they are put, gives them to the verifier's reader, and lets go of none.
func (b *bucket) testAnchors(t *testing.T) {
	locked := lockedBucket(t, b.Server, b.client)
	objects, s := locked.open(t), scenario.New(t)
	key, err := anchor.Write(t.Context(), s.Log, s.Sealer, objects.Store, s.Clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := anchor.Write(t.Context(), s.Log, s.Sealer, objects.Store, s.Clock.Now()); !errors.Is(err, vault.Exists) {
		t.Errorf("a second one of that moment: %v", err)
	}
	versions, err := locked.versions(t.Context(), objects.prefix+"/"+key)
	if err != nil || len(versions) != 1 {
		t.Fatalf("got %v, %v", versions, err)
	}
	if err := locked.forget(t.Context(), versions); err == nil {
		t.Error("a locked anchor was removed")
	}
	name := objects.prefix + "/" + key
	if _, err := b.client.PutObject(t.Context(), &awss3.PutObjectInput{Bucket: &locked.name, Key: &name, Body: bytes.NewReader([]byte("forged"))}); err == nil {
		if now, err := locked.versions(t.Context(), name); err != nil || len(now) != 2 {
			t.Errorf("after another put: %v, %v; want a second version", now, err)
		}
		_, problems, err := anchor.Load(t.Context(), locked.reader(t, objects, b.ID, b.Secret), s.Sealer, s.Clock.Now().Add(-time.Hour))
		if err != nil || len(problems) != 1 {
			t.Errorf("a forged anchor: %q, %v", problems, err)
		}
	}
	s.Clock.Add(time.Hour)
	if _, err := anchor.Write(t.Context(), s.Log, s.Sealer, objects.Store, s.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	anchors, _, err := anchor.Load(t.Context(), locked.reader(t, objects, b.ID, b.Secret), s.Sealer, s.Clock.Now())
	if err != nil || len(anchors) != 1 || anchors[0].Permissions.Record != 1 {
		t.Errorf("the newest: %v, %v", anchors, err)
	}
}
