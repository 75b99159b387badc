package wstest

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/hawser-ws/hawser/wire"
)

// A TB reports failures. A [testing.TB], such as a *testing.T, is a TB.
type TB interface {
	Helper()
	Errorf(format string, args ...any)
	FailNow() // does not return
}

// A panicTB is the TB of a Peer without one, as in Examples.
type panicTB struct{}

func (panicTB) Helper()                           {}
func (panicTB) Errorf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
func (panicTB) FailNow()                          { panic("wstest: failed") }

const (
	// timeout is how long a step of a Peer waits.
	timeout = time.Minute

	// maxFrame is the size of the largest payload that a Peer reads.
	maxFrame = 64 << 20
)

// A Peer is one side of a connection that a test scripts. It does nothing on its own: it answers
// neither pings nor close frames, and checks only what it is told to expect.
//
// A method that fails reports to the TB. A method that waits for the transport fails after a
// minute, which is fake time in a bubble of [testing/synctest]. The transport must have deadlines.
//
// Any number of goroutines may send. One may read at a time. Accept, Dial and the methods whose
// names begin with Expect call TB.FailNow, which a *testing.T allows only on the goroutine of the
// test.
type Peer struct {
	tb      TB
	nc      net.Conn
	role    wire.Role
	sending chan struct{} // a lock; unlike a mutex, it lets the time of a bubble pass
	got     []byte        // read and not yet consumed
}

// NewPeer returns a Peer over nc with the given role. If tb is nil, a method that fails panics. The
// caller must close nc.
func NewPeer(tb TB, nc net.Conn, role wire.Role) *Peer {
	if tb == nil {
		tb = panicTB{}
	}
	return &Peer{tb: tb, nc: nc, role: role, sending: make(chan struct{}, 1)}
}

// NetConn returns the transport. A read from it does not return bytes that the Peer has already
// read.
func (p *Peer) NetConn() net.Conn { return p.nc }

// Write sends b as it is.
func (p *Peer) Write(b []byte) {
	p.tb.Helper()
	p.sending <- struct{}{}
	defer func() { <-p.sending }()
	p.nc.SetWriteDeadline(time.Now().Add(timeout))
	defer p.nc.SetWriteDeadline(time.Time{})
	if _, err := p.nc.Write(b); err != nil {
		p.tb.Errorf("peer: write: %v", err)
	}
}

// Frame returns the frame that Send would send. Write can then send it in pieces, or together with
// other frames.
func (p *Peer) Frame(op wire.Opcode, fin bool, payload string) []byte {
	h := wire.Header{Fin: fin, Opcode: op, Length: int64(len(payload))}
	if p.role == wire.Client {
		h.Masked, h.Key = true, [4]byte{1, 2, 3, 4}
	}
	return appendFrame(h, payload)
}

func appendFrame(h wire.Header, payload string) []byte {
	b := wire.AppendHeader(nil, h)
	n := len(b)
	b = append(b, payload...)
	if h.Masked {
		wire.Mask(b[n:], h.Key, 0)
	}
	return b
}

// Send sends a frame. A client masks it, always with the same key.
func (p *Peer) Send(op wire.Opcode, fin bool, payload string) {
	p.tb.Helper()
	p.Write(p.Frame(op, fin, payload))
}

// SendHeader sends a frame with any header, even one that fits neither the payload nor the role. If
// h.Masked is set, the payload is masked with h.Key. SendHeader panics if h.Length is negative.
func (p *Peer) SendHeader(h wire.Header, payload string) {
	p.tb.Helper()
	p.Write(appendFrame(h, payload))
}

// SendClose sends a close frame with any code and reason, even invalid ones. If code is
// [wire.StatusNoStatusReceived], the frame has no code.
func (p *Peer) SendClose(code wire.StatusCode, reason string) {
	p.tb.Helper()
	var b []byte
	if code != wire.StatusNoStatusReceived {
		b = binary.BigEndian.AppendUint16(b, uint16(code))
	}
	p.Send(wire.OpClose, true, string(b)+reason)
}

