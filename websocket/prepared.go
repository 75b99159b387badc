package websocket

import (
	"bytes"
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/hawser-ws/hawser/websocket/internal/transport"
	"github.com/hawser-ws/hawser/wire"
)

// A PreparedMessage is a message to be sent on many connections, or many times. Its frames, and
// above all their compression, are made once, when they are first needed, and shared by all
// connections that have negotiated the same parameters. It does not change, and any number of
// goroutines may send it.
type PreparedMessage struct {
	plain form
	info  wire.MessageInfo

	// Its encoded forms. The slice is replaced, never changed.
	forms  atomic.Pointer[[]*form]
	adding sync.Mutex
}

// A form is a message as it is on the wire: a server's frame. Its payload is also a client's,
// before masking.
type form struct {
	key  any // of the session
	made sync.Once
	err  error
	wire.Header
	bytes []byte // frameRoom bytes, which end with the header, and the payload
}

// frameRoom is the size of the largest header without a masking key.
const frameRoom = wire.MaxHeaderSize - 4

// maxForms is how many forms a message keeps. An extension has a key for each set of parameters
// that connections can negotiate. permessage-deflate has 8.
const maxForms = 64

// Prepare makes a message of type t for [Conn.WritePrepared]. It copies p. As with Write, text is
// not checked. The only possible error is that t is neither Text nor Binary. In addition to the
// copy, a message holds a compressed form for each set of parameters that the connections it was
// sent on have negotiated: with permessage-deflate, one for each window size.
func Prepare(t MessageType, p []byte) (*PreparedMessage, error) {
	if t != Text && t != Binary {
		return nil, &Error{Op: "write", Err: errMessageType}
	}
	m := &PreparedMessage{info: wire.MessageInfo{Text: t == Text, Size: int64(len(p))}}
	m.plain.Header = wire.Header{Fin: true, Opcode: wire.Opcode(t)}
	m.plain.fill(append(make([]byte, frameRoom, frameRoom+len(p)), p...))
	return m, nil
}

// fill completes a form with a payload that is preceded by frameRoom free bytes.
func (f *form) fill(b []byte) {
	f.bytes = b
	f.Length = int64(len(b) - frameRoom)
	wire.AppendHeader(b[:frameRoom-f.Size()], f.Header)
}

// frame returns the frame of the message in this form, with a size that is right if it is plain.
func (f *form) frame() frame {
	p := f.bytes[frameRoom:]
	return frame{Header: f.Header, payload: p, size: int64(len(p)), whole: f.bytes[frameRoom-f.Size():]}
}

// WritePrepared sends m as one message, like Write, at less cost. A server sends bytes that all its
// connections share, with one system call if the transport takes them. A client masks a copy. If an
// extension compresses m, that is done once for all connections with the same parameters, without
// reference to earlier messages of a connection, and then enters the compression context of each.
//
// If ctx ends before the first byte is written, m is not sent, and the connection is as before.
// With an extension that is true only if the extension can share its form of m
// ([wire.SharedSession]). Otherwise m is sent as by Write.
func (c *Conn) WritePrepared(ctx context.Context, m *PreparedMessage) error {
	plain := m.plain.frame()
	if err := c.beginMessage(ctx, MessageType(plain.Opcode), len(plain.payload)); err != nil {
		return err
	}
	defer c.endMessage()
	if c.session == nil {
		return c.writeFrame(ctx, &plain)
	}
	if s, ok := c.session.(wire.SharedSession); ok {
		if f := m.form(s, c.rsv); f != nil {
			return c.writeShared(ctx, s, f, plain.payload)
		}
	}
	return c.encodeMessage(ctx, &plain)
}

// writeShared sends the payload p in the form f.
func (c *Conn) writeShared(ctx context.Context, s wire.SharedSession, f *form, p []byte) error {
	if f.err != nil {
		return c.opError("write", extensionError(f.err))
	}
	shared := f.frame()
	shared.size = int64(len(p))
	err := c.writeFrame(ctx, &shared)
	if err == nil || isAccepted(err) {
		s.SharedSent(p)
	}
	return err
}

// form returns the form of the message that s can share, or nil if there is none.
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

// add adds a form, unless there are too many.
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

// encode fills a form with the encoding of p by s.
func (f *form) encode(s wire.SharedSession, p []byte) {
	b := transport.GetBlock()
	defer transport.PutBlock(b)
	out, err := s.AppendShared(b[:frameRoom], p)
	if err != nil {
		f.err = err
		return
	}
	f.fill(bytes.Clone(out))
}
