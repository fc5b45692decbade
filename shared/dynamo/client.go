package dynamo

import (
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go/logging"
)

// Timeouts of one request. DynamoDB answers in milliseconds; what takes longer than these is lost, and the vault asks again.
const (
	dialTimeout    = 2 * time.Second
	tlsTimeout     = 3 * time.Second
	headerTimeout  = 8 * time.Second
	requestTimeout = 15 * time.Second // with the body of up to 16 MB
)

// connections is how many idle connections to keep: a read of an hour's access records sends sixteen requests at once, and a server
// process serves several callers. The SDK's default of 10 would close and open connections all the time.
const connections = 64

// NewClient returns a client for New: without retries, with timeouts, with nothing that runs in the background. On Lambda whatever
// outlives the handler is frozen with the process, and a frozen retry lands hours later. A client's own retry would also repeat a
// transaction whose outcome the vault must know.
func NewClient(cfg aws.Config) *dynamodb.Client {
	return dynamodb.NewFromConfig(cfg, func(o *dynamodb.Options) {
		o.Retryer = aws.NopRetryer{}
		// All that the SDK would log is that an answer without a checksum, as to a refused condition, has another one (https://github.com/aws/aws-sdk-go-v2/issues/3545).
		o.Logger = logging.Nop{}
		o.EndpointDiscovery.EnableEndpointDiscovery = aws.EndpointDiscoveryDisabled // it refreshes in the background
		switch c := cfg.HTTPClient.(type) {
		case nil:
			o.HTTPClient = timed(awshttp.NewBuildableClient())
		case *awshttp.BuildableClient: // keeps what the configuration set, such as a CA bundle
			o.HTTPClient = timed(c)
		}
	})
}

func timed(c *awshttp.BuildableClient) *awshttp.BuildableClient {
	return c.WithTimeout(requestTimeout).
		WithDialerOptions(func(d *net.Dialer) { d.Timeout = dialTimeout }).
		WithTransportOptions(func(t *http.Transport) {
			t.TLSHandshakeTimeout = tlsTimeout
			t.ResponseHeaderTimeout = headerTimeout
			t.MaxIdleConns, t.MaxIdleConnsPerHost = connections, connections
		})
}
