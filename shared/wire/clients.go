package wire

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"tresor/shared/dynamo"
	"tresor/shared/seal/kmswrap"
	"tresor/shared/wire/process"
)

// Clients are the AWS services that a vault lies on.
type Clients struct {
	DynamoDB dynamo.API
	KMS      kmswrap.API
}

// NewClients returns clients of a function.
func NewClients() Clients {
	return Clients{DynamoDB: dynamo.Metered(dynamo.NewClient(Config("DYNAMODB"))), KMS: NewKMS(Config("KMS"))}
}

// Config returns the configuration of a client of a service ("S3").
func Config(service string) aws.Config { return process.Config(service) }

// NewKMS returns a client for kmswrap. KMS is asked only while a process starts (or meets a new key), so the SDK may try again by itself, within the
// bounds of a start.
func NewKMS(cfg aws.Config) *kms.Client {
	if cfg.HTTPClient == nil {
		cfg.HTTPClient = awshttp.NewBuildableClient().WithTimeout(kmsTimeout)
	}
	return kms.NewFromConfig(cfg)
}

// kmsTimeout bounds one request to KMS, which answers in some 10 ms.
const kmsTimeout = 3 * time.Second
