package play

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/hawser-ws/hawser/fuzz/internal/order"
	"github.com/hawser-ws/hawser/fuzz/internal/script"
	"github.com/hawser-ws/hawser/websocket"
)

// A prepared is a message that several steps of both sides may send.
type prepared struct {
	once sync.Once
	m    *websocket.PreparedMessage
	typ  websocket.MessageType
	data []byte
	err  error
}

func typeOf(text bool) websocket.MessageType {
	if text {
		return websocket.Text
	}
	return websocket.Binary
}

// write runs the steps of a writer.
func (s *side) write(lane script.Lane) {
	for i := range s.lanes[lane] {
		o := &s.lanes[lane][i]
		time.Sleep(o.Delay)
		if o.Kind == script.Ping || o.Kind == script.WriteControl {
			s.pingStep(o)
			continue
		}
		id := fmt.Sprintf("%s %d.%d ", names[s.index], lane, i)
		m := order.Sent{Type: byte(typeOf(o.Text))}
		m.Data = script.Payload(id, o.Size(), o.Fill, o.Text, i+int(lane)*16)
		m.Begin = s.events.Add(1)
		ctx, cancel := s.context(o)
		switch o.Kind {
		case script.Stream, script.PlainStream:
			m.Outcome = s.stream(ctx, o, m.Data)
		case script.WritePrepared:
			p := s.prepare(o, m.Data)
			m.Type, m.Data = byte(p.typ), p.data
			err := s.bounded(ctx, o, grace, func() error { return s.conn.WritePrepared(ctx, p.m) })
			m.Outcome = s.outcome(ctx, o, err)
		default:
			m.Outcome = s.whole(ctx, o, m.Data)
		}
		cancel()
		m.End = s.events.Add(1)
		s.sent[lane] = append(s.sent[lane], m)
	}
}

// prepare returns the message of a slot. The first step of the slot makes it.
func (s *side) prepare(o *script.Op, data []byte) *prepared {
	p := &s.prepared[o.Slot]
	p.once.Do(func() {
		p.typ, p.data = typeOf(o.Text), data
		own := bytes.Clone(data)
		p.m, p.err = websocket.Prepare(p.typ, own)
		clear(own)
		if p.err != nil {
			s.fault("Prepare: %v", p.err)
		}
	})
	return p
}

// whole writes a message with one call. The payload may be overwritten when Write returns.
func (s *side) whole(ctx context.Context, o *script.Op, data []byte) order.Outcome {
	p := bytes.Clone(data)
	err := s.bounded(ctx, o, grace, func() error {
		switch o.Kind {
		case script.WritePlain:
			return s.conn.WritePlain(ctx, typeOf(o.Text), p)
		case script.WriteBuffers:
			parts := slices.Chunk(p, len(p)/(o.Slot+1)+1)
			return s.conn.WriteBuffers(ctx, typeOf(o.Text), slices.Collect(parts)...)
		}
		return s.conn.Write(ctx, typeOf(o.Text), p)
	})
	if !bytes.Equal(p, data) {
		s.fault("%v: the payload was changed", o)
	}
	overwrite(p)
	return s.outcome(ctx, o, err)
}

func overwrite(p []byte) {
	for i := range p {
		p[i] = '#'
	}
}

// outcome returns the outcome of a write that returned err.
func (s *side) outcome(ctx context.Context, o *script.Op, err error) order.Outcome {
	var e *websocket.Error
	switch {
	case err == nil:
		return order.Always
	case errors.As(err, &e) && e.Accepted:
		if !s.interrupted(ctx, o, err) {
			s.fault("%v: accepted, but the connection is closed: %v", o, err)
		}
		return order.Always
	case errors.Is(err, net.ErrClosed):
		return order.Maybe
	case errors.Is(err, websocket.ErrMessageOpen): // checkError has checked that it is not too early
		return order.Never
	}
	s.interrupted(ctx, o, err)
	return order.Never
}

// stream writes a message in chunks.
func (s *side) stream(ctx context.Context, o *script.Op, data []byte) order.Outcome {
	begun := time.Now()
	var w *websocket.MessageWriter
	err := s.bounded(ctx, o, grace, func() (err error) {
		if o.Kind == script.PlainStream {
			w, err = s.conn.PlainWriter(ctx, typeOf(o.Text))
		} else {
			w, err = s.conn.Writer(ctx, typeOf(o.Text))
		}
		return err
	})
	if err != nil {
		return s.outcome(ctx, o, err)
	}
	w.SetFrameSize(o.Max)
	failed := s.chunks(begun, ctx, o, w, data)
	err = s.boundedSince(begun, ctx, o, grace, w.Close)
	if failed != nil && err == nil {
		s.fault("%v: Close succeeded after %v", o, failed)
	}
	if again := w.Close(); again == nil {
		s.fault("%v: a second Close succeeded", o)
	}
	outcome := s.outcome(ctx, o, err)
	if ctx.Err() != nil && errors.Is(err, net.ErrClosed) {
		s.cutOff = true // unless something else ended the connection
	}
	if outcome == order.Never || failed != nil && outcome == order.Maybe {
		return order.Cut // the end of the message was not written
	}
	return outcome
}

// chunks writes the chunks of a streamed message.
func (s *side) chunks(
	begun time.Time, ctx context.Context, o *script.Op, w *websocket.MessageWriter, data []byte,
) error {
	at := 0
	for _, c := range o.Chunks {
		time.Sleep(c.Pause)
		p := bytes.Clone(data[at : at+c.Size])
		err := s.boundedSince(begun, ctx, o, grace, func() error {
			n, err := w.Write(p)
			if err == nil && n != len(p) {
				s.fault("%v: wrote %d of %d", o, n, len(p))
			}
			return err
		})
		overwrite(p)
		at += c.Size
		if err == nil && c.Flush {
			err = s.boundedSince(begun, ctx, o, grace, w.Flush)
		}
		if err != nil {
			s.outcome(ctx, o, err)
			return err
		}
	}
	return nil
}
