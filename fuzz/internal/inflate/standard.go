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
