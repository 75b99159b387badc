package suite

import (
	"bytes"
	stdflate "compress/flate"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/flate"
)

// A deflater is our permessage-deflate on one connection: a compressor and a decompressor, each made when
// it is first needed. It uses klauspost/compress and not the module deflate, which this suite tests.
type deflater struct {
	w      compressor
	out    bytes.Buffer
	bits   int  // our window
	keepUs bool // context takeover for us
	most   int  // if not 0, the size of the largest message, in bytes

	r              io.ReadCloser
	in             bytes.Reader
	window         []byte // the end of the received messages, with context takeover for the peer
	peerBits       int    // the peer's window
	keepPeer       bool
	inflated, data []byte
	err            error

	// recall, if set, returns the message to which a payload inflates, if it is known.
	recall func(z []byte) (message []byte, ok bool)
}

// newDeflater returns a deflater for the negotiated parameters.
func newDeflater(d deflateParams, server bool) *deflater {
	f := &deflater{bits: d.ClientBits, keepUs: !d.ClientNoContext, peerBits: d.ServerBits,
		keepPeer: !d.ServerNoContext}
	if server {
		f.bits, f.keepUs, f.peerBits, f.keepPeer = f.peerBits, f.keepPeer, f.bits, f.keepUs
	}
	if f.bits <= 0 {
		f.bits = 15
	}
	if f.peerBits <= 0 {
		f.peerBits = 15
	}
	return f
}

// A compressor is a Writer of one of the two flate packages.
type compressor interface {
	io.Writer
	Flush() error
	Reset(io.Writer)
}

// smallMessage is the largest message, in bytes, for which all kinds of blocks are tried.
const smallMessage = 1 << 10

// newCompressor returns a compressor whose distances stay within our window.
//
// The fast compressor writes no blocks with fixed codes. For small messages, these blocks are the
// shortest, so peers send them most. The standard library therefore compresses small messages, because
// it chooses among all kinds of blocks, as zlib does. It has no option for the
// window, but a message that is smaller than the window and has no context cannot reach beyond it.
func (f *deflater) newCompressor() (w compressor) {
	var err error
	switch fits := f.bits == 15 || !f.keepUs && f.most <= 1<<f.bits; {
	case f.most > 0 && f.most <= smallMessage && fits:
		w, err = stdflate.NewWriter(nil, 6)
	case f.most > 0 && fits, f.bits == 15:
		w, err = flate.NewWriter(nil, 1)
	default: // much slower
		w, err = flate.NewWriterWindow(nil, 1<<f.bits)
	}
	if err != nil {
		panic("BUG: suite: " + err.Error())
	}
	return w
}

const tail = "\x00\x00\xff\xff"

// compress returns the payload of a compressed message (RFC 7692, section 7.2.1). It is valid until the
// next call.
func (f *deflater) compress(data []byte) []byte {
	f.out.Reset()
	fresh := f.w == nil
	if fresh {
		f.w = f.newCompressor()
	}
	if fresh || !f.keepUs {
		f.w.Reset(&f.out)
	}
	_, _ = f.w.Write(data) // a bytes.Buffer does not fail
	_ = f.w.Flush()
	return f.out.Bytes()[:f.out.Len()-len(tail)]
}

var (
	errInflate  = errors.New("it is not valid DEFLATE data, or reaches back beyond its window")
	errTooLarge = errors.New("it inflates to more than 64 MiB")
)

// inflate returns the message of a compressed payload (RFC 7692, section 7.2.2). It is valid until the
// next call.
func (f *deflater) inflate(z []byte) (message []byte, err error) {
	known := false
	if f.recall != nil {
		message, known = f.recall(z)
	}
	if !known {
		if message, err = f.inflateAll(z); err != nil {
			f.err = f.why(z, err)
			return nil, f.err
		}
	}
	if f.keepPeer {
		f.window = slide(f.window, message, 1<<f.peerBits)
	}
	return message, nil
}

// slide moves a window of size bytes to the end of a message.
func slide(window, message []byte, size int) []byte {
	if len(message) > size {
		message = message[len(message)-size:]
	}
	gone := max(0, len(window)+len(message)-size)
	return append(append(window[:0], window[gone:]...), message...)
}

// why returns the error of the strict inflater for a payload, which says more than err.
func (f *deflater) why(z []byte, err error) error {
	strict := inflater{bits: f.peerBits, keep: f.keepPeer, window: f.window}
	if _, e := strict.message(z, maxReceived); e != nil {
		return fmt.Errorf("%s, at byte %d", e.what, e.at)
	}
	return err
}

// inflateAll inflates the blocks of a message. A final block need not be the last one, but peers that
// send one often omit the byte that should follow it. If the message ends within a block, inflateAll
// returns the data up to there, which then differs from what was sent.
func (f *deflater) inflateAll(z []byte) ([]byte, error) {
	f.data = append(append(f.data[:0], z...), tail...)
	f.in.Reset(f.data)
	if f.r == nil {
		f.r = flate.NewReader(&f.in)
	}
	window := f.window
	f.inflated = f.inflated[:0]
	for {
		if err := f.r.(flate.Resetter).Reset(&f.in, window); err != nil {
			return nil, err
		}
		switch err := f.readAll(); {
		case err == io.ErrUnexpectedEOF, err == io.EOF && f.in.Len() <= len(tail):
			return f.inflated, nil // the tail ends in the header of a block
		case err != io.EOF:
			return nil, err
		}
		window = slide(bytes.Clone(f.window), f.inflated, 1<<f.peerBits)
	}
}

// readAll inflates up to the end of a final block and returns io.EOF, or up to the end of the data and
// returns io.ErrUnexpectedEOF.
func (f *deflater) readAll() error {
	out := f.inflated
	defer func() { f.inflated = out }()
	for {
		if len(out) == cap(out) {
			out = append(out, 0)[:len(out)]
		}
		n, err := f.r.Read(out[len(out):cap(out)])
		out = out[:len(out)+n]
		switch {
		case len(out) > maxReceived:
			return errTooLarge
		case err == io.EOF, err == io.ErrUnexpectedEOF:
			return err
		case err != nil:
			return errInflate
		}
	}
}
