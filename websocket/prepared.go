package websocket

import (
	"context"

	"github.com/hawser-ws/hawser/websocket/internal/prepared"
	"github.com/hawser-ws/hawser/wire"
)

// A PreparedMessage is a message to be sent on many connections, or many times. Its frames, and
// above all their compression, are made once, when they are first needed, and shared by all
// connections that have negotiated the same parameters. It does not change, and any number of
// goroutines may send it.
type PreparedMessage struct {
	plain prepared.Form
	info  wire.MessageInfo
	forms prepared.Forms // encoded by extensions
}

// Prepare makes a message of type t for [Conn.WritePrepared]. It copies p. As with Write, text is
// not checked. The only possible error is that t is neither Text nor Binary. In addition to the
// copy, a message holds a compressed form for each set of parameters that the connections it was
// sent on have negotiated: with permessage-deflate, one for each window size.
func Prepare(t MessageType, p []byte) (*PreparedMessage, error) {
	if t != Text && t != Binary {
		return nil, &Error{Op: "write", Err: errMessageType}
	}
	m := &PreparedMessage{info: wire.MessageInfo{Text: t == Text, Size: int64(len(p))}}
	m.plain.Header = messageHeader(t)
	m.plain.Fill(append(make([]byte, prepared.Room, prepared.Room+len(p)), p...))
	return m, nil
}

// formFrame returns the frame of the message in the form f, with a size that is right if f is plain.
func formFrame(f *prepared.Form) frame {
	p := f.Payload()
	return frame{Header: f.Header, payload: p, size: int64(len(p)), whole: f.Frame()}
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
	plain := formFrame(&m.plain)
	if err := c.beginMessage(ctx, MessageType(plain.Opcode), len(plain.payload)); err != nil {
		return err
	}
	defer c.endMessage()
	if c.session == nil {
		return c.writeFrame(ctx, &plain)
	}
	if s, ok := c.session.(wire.SharedSession); ok {
		if f := m.forms.Of(s, c.in.dec.RSV, m.info, &m.plain); f != nil {
			return c.writeShared(ctx, s, f, plain.payload)
		}
	}
	return c.encodeMessage(ctx, &plain)
}

// writeShared sends the payload p in the form f.
func (c *Conn) writeShared(ctx context.Context, s wire.SharedSession, f *prepared.Form, p []byte) error {
	if f.Err != nil {
		return c.opError("write", extensionError(f.Err))
	}
	shared := formFrame(f)
	shared.size = int64(len(p))
	err := c.writeFrame(ctx, &shared)
	if err == nil || isAccepted(err) {
		s.SharedSent(p)
	}
	return err
}
