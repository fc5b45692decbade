package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	recorded "tresor/events"
	"tresor/infra/canary"
	"tresor/shared/bus"
	"tresor/shared/bus/bustest"
	"tresor/shared/vault"
)

// expire runs the expiry function twice: it tells of an entry that has expired, once a day.
func (f *fleet) expire(t *testing.T, secret *canary.Set) {
	t.Helper()
	began := time.Now().UTC()
	req := vault.Request{Auth: vault.Operator{}, Action: vault.Action{Dialect: vault.Command, Name: "test", Writes: true}}
	id, err := vault.Update(t.Context(), f.vault.vault, req, func(x *vault.Tx) (vault.EntryID, error) {
		p, err := x.CreateProject(vault.Project{Name: "Expired", Manager: f.vault.admin.AdminID})
		if err != nil {
			return 0, err
		}
		return x.CreateEntry(vault.Entry{Project: p, Manager: f.vault.admin.AdminID, Name: "canary of expiry", Expiry: vault.StampOf(began.AddDate(0, 0, -2))}, vault.Payload{})
	})
	if err != nil {
		t.Fatal(err)
	}
	f.lock(t, id)
	event, err := recorded.Trigger("expiry/daily")
	if err != nil {
		t.Fatal(err)
	}
	f.bus.SetFault(func(n int) bustest.Fault { return bustest.Fault{Lose: n == 1} })
	for range 2 {
		if out, err := f.running["expiry"].invoke(t.Context(), event); err != nil || string(out) != "null" {
			t.Errorf("the expiry function answers %s, %v", out, err)
		}
	}
	most := 1 // events
	if time.Now().UTC().Day() != began.Day() {
		most = 2
	}
	told := map[string]bool{}
	for _, e := range f.bus.Taken() {
		d := detailOf(t, e)
		tellsNothing(t, e, d, secret)
		if e.DetailType == "entry.expired" && d.Target == uint64(id) && *d.Days <= -2 && *d.Days > -2-most && e.EventBusName == eventBus {
			told[d.ID] = true
		}
	}
	if len(told) < 1 || len(told) > most {
		t.Errorf("told of as %v, want one event a day", told)
	}
	if n := f.bus.Requests(); n < 2 {
		t.Errorf("%d requests, want one again after its answer was lost", n)
	}
}

// lock locks an entry, and shows it for a reason.
func (f *fleet) lock(t *testing.T, id vault.EntryID) {
	t.Helper()
	req := vault.Request{Auth: vault.Operator{}, Action: vault.Action{Dialect: vault.Command, Name: "test", Writes: true, Reveals: true}, Reason: "canary of a reason"}
	if _, err := vault.Update(t.Context(), f.vault.vault, req, func(x *vault.Tx) (int, error) { return 0, x.SetLock(id, vault.LockReason) }); err != nil {
		t.Fatal(err)
	}
	if _, err := vault.View(t.Context(), f.vault.vault, req, func(r *vault.Reader) (vault.Payload, error) { return r.Reveal(id) }); err != nil {
		t.Fatal(err)
	}
}

