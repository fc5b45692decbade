package archive

import (
	"bytes"
	"errors"
	"io"

	"tresor/shared/stream"
	"tresor/shared/vault"
)

// Reader gives the items of an archive one by one. It has checked of each what can be checked without the journal: that it is authentic, and in its place.
// Verify checks the rest. It is not safe for concurrent use.
type Reader struct {
	header   Header
	digest   string
	sealer   vault.Sealer
	chunks   *stream.Reader
	order    *sequence
	tally    *tally
	body     bytes.Buffer
	manifest Manifest
	err      error // what Next answers for good
}

// Open reads an archive's header and first chunk. r must end where the archive ends. open returns the sealer that the header's keysets make,
// once unwrapped; what it is shown is not authenticated yet, what Reader.Header returns is. No reading from r is larger than a chunk, and nothing needs
// more of it than once through.
//
// Errors, also of Next: Corrupt (cut, changed, lengthened, not an archive, another key; the error's Msg says what), NewerFormat, those of open, and those of r.
func Open(r io.Reader, open func(Header) (vault.Sealer, error)) (*Reader, error) {
	h, id, err := readHeader(r)
	if err != nil {
		return nil, err
	}
	s, err := openSealer(h, open)
	if err != nil {
		return nil, err
	}
	a := &Reader{header: h, digest: id, sealer: s, chunks: chunked.NewReader(r, s, id), order: newSequence(h.Heads), tally: newTally()}
	if err := a.chunks.Load(); err != nil {
		return nil, err
	}
	return a, nil
}

func openSealer(h Header, open func(Header) (vault.Sealer, error)) (vault.Sealer, error) {
	s, err := open(h)
	switch {
	case errors.Is(err, vault.Corrupt):
		return nil, corrupt("the key does not open this archive: it takes the key of the vault that it was made of", err)
	case err != nil:
		return nil, &vault.Error{Kind: vault.KindOf(err), Msg: "the archive's keysets cannot be opened", Err: err}
	case s.VaultID() != h.VaultID:
		return nil, corrupt("the key does not open this archive", errors.New("it is another vault's"))
	}
	return s, nil
}

// Header returns the header.
func (a *Reader) Header() Header { return a.header }

// Digest returns the SHA-256, hexadecimal, of all that comes before the first chunk, to which every chunk is bound: who has it can tell this archive from any other.
func (a *Reader) Digest() string { return a.digest }

// Sealer returns what open returned: it opens everything in the archive.
func (a *Reader) Sealer() vault.Sealer { return a.sealer }

// Next returns the next item; the caller may keep it. io.EOF says that there are no more and that the archive is whole: only then is it certain that nothing
// was cut off. After an error it returns that error again.
func (a *Reader) Next() (Item, error) {
	if a.err != nil {
		return Item{}, a.err
	}
	it, err := a.next()
	a.err = err
	return it, err
}

func (a *Reader) next() (Item, error) {
	k, err := readItem(a.chunks, &a.body)
	if err != nil {
		return Item{}, err
	}
	if k == kindManifest {
		return Item{}, a.end()
	}
	it, err := decodeItem(k, a.body.Bytes())
	if err != nil {
		return Item{}, err
	}
	s, err := a.order.next(&it)
	if err != nil {
		return Item{}, err
	}
	a.tally.add(s, &it, itemHeadOf(k, a.body.Len()), a.body.Bytes())
	return it, nil
}

// end checks the manifest, and that it is the last item. It returns io.EOF if all is well.
func (a *Reader) end() error {
	var w wireManifest
	if err := decoder.Unmarshal(a.body.Bytes(), &w); err != nil {
		return malformed()
	}
	if again, err := encoder.Marshal(&w); err != nil || !bytes.Equal(again, a.body.Bytes()) { // it alone is under no sum
		return malformed()
	}
	if err := a.order.end(); err != nil {
		return err
	}
	if err := a.tally.check(a.header.Heads, &w); err != nil {
		return err
	}
	var one [1]byte
	switch _, err := io.ReadFull(a.chunks, one[:]); {
	case err == nil:
		return outOfOrder("items follow the manifest")
	case !errors.Is(err, io.EOF):
		return err
	}
	a.manifest = a.tally.manifest(a.header, &w)
	return io.EOF
}

// Manifest returns the manifest once Next has returned io.EOF; before that only its Header is set.
func (a *Reader) Manifest() Manifest {
	if !errors.Is(a.err, io.EOF) {
		return Manifest{Header: a.header}
	}
	return a.manifest
}
