package replay_test

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"tresor/shared/blob"
	"tresor/shared/bus"
	"tresor/shared/dynamo"
	"tresor/shared/vault"
)

// recorder notes what a function does, in the words of the template's rights: "Entries journal PutItem", "Objects files s3:PutObject", "Key purpose index kms:Decrypt".
type recorder struct {
	mu   sync.Mutex
	used map[string]bool
}

func newRecorder() *recorder { return &recorder{used: map[string]bool{}} }

func (r *recorder) note(actions ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, a := range actions {
		r.used[a] = true
	}
}

// calls are the requests that a function's store makes of DynamoDB: what IAM holds a role to is the action, the table and the partition key of each item.
type calls struct {
	dynamo.API
	*recorder
	tables map[string]string // "Entries" by physical name
}

// item notes an action on an item, and returns the kind of its partition key.
func (c calls) item(action, table string, pk types.AttributeValue) string {
	key, _ := pk.(*types.AttributeValueMemberS)
	if key == nil {
		c.note("no partition key of " + action)
		return ""
	}
	_, kind, _ := strings.Cut(key.Value, "#")
	if before, _, longer := strings.Cut(kind, "#"); longer {
		kind = before + "#*"
	}
	c.note(c.tables[table]+" "+kind+" "+action, "Key tables at rest kms:Decrypt")
	return kind
}

// together is how a note begins of an action that one transaction carries out under keys of several kinds of one table: "together Permissions PutItem journal,mark#*".
const together = "together "

func (c calls) Query(ctx context.Context, in *dynamodb.QueryInput, o ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	if !strings.HasPrefix(*in.KeyConditionExpression, "pk = :p") {
		c.note("a query by " + *in.KeyConditionExpression)
	}
	c.item("Query", *in.TableName, in.ExpressionAttributeValues[":p"])
	return c.API.Query(ctx, in, o...)
}

func (c calls) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, o ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	kinds := map[string][]string{}
	item := func(action string, table *string, pk types.AttributeValue) {
		on := c.tables[*table] + " " + action
		kinds[on] = append(kinds[on], c.item(action, *table, pk))
	}
	for _, i := range in.TransactItems {
		switch {
		case i.Put != nil:
			item("PutItem", i.Put.TableName, i.Put.Item["pk"])
		case i.Delete != nil:
			item("DeleteItem", i.Delete.TableName, i.Delete.Key["pk"])
		case i.ConditionCheck != nil:
			item("ConditionCheckItem", i.ConditionCheck.TableName, i.ConditionCheck.Key["pk"])
		case i.Update != nil:
			item("UpdateItem", i.Update.TableName, i.Update.Key["pk"])
		}
	}
	for on, list := range kinds {
		slices.Sort(list)
		if list = slices.Compact(list); len(list) > 1 {
			c.note(together + on + " " + strings.Join(list, ","))
		}
	}
	return c.API.TransactWriteItems(ctx, in, o...)
}

func (c calls) BatchGetItem(ctx context.Context, in *dynamodb.BatchGetItemInput, o ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error) {
	for table, request := range in.RequestItems {
		for _, key := range request.Keys {
			c.item("BatchGetItem", table, key["pk"])
		}
	}
	return c.API.BatchGetItem(ctx, in, o...)
}

func (c calls) GetItem(ctx context.Context, in *dynamodb.GetItemInput, o ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	c.item("GetItem", *in.TableName, in.Key["pk"])
	return c.API.GetItem(ctx, in, o...)
}

func (c calls) PutItem(ctx context.Context, in *dynamodb.PutItemInput, o ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	c.item("PutItem", *in.TableName, in.Item["pk"])
	return c.API.PutItem(ctx, in, o...)
}

func (c calls) UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, o ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	// An expired counter, or one that would fall below 0, is replaced. That takes an attempt that is given back when its window has ended, which nothing here waits for.
	c.item("PutItem", *in.TableName, in.Key["pk"])
	c.item("UpdateItem", *in.TableName, in.Key["pk"])
	return c.API.UpdateItem(ctx, in, o...)
}

// bucket notes what package blob/s3 asks of S3 for each call, and what S3 then asks of KMS in the caller's name.
type bucket struct {
	blob.Store
	*recorder
	t   testing.TB
	put func() // called when the content of a file is there
}

// onePart is the largest object that package s3 puts in one request.
const onePart = 8 << 20

func kind(key string) string { k, _, _ := strings.Cut(key, "/"); return k }

