package archive

import "io"

// ReadHeader reads what an archive says in clear, and no more of it. Nothing of that is authenticated. Errors: Corrupt, NewerFormat, those of r.
func ReadHeader(r io.Reader) (Header, error) {
	h, _, err := readHeader(r)
	return h, err
}
