package broken

import (
	"bytes"
	"compress/flate"
	"io"
)

// A packer is the state of permessage-deflate (RFC 7692) on one connection.
type packer struct {
	defect
	resetOut bool // each sent message begins with an empty window
	resetIn  bool // each received message begins with an empty window
	bitsOut  int  // the size of our window is 1<<bitsOut bytes

	w      *flate.Writer
	packed bytes.Buffer
	r      io.ReadCloser
	window []byte // the last bytes of the received messages
}

func newPacker(d defect, client bool, agreed params) *packer {
	f := &packer{defect: d, resetOut: agreed.serverReset, resetIn: agreed.clientReset,
		bitsOut: agreed.serverBits}
	if client {
		f.resetOut, f.resetIn, f.bitsOut = agreed.clientReset, agreed.serverReset, agreed.clientBits
	}
	if f.bitsOut == 0 || d.broken("deflate-window-exceeded") {
		f.bitsOut = 15
	}
	if d.broken("deflate-reset-out-forgotten") {
		f.resetOut = false
	}
	if d.broken("deflate-window-lost") {
		f.resetIn = true
	}
	return f
}

// tail is the end of a compressed message, which is not sent and is appended again before
// inflation. The receiver also appends lastBlock, so that flate.Reader stops.
const (
	tail      = "\x00\x00\xff\xff"
	lastBlock = "\x01\x00\x00\xff\xff"
)

// deflate compresses a message. The result is valid until the next call.
//
// flate.Writer always has a window of 32 KiB. For a smaller window it is reset after each
// 1<<bitsOut bytes, so that no distance exceeds the window.
func (f *packer) deflate(message []byte) []byte {
	f.packed.Reset()
	if f.w == nil {
		f.w, _ = flate.NewWriter(&f.packed, flate.BestSpeed)
	}
	small := f.bitsOut < 15
	for {
		piece := message
		if small {
			piece = message[:min(len(message), 1<<f.bitsOut)]
		}
		if small || f.resetOut {
			f.w.Reset(&f.packed)
		}
		_, _ = f.w.Write(piece) // writes to a bytes.Buffer do not fail
		_ = f.w.Flush()
		if message = message[len(piece):]; len(message) == 0 {
			break
		}
	}
	if f.broken("deflate-tail-kept") {
		return f.packed.Bytes()
	}
	return bytes.TrimSuffix(f.packed.Bytes(), []byte(tail))
}

// inflate decompresses a message.
func (f *packer) inflate(packed []byte) ([]byte, error) {
	end := tail + lastBlock
	if f.broken("deflate-tail-forgotten") {
		end = ""
	}
	limit := int64(maxMessage)
	if f.broken("deflate-bomb") {
		limit = maxBomb
	}
	if f.resetIn {
		f.window = nil
	}
	src := bytes.NewReader(append(packed[:len(packed):len(packed)], end...))
	var out bytes.Buffer
	for more := true; more; {
		if f.r == nil {
			f.r = flate.NewReader(src)
		}
		_ = f.r.(flate.Resetter).Reset(src, lastOf(f.window, out.Bytes()))
		_, err := io.Copy(&out, io.LimitReader(f.r, limit-int64(out.Len())+1))
		switch {
		case int64(out.Len()) > limit:
			return nil, fail(codeTooLarge, "inflated message too large")
		case err != nil && f.broken("deflate-garbage"):
			src.Reset(nil)
		case err != nil:
			return nil, fail(codeNotUTF8, "invalid compressed data")
		}
		// A message may have a final block before its end.
		more = src.Len() > 0 && !f.broken("deflate-last-block-ends")
	}
	f.window = append([]byte{}, lastOf(f.window, out.Bytes())...)
	return out.Bytes(), nil
}

// lastOf returns the last 32 KiB of a and b.
func lastOf(a, b []byte) []byte {
	const size = 32 << 10
	if len(b) >= size {
		return b[len(b)-size:]
	}
	a = a[max(0, len(a)+len(b)-size):]
	return append(a[:len(a):len(a)], b...)
}
