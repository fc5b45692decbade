package s3

import (
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// TestClientKeepsTransport: what the configuration set on its transport survives the timeouts that are added.
func TestClientKeepsTransport(t *testing.T) {
	cfg := configOf("http://127.0.0.1:1")
	cfg.HTTPClient = awshttp.NewBuildableClient().WithTransportOptions(func(tr *http.Transport) { tr.DisableCompression = true })
	c, ok := NewClient(cfg).Options().HTTPClient.(*awshttp.BuildableClient)
	if !ok {
		t.Fatalf("got a client of type %T", NewClient(cfg).Options().HTTPClient)
	}
	if tr := c.GetTransport(); !tr.DisableCompression || tr.MaxIdleConnsPerHost != connections || tr.ResponseHeaderTimeout != headerTimeout || c.GetTimeout() != 0 {
		t.Errorf("got transport %+v, timeout %s", tr, c.GetTimeout())
	}
}

// TestAddressing: by path at an endpoint of one's own, by the bucket's name at AWS.
func TestAddressing(t *testing.T) {
	if !NewClient(configOf("http://localhost:1")).Options().UsePathStyle {
		t.Error("at an endpoint of its own the bucket is in the name of the host")
	}
	if NewClient(aws.Config{Region: "us-east-1"}).Options().UsePathStyle {
		t.Error("at AWS the bucket is in the path")
	}
}
