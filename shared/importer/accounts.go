package importer

import (
	"context"
	"errors"

	"tresor/shared/vault"
)

// outcome is what an Update made of one account.
type outcome struct {
	index int
	why   string // "": taken
}

// makeAccounts takes the accounts that have nothing against them.
func (r *run) makeAccounts(ctx context.Context) error {
	var open []int
	for i := range r.accounts {
		if r.accounts[i].why == "" {
			open = append(open, i)
		}
	}
	size := func(n int) int {
		a := &r.doc.Accounts[open[n]]
		return overhead + len(a.Name) + len(a.Login) + len(a.URL) + len(a.Notes) + len(r.accounts[open[n]].password.Reveal())
	}
	return inBatches(len(open), accountsInBatch, size,
		func(from, to int) error { return r.makeBatch(ctx, open[from:to]) },
		func(n int, why string) { r.accounts[open[n]].why = why })
}

// makeBatch takes some accounts in one Update. What the vault refuses of one account is that account's alone.
func (r *run) makeBatch(ctx context.Context, indexes []int) error {
	var done []outcome
	_, err := vault.Update(ctx, r.vault, r.req, func(t *vault.Tx) (struct{}, error) {
		var err error
		done, err = r.tryBatch(t, indexes)
		if err == nil && r.opts.DryRun {
			err = errDry
		}
		return struct{}{}, err
	})
	if err != nil && !errors.Is(err, errDry) {
		return err
	}
	for _, o := range done {
		a := &r.accounts[o.index]
		a.why, a.taken = o.why, o.why == ""
		if a.taken || o.why == Exists {
			r.taken[r.kin(o.index)]++
		}
	}
	return nil
}

// tryBatch changes nothing outside of t: it may run several times.
func (r *run) tryBatch(t *vault.Tx, indexes []int) ([]outcome, error) {
	b := r.newBook(t)
	var there map[kin]int
	if r.opts.SkipExisting {
		there = r.count(t, indexes)
	}
	had, done := map[kin]int{}, make([]outcome, 0, len(indexes))
	for _, i := range indexes {
		k := r.kin(i)
		had[k]++
		if r.opts.SkipExisting && there[k] >= r.taken[k]+had[k] {
			done = append(done, outcome{i, Exists})
			continue
		}
		err := r.make(t, b, i)
		if err != nil && !refusal(err) {
			return nil, err
		}
		if err != nil {
			had[k]--
			done = append(done, outcome{i, text(err)})
			continue
		}
		there = grown(there, k)
		done = append(done, outcome{i, ""})
	}
	return done, nil
}

func grown(there map[kin]int, k kin) map[kin]int {
	if there != nil {
		there[k]++
	}
	return there
}

// count returns how many living entries of each account's kind the vault has.
func (r *run) count(t *vault.Tx, indexes []int) map[kin]int {
	there := make(map[kin]int, len(indexes))
	for _, i := range indexes {
		there[r.kin(i)] = 0
	}
	wanted := make(map[[2]string]bool, len(there))
	for k := range there {
		wanted[[2]string{k.name, k.login}] = true
	}
	same, _ := t.Entries(vault.ByUpdated, func(row *vault.Row) bool { return row.Owner == 0 && wanted[[2]string{row.Name, row.Username}] }, 0, -1)
	for _, e := range same {
		root := t.Client(e.Project)
		if root == nil {
			continue
		}
		k := kin{vault.NameKey(root.Name), e.Name, e.Username}
		if _, ok := there[k]; ok {
			there[k]++
		}
	}
	return there
}

func (r *run) make(t *vault.Tx, b *book, i int) error {
	a, from := &r.accounts[i], &r.doc.Accounts[i]
	for _, n := range []*name{a.category, a.client} {
		if err := b.ensure(n); err != nil {
			return err
		}
	}
	tags, err := t.EnsureTags(a.tags)
	if err != nil {
		return err
	}
	_, err = t.CreateEntry(vault.Entry{Project: b.clients[a.client.key], Category: b.categories[a.category.key], Name: from.Name, Username: from.Login,
		URL: from.URL, Notes: from.Notes, Tags: tags, Manager: r.owner}, vault.Payload{Password: a.password})
	return err
}
