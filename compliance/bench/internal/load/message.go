// Package load is the client of the benchmarks. It keeps many connections busy, each with one message or one
// batch of messages under way, and compares every echo with what was sent. It works on bytes, on one
// goroutine, so that the servers and not the client limit the speed.
package load

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/hawser-ws/hawser/wire"
)

// A Batch is sent at once. The next one is sent when all its messages have come back.
type Batch struct {
	Frames   []byte
	Messages int
	Want     []byte // the payloads of the echoes, one after the other
}

// Add adds a message of fragments to b.
func (b *Batch) Add(op wire.Opcode, fragments ...[]byte) {
	for i, p := range fragments {
		b.Want = append(b.Want, p...)
		b.addFrame(wire.Header{Fin: i == len(fragments)-1, Opcode: op}, p)
		op = wire.OpContinuation
	}
	b.Messages++
}

func (b *Batch) addFrame(h wire.Header, p []byte) {
	h.Masked, h.Key, h.Length = true, [4]byte{0x37, 0xfa, 0x21, 0x3d}, int64(len(p))
	b.Frames = append(wire.AppendHeader(b.Frames, h), p...)
	wire.Mask(b.Frames[len(b.Frames)-len(p):], h.Key, 0)
}

// An echo compares what comes from a server with a batch. Its methods return errors for servers that are wrong.
type echo struct {
	want     []byte
	messages int  // messages that are not complete
	whole    bool // every byte is compared, and not only those at the ends of what one call of take gets
	got      int

	head []byte // of an incomplete header
	left int64  // bytes of the payload that are missing
	h    wire.Header
}

func (e *echo) expect(b *Batch, whole bool) {
	e.want, e.messages, e.got, e.whole = b.Want, b.Messages, 0, whole
}

var errDiffers = errors.New("the echo differs from the message")

// take takes what was read. It reports whether the batch is complete.
func (e *echo) take(b []byte) (done bool, err error) {
	for len(b) > 0 {
		if e.left == 0 {
			var complete bool
			if b, complete, err = e.header(b); err != nil || !complete {
				return false, err
			}
		}
		n := int(min(e.left, int64(len(b))))
		if err := e.payload(b[:n]); err != nil {
			return false, err
		}
		b = b[n:]
		e.left -= int64(n)
		if e.left > 0 || !e.h.Fin || e.h.Opcode.IsControl() {
			continue
		}
		if e.messages--; e.messages > 0 {
			continue
		}
		if e.got != len(e.want) || len(b) > 0 {
			return false, fmt.Errorf("%w: it has %d bytes and %d behind it, want %d",
				errDiffers, e.got, len(b), len(e.want))
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
	if err == nil && (h.Opcode == wire.OpClose || h.Masked) {
		err = fmt.Errorf("the server sent %+v", h)
	}
	e.head, e.h, e.left = e.head[:0], h, h.Length
	return b[max(n-kept, 0):], true, err
}

func (e *echo) payload(p []byte) error {
	if e.h.Opcode.IsControl() {
		return nil
	}
	if len(p) > len(e.want)-e.got {
		return fmt.Errorf("%w: it is longer than %d bytes", errDiffers, len(e.want))
	}
	want := e.want[e.got : e.got+len(p)]
	const end = 64
	if e.whole || len(p) <= 2*end {
		if !bytes.Equal(p, want) {
			return errDiffers
		}
	} else if !bytes.Equal(p[:end], want[:end]) || !bytes.Equal(p[len(p)-end:], want[len(want)-end:]) {
		return errDiffers
	}
	e.got += len(p)
	return nil
}
