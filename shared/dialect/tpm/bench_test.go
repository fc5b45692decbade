package tpm

import (
	"fmt"
	"testing"

	"tresor/shared/vault"
)

// entriesInBench is the size that the budgets are for (docs: 10 ms of CPU for a page or a search of two words).
const entriesInBench = 100_000

// crowd adds that many passwords in 500 projects to a world, in as few Updates as fit.
func crowd(t testing.TB, w *world) {
	const perUpdate = 500
	var projects []vault.ProjectID
	w.as(t, "admin", func(tx *vault.Tx) error {
		projects = nil
		for i := range 500 {
			id, err := tx.CreateProject(vault.Project{Name: fmt.Sprintf("Customer %03d", i), Parent: 1})
			if err != nil {
				return err
			}
			projects = append(projects, id)
		}
		return nil
	})
	for n := 0; n < entriesInBench; n += perUpdate {
		w.as(t, "admin", func(tx *vault.Tx) error {
			tags, err := tx.EnsureTags([]string{"linux", "database", fmt.Sprintf("team%d", n%7)})
			if err != nil {
				return err
			}
			for i := n; i < n+perUpdate; i++ {
				e := vault.Entry{
					Name: fmt.Sprintf("host-%05d login", i), Username: fmt.Sprintf("svc_%d", i%1000), Email: fmt.Sprintf("ops%d@example.com", i%50),
					URL: fmt.Sprintf("https://host-%05d.dc%d.example.com:8443/login", i, i%4), Notes: "Rotate every quarter, ask the owner before use.",
					Project: projects[i%len(projects)], Tags: tags[:1+i%2], Archived: i%10 == 0,
				}
				if _, err := tx.CreateEntry(e, vault.Payload{}); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

// BenchmarkLists measures whole calls, from the event to the reply.
func BenchmarkLists(b *testing.B) {
	w := newWorld(b)
	crowd(b, w)
	for _, user := range []string{"admin", "pam"} {
		for _, path := range []string{
			"passwords.json", "passwords/count.json", "passwords/page/4000.json", "passwords/search/host+dc3.json", "passwords/search/name:host-99+is:active.json",
			"passwords/search/zzz+yyy.json", "passwords/search/host+login.json", "passwords/search/username:[svc_7]+in:customer.json", "passwords/search/tag:database+name:777.json", "passwords/search/login/count.json",
		} {
			b.Run(user+"/"+path, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if out := w.ask(b, user, "GET", "/index.php/api/v6/"+path, ""); out.StatusCode != 200 {
						b.Fatal(out.StatusCode, out.Body)
					}
				}
			})
		}
	}
}
