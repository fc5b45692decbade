package depot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"tresor/shared/blob"
	"tresor/shared/vault"
)

// Invoker starts a job in another process, which calls Run. It answers when the start is certain, and not when the job is done.
type Invoker interface {
	Invoke(ctx context.Context, id vault.JobID) error
}

// DefaultThreshold is from how many shared entries on, this number not included, an export is made later. The secrets come from the store a
// hundred in a request, beside the records of who sees them: so many should fit well into a gateway's 29 s, and many more may not.
const DefaultThreshold = 20_000

// order is what a job is to do, as it is sealed.
type order struct {
	Key      string `json:"key"`
	Password []byte `json:"password,omitempty"`
}

// Later reports whether an export of a vault with so many shared entries is for ExportLater.
func (d *Depot) Later(shared int) bool {
	_, known := d.p.Blobs.(blob.Locator)
	return known && d.p.Later != nil && shared > d.p.Threshold
}

// ExportLater has another process make the export that Export would, as whoever req is from, and returns where it will be. The name is decided now, and what is in
// it when it is made: what the caller may see then. A caller who may not export then gets none.
// Errors: Invalid for a path that cannot be; those of vault.Update; the invocation's, and no export is made then.
func (d *Depot) ExportLater(ctx context.Context, req vault.Request, under, password string) (location string, err error) {
	where, known := d.p.Blobs.(blob.Locator)
	if !known || d.p.Later == nil {
		return "", errNowhere
	}
	o := order{Password: []byte(password)}
	if o.Key, err = exportKey(under); err != nil {
		return "", err
	}
	plain, err := json.Marshal(o) //nolint:gosec // it is sealed before it goes anywhere
	if err != nil {
		return "", err
	}
	id, err := vault.Update(ctx, d.p.Vault, req, func(tx *vault.Tx) (vault.JobID, error) {
		return tx.CreateJob(func(id vault.JobID) ([]byte, error) {
			return d.p.Sealer.Seal(vault.PurposeExports, plain, vault.JobBinding(id))
		})
	})
	if err != nil {
		return "", fmt.Errorf("write down an export: %w", err)
	}
	if err := d.invoke(ctx, id); err != nil {
		return "", errors.Join(fmt.Errorf("have an export made: %w", err), d.finish(ctx, id, "", "it could not be started"))
	}
	return where.Location(o.Key), nil
}

// invoke leaves time to write down that it failed.
func (d *Depot) invoke(ctx context.Context, id vault.JobID) error {
	ctx, cancel := blob.WithGrace(ctx)
	defer cancel()
	return d.p.Later.Invoke(ctx, id)
}

// Run makes the export of a job, once, however often it is called for it. What refuses the one who asked ends the job without an error: to try again would not help.
// The access record names all that is in the export before the first byte of it is written, as in any export.
// Errors: NotFound; others after which it may be called again.
func (d *Depot) Run(ctx context.Context, id vault.JobID) error {
	j, err := vault.View(ctx, d.p.Vault, clerk(), func(r *vault.Reader) (*vault.Job, error) { return r.Job(id) })
	if err != nil {
		return fmt.Errorf("job %s: %w", id, err)
	}
	if j.Done != 0 {
		return nil
	}
	o, err := d.open(j)
	if err != nil {
		return fmt.Errorf("job %s: read its parameters: %w", id, err)
	}
	x, err := vault.View(ctx, d.p.Vault, j.Request(), func(r *vault.Reader) (*vault.Export, error) { return r.Export() })
	switch {
	case errors.Is(err, vault.Unauthenticated), errors.Is(err, vault.Disabled), errors.Is(err, vault.Forbidden):
		slog.WarnContext(ctx, "export refused", "job", id.String(), "kind", vault.KindOf(err).Error())
		return d.finish(ctx, id, "", "refused: "+vault.KindOf(err).Error())
	case err != nil:
		return fmt.Errorf("job %s: %w", id, err)
	}
	location, changed, err := d.fulfil(ctx, o, x)
	if err != nil {
		return fmt.Errorf("job %s: %w", id, hide(err, o.Key))
	}
	// A call's answer would say it.
	slog.InfoContext(ctx, "export made", "job", id.String(), "count", len(x.Entries), "left_out", len(x.LeftOut), "missing", len(x.Missing), "mended", changed)
	return d.finish(ctx, id, location, "")
}

func (d *Depot) open(j *vault.Job) (o order, err error) {
	plain, err := d.p.Sealer.Open(vault.PurposeExports, j.Sealed, vault.JobBinding(j.ID))
	if err != nil {
		return o, err
	}
	if json.Unmarshal(plain, &o) != nil { // its words could hold what is in it
		return o, &vault.Error{Kind: vault.Corrupt, Err: errors.New("the parameters are none")}
	}
	return o, nil
}

// fulfil writes the export under the name that was promised. One that is there was written by the same job: nobody else has the name.
func (d *Depot) fulfil(ctx context.Context, o order, x *vault.Export) (location string, changed int, err error) {
	ctx, cancel := blob.WithGrace(ctx)
	defer cancel()
	doc, changed, err := d.document(ctx, x)
	if err != nil {
		return "", 0, err
	}
	location, err = d.put(ctx, o.Key, func(w io.Writer) error { return d.write(w, doc, string(o.Password)) })
	if where, known := d.p.Blobs.(blob.Locator); known && errors.Is(err, vault.Exists) {
		return where.Location(o.Key), changed, nil
	}
	return location, changed, err
}

// finish ends a job. One that ended meanwhile stays as it is.
func (d *Depot) finish(ctx context.Context, id vault.JobID, location, failed string) error {
	_, err := vault.Update(ctx, d.p.Vault, clerk(), func(tx *vault.Tx) (struct{}, error) { return struct{}{}, tx.FinishJob(id, location, failed) })
	if err != nil && !errors.Is(err, vault.Exists) {
		return fmt.Errorf("finish job %s: %w", id, err)
	}
	return nil
}

// clerk is who keeps the list of jobs.
func clerk() vault.Request {
	return vault.Request{Auth: vault.Operator{}, Action: vault.Action{Dialect: vault.Command, Name: "job"}}
}
