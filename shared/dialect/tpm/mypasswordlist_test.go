package tpm

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"testing"
	"time"

	"tresor/shared/vault"
)

// ids returns the ids of a list of nora's.
func (w *world) ids(t testing.TB, path string) []uint64 {
	t.Helper()
	status, text := w.my(t, "nora", "GET", path, "")
	var items []created
	if err := json.Unmarshal([]byte(text), &items); err != nil || status != 200 {
		t.Fatalf("%s: got %d %s", path, status, text)
	}
	list := []uint64{}
	for _, i := range items {
		list = append(list, i.ID)
	}
	return list
}

func TestSearchMyPasswords(t *testing.T) {
	w := newWorld(t)
	bank := w.makeMine(t, `{"name":"Bank","notes":"Savings account","access_info":"https://bank.example/login","username":"n.ora","email":"nora@mail.example","tags":"money,home","custom_data3":"IBAN 12","password":"hidden-word"}`)
	shop := w.makeMine(t, `{"name":"Shop [old]","username":"bank"}`)
	if status, text := w.my(t, "nora", "PUT", fmt.Sprintf("my_passwords/%d/archive", shop), ""); status != 204 {
		t.Fatal(status, text)
	}
	if status, text := w.my(t, "nora", "POST", fmt.Sprintf("favorite_my_passwords/%d", bank), ""); status != 204 {
		t.Fatal(status, text)
	}
	var folder vault.ProjectID
	w.Do(t, func(tx *vault.Tx) (err error) {
		folder, err = tx.CreatePersonalRoot(3, "nora's own")
		return err
	})
	w.as(t, "nora", func(tx *vault.Tx) error { // as TeamPass keeps it
		_, err := tx.CreateEntry(vault.Entry{Name: "Item", Project: folder}, vault.Payload{})
		return err
	})
	const diary = 7
	item := shop + 1
	for search, want := range map[string][]uint64{
		"bank": {shop, bank}, "any:bank": {shop, bank}, "basic:iban": {}, "custom:iban": {bank}, "name:bank": {bank}, "name:[shop [old]]": {shop}, "name:[ban]": {},
		"notes:savings": {bank}, "access:bank.example/login": {bank}, "username:bank": {shop}, "username:[n.ora]": {bank}, "email:mail": {bank}, "username_email:nora@": {bank},
		"tag:money": {bank}, "tag:[mone]": {}, "money": {bank}, "tags:home": {bank}, "is:archived": {shop}, "is:active": {item, bank, diary}, "is:favorite": {bank}, "bank is:active": {bank},
		"hidden-word": {}, "file:pdf": {}, "in:own": {}, "in:[nora's own]": {}, "in:": {item, shop, bank, diary}, "name:item in:nora": {}, "wordpress": {}, "diary": {diary}, "nothing:bank": {},
	} {
		got := w.ids(t, "my_passwords/search/"+url.PathEscape(search))
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", search, got, want)
		}
	}
	for path, want := range map[string][]uint64{"my_passwords/archived": {shop}, "my_passwords/favorite": {bank}, "favorite_my_passwords": {bank}} {
		if got := w.ids(t, path); !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", path, got, want)
		}
	}
}

// TestOrderOfMyPasswords: the last changed first, the newest first among those of one second (tpm 2.4), in pages.
func TestOrderOfMyPasswords(t *testing.T) {
	w := newWorld(t)
	w.Clock.Add(time.Hour)
	var all []uint64
	for i := range 11 {
		all = append(all, w.makeMine(t, fmt.Sprintf(`{"name":"n%d"}`, i)))
	}
	w.Clock.Add(time.Hour)
	if status, text := w.my(t, "nora", "PUT", fmt.Sprintf("my_passwords/%d", all[4]), `{"notes":"x"}`); status != 204 {
		t.Fatal(status, text)
	}
	want := []uint64{all[4]}
	for _, id := range slices.Backward(all) {
		if id != all[4] {
			want = append(want, id)
		}
	}
	want = append(want, 7)
	if got := w.ids(t, "my_passwords"); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	var paged []uint64
	for n := 1; n <= 3; n++ {
		out := w.ask(t, "nora", "GET", fmt.Sprintf("/index.php/api/v6/my_passwords/page/%d.json", n), "", "X-Page-Size", "5")
		var items []created
		if err := json.Unmarshal([]byte(out.Body), &items); err != nil || (link(out) != "") != (n < 3) {
			t.Errorf("page %d: %v, Link %q", n, err, link(out))
		}
		for _, i := range items {
			paged = append(paged, i.ID)
		}
	}
	if !slices.Equal(paged, want) {
		t.Errorf("in pages: got %v, want %v", paged, want)
	}
	if _, text := w.my(t, "nora", "GET", "my_passwords/count", "", "X-Page-Size", "5"); text != `{"num_items":12,"num_pages":3,"num_items_per_page":5}`+"\n" {
		t.Errorf("count: %s", text)
	}
}

// BenchmarkMyPasswords lists a few personal passwords among very many shared ones.
func BenchmarkMyPasswords(b *testing.B) {
	w := newWorld(b)
	crowd(b, w)
	for range 30 {
		w.makeMine(b, `{"name":"mine","tags":"own"}`)
	}
	for _, path := range []string{"my_passwords", "my_passwords/count", "my_passwords/search/tag:own+mine", "my_passwords/search/host"} {
		b.Run(path, func(b *testing.B) {
			for b.Loop() {
				if status, text := w.my(b, "nora", "GET", path, ""); status != 200 {
					b.Fatal(status, text)
				}
			}
		})
	}
}
