// Package stream exchanges WebSocket messages over any stream of bytes. It uses only package wire. Copy it
// and adapt it to your transport.
package stream

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/hawser-ws/hawser/wire"
)

// A Stream exchanges WebSocket messages over any stream of bytes: a pipe, a serial line, a tunnel. There is
// no opening handshake: the two ends must agree beforehand which of them is the client.
//
// One goroutine may call Receive. Any number may call the other methods. Call Receive as long as the Stream
// is in use, because it also answers pings and close frames. It blocks until the answer is written. If both
// ends ping each other at the same time over a transport without a buffer, such as net.Pipe, each end blocks
// the other.
//
// A Stream has no timeouts. Set deadlines on the transport, and close it after use.
type Stream struct {
	rw io.ReadWriter

	// Pong is called by Receive with the payload of each pong, if it is not nil. Set it before the first
	// Receive.
	Pong func(payload []byte)

	// The receiving goroutine uses these.
	dec     wire.Decoder // with the default limits: messages of up to 1 MiB
	buf     []byte
	unread  []byte // the part of buf that dec has not consumed
	message []byte // the message so far
	err     error  // the error of every later Receive

	// mu guards the fields below it.
	mu     sync.Mutex
	enc    wire.Encoder
	out    []byte
	broken error // the first error of a write, which may have cut a frame
}

// A CloseError is a close frame of the other end.
type CloseError struct {
	Code   wire.StatusCode
	Reason string
}

func (e *CloseError) Error() string { return fmt.Sprintf("closed with %v: %q", e.Code, e.Reason) }

// New returns a Stream over rw with the given role.
func New(rw io.ReadWriter, role wire.Role) *Stream {
	return &Stream{
		rw:  rw,
		dec: wire.Decoder{Role: role},
		enc: wire.Encoder{Role: role},
		buf: make([]byte, 4096),
	}
}

// Receive returns the opcode and the payload of the next message, with its fragments joined. The payload is
// valid until the next call.
//
// Every error is final. It is a *CloseError if the other end sent a close frame, and io.ErrUnexpectedEOF if
// the stream ends without one. It wraps a *wire.Error if the other end broke a rule of the protocol. Receive
// then sends a close frame with the reason.
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
	case n > 0: // the next Read returns the error again
	case err == io.EOF:
		s.err = io.ErrUnexpectedEOF
	case err != nil:
		s.err = err
	}
}

// fail sends a close frame that says which rule the other end broke.
func (s *Stream) fail(err error) error {
	var e *wire.Error
	if !errors.As(err, &e) {
		return err
	}
	if sent := s.Close(e.Code(), e.Reason()); sent != nil {
		return fmt.Errorf("%w; no close frame was sent: %w", err, sent)
	}
	return fmt.Errorf("%w; closed with %v", err, e.Code())
}

// closed answers a close frame, unless that is the answer to a close frame of this end.
func (s *Stream) closed(payload []byte) error {
	code, reason, err := wire.ConsumeClose(payload)
	if err != nil {
		return err // unreachable: the decoder has validated the payload
	}
	e := &CloseError{code, string(reason)}
	if err := s.Close(code, ""); err != nil && !errors.Is(err, wire.ErrFrameAfterClose) {
		return fmt.Errorf("%w; the close frame was not answered: %w", e, err)
	}
	return e
}

// Send sends a message with the opcode OpText or OpBinary. Each part becomes a frame. The parts of a text
// message, joined, must be UTF-8.
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
		rand.Read(h.Key[:]) // a new key for each frame; Read never fails
	}
	return s.enc.AppendFrame(out, h, payload)
}

// Ping sends a ping with a payload of at most 125 bytes. Receive passes the payload of the answer to s.Pong.
func (s *Stream) Ping(payload []byte) error { return s.Send(wire.OpPing, payload) }

// Close sends a close frame. Receive then returns the answer as a *CloseError. After that, close the
// transport. The server should close it first.
func (s *Stream) Close(code wire.StatusCode, reason string) error {
	payload, err := wire.AppendClose(nil, code, reason)
	if err != nil {
		return err
	}
	return s.Send(wire.OpClose, payload)
}
