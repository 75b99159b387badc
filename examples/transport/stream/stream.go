// Package stream turns any stream of bytes into WebSocket messages, with package wire
// alone. Copy it, and change what your transport does otherwise.
package stream

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/hawser-ws/hawser/wire"
)

// A Stream exchanges WebSocket messages over any stream of bytes: a pipe, a serial
// line, a tunnel. The two ends have agreed beforehand who is the client; there is
// no opening handshake.
//
// One goroutine receives; any number send. Keep receiving while the stream lives:
// Receive also answers pings and close frames. It writes to do so: over a transport
// without any buffer, such as net.Pipe, two ends that ping each other at one moment
// wait for one another. Waits are as long as those of the transport, so set
// deadlines there; closing it is the caller's, too.
type Stream struct {
	rw io.ReadWriter

	// Pong, if set before the first Receive, is called with the payload of each
	// pong.
	Pong func(payload []byte)

	// For the one who receives.
	dec     wire.Decoder // with its default limits: messages of up to 1 MiB
	buf     []byte
	unread  []byte // the part of buf that dec has not taken
	message []byte // the message so far
	err     error  // the end

	// For those who send.
	mu     sync.Mutex
	enc    wire.Encoder
	out    []byte
	broken error // a write failed, perhaps within a frame
}

// A CloseError is the close frame of the other end.
type CloseError struct {
	Code   wire.StatusCode
	Reason string
}

func (e *CloseError) Error() string { return fmt.Sprintf("closed with %v: %q", e.Code, e.Reason) }

// New returns a Stream for the end of rw that plays role.
func New(rw io.ReadWriter, role wire.Role) *Stream {
	return &Stream{
		rw:  rw,
		dec: wire.Decoder{Role: role},
		enc: wire.Encoder{Role: role},
		buf: make([]byte, 4096),
	}
}

// Receive returns the type and the payload of the next message, put together from
// its fragments. The payload is valid until the next call.
//
// Every error is final. It is a *CloseError once the other end has closed,
// io.ErrUnexpectedEOF if the bytes end without that, and wraps a *wire.Error if
// the other end broke the protocol, which has then been told so.
func (s *Stream) Receive() (wire.Opcode, []byte, error) {
	s.message = s.message[:0]
	for s.err == nil {
		if len(s.unread) == 0 {
			s.fill()
			continue
		}
		f, n, err := s.dec.Next(s.unread)
		s.unread = s.unread[n:]
		if err != nil {
			s.err = s.fail(err)
			break
		}
		switch f.Kind {
		case wire.KindText, wire.KindBinary:
			s.message = append(s.message, f.Payload...)
			if f.EndsMessage() {
				return wire.Opcode(f.Kind), s.message, nil
			}
		case wire.KindPing:
			s.err = s.Send(wire.OpPong, f.Payload)
		case wire.KindPong:
			if s.Pong != nil {
				s.Pong(f.Payload)
			}
		case wire.KindClose:
			s.err = s.closed(f.Payload)
		}
	}
	return 0, nil, s.err
}

func (s *Stream) fill() {
	n, err := s.rw.Read(s.buf)
	s.unread = s.buf[:n]
	switch {
	case n > 0: // an error will come again
	case err == io.EOF:
		s.err = io.ErrUnexpectedEOF
	case err != nil:
		s.err = err
	}
}

// fail tells the other end which rule it broke.
func (s *Stream) fail(err error) error {
	var e *wire.Error
	if !errors.As(err, &e) {
		return err
	}
	if sent := s.Close(e.Code(), e.Reason()); sent != nil {
		return fmt.Errorf("%w; the other end was not told: %w", err, sent)
	}
	return fmt.Errorf("%w; closed with %v", err, e.Code())
}

// closed answers a close frame, unless it is itself the answer to ours.
func (s *Stream) closed(payload []byte) error {
	code, reason, err := wire.ConsumeClose(payload)
	if err != nil {
		return err // not here: the decoder has seen the payload
	}
	e := &CloseError{code, string(reason)}
	if err := s.Close(code, ""); err != nil && !errors.Is(err, wire.ErrFrameAfterClose) {
		return fmt.Errorf("%w; no answer was sent: %w", e, err)
	}
	return e
}

// Send sends a message, OpText or OpBinary, in as many frames as it has parts. Text
// must be UTF-8 as a whole.
func (s *Stream) Send(op wire.Opcode, first []byte, more ...[]byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken != nil {
		return s.broken
	}
	out, err := s.appendFrame(s.out[:0], op, first, len(more) == 0)
	for i, p := range more {
		if err == nil {
			out, err = s.appendFrame(out, wire.OpContinuation, p, i == len(more)-1)
		}
	}
	s.out = out
	if err != nil {
		return err
	}
	_, s.broken = s.rw.Write(out)
	return s.broken
}

func (s *Stream) appendFrame(out []byte, op wire.Opcode, payload []byte, fin bool) ([]byte, error) {
	h := wire.Header{Opcode: op, Fin: fin}
	if s.enc.Role == wire.Client {
		rand.Read(h.Key[:]) // new for each frame; it never fails
	}
	return s.enc.AppendFrame(out, h, payload)
}

// Ping asks the other end for a sign of life, which comes to s.Pong with the same
// payload of at most 125 bytes.
func (s *Stream) Ping(payload []byte) error { return s.Send(wire.OpPing, payload) }

// Close sends a close frame. Whoever receives then gets the *CloseError that is the
// answer; after it the transport can be closed, on the server's end first.
func (s *Stream) Close(code wire.StatusCode, reason string) error {
	payload, err := wire.AppendClose(nil, code, reason)
	if err != nil {
		return err
	}
	return s.Send(wire.OpClose, payload)
}
