package websocket

import (
	"bytes"
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/hawser-ws/hawser/wire"
)

// A PreparedMessage is a message to be sent on many connections, or many times. What
// it takes to make frames of it, compression above all, is done once, when it is
// first needed, and kept: once for all connections that have agreed on the same
// parameters. It does not change, and any number of goroutines may send it.
type PreparedMessage struct {
	plain form
	info  wire.MessageInfo

	// What extensions have made of it. The slice is replaced, never changed.
	forms  atomic.Pointer[[]*form]
	adding sync.Mutex
}

// A form is what a message is on the wire: the frame of a server, whose payload is
// that of a client, too, before it is masked.
type form struct {
	key  any // of the session
	made sync.Once
	err  error
	wire.Header
	bytes []byte // free room of frameRoom bytes, in which the header ends, and the payload
}

// frameRoom is the size of the largest header without a mask.
const frameRoom = wire.MaxHeaderSize - 4

// maxForms is how many forms a message remembers. An extension has a key for each
// set of parameters that connections can agree on; permessage-deflate has 8.
const maxForms = 64

// Prepare makes a message of type t, for [Conn.WritePrepared]. It copies p. As with
// Write, text is not checked; the one error is a type that is neither Text nor Binary.
// Beside the copy a message holds a compressed form for
// each set of parameters that the connections it was sent on have agreed on: with
// permessage-deflate, for each size of window.
func Prepare(t MessageType, p []byte) (*PreparedMessage, error) {
	if t != Text && t != Binary {
		return nil, &Error{Op: "write", Err: errMessageType}
	}
	m := &PreparedMessage{info: wire.MessageInfo{Text: t == Text, Size: int64(len(p))}}
	m.plain.Header = wire.Header{Fin: true, Opcode: wire.Opcode(t)}
	m.plain.fill(append(make([]byte, frameRoom, frameRoom+len(p)), p...))
	return m, nil
}

// fill completes a form with a payload that has free room before it.
func (f *form) fill(b []byte) {
	f.bytes = b
	f.Length = int64(len(b) - frameRoom)
	wire.AppendHeader(b[:frameRoom-f.Size()], f.Header)
}

// frame returns the frame of the message in this form.
func (f *form) frame() frame {
	return frame{Header: f.Header, payload: f.bytes[frameRoom:], whole: f.bytes[frameRoom-f.Size():]}
}

// WritePrepared sends m as one message, as Write does, at less cost: a server sends
// bytes that all its connections share, with one system call if the transport takes
// them; a client masks them. Where an extension compresses, m is compressed once for
// all connections that have the same parameters, without reference to what a
// connection has sent before, and then is part of the context that it takes over.
//
// If ctx ends before the first byte is out, m is not sent, and the connection is as
// before. That holds with an extension too, if it can share what it makes of m
// ([wire.SharedSession]); one that cannot takes m as it takes a message of Write.
func (c *Conn) WritePrepared(ctx context.Context, m *PreparedMessage) error {
	plain := m.plain.frame()
	if err := c.beginMessage(ctx, MessageType(plain.Opcode), len(plain.payload)); err != nil {
		return err
	}
	defer c.endMessage()
	if c.session == nil {
		return c.writeFrame(ctx, plain)
	}
	if s, ok := c.session.(wire.SharedSession); ok {
		if f := m.form(s, c.rsv); f != nil {
			return c.writeShared(ctx, s, f, plain.payload)
		}
	}
	return c.encodeMessage(ctx, plain, false)
}

// writeShared sends the payload p in the form f.
func (c *Conn) writeShared(ctx context.Context, s wire.SharedSession, f *form, p []byte) error {
	if f.err != nil {
		return c.opError("write", extensionError(f.err))
	}
	err := c.writeFrame(ctx, f.frame())
	if err == nil || isAccepted(err) {
		s.SharedSent(p)
	}
	return err
}

// form returns what s shares of the message, or nil if that is nothing.
func (m *PreparedMessage) form(s wire.SharedSession, rsv byte) *form {
	key, ok := s.SharedKey(m.info)
	if !ok {
		return nil
	}
	f := m.find(key, rsv)
	if f == nil {
		f = m.add(key, rsv)
	}
	if f != nil {
		f.made.Do(func() { f.encode(s, m.plain.bytes[frameRoom:]) })
	}
	return f
}

func (m *PreparedMessage) find(key any, rsv byte) *form {
	if forms := m.forms.Load(); forms != nil {
		for _, f := range *forms {
			if f.key == key && f.RSV == rsv {
				return f
			}
		}
	}
	return nil
}

// add makes room for another form, unless there are too many.
func (m *PreparedMessage) add(key any, rsv byte) *form {
	m.adding.Lock()
	defer m.adding.Unlock()
	if f := m.find(key, rsv); f != nil {
		return f // another connection was faster
	}
	var forms []*form
	if old := m.forms.Load(); old != nil {
		forms = slices.Clone(*old)
	}
	if len(forms) >= maxForms {
		return nil
	}
	f := &form{key: key, Header: m.plain.Header}
	f.RSV = rsv
	forms = append(forms, f)
	m.forms.Store(&forms)
	return f
}

// encode fills a form with what s makes of p.
func (f *form) encode(s wire.SharedSession, p []byte) {
	b := getBlock()
	defer putBlock(b)
	out, err := s.AppendShared(b[:frameRoom], p)
	if err != nil {
		f.err = err
		return
	}
	f.fill(bytes.Clone(out))
}
