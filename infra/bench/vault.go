package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"

	"tresor/shared/auth"
	"tresor/shared/journal"
	"tresor/shared/seal"
	"tresor/shared/seal/keyfile"
	"tresor/shared/strength"
	"tresor/shared/vault"
)

// process is one process's vault.
type process struct {
	vault   *vault.Vault
	auth    *auth.Service
	log     *journal.Log
	sealer  vault.Sealer
	admin   *auth.Founding
	project vault.ProjectID
}

// found makes a vault with one project on an empty store.
func found(ctx context.Context, store vault.Store, key seal.Wrapper) (*process, error) {
	keysets, sealer, err := seal.Create(ctx, key, seal.NewVaultID())
	if err != nil {
		return nil, err
	}
	p := open(store, sealer, journal.WithGenesis(keysets))
	if p.admin, err = auth.Found(ctx, p.vault, sealer); err != nil {
		return nil, err
	}
	p.project, err = vault.Update(ctx, p.vault, operator(), func(t *vault.Tx) (first vault.ProjectID, err error) {
		for i := range spread {
			id, failed := t.CreateProject(vault.Project{Name: fmt.Sprintf("Bench %02d", i), Manager: p.admin.AdminID})
			_, categoryFailed := t.CreateCategory(vault.Category{Name: fmt.Sprintf("Category %02d", i)})
			_, tagFailed := t.EnsureTags([]string{fmt.Sprintf("tag %02d", i)})
			err = errors.Join(err, failed, categoryFailed, tagFailed)
			first = id - vault.ProjectID(i)
		}
		return first, err
	})
	return p, err
}

// spread is how many projects, categories and tags there are. Entries are spread over them.
const spread = 20

func foundInMemory(ctx context.Context, store vault.Store) (*process, error) {
	return found(ctx, store, keyfile.Generate())
}

func open(store vault.Store, sealer vault.Sealer, options ...journal.Option) *process {
	log := journal.Open(store, sealer, options...)
	v := vault.New(log, vault.Options{Strength: strength.Rate})
	return &process{vault: v, auth: auth.New(v, sealer, store, auth.Options{}), log: log, sealer: sealer}
}

// another returns another process on the same vault, with an empty replica.
func (p *process) another(store vault.Store) *process {
	other := open(store, p.sealer)
	other.admin, other.project = p.admin, p.project
	return other
}

func operator() vault.Request {
	return vault.Request{Auth: vault.Operator{}, Action: vault.Action{Dialect: vault.Command, Name: "bench", Writes: true}}
}

// batch is how many entries fill puts into one transaction.
const batch = 90

// fill makes n entries.
func (p *process) fill(ctx context.Context, n int) error {
	for done := 0; done < n; done += batch {
		_, err := vault.Update(ctx, p.vault, operator(), func(t *vault.Tx) (struct{}, error) {
			for i := done; i < min(done+batch, n); i++ {
				if _, err := t.CreateEntry(p.entry(i), vault.Payload{Password: vault.NewSecret(fmt.Sprintf("secret %d of many", i))}); err != nil {
					return struct{}{}, err
				}
			}
			return struct{}{}, nil
		})
		if err != nil {
			return fmt.Errorf("fill: %w", err)
		}
	}
	return nil
}

// entry returns the i-th entry to make: some 200 bytes of text, the same in each run.
func (p *process) entry(i int) vault.Entry {
	return vault.Entry{
		Project: p.project + vault.ProjectID(i%spread), Category: vault.CategoryID(1 + i/3%spread), Tags: []vault.TagID{vault.TagID(1 + i/7%spread)}, Manager: p.admin.AdminID, Name: fmt.Sprintf("%s-%s-%06d", word(i), word(i/7), i), Username: "svc_" + word(i/3),
		Email: word(i) + "@example.com", URL: fmt.Sprintf("https://%s-%d.example.com/%s", word(i/11), i, word(i)), Notes: prose(uint64(i), 100),
	}
}

var words = strings.Fields("mail web db backup vpn git build proxy cache queue search billing report archive gateway office printer switch router camera " +
	"staging prod test north south east west alpha beta gamma delta rack row cage floor tower customer partner vendor contract renewal owner rotate")

func word(i int) string { return words[i%len(words)] }

// prose returns n bytes of words in no order: text that compresses as notes do, not as one repeated sentence.
func prose(seed uint64, n int) string {
	rng := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // the same text in each run
	var b strings.Builder
	for b.Len() < n {
		fmt.Fprintf(&b, "%s %d ", words[rng.IntN(len(words))], rng.IntN(1000))
	}
	return b.String()[:n]
}

// reading is a request that reveals, by the admin's API key.
func (p *process) reading() vault.Request {
	return vault.Request{Auth: auth.Token(p.admin.APIKey), Action: vault.Action{Dialect: vault.TeamPass, Name: "read/items", Reveals: true}}
}

// reveal reads one entry with its secret.
func (p *process) reveal(ctx context.Context, id vault.EntryID) error {
	got, err := vault.View(ctx, p.vault, p.reading(), func(r *vault.Reader) (vault.Payload, error) { return r.Reveal(id) })
	if err == nil && got.Password.IsEmpty() {
		err = fmt.Errorf("entry %d came without its secret", id)
	}
	return err
}
