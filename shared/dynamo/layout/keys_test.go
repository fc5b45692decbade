package layout

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"tresor/shared/vault"
)

func mustKeys(t testing.TB, v string) Keys {
	t.Helper()
	k, err := NewKeys(v)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// prefixes draws prefixes that differ and are alike.
func prefixes(t *rapid.T) Keys {
	k, err := NewKeys(rapid.StringMatching(`[a-c._-]{1,3}`).Draw(t, "vault"))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// TestKeysParseWhatTheyBuild: parse(build(x)) = x for every kind of key.
func TestKeysParseWhatTheyBuild(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := prefixes(t)
		seq := vault.Seq(rapid.Uint64().Draw(t, "seq"))
		if got, err := k.ParseRecord(k.Record(seq)); err != nil || got != seq {
			t.Errorf("record %d: got %d, %v", seq, got, err)
		}
		secret := vault.SecretKey{Entry: vault.EntryID(rapid.Uint64().Draw(t, "entry")), Version: rapid.Uint32().Draw(t, "version")}
		if got, err := k.ParseSecret(k.Secret(secret)); err != nil || got != secret {
			t.Errorf("secret %v: got %v, %v", secret, got, err)
		}
		hour, shard, id := vault.Hour(rapid.Int64().Draw(t, "hour")), rapid.Uint8Max(vault.AccessShards-1).Draw(t, "shard"), rapid.String().Draw(t, "id")
		if h, s, i, err := k.ParseAccess(k.Access(hour, shard, id)); err != nil || h != hour || s != shard || i != id {
			t.Errorf("access %d %d %q: got %d %d %q, %v", hour, shard, id, h, s, i, err)
		}
		counter := string(rapid.SliceOf(rapid.Byte()).Draw(t, "counter"))
		if x, err := k.Attempts(counter); err == nil {
			if got, err := k.parseAttempts(x); err != nil || got != counter {
				t.Errorf("attempts %q: got %q, %v", counter, got, err)
			}
		}
		purpose, version := vault.Purpose(rapid.String().Draw(t, "purpose")), rapid.Uint32().Draw(t, "keyset version")
		if p, v, err := k.ParseKeyset(k.Keyset(purpose, version)); err != nil || p != purpose || v != version {
			t.Errorf("keyset %q %d: got %q %d, %v", purpose, version, p, v, err)
		}
	})
}

// TestKeysStayApart: whatever a client chose, its key lies in its own partition and holds no separator of its own.
func TestKeysStayApart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := prefixes(t), prefixes(t)
		x, err := a.Attempts(rapid.String().Draw(t, "counter"))
		if err != nil {
			return // longer than any name that is used
		}
		if strings.Count(x.PK, "#") != 2 {
			t.Errorf("the key %q has separators that were not put there", x.PK)
		}
		if _, err := b.parseAttempts(x); (err == nil) != (a == b) {
			t.Errorf("vault %q read the key %q of vault %q: %v", b.vault, x.PK, a.vault, err)
		}
	})
}

// TestKeysOrder: text order is number order where a query relies on it.
func TestKeysOrder(t *testing.T) {
	k := mustKeys(t, "v")
	rapid.Check(t, func(t *rapid.T) {
		x, y := rapid.Uint64().Draw(t, "x"), rapid.Uint64().Draw(t, "y")
		if (k.Record(vault.Seq(x)).SK < k.Record(vault.Seq(y)).SK) != (x < y) {
			t.Errorf("records %d and %d are in a wrong order", x, y)
		}
		v, w := rapid.Uint32().Draw(t, "v"), rapid.Uint32().Draw(t, "w")
		if (k.Keyset("p", v).SK < k.Keyset("p", w).SK) != (v < w) {
			t.Errorf("keysets %d and %d are in a wrong order", v, w)
		}
	})
}

// TestKeysAsDocumented pins the forms: they are in tables that exist, and the roles of functions name their beginnings.
func TestKeysAsDocumented(t *testing.T) {
	k := mustKeys(t, "main")
	counter, err := k.Attempts("anna@x#journal 1")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ got, want Key }{
		{k.Record(42), Key{"main#journal", "00000000000000000042"}},
		{k.Secret(vault.SecretKey{Entry: 7, Version: 3}), Key{"main#secret", "7#3"}},
		{k.Access(500_000, 10, "01J"), Key{"main#access#500000#a", "01J"}},
		{counter, Key{"main#attempts#anna%40x%23journal+1", "-"}},
		{k.Mark(vault.Hash{0xab}), Key{"main#mark#ab" + strings.Repeat("0", 62), "-"}},
		{k.Keyset(vault.PurposeIndex, 2), Key{"main#keyset", "index#0000000002"}},
	} {
		if tt.got != tt.want {
			t.Errorf("got %v, want %v", tt.got, tt.want)
		}
	}
	if _, err := k.Attempts(strings.Repeat("x", maxPartition)); err == nil {
		t.Error("a counter's key above DynamoDB's limit got no error")
	}
}

// FuzzParseKeys: what parses builds the same key again, so that no two keys mean the same thing.
func FuzzParseKeys(f *testing.F) {
	k := mustKeys(f, "v")
	for _, x := range []Key{
		k.Record(1), k.Secret(vault.SecretKey{Entry: 1, Version: 2}), k.Access(5, 15, "id"), k.Keyset("files", 1), k.Keyset("", 0),
		{"v#journal", "1"}, {"v#secret", "01#1"}, {"v#secret", "1"}, {"v#access#5#F", "i"}, {"v#access#5#10", "i"}, {"v#access#+5#1", "i"},
		{"v#attempts#a", "-"}, {"v#attempts#%61", "-"}, {"v#attempts#a b", "-"}, {"v#attempts#%zz", "-"}, {"v#keyset", "#1"}, {"v#keyset", ""},
	} {
		f.Add(x.PK, x.SK)
	}
	f.Fuzz(func(t *testing.T, pk, sk string) {
		x := Key{pk, sk}
		check := func(built Key, err error) {
			if err == nil && built != x {
				t.Errorf("%q parsed as the key %q", x, built)
			}
		}
		n, err := k.ParseRecord(x)
		check(k.Record(n), err)
		s, err := k.ParseSecret(x)
		check(k.Secret(s), err)
		h, shard, id, err := k.ParseAccess(x)
		check(k.Access(h, shard, id), err)
		p, v, err := k.ParseKeyset(x)
		check(k.Keyset(p, v), err)
		if c, err := k.parseAttempts(x); err == nil {
			check(k.Attempts(c))
		}
	})
}
