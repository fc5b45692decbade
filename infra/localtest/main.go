// Command localtest runs the tests that take more than this process. `make local-test` installs and builds what they take and runs this in the module's root.
//
//   - S3: what keeps objects, against a real S3 server, versitygw, over HTTP and on a disk: the conformance suite of blob stores, the reader that functions start with,
//     snapshots, contents of files, and anchors under Object Lock.
//   - Containers: the functions as they are deployed, under SAM in Docker: a whole life of an entry in all three dialects over HTTP, and every recorded event.
//
// The one idea: gofakes3, in the process of every `go test`, believes every signature and keeps no versions, and our own router is no emulator of somebody else's. It is a program
// and no test of a package, because it must never be one that was skipped: whoever starts it has all of it or a failure.
//
// TRESOR_TEST_S3 names another server, such as http://127.0.0.1:9000, with credentials in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. The bucket is made for the
// run, and removed after it.
package main

import (
	"context"
	"regexp"
	"testing"

	"tresor/infra/versitygw"
)

func main() {
	// testing.Main is kept "for other systems that simulate go test"; flags are -test.v, -test.run S3/Snapshots and the like.
	testing.Main(regexp.MatchString, []testing.InternalTest{{Name: "S3", F: testS3}, {Name: "Containers", F: testContainers}}, nil, nil)
}

func testS3(t *testing.T) {
	s, err := versitygw.Connect(context.Background()) // the server outlives the test's context: what is cleaned up needs it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	b, err := makeBucket(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.remove(context.Background()); err != nil {
			t.Error(err)
		}
	})
	t.Run("BoundedMemory", b.testBounded) // counts what the process allocates, so that nothing runs beside it
	t.Run("BlobStore", b.testStore)
	t.Run("DeletedIsAVersion", b.testDeletedIsAVersion)
	t.Run("WrongKeys", b.testWrongKeys)
	t.Run("PlainReader", b.testReader)
	t.Run("Snapshots", b.testSnapshots)
	t.Run("Contents", b.testContents)
	t.Run("Anchors", b.testAnchors)
}