func detailOf(t *testing.T, e bustest.Event) (d bus.Detail) {
	t.Helper()
	if err := json.Unmarshal([]byte(e.Detail), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// action is what an event's may be: a dialect's name and an action's, and no text of anybody's.
var action = regexp.MustCompile(`^((tpm|syspass|teampass) [a-zA-Z_/]+|tresor [a-z ]+)?$`)

// words are what is in an event on purpose, and in some request as well: the names of what an action is on, of events and of members.
const words = ` version id vault time kind target targets unnamed action actor batch journal seq access project due days rule archived entries permissions entry entry.changed entry.revealed ` +
	`lock.requested access.recorded user users group groups credential grants setting settings password passwords project projects category categories folder tag tags file files job favourites tresor cold `

// tellsNothing looks whether an event holds anything that a client has sent or got, but for the name of the action, whose form is looked at, and the words above.
func tellsNothing(t *testing.T, e bustest.Event, d bus.Detail, secret *canary.Set) {
	t.Helper()
	if !action.MatchString(d.Action) {
		t.Errorf("the action of an event: %q", d.Action)
	}
	bare := strings.Replace(e.Detail, strconv.Quote(d.Action), `""`, 1)
	for _, text := range []string{bare, e.DetailType, e.Source, e.EventBusName} {
		if found := secret.Found(text); len(found) > 0 || strings.Contains(text, "canary") {
			t.Errorf("event %s %s: %v", e.DetailType, text, found)
		}
	}
}

// follow gives the notifier all that lies in the tables by now, as their streams tell it, and looks through what it makes of it.
func (f *fleet) follow(t *testing.T, secret *canary.Set) {
	t.Helper()
	f.bus.SetFault(func(n int) bustest.Fault { // each third time something is refused
		if n%3 == 1 {
			return bustest.Fault{Refuse: []int{0}}
		}
		return bustest.Fault{}
	})
	records := append(f.stream(t, f.place.tables.Entries), f.stream(t, f.place.tables.Permissions)...)
	for batch := range slices.Chunk(records, 100) {
		out, err := f.running["notifier"].invoke(t.Context(), map[string]any{"Records": batch})
		if err != nil || string(out) != `{"batchItemFailures":[]}` {
			t.Errorf("the notifier answers %s, %v", out, err)
		}
	}
	types, ids := map[string]int{}, map[string]bool{}
	for _, e := range f.bus.Taken() {
		types[e.DetailType]++
		d := detailOf(t, e)
		tellsNothing(t, e, d, secret)
		if ids[d.ID] || d.ID == "" {
			t.Errorf("event %s, known already: %v", e.Detail, ids[d.ID])
		}
		ids[d.ID] = true
	}
	for _, name := range []string{"entry.changed", "entry.revealed", "lock.requested", "project.changed", "user.changed", "group.changed", "credential.changed", "grants.changed", "tag.changed"} {
		if types[name] == 0 {
			t.Errorf("no event %s among %v", name, types)
		}
	}
	if types["record.unreadable"] > 0 || len(records) < 300 {
		t.Errorf("%d records of streams, %d unreadable", len(records), types["record.unreadable"])
	}
	t.Logf("%d records of streams; events: %v", len(records), types)
	failing, err := recorded.Trigger("notifier/entries")
	if err != nil {
		t.Fatal(err)
	}
	f.bus.SetFault(func(int) bustest.Fault { return bustest.Fault{Status: 400, Code: "AccessDeniedException"} })
	here := strings.NewReplacer("EntriesTable", f.place.tables.Entries, `"tresor#`, `"`+f.vault.name+`#`)
	out, err := f.running["notifier"].invoke(t.Context(), json.RawMessage(here.Replace(string(failing))))
	if err == nil || strings.Contains(err.Error(), "canary") {
		t.Errorf("where nothing may be sent, the notifier answers %s, %v", out, err)
	}
	f.bus.SetFault(func(int) bustest.Fault {
		return bustest.Fault{Refuse: []int{3}, Code: "NotAuthorizedForSourceException"}
	})
	out, err = f.running["notifier"].invoke(t.Context(), json.RawMessage(here.Replace(string(failing))))
	if err != nil || !strings.HasPrefix(string(out), `{"batchItemFailures":[{"itemIdentifier":"`) {
		t.Errorf("where the fourth is refused, the notifier answers %s, %v", out, err)
	}
}

// stream returns a table's items of this vault, each as a stream tells of it when it is put.
func (f *fleet) stream(t *testing.T, table string) (records []map[string]any) {
	t.Helper()
	client := dynamodb.NewFromConfig(aws.Config{Region: "us-east-1", BaseEndpoint: &f.place.dynamo, Credentials: credentials.NewStaticCredentialsProvider("local", "local", "")})
	pages := dynamodb.NewScanPaginator(client, &dynamodb.ScanInput{TableName: &table, FilterExpression: aws.String("begins_with(pk, :v)"),
		ExpressionAttributeValues: map[string]types.AttributeValue{":v": &types.AttributeValueMemberS{Value: f.vault.name + "#"}}})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, item := range page.Items {
			image := map[string]map[string]string{}
			for name, v := range item {
				switch v := v.(type) {
				case *types.AttributeValueMemberS:
					image[name] = map[string]string{"S": v.Value}
				case *types.AttributeValueMemberN:
					image[name] = map[string]string{"N": v.Value}
				case *types.AttributeValueMemberB:
					image[name] = map[string]string{"B": base64.StdEncoding.EncodeToString(v.Value)}
				}
			}
			records = append(records, map[string]any{"eventName": "INSERT", "eventSourceARN": "arn:aws:dynamodb:us-east-1:123456789012:table/" + table + "/stream/2026",
				"dynamodb": map[string]any{"SequenceNumber": fmt.Sprint(1000 + len(records)), "ApproximateCreationDateTime": time.Now().Unix(), "NewImage": image}})
		}
	}
	return records
}
