package syspass

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"tresor/shared/vault"
)

// stocked is a world with accounts 1 to 6 of two clients.
func stocked(t testing.TB) *world {
	w := newWorld(t)
	w.must(t, w.admin, "category/create", `"name":"Web"`) // 2
	for _, a := range []string{
		`"clientId":1,"categoryId":1,"name":"Zebra","login":"root","tagsId":[1,2]`,
		`"clientId":1,"categoryId":2,"name":"alpha","url":"https://Zür.example/100%","tagsId":[1]`,
		`"clientId":2,"categoryId":1,"name":"Beta","notes":"a_b back\\slash"`,
		`"clientId":2,"categoryId":2,"name":"école","tagsId":[2]`,
		`"clientId":1,"categoryId":1,"name":"Mitte","notes":"root"`,
		`"clientId":2,"categoryId":1,"name":"axb"`,
	} {
		w.create(t, w.admin, `"pass":"secretword",`+a)
	}
	return w
}

func TestAccountSearch(t *testing.T) {
	w := stocked(t)
	for params, want := range map[string][]int64{
		``:                                       {6, 3, 4, 2, 5, 1}, // Hooli before Initech, then by name
		`"order":1`:                              {4, 3, 6, 1, 5, 2},
		`"order":1,"count":2`:                    {4, 3},
		`"order":0,"count":2`:                    {6, 3},
		`"count":0`:                              {6, 3, 4, 2, 5, 1},
		`"count":-1`:                             {6, 3, 4, 2, 5, 1},
		`"count":null`:                           {6, 3, 4, 2, 5, 1},
		`"text":""`:                              {6, 3, 4, 2, 5, 1},
		`"text":"0"`:                             {6, 3, 4, 2, 5, 1},
		`"text":null`:                            {6, 3, 4, 2, 5, 1},
		`"text":"ROOT"`:                          {5, 1}, // login and notes
		`"text":"ecole"`:                         {4},
		`"text":"zur.example"`:                   {2},
		`"text":"a_b"`:                           {6, 3},
		`"text":"a\\_b"`:                         {3},
		`"text":"100\\%"`:                        {2},
		`"text":"b%k"`:                           {3},
		`"text":"k\\\\s"`:                        {3},
		`"text":"Initech"`:                       {}, // no client names
		`"text":"Web"`:                           {}, // no category names
		`"text":"linux"`:                         {}, // no tag names
		`"text":"secretword"`:                    {},
		`"text":"ot al"`:                         {}, // never across two fields
		`"categoryId":2`:                         {4, 2},
		`"categoryId":99`:                        {},
		`"categoryId":-1`:                        {},
		`"categoryId":0`:                         {6, 3, 4, 2, 5, 1},
		`"clientId":1`:                           {2, 5, 1},
		`"clientId":3`:                           {}, // a project, and no client
		`"clientId":1,"categoryId":1`:            {5, 1},
		`"clientId":1,"categoryId":2,"op":"or"`:  {4, 2, 5, 1},
		`"clientId":1,"categoryId":2,"op":"OR"`:  {2}, // case-sensitive
		`"clientId":1,"categoryId":2,"op":"xor"`: {2},
		`"text":"beta","clientId":1,"op":"or"`:   {3, 2, 5, 1},
		`"tagsId":[1]`:                           {2, 1},
		`"tagsId":[1,2]`:                         {1},
		`"tagsId":[1,1]`:                         {}, // a repeated id never matches
		`"tagsId":[1,99]`:                        {},
		`"tagsId":[]`:                            {6, 3, 4, 2, 5, 1},
		`"tagsId":[1,2],"op":"or"`:               {4, 2, 1},
		`"tagsId":["2x"],"op":"or"`:              {4, 1},
		`"tagsId":[2],"text":"e","op":"or"`:      {4, 2, 1}, // 3 and 5 have an e and no tags at all
		`"tagsId":[1],"text":"zebra"`:            {1},
	} {
		if got := w.ids(t, w.admin, params); !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", params, got, want)
		}
	}
}

