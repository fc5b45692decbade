package s3

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"testing"

	"tresor/shared/blob/blobtest"
)

// TestBounded: of 100 MB one part is in memory.
func TestBounded(t *testing.T) {
	s := open(t, serve(t, &sink{}), Config{Bucket: bucket})
	blobtest.RunBounded(t, s, 2*partSize)
}

// sink is an S3 that keeps nothing: it takes one object, and gives the content of that size that RunBounded puts.
type sink struct {
	mu   sync.Mutex
	size int64
	sum  string
}

func (s *sink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n, err := io.Copy(io.Discard, r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case err != nil:
		panic(http.ErrAbortHandler)
	case isStart(r):
		_, _ = io.WriteString(w, "<InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>")
	case isPart(r):
		s.size += n
		w.Header().Set("ETag", `"`+r.URL.Query().Get("partNumber")+`"`)
	case isComplete(r):
		s.sum = r.Header.Get("X-Amz-Checksum-Crc64nvme")
		if size := r.Header.Get("X-Amz-Mp-Object-Size"); size != strconv.FormatInt(s.size, 10) {
			fail(w, http.StatusBadRequest, "InvalidRequest")
			return
		}
		_, _ = io.WriteString(w, "<CompleteMultipartUploadResult></CompleteMultipartUploadResult>")
	case r.Method == http.MethodGet:
		w.Header().Set("Content-Length", strconv.FormatInt(s.size, 10))
		w.Header().Set("X-Amz-Checksum-Crc64nvme", s.sum) // of which the reader finds out whether it is that of the whole
		w.Header().Set("X-Amz-Checksum-Type", "FULL_OBJECT")
		_, _ = io.Copy(w, blobtest.Content{Seed: 10, Size: s.size}.Reader())
	}
}

// TestSum: the checksum is CRC-64/NVME, by the check value of its definition.
func TestSum(t *testing.T) {
	got, err := base64.StdEncoding.DecodeString(*sumOf([]byte("123456789")))
	if want := "ae8b14860a799888"; err != nil || fmt.Sprintf("%x", got) != want {
		t.Errorf("got %x, error %v; want %s", got, err, want)
	}
}
