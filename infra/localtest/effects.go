package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	recorded "tresor/events"
	"tresor/infra/replay"
)

// testEffects: what the triggers' functions were started for is there: an anchor in a bucket that keeps it, a backup in the other, events on the bus.
func (s *stage) testEffects(t *testing.T) {
	client, anchors := s.Services.Client(), s.Services.Names["AnchorBucket"]
	list, err := client.ListObjectsV2(t.Context(), &awss3.ListObjectsV2Input{Bucket: &anchors})
	if err != nil || len(list.Contents) == 0 {
		t.Fatalf("no anchor in %s: %v", anchors, err)
	}
	lock, err := client.GetObjectLockConfiguration(t.Context(), &awss3.GetObjectLockConfigurationInput{Bucket: &anchors})
	if err != nil || lock.ObjectLockConfiguration == nil || lock.ObjectLockConfiguration.ObjectLockEnabled != "Enabled" {
		t.Errorf("the bucket for anchors has no Object Lock: %+v, %v", lock, err)
	}
	for _, o := range list.Contents {
		if !strings.Contains(aws.ToString(o.Key), "/anchors/") {
			t.Errorf("beside the anchors: %s", aws.ToString(o.Key))
		}
	}
	if s.objects(t, "backups/scheduled/") == 0 {
		t.Error("no backup")
	}
	kinds := map[string]int{}
	for _, e := range s.Services.Events.Taken() {
		kinds[e.EventBusName+": "+e.Source+" "+e.DetailType]++
	}
	for _, kind := range []string{"entry.changed", "entry.revealed"} {
		if kinds["EventBus: tresor "+kind] == 0 {
			t.Errorf("no %s on the bus; there are %v", kind, kinds)
		}
	}
}

// escaped says that an event's path holds what SAM's API would decode.
func escaped(t *testing.T, world *replay.World, e recorded.Event) bool {
	t.Helper()
	ev, err := world.Event(e, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return strings.Contains(ev.Path, "%2F")
}

// testSAMDecodesPaths is the limit that docs/local.md tells of: what invoke passes on as it is, SAM's API decodes, so that a signature over it is not of what
// arrives. It fails when a newer SAM does better, and then the page is to be changed.
func (s *stage) testSAMDecodesPaths(t *testing.T) {
	c := s.caller()
	for search, want := range map[string]int{"plain": http.StatusOK, "a%2Fb": http.StatusUnauthorized} {
		if status, out := c.signed(t, http.MethodGet, "passwords/search/"+search, nil); status != want {
			t.Errorf("a signed search for %s: got %d %v, want %d", search, status, out, want)
		}
	}
}
