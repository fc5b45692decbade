package s3

import (
	"encoding/base64"
	"hash"
	"hash/crc64"
	"sync"
)

// The checksum of an object, and of each part on its way, is CRC-64/NVME: the one that S3 can put together from the parts of an upload, so
// that it checks the whole object against ours before anything is reachable.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html

// nvme is its polynomial 0xad93d23594c93659 with the bits reversed, as package crc64 wants it.
var nvme = sync.OnceValue(func() *crc64.Table { return crc64.MakeTable(0x9a6c9329ac4bc9b5) })

func newSum() hash.Hash64 { return crc64.New(nvme()) }

// encodeSum returns a checksum as it stands in headers: base64 of the big-endian bytes.
func encodeSum(h hash.Hash64) *string {
	s := base64.StdEncoding.EncodeToString(h.Sum(nil))
	return &s
}

func sumOf(b []byte) *string {
	h := newSum()
	_, _ = h.Write(b) // a hash returns no error
	return encodeSum(h)
}
