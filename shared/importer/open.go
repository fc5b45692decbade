package importer

import (
	"context"
	"runtime"
	"strings"

	"golang.org/x/sync/errgroup"

	"tresor/shared/syspassxml"
	"tresor/shared/vault"
)

// open opens the secrets of all accounts that have nothing against them, on all cores: sysPass seals each under a key of its own, and each key costs a PBKDF2
// (sysPass 4.4). It fails where not one opens: that is another master password, not so many damaged accounts.
func (r *run) open(ctx context.Context) error {
	opener := syspassxml.NewOpener(r.opts.Master.Reveal())
	jobs := make(chan int)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(jobs)
		for i := range r.accounts {
			if r.accounts[i].why != "" {
				continue
			}
			select {
			case jobs <- i:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	for range runtime.GOMAXPROCS(0) {
		g.Go(func() error {
			for i := range jobs {
				r.openOne(opener, i)
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return r.anyOpened()
}

func (r *run) openOne(opener *syspassxml.Opener, i int) {
	password, err := opener.Open(r.doc.Accounts[i].Pass, r.doc.Accounts[i].Key)
	if err != nil {
		r.accounts[i].why = unopened + text(err)
		return
	}
	r.accounts[i].password = vault.NewSecret(password)
}

const unopened = "its password does not open: "

func (r *run) anyOpened() error {
	failed := ""
	for i := range r.accounts {
		switch why := r.accounts[i].why; {
		case why == "" && r.doc.Accounts[i].Key != "":
			return nil
		case failed == "":
			failed, _ = strings.CutPrefix(why, unopened)
			if failed == why {
				failed = "" // it has something else against it
			}
		}
	}
	if failed == "" {
		return nil
	}
	return &vault.Error{Kind: vault.Invalid, Msg: "no password opens: the file is of another master password, or damaged (" + failed + ")"}
}
