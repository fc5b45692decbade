package restore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"tresor/shared/archive"
	"tresor/shared/vault"
)

// Options say what of an archive is restored. The zero value: all of it.
type Options struct {
	ToSeq  vault.Seq // up to this record of the entries journal; 0: no bound
	ToTime time.Time // up to the last record not after it; zero: no bound
	// OldCredentials lets users and credentials be as they were at the earlier point. Otherwise what was revoked, disabled or changed since stays so.
	OldCredentials bool
	Now            func() time.Time // nil: time.Now
}

// Plan is a verified archive and what of it is to be restored.
type Plan struct {
	in       io.ReadSeeker
	sealer   vault.Sealer
	digest   string
	manifest archive.Manifest
	cut      *cut // nil: everything
	options  Options
}

// Prepare verifies an archive to its end and works out what of it to restore. It writes nothing. open returns the sealer that the header's keysets make.
//
// Errors: those of archive.Verify; Invalid for a point that is not in the archive; those of in.
func Prepare(ctx context.Context, in io.ReadSeeker, open func(archive.Header) (vault.Sealer, error), o Options) (*Plan, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	p := &Plan{in: in, options: o}
	if err := p.verify(ctx, open); err != nil {
		return nil, err
	}
	if o.ToSeq == 0 && o.ToTime.IsZero() {
		return p, nil
	}
	var err error
	if p.cut, err = p.findCut(); err != nil {
		return nil, fmt.Errorf("find the point to restore to: %w", err)
	}
	return p, nil
}

func (p *Plan) verify(ctx context.Context, open func(archive.Header) (vault.Sealer, error)) (err error) {
	if _, err := p.in.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("read the archive: %w", err)
	}
	p.manifest, err = archive.Verify(ctx, p.in, func(h archive.Header) (vault.Sealer, error) {
		s, err := open(h)
		p.sealer = s
		return s, err
	})
	if err != nil {
		return err
	}
	a, err := p.openAgain()
	if err == nil {
		p.digest = a.Digest()
	}
	return err
}

// openAgain begins to read the archive anew. It must be the one that was verified: all chunks are bound to its digest.
func (p *Plan) openAgain() (*archive.Reader, error) {
	if _, err := p.in.Seek(0, io.SeekStart); err != nil {
		return nil, fmt.Errorf("read the archive: %w", err)
	}
	a, err := archive.Open(p.in, func(archive.Header) (vault.Sealer, error) { return p.sealer, nil })
	if err != nil {
		return nil, err
	}
	if p.digest != "" && a.Digest() != p.digest {
		return nil, &vault.Error{Kind: vault.Corrupt, Msg: "the file was replaced while it was read"}
	}
	return a, nil
}

// Manifest says what is in the archive.
func (p *Plan) Manifest() archive.Manifest { return p.manifest }

// Heads returns the newest records that are restored.
func (p *Plan) Heads() vault.Heads {
	if p.cut != nil {
		return p.cut.heads
	}
	return p.manifest.Heads
}

// Entries returns how many entries are restored, those in the trash included.
func (p *Plan) Entries() int {
	if p.cut != nil {
		return len(p.cut.versions)
	}
	return p.manifest.Entries
}

// eachRecord calls fn for every record of the archive, in its order.
func (p *Plan) eachRecord(fn func(*vault.StoredRecord) error) error {
	a, err := p.openAgain()
	if err != nil {
		return err
	}
	for {
		it, err := a.Next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case it.Record == nil: // the journals come first
			return nil
		}
		if err := fn(it.Record); err != nil {
			return err
		}
	}
}
