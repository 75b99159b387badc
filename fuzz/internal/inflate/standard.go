package inflate

import (
	"bytes"
	"compress/flate"
	"errors"
	"io"
)

// Standard inflates a payload with compress/flate, for which only a final block ends the
// data. whole reports whether compress/flate read the whole message and asked for more.
func Standard(payload, dictionary []byte) (out []byte, whole bool) {
	src := bytes.NewReader(append(payload[:len(payload):len(payload)], Tail...))
	out, err := io.ReadAll(flate.NewReaderDict(src, dictionary))
	return out, errors.Is(err, io.ErrUnexpectedEOF)
}

// Deflate returns the payload of a message for r, as made by compress/flate at its best
// compression.
func Deflate(r io.Reader) ([]byte, error) {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := io.Copy(w, r); err != nil {
		return nil, err
	}
	err = w.Flush()
	return bytes.TrimSuffix(b.Bytes(), []byte(Tail)), err
}

// DeflateZeros returns the payload of a message of n zeros.
func DeflateZeros(n int64) []byte {
	b, err := Deflate(io.LimitReader(zeros{}, n))
	if err != nil {
		panic("BUG: " + err.Error()) // neither the reader nor the writer can fail
	}
	return b
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
