package inflate

import (
	"bytes"
	"compress/flate"
	"errors"
	"io"
)

// Standard is what compress/flate makes of a payload. It knows no end but a final
// block: a whole message is one behind which it asks for more.
func Standard(payload, dictionary []byte) (out []byte, whole bool) {
	src := bytes.NewReader(append(payload[:len(payload):len(payload)], Tail...))
	out, err := io.ReadAll(flate.NewReaderDict(src, dictionary))
	return out, errors.Is(err, io.ErrUnexpectedEOF)
}

// Deflate returns what compress/flate makes of r at its best compression, as the payload
// of a message.
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

// DeflateZeros returns n zeros, deflated.
func DeflateZeros(n int64) []byte {
	b, err := Deflate(io.LimitReader(zeros{}, n))
	if err != nil {
		panic("BUG: " + err.Error()) // neither end of it can fail
	}
	return b
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
