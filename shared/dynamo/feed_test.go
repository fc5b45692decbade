package dynamo

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"tresor/shared/dynamo/layout"
	"tresor/shared/vault"
	"tresor/shared/vault/vaulttest"
)

const (
	streamOfEntries     = "arn:aws:dynamodb:eu-west-1:123456789012:table/entries-1/stream/2026-07-10T00:00:00.000"
	streamOfPermissions = "arn:aws:dynamodb:eu-west-1:123456789012:table/permissions-1/stream/2026-07-10T00:00:00.000"
)

// image writes an item as a stream's event has it.
func image(t *testing.T, i item) []byte {
	t.Helper()
	out := map[string]map[string]string{}
	for name, v := range i {
		switch v := v.(type) {
		case *types.AttributeValueMemberS:
			out[name] = map[string]string{"S": v.Value}
		case *types.AttributeValueMemberN:
			out[name] = map[string]string{"N": v.Value}
		case *types.AttributeValueMemberB:
			out[name] = map[string]string{"B": base64.StdEncoding.EncodeToString(v.Value)}
		}
	}
	b, err := json.Marshal(out)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func mustKeys(t testing.TB, v string) keys {
	t.Helper()
	k, err := layout.NewKeys(v)
	if err != nil {
		t.Fatal(err)
	}
	return keys{k}
}

func TestFeed(t *testing.T) {
	f, err := layout.NewFeed(Config{Vault: "v", Entries: "entries-1", Permissions: "permissions-1"})
	if err != nil {
		t.Fatal(err)
	}
	k := mustKeys(t, "v")
	r := vaulttest.NewTransaction(vaulttest.NewRecord(vault.Entries, 17, 100)).Put[0]
	r.Clear.More = "entry 5 12"
	p := r
	p.Table = vault.Permissions
	a := vault.StoredAccess{Hour: 5, Shard: 3, ID: "01J", Clear: vault.Clear{Kind: "access", Action: "x", Actor: 2, More: "entry 5"}, Sealed: []byte("x")}
	attempts, _ := k.Attempts("a@b")
	for name, c := range map[string]struct {
		stream string
		item   item
		want   layout.Put
	}{
		"a record of entries":     {streamOfEntries, k.recordItem(r), layout.Put{Record: &r}},
		"a record of permissions": {streamOfPermissions, k.recordItem(r), layout.Put{Record: &p}},
		"an access record":        {streamOfPermissions, k.accessItem(a), layout.Put{Access: &a}},
		"a secret":                {streamOfEntries, k.secretItem(vaulttest.NewSecret(1, 1, 50)), layout.Put{}},
		"a counter":               {streamOfPermissions, newItem(attempts), layout.Put{}},
		"a mark":                  {streamOfPermissions, k.markItem(vault.Mark{}, vault.TxnID{}), layout.Put{}},
		"another vault's":         {streamOfEntries, mustKeys(t, "w").recordItem(r), layout.Put{}},
		"a keyset":                {streamOfPermissions, newItem(k.Keyset("index", 1)), layout.Put{}},
	} {
		got, err := f.Parse(c.stream, image(t, c.item))
		if diff := cmp.Diff(c.want, got); err != nil || diff != "" {
			t.Errorf("%s: %v, (-want +got):\n%s", name, err, diff)
		}
	}
	good := string(image(t, k.recordItem(r)))
	for name, c := range map[string][2]string{
		"another table":      {strings.Replace(streamOfEntries, "entries-1", "entries-2", 1), good},
		"no stream":          {"", good},
		"a key of bytes":     {streamOfEntries, strings.Replace(good, `"pk":{"S":"v#journal"}`, `"pk":{"B":"Y2FuYXJ5"}`, 1)},
		"a key of no number": {streamOfEntries, strings.Replace(good, "00000000000000000017", "canary", 1)},
		"no image":           {streamOfEntries, ""},
		"null":               {streamOfEntries, "null"},
		"no key":             {streamOfEntries, `{"k":{"S":"entry"}}`},
		"a list":             {streamOfEntries, `{"pk":{"L":[]}}`},
		"bytes of none":      {streamOfEntries, strings.Replace(good, `"x":{"B":"`, `"x":{"B":"*`, 1)},
		"no transaction":     {streamOfEntries, strings.Replace(good, `"x":`, `"y":`, 1)},
		"a kind of bytes":    {streamOfEntries, strings.Replace(good, `"k":{"S":"entry"}`, `"k":{"B":"Y2FuYXJ5"}`, 1)},
	} {
		if got, err := f.Parse(c[0], []byte(c[1])); err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
	newer := strings.Replace(good, `{"`, `{"zz":{"M":{"canary":{"L":[]}}},"yy":{"BOOL":true},"`, 1)
	if got, err := f.Parse(streamOfEntries, []byte(newer)); err != nil || !cmp.Equal(got, layout.Put{Record: &r}) {
		t.Errorf("attributes that nobody knows yet: got %+v, %v", got, err)
	}
	for _, c := range []Config{{Vault: "v", Entries: "a", Permissions: "a"}, {Vault: "v", Entries: "a"}} {
		if _, err := layout.NewFeed(c); err == nil {
			t.Errorf("%+v was taken", c)
		}
	}
	if _, err := layout.NewFeed(Config{Vault: "v#", Entries: "a", Permissions: "b"}); err == nil {
		t.Error("a vault's name with a # was taken")
	}
}