func (b bucket) Put(ctx context.Context, key string, r io.Reader) (string, error) {
	b.note("Objects " + kind(key) + " s3:PutObject")
	if kind(key) != "anchors" { // which their bucket encrypts under S3's own key
		b.note("Key objects at rest kms:GenerateDataKey")
	}
	// Files and anchors are bounded, and everything else is a stream of any size: above one part it is an upload in parts, which is aborted when it fails and for which S3 decrypts.
	if kind(key) == "files" || kind(key) == "anchors" {
		r = &counted{Reader: r, t: b.t}
	} else {
		b.note("Objects "+kind(key)+" s3:AbortMultipartUpload", "Key objects at rest kms:Decrypt")
	}
	at, err := b.Store.Put(ctx, key, r)
	if kind(key) == "files" {
		b.put()
	}
	return at, err
}

type counted struct {
	io.Reader
	t testing.TB
	n int
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	if c.n += n; c.n > onePart {
		c.t.Error("a file or an anchor needs an upload in parts, which no role that writes these allows")
	}
	return n, err
}

// Open answers "forbidden" where nothing is, as S3 does to a role that may list some prefixes alone.
func (b bucket) Open(ctx context.Context, key string, offset, length int64) (io.ReadCloser, int64, error) {
	b.note("Objects " + kind(key) + " s3:GetObject")
	if kind(key) != "anchors" {
		b.note("Key objects at rest kms:Decrypt")
	}
	r, size, err := b.Store.Open(ctx, key, offset, length)
	if errors.Is(err, vault.NotFound) {
		err = &vault.Error{Msg: "forbidden", Err: errors.New("api error AccessDenied: Access Denied")}
	}
	return r, size, err
}

func (b bucket) List(ctx context.Context, prefix, after string, limit int) ([]blob.Object, error) {
	of := "Bucket "
	if kind(prefix) == "anchors" {
		of = "AnchorBucket "
	}
	b.note(of + kind(prefix) + " s3:ListBucket")
	return b.Store.List(ctx, prefix, after, limit)
}

func (b bucket) Delete(ctx context.Context, key string) error {
	b.note("Objects " + kind(key) + " s3:DeleteObject")
	return b.Store.Delete(ctx, key)
}

// Location implements blob.Locator, as S3 does.
func (b bucket) Location(key string) string { return b.Store.(blob.Locator).Location(key) }

// keysets notes which keysets are used. A process unwraps those that TRESOR_PURPOSES names, which a test of the template holds to the role.
type keysets struct {
	vault.Sealer
	*recorder
}

func (k keysets) Seal(p vault.Purpose, plaintext []byte, b vault.Binding) ([]byte, error) {
	k.note("Key purpose " + string(p) + " kms:Decrypt")
	return k.Sealer.Seal(p, plaintext, b)
}

func (k keysets) Open(p vault.Purpose, sealed []byte, b vault.Binding) ([]byte, error) {
	k.note("Key purpose " + string(p) + " kms:Decrypt")
	return k.Sealer.Open(p, sealed, b)
}

// eventBus notes that events are put, and takes all.
type eventBus struct{ *recorder }

func (e eventBus) Put(_ context.Context, events []bus.Event) (int, error) {
	if len(events) > 0 {
		e.note("EventBus events:PutEvents")
	}
	return len(events), nil
}

// exporter notes that the exporter is started, and keeps its jobs.
type exporter struct {
	*recorder
	jobs *[]vault.JobID
}

func (e exporter) Invoke(_ context.Context, id vault.JobID) error {
	e.note("ExporterFunction lambda:InvokeFunction")
	*e.jobs = append(*e.jobs, id)
	return nil
}

// rights returns what the lines of template.Rights allow, in the recorder's words.
func rights(lines []string) map[string]bool {
	may := map[string]bool{}
	for _, line := range lines {
		on, list, _ := strings.Cut(line, ": ")
		if on == "Key" {
			i := slices.IndexFunc(strings.Fields(list), func(f string) bool { return !strings.HasPrefix(f, "kms:") })
			actions, use := strings.Fields(list)[:i], strings.Fields(list)[i:]
			uses := []string{strings.Join(use, " ")}
			if use[0] == "purpose" {
				uses = nil
				for p := range strings.SplitSeq(use[1], ",") {
					uses = append(uses, "purpose "+p)
				}
			}
			for _, u := range uses {
				for _, a := range actions {
					may["Key "+u+" "+a] = true
				}
			}
			continue
		}
		what, keys, _ := strings.Cut(on, " ")
		for key := range strings.SplitSeq(keys, ",") {
			for a := range strings.FieldsSeq(list) {
				may[strings.TrimSpace(what+" "+key)+" "+a] = true
			}
		}
	}
	return may
}
