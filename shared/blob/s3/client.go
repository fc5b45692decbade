package s3

import (
	"context"
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// API is what a Store uses of the SDK's client.
type API interface {
	PutObject(context.Context, *s3.PutObjectInput, ...func(*s3.Options)) (*s3.PutObjectOutput, error)
	HeadObject(context.Context, *s3.HeadObjectInput, ...func(*s3.Options)) (*s3.HeadObjectOutput, error)
	GetObject(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error)
	DeleteObject(context.Context, *s3.DeleteObjectInput, ...func(*s3.Options)) (*s3.DeleteObjectOutput, error)
	ListObjectsV2(context.Context, *s3.ListObjectsV2Input, ...func(*s3.Options)) (*s3.ListObjectsV2Output, error)
	multipartAPI
}

type multipartAPI interface {
	CreateMultipartUpload(context.Context, *s3.CreateMultipartUploadInput, ...func(*s3.Options)) (*s3.CreateMultipartUploadOutput, error)
	UploadPart(context.Context, *s3.UploadPartInput, ...func(*s3.Options)) (*s3.UploadPartOutput, error)
	CompleteMultipartUpload(context.Context, *s3.CompleteMultipartUploadInput, ...func(*s3.Options)) (*s3.CompleteMultipartUploadOutput, error)
	AbortMultipartUpload(context.Context, *s3.AbortMultipartUploadInput, ...func(*s3.Options)) (*s3.AbortMultipartUploadOutput, error)
}

var _ API = (*s3.Client)(nil)

// Timeouts of a request's steps. There is none for the whole: a backup is read for as long as that takes. Its context ends it.
const (
	dialTimeout   = 2 * time.Second
	tlsTimeout    = 3 * time.Second
	headerTimeout = 30 * time.Second // from the end of the request to the start of the answer; S3 sends that early even where it has long to do
)

// connections is how many idle connections to keep.
const connections = 16

// NewClient returns a client for New: without retries, with timeouts, with nothing that runs in the background. On Lambda whatever outlives the handler
// is frozen with the process, and a frozen retry lands hours later; and a client that sends a conditional put again is told that the key is
// taken, by its own object. Only parts of an upload are sent again: that changes nothing, and ends with the call.
//
// At an endpoint that the configuration names, buckets are addressed by path: local servers know no other way.
func NewClient(cfg aws.Config) *s3.Client {
	return s3.NewFromConfig(cfg, func(o *s3.Options) {
		o.Retryer = aws.NopRetryer{}
		o.UsePathStyle = cfg.BaseEndpoint != nil
		o.DisableS3ExpressSessionAuth = aws.Bool(true) // it fetches sessions in the background
		o.DisableLogOutputChecksumValidationSkipped = true
		switch c := cfg.HTTPClient.(type) {
		case nil:
			o.HTTPClient = timed(awshttp.NewBuildableClient())
		case *awshttp.BuildableClient: // keeps what the configuration set, such as a CA bundle
			o.HTTPClient = timed(c)
		}
	})
}

func timed(c *awshttp.BuildableClient) *awshttp.BuildableClient {
	return c.
		WithDialerOptions(func(d *net.Dialer) { d.Timeout = dialTimeout }).
		WithTransportOptions(func(t *http.Transport) {
			t.TLSHandshakeTimeout = tlsTimeout
			t.ResponseHeaderTimeout = headerTimeout
			t.MaxIdleConns, t.MaxIdleConnsPerHost = connections, connections
		})
}

// Of a part: how often it is sent at most, and the longest pause before it is sent again. An upload of 80 GB has 10,000 of them, and one that S3
// did not take in its first second should not end it.
const (
	partTries = 4
	partPause = 2 * time.Second
)

// again lets the SDK send a request again, within the call, with a pause that grows at random.
func (s *Store) again(o *s3.Options) {
	o.Retryer = retry.NewStandard(func(r *retry.StandardOptions) { r.MaxAttempts, r.MaxBackoff = partTries, s.pause })
}
