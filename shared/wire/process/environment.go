package process

import (
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"tresor/shared/dynamo/layout"
)

// Environment variables, as template.yaml sets them, that not only who opens a vault needs.
const (
	EnvVault       = "TRESOR_VAULT"             // prefix of all keys
	EnvEntries     = "TRESOR_ENTRIES_TABLE"     // physical table names
	EnvPermissions = "TRESOR_PERMISSIONS_TABLE" //
	EnvEventBus    = "TRESOR_EVENT_BUS"         // name of the event bus; only where events are sent
	EnvStack       = "TRESOR_STACK"             // the stack's name, under which metrics are counted; empty: none are
)

// Tables returns where the vault lies.
func Tables() layout.Config {
	return layout.Config{Vault: os.Getenv(EnvVault), Entries: os.Getenv(EnvEntries), Permissions: os.Getenv(EnvPermissions)}
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
