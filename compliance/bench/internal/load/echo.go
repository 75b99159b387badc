package load

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/hawser-ws/hawser/wire"
)

// ErrDiffers means that an echo is not what was sent.
var ErrDiffers = errors.New("the echo differs from the message")

// An echo compares the bytes that come from a server with a batch.
type echo struct {
	want     []byte
	messages int  // messages that are not complete
	whole    bool // every byte is compared, and not only those at the ends of what was read at once
	got      int  // bytes of want that came

	head []byte // an incomplete header
	h    wire.Header
	left int64 // bytes of the payload that have not come

	received int64 // bytes of all payloads

	session wire.Session // nil for messages that are not compressed
	packed  []byte       // the compressed message
	plain   []byte       // the last message
}

func (e *echo) expect(b *Batch, whole bool) {
	e.want, e.messages, e.whole, e.got = b.Want, b.Messages, whole, 0
}

// take processes the bytes that were read. It reports whether the batch is complete.
func (e *echo) take(b []byte) (done bool, err error) {
	for len(b) > 0 {
		if e.left == 0 {
			var complete bool
			if b, complete, err = e.header(b); err != nil || !complete {
				return false, err
			}
		}
		n := int(min(e.left, int64(len(b))))
		if !e.h.Opcode.IsControl() {
			if err := e.payload(b[:n]); err != nil {
				return false, err
			}
		}
		b = b[n:]
		e.received += int64(n)
		if e.left -= int64(n); e.left > 0 || !e.h.Fin || e.h.Opcode.IsControl() {
			continue
		}
		if err := e.unpack(); err != nil {
			return false, err
		}
		if e.messages--; e.messages > 0 {
			continue
		}
		if e.got != len(e.want) || len(b) > 0 {
			return false, fmt.Errorf("%w: it has %d bytes and %d after it, want %d",
				ErrDiffers, e.got, len(b), len(e.want))
		}
		return true, nil
	}
	return false, nil
}

// header consumes a header. It keeps an incomplete one.
func (e *echo) header(b []byte) (rest []byte, complete bool, err error) {
	src, kept := b, len(e.head)
	if kept > 0 {
		e.head = append(e.head, b[:min(len(b), wire.MaxHeaderSize)]...)
		src = e.head
	}
	h, n, err := wire.ConsumeHeader(src)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		if kept == 0 {
			e.head = append(e.head, b...)
		}
		return nil, false, nil
	}
	switch {
	case err != nil:
		return nil, false, err
	case h.Opcode == wire.OpClose || h.Masked || e.messages == 0 && !h.Opcode.IsControl():
		return nil, false, fmt.Errorf("unexpected frame %+v", h)
	case h.Opcode == wire.OpText || h.Opcode == wire.OpBinary:
		if compressed := h.RSV&wire.RSV1 != 0; compressed != (e.session != nil) {
			return nil, false, fmt.Errorf("the echo is compressed: %v, want %v", compressed, e.session != nil)
		}
	}
	e.head, e.h, e.left = e.head[:0], h, h.Length
	return b[n-kept:], true, nil
}

func (e *echo) payload(p []byte) error {
	if e.session != nil {
		e.packed = append(e.packed, p...)
		return nil
	}
	return e.compare(p)
}

// compare compares the next bytes of the echo.
func (e *echo) compare(p []byte) error {
	if len(p) > len(e.want)-e.got {
		return fmt.Errorf("%w: it is longer than %d bytes", ErrDiffers, len(e.want))
	}
	want := e.want[e.got : e.got+len(p)]
	const end = 64
	if e.whole || len(p) <= 2*end {
		if !bytes.Equal(p, want) {
			return ErrDiffers
		}
	} else if !bytes.Equal(p[:end], want[:end]) || !bytes.Equal(p[len(p)-end:], want[len(want)-end:]) {
		return ErrDiffers
	}
	e.got += len(p)
	return nil
}

// unpack inflates a compressed message that is complete, and compares it.
func (e *echo) unpack() error {
	if e.session == nil {
		return nil
	}
	dec, err := e.session.Decode(wire.RSV1)
	if err != nil {
		return err
	}
	defer dec.Release()
	e.plain, _, _, err = dec.Append(e.plain[:0], e.packed, true, len(e.want)+1)
	e.packed = e.packed[:0]
	if err != nil {
		return fmt.Errorf("inflating the echo: %w", err)
	}
	return e.compare(e.plain)
}
