package play

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"time"

	"github.com/hawser-ws/hawser/fuzz/internal/order"
	"github.com/hawser-ws/hawser/fuzz/internal/script"
	"github.com/hawser-ws/hawser/websocket"
)

// read runs the steps of the reader, and then continues to read until the connection ends.
func (s *side) read() {
	for i := range s.lanes[script.Reading] {
		o := &s.lanes[script.Reading][i]
		time.Sleep(o.Delay)
		ctx, cancel := s.context(o)
		switch o.Kind {
		case script.Read, script.AppendRead:
			s.readWhole(ctx, o)
		case script.Reader:
			s.readStreams(ctx, o)
		case script.Messages:
			s.readRange(ctx, o)
		}
		cancel()
		if s.final != nil {
			break
		}
	}
	for o := (&script.Op{Kind: script.Read, Count: 1}); s.final == nil; {
		s.readWhole(context.Background(), o)
	}
}

// failed handles the error of a read. It is the last read if the connection has ended or is
// about to end. But if the context of the call has ended too, the reader continues, because
// the error may have hidden a message.
func (s *side) failed(ctx context.Context, o any, err error) {
	if s.interrupted(ctx, o, err) {
		return
	}
	if s.ended = err; ctx.Err() == nil {
		s.final = err
	}
}

func (s *side) receive(typ websocket.MessageType, data []byte, part bool) {
	if s.ended != nil && !part {
		s.fault("a message was delivered after a read had reported the end: %v", s.ended)
	}
	s.got = append(s.got, order.Got{Type: byte(typ), Data: data, Part: part})
}

// readWhole reads messages with Read or AppendRead.
func (s *side) readWhole(ctx context.Context, o *script.Op) {
	for range o.Count {
		time.Sleep(o.Longer)
		dst := []byte("begun")[:5:5]
		if o.Kind == script.AppendRead {
			dst = append(make([]byte, 0, o.Buffer), dst...)
		}
		var typ websocket.MessageType
		var b []byte
		err := s.bounded(ctx, o, 0, func() (err error) {
			if o.Kind == script.AppendRead {
				typ, b, err = s.conn.AppendRead(ctx, dst)
			} else {
				typ, b, err = s.conn.Read(ctx)
			}
			return err
		})
		if o.Kind == script.AppendRead {
			if !bytes.HasPrefix(b, dst) || err != nil && len(b) != len(dst) {
				s.fault("%v: AppendRead returned %.20q (%d bytes) for %q", o, b, len(b), dst)
				b = dst
			}
			b = b[len(dst):]
			if err != nil {
				overwrite(dst[:cap(dst)]) // the Conn may not keep it
			}
		}
		if err != nil {
			s.failed(ctx, o, err)
			return
		}
		s.receive(typ, b, false)
	}
}

// readStreams reads Count messages with Reader, each to its end or, without Resume, with a
// few reads.
func (s *side) readStreams(ctx context.Context, o *script.Op) {
	for range o.Count {
		var r *websocket.MessageReader
		err := s.bounded(ctx, o, 0, func() (err error) {
			r, err = s.conn.Reader(ctx)
			return err
		})
		if err != nil {
			s.failed(ctx, o, err)
			return
		}
		if !s.readStream(ctx, o, r) {
			return
		}
	}
}

// reads is the number of reads of a Reader that a step without Resume makes.
const reads = 3

func (s *side) readStream(ctx context.Context, o *script.Op, r *websocket.MessageReader) bool {
	p := make([]byte, o.Buffer)
	var b []byte
	for i := 0; o.Resume || i < reads; i++ {
		if i < script.MaxPauses {
			time.Sleep(o.Longer)
		}
		n := 0
		err := s.bounded(ctx, o, 0, func() (err error) {
			n, err = r.Read(p)
			return err
		})
		b = append(b, p[:n]...)
		switch {
		case err == io.EOF:
			s.receive(r.Type(), b, false)
			return true
		case err == nil && n == 0:
			s.fault("%v: a Read of a Reader returned 0 bytes and no error", o)
			return false
		case err == nil:
			continue
		}
		if s.failed(ctx, o, err); s.final == nil && o.Resume {
			ctx = context.Background()
			r.SetContext(ctx)
			continue
		}
		s.receive(r.Type(), b, true)
		return false
	}
	s.receive(r.Type(), b, true)
	return true
}

// readRange reads messages with Messages. A message must not change before the next
// iteration, and the loop may overwrite it.
func (s *side) readRange(ctx context.Context, o *script.Op) {
	n, begun := 0, time.Now()
	until, ok := ctx.Deadline()
	for m, err := range s.conn.Messages(ctx) {
		if now := time.Now(); ok && now.After(until) {
			s.fault("%v: it went on for %v after the end of its context", o, now.Sub(until))
		}
		if err != nil {
			s.checkError(begun, ctx, o, err)
			if errors.Is(err, net.ErrClosed) {
				s.loopErr = err
			}
			s.failed(ctx, o, err)
			return
		}
		data := bytes.Clone(m.Data)
		time.Sleep(o.Longer)
		s.reusePools()
		if !bytes.Equal(data, m.Data) {
			s.fault("%v: a message changed before the next", o)
		}
		overwrite(m.Data)
		s.receive(m.Type, data, false)
		until = until.Add(o.Longer)
		if n++; n == o.Count {
			return
		}
	}
	s.ended = errSilent
	s.silent = true // later reads return the error
}

// errSilent represents the end of a loop over Messages that yielded no error.
var errSilent = errors.New("no error")
