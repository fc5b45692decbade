package wire

import (
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"tresor/shared/dynamo"
	"tresor/shared/seal/kmswrap"
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

// Config returns the configuration of a client of a service ("S3"): what Lambda puts into a function's environment, which is region and credentials
// of its role and stays the same for the life of the process. AWS_ENDPOINT_URL_<service> and AWS_ENDPOINT_URL are honoured.
//
// The SDK's own loader (package config) is left out on purpose: it brings clients of four more services for ways to log in that a function does not
// have, and reads files that are not there.
func Config(service string) aws.Config {
	region := os.Getenv("AWS_REGION")
	if region == "" {
		region = os.Getenv("AWS_DEFAULT_REGION")
	}
	return at(aws.Config{
		Region: region,
		Credentials: credentials.NewStaticCredentialsProvider(
			os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY"), os.Getenv("AWS_SESSION_TOKEN")),
	}, service)
}

// at points a configuration to the service's endpoint, if the environment names one.
func at(cfg aws.Config, service string) aws.Config {
	for _, name := range []string{"AWS_ENDPOINT_URL_" + service, "AWS_ENDPOINT_URL"} {
		if url := os.Getenv(name); url != "" {
			cfg.BaseEndpoint = &url
			break
		}
	}
	return cfg
}

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