func TestDefaultCounts(t *testing.T) {
	w := newWorld(t)
	w.Do(t, func(tx *vault.Tx) error {
		for i := range 60 {
			if _, err := tx.CreateEntry(vault.Entry{Name: fmt.Sprint("entry ", i), Project: initech}, vault.Payload{}); err != nil {
				return err
			}
			if _, err := tx.CreateCategory(vault.Category{Name: fmt.Sprint("category ", i)}); err != nil {
				return err
			}
		}
		return nil
	})
	for _, c := range []struct {
		method, params string
		want           int
	}{{"account/search", "", 50}, {"account/search", `"count":55`, 55}, {"account/search", `"count":0`, 60}, {"category/search", "", 25}, {"category/search", `"count":40`, 40}, {"category/search", `"count":99`, 61}} {
		if got := len(rowIDs(t, w.must(t, w.admin, c.method, c.params))); got != c.want {
			t.Errorf("%s %s: got %d, want %d", c.method, c.params, got, c.want)
		}
	}
}

func TestSmallSearch(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"Zoo", "über", "a_b", "axb", "100%"} {
		w.must(t, w.admin, "category/create", `"name":"`+name+`","description":"of `+name+`"`)
	}
	for text, want := range map[string][]int64{
		"": {6, 4, 5, 1, 3, 2}, "UBER": {3}, "a_b": {4, 5}, `a\\_b`: {4, 5}, "100%": {6}, "%{}[]$*/": {6, 4, 5, 1, 3, 2}, "of z": {2}, "nothing": {},
	} {
		if got := rowIDs(t, w.must(t, w.admin, "category/search", `"text":"`+text+`"`)); !slices.Equal(got, want) {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
}

// TestSearchesEnd sends what would keep everybody else waiting: patterns with _ over long notes are given up, long lists of tags are not.
func TestSearchesEnd(t *testing.T) {
	w := newWorld(t)
	notes := strings.Repeat("a", 60000)
	w.Do(t, func(tx *vault.Tx) error {
		for range 20 {
			if _, err := tx.CreateEntry(vault.Entry{Name: "b", Notes: notes, Project: initech}, vault.Payload{}); err != nil {
				return err
			}
		}
		_, err := tx.CreateProject(vault.Project{Name: "b", Notes: notes})
		return err
	})
	const given = "SQLSTATE[HY000]: General error: 3024 Query execution was interrupted, maximum statement execution time exceeded"
	for method, texts := range map[string][]string{
		"account/search": {strings.Repeat("_", 30000) + "b", strings.Repeat("a_", 15000) + "b", strings.Repeat("a", 30000) + "_b"},
		"client/search":  {strings.Repeat("_", 30000) + "b", strings.Repeat("a_", 15000) + "b"},
	} {
		for _, text := range texts {
			a := w.call(t, w.admin, method, `"text":"`+text+`"`)
			if w.refused(t, a, http.StatusOK, 0, given); a.Error != nil && a.Error.Data != "HY000" {
				t.Errorf("%s %.5s: got data %v", method, text, a.Error.Data)
			}
		}
	}
	if got := w.ids(t, w.admin, `"text":"a_a","count":3`); len(got) != 3 { // the next search starts afresh
		t.Errorf("got %v", got)
	}
	if got := w.ids(t, w.admin, `"tagsId":[`+strings.Repeat("1,", 100000)+`1]`); len(got) != 0 {
		t.Errorf("got %v", got)
	}
}

// BenchmarkAccountSearch is the handler's work on 100,000 accounts, network and store left out.
func BenchmarkAccountSearch(b *testing.B) {
	w := newWorld(b)
	for batch := range 100 {
		w.Do(b, func(tx *vault.Tx) error {
			for i := range 1000 {
				n := batch*1000 + i
				e := vault.Entry{Name: fmt.Sprintf("server-%d", n*7919%100000), Username: "root", URL: fmt.Sprintf("ssh://10.0.%d.%d", n/256%256, n%256), Notes: "rack four row B", Project: 1 + vault.ProjectID(n%3)}
				if _, err := tx.CreateEntry(e, vault.Payload{}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	for _, params := range []string{`"text":""`, `"text":"server-4711"`, `"text":"row b"`, `"text":"4711%row"`, `"text":"nowhere"`, `"clientId":2,"text":"-99"`, `"order":1`} {
		b.Run(params, func(b *testing.B) {
			for b.Loop() {
				w.must(b, w.admin, "account/search", params)
			}
		})
	}
}