// Next reads the next frame, and returns its header as it was received and its payload unmasked. It
// reports two violations to the TB: masking that does not fit the sender's role, and the masking
// key 0, which a random choice yields only once in 2^32 frames. Next returns an error for an
// invalid length, and for a payload of more than 64 MiB. It checks nothing else.
//
// The error is [io.EOF] if the stream ends between two frames. If Next times out, the error matches
// [os.ErrDeadlineExceeded], and Next may be called again: for example, to wait for a ping after
// five minutes of silence.
func (p *Peer) Next() (wire.Header, []byte, error) {
	p.tb.Helper()
	p.nc.SetReadDeadline(time.Now().Add(timeout))
	defer p.nc.SetReadDeadline(time.Time{})
	for {
		h, n, err := wire.ConsumeHeader(p.got)
		switch {
		case err != nil && err != io.ErrUnexpectedEOF:
			return h, nil, err
		case h.Length > maxFrame:
			return h, nil, fmt.Errorf("frame of %d bytes is larger than %d bytes", h.Length, maxFrame)
		case err == nil && int64(len(p.got)-n) >= h.Length:
			payload := bytes.Clone(p.got[n : n+int(h.Length)])
			if p.got = p.got[n+int(h.Length):]; len(p.got) == 0 {
				p.got = nil // an idle Peer holds no memory
			}
			p.unmask(h, payload)
			return h, payload, nil
		}
		if err := p.fill(); err != nil {
			return wire.Header{}, nil, err
		}
	}
}

// fill reads more bytes of the stream.
func (p *Peer) fill() error {
	b := make([]byte, 4096)
	n, err := p.nc.Read(b)
	p.got = append(p.got, b[:n]...)
	switch {
	case n > 0:
		return nil // the next read has the error, too
	case err == io.EOF && len(p.got) > 0:
		return io.ErrUnexpectedEOF
	}
	return err
}

// unmask unmasks the payload of a frame with header h, and checks the masking.
func (p *Peer) unmask(h wire.Header, payload []byte) {
	p.tb.Helper()
	if h.Masked != (p.role == wire.Server) {
		p.tb.Errorf("peer: got a frame with masked=%v, want %v", h.Masked, !h.Masked)
	}
	if !h.Masked {
		return
	}
	wire.Mask(payload, h.Key, 0)
	if h.Key == [4]byte{} {
		p.tb.Errorf("peer: got the masking key 0, which occurs by chance once in 2^32 frames")
	}
}

// Expect reads the next frame, and fails unless it has this opcode, FIN bit and payload. No
// reserved bit may be set.
func (p *Peer) Expect(op wire.Opcode, fin bool, payload string) {
	p.tb.Helper()
	h, got, err := p.Next()
	if err != nil {
		p.fatalNext(err, fmt.Sprintf("a %v frame %s", op, quote([]byte(payload))))
	}
	if h.Opcode != op || h.Fin != fin || h.RSV != 0 || string(got) != payload {
		want := describe(wire.Header{Opcode: op, Fin: fin}, []byte(payload))
		p.fatalf("peer: got %s, want %s%s", describe(h, got), want, difference(got, payload))
	}
}

// ExpectClose reads the next frame, fails unless it is a valid close frame with this code, and
// returns its reason. The code of an empty close frame is [wire.StatusNoStatusReceived].
func (p *Peer) ExpectClose(code wire.StatusCode) (reason string) {
	p.tb.Helper()
	h, got, err := p.Next()
	if err != nil {
		p.fatalNext(err, fmt.Sprintf("close %v", code))
	}
	if h.Opcode != wire.OpClose || !h.Fin || h.RSV != 0 {
		p.fatalf("peer: got %s, want close %v", describe(h, got), code)
	}
	c, r, err := wire.ConsumeClose(got)
	switch {
	case err != nil:
		p.fatalf("peer: got %s: %v, want close %v", describe(h, got), err, code)
	case c != code:
		p.fatalf("peer: got %s, want close %v", describe(h, got), code)
	}
	return string(r)
}

// ExpectEOF fails if the other side sends anything more before it ends the stream.
func (p *Peer) ExpectEOF() {
	p.tb.Helper()
	switch h, payload, err := p.Next(); {
	case err == nil:
		p.fatalf("peer: got %s, want EOF", describe(h, payload))
	case !errors.Is(err, io.EOF):
		p.fatalNext(err, "EOF")
	}
}

func (p *Peer) fatalf(format string, args ...any) {
	p.tb.Helper()
	p.tb.Errorf(format, args...)
	p.tb.FailNow()
}
