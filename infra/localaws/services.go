// Package localaws is what the functions use of AWS, on this machine: DynamoDB Local with the template's tables, versitygw with its buckets, a KMS, and an
// event bus that keeps what it is sent and delivers to nobody. It runs no functions.
//
// The one idea: nothing in the functions knows of it. They are told by the environment variables that every AWS SDK honours.
package localaws

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"tresor/infra/coldstart/kmslocal"
	"tresor/infra/dynamodblocal"
	"tresor/infra/template"
	"tresor/infra/versitygw"
	"tresor/shared/blob/s3"
	"tresor/shared/bus/bustest"
)

// Vault is the vault's name, the template's default.
const Vault = "tresor"

// Services are running. They must be stopped.
type Services struct {
	S3     *versitygw.Server
	KMS    *kmslocal.Server
	Events *bustest.Server
	Tables dynamodblocal.Tables
	// Names are the physical names of the template's resources, by what a template refers to them with: "Bucket", "Key.Arn".
	Names map[string]string

	dynamo *dynamodblocal.Server
}

// Start starts all services on an address of this machine, and makes what the template in the module's root defines. The working directory must be that root.
func Start(ctx context.Context, host string) (s *Services, err error) {
	s = &Services{Names: map[string]string{}}
	defer func() {
		if err != nil {
			s.Stop()
			s = nil
		}
	}()
	root, err := filepath.Abs(".")
	if err != nil {
		return s, err
	}
	text, err := os.ReadFile(filepath.Join(root, "template.yaml")) // a path of ours
	if err != nil {
		return s, err
	}
	tmpl, err := template.Parse(text)
	if err != nil {
		return s, err
	}
	if s.dynamo, err = dynamodblocal.Run(ctx, dynamodblocal.Options{Root: root}); err != nil {
		return s, err
	}
	if s.S3, err = versitygw.Start(ctx, host); err != nil {
		return s, err
	}
	if s.KMS, err = kmslocal.StartOn(ctx, host); err != nil {
		return s, err
	}
	if s.Events, err = bustest.StartOn(ctx, host); err != nil {
		return s, err
	}
	if s.Tables, err = s.dynamo.CreateTables(ctx, root, ""); err != nil { // they are called as events/ calls them
		return s, err
	}
	s.name(tmpl)
	return s, s.makeBuckets(ctx, tmpl)
}

// Stop ends all of them, and with them what they hold.
func (s *Services) Stop() {
	if s.Events != nil {
		s.Events.Close()
	}
	if s.KMS != nil {
		s.KMS.Close()
	}
	if s.S3 != nil {
		s.S3.Stop()
	}
	if s.dynamo != nil {
		s.dynamo.Stop()
	}
}

func (s *Services) name(tmpl *template.Template) {
	s.Names["EntriesTable"], s.Names["PermissionsTable"] = s.Tables.Entries, s.Tables.Permissions
	for id, r := range tmpl.Resources {
		switch r.Type {
		case "AWS::S3::Bucket":
			s.Names[id] = "tresor-local-" + strings.ToLower(id)
		case "AWS::KMS::Key":
			s.Names[id], s.Names[id+".Arn"] = kmslocal.KeyID, kmslocal.KeyID
		}
	}
}

// Bucket is the name of the vault's bucket.
func (s *Services) Bucket() string { return s.Names["Bucket"] }

// Client is a client of S3.
func (s *Services) Client() *awss3.Client { return s3.NewClient(s.S3.Config(s.S3.ID, s.S3.Secret)) }

// makeBuckets makes every bucket of the template, with versions and locks where it has them.
func (s *Services) makeBuckets(ctx context.Context, tmpl *template.Template) error {
	client := s.Client()
	for id, r := range tmpl.Resources {
		if r.Type != "AWS::S3::Bucket" {
			continue
		}
		name, locked := s.Names[id], r.Properties["ObjectLockEnabled"] != nil
		in := awss3.CreateBucketInput{Bucket: &name}
		if locked {
			in.ObjectLockEnabledForBucket = aws.Bool(true)
		}
		if _, err := client.CreateBucket(ctx, &in); err != nil {
			return fmt.Errorf("make %s: %w", id, err)
		}
		if locked || r.Properties["VersioningConfiguration"] == nil { // a lock brings versions
			continue
		}
		on := types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled}
		if _, err := client.PutBucketVersioning(ctx, &awss3.PutBucketVersioningInput{Bucket: &name, VersioningConfiguration: &on}); err != nil {
			return fmt.Errorf("turn versions of %s on: %w", id, err)
		}
	}
	return nil
}

// Endpoints are the variables that lead an SDK here. gateway is what the caller calls this machine; empty for a caller on it.
func (s *Services) Endpoints(gateway string) (map[string]string, error) {
	out := map[string]string{"AWS_ACCESS_KEY_ID": s.S3.ID, "AWS_SECRET_ACCESS_KEY": s.S3.Secret, "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1"}
	var problems []error
	for name, at := range map[string]string{"AWS_ENDPOINT_URL_DYNAMODB": s.dynamo.URL, "AWS_ENDPOINT_URL_S3": s.S3.URL, "AWS_ENDPOINT_URL_KMS": s.KMS.URL, "AWS_ENDPOINT_URL": s.Events.URL} {
		u, err := url.Parse(at)
		problems = append(problems, err)
		if err == nil && gateway != "" {
			u.Host = net.JoinHostPort(gateway, u.Port())
		}
		out[name] = u.String()
	}
	return out, errors.Join(problems...)
}

// Environment is what tells the command where the vault is, instead of what this process's own environment may say of AWS.
func (s *Services) Environment() ([]string, error) {
	variables, err := s.Endpoints("")
	if err != nil {
		return nil, err
	}
	variables["TRESOR_VAULT"], variables["TRESOR_BUCKET"], variables["TRESOR_KEY_ID"] = Vault, s.Bucket(), kmslocal.KeyID
	variables["TRESOR_ENTRIES_TABLE"], variables["TRESOR_PERMISSIONS_TABLE"] = s.Tables.Entries, s.Tables.Permissions
	out := WithoutAWS(os.Environ())
	for name, v := range variables {
		out = append(out, name+"="+v)
	}
	return out, nil
}

// WithoutAWS leaves out what names an account, a profile or a vault.
func WithoutAWS(environment []string) []string {
	return slices.DeleteFunc(slices.Clone(environment), func(v string) bool { return strings.HasPrefix(v, "AWS_") || strings.HasPrefix(v, "TRESOR_") })
}
