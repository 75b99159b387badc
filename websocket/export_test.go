package websocket

import (
	"context"
	"net"
	"net/http"
	"time"

	"github.com/hawser-ws/hawser/websocket/internal/exchange"
	"github.com/hawser-ws/hawser/websocket/internal/held"
	"github.com/hawser-ws/hawser/websocket/internal/prepared"
	"github.com/hawser-ws/hawser/websocket/internal/transport"
	"github.com/hawser-ws/hawser/wire"
)

// The tests are in package websocket_test, because they use package wstest, which imports this one.
// They need these internals beside the exported API.

const (
	AdapterMessage = adapterMessage
	AlpnHTTP1      = exchange.ALPN
	DirectMin      = directMin
	DropTime       = dropTime
	FieldKey       = fieldKey
	FragmentSize   = fragmentSize
	LingerTime     = lingerTime
	MaxAhead       = maxAhead
	MaxForms       = prepared.MaxForms
	MaxLast        = maxLast
	MaxOrigin      = maxOrigin
	MaxRest        = maxRest
	MinBuffer      = transport.MinBuffer
	ReplyTime      = held.Time
)

var (
	ErrBegun        = errBegun
	ErrCloseTimeout = errCloseTimeout
	ErrClosed       = errClosed
	ErrControl      = errControl
	ErrHalfRune     = errHalfRune
	ErrMessageType  = errMessageType
	ErrNotYielded   = errNotYielded
	ErrOrigin       = errOrigin
	ErrSuperseded   = errSuperseded
	ErrTextMessage  = errTextMessage
	ErrUnexpected   = errUnexpected
)

var (
	ClosedWell     = closedWell
	CloseSession   = closeSession
	ExtensionError = extensionError
	IsAccepted     = isAccepted
	NewKey         = newKey
)

func SetDefault(v *time.Duration, def time.Duration) { setDefault(v, def) }

// EndedError returns an error of a connection that has ended, with the code of the peer's close
// frame if one arrived.
func EndedError(op string, err error, received StatusCode) *Error {
	return &Error{Op: op, Err: err, closed: true, received: received}
}

// BrokenStream returns an error of a byte stream.
func BrokenStream(err error) error { return &brokenStream{err} }

// Serve serves c with f as a Handler does.
func Serve(f func(context.Context, *Conn) error, c *Conn, printf func(string, ...any)) {
	serve(f, c, printf)()
}

// HandlerStatus returns the code with which a Handler closes c if Serve returns err.
func HandlerStatus(err error, c *Conn) StatusCode {
	code, _ := closeStatus(err, c)
	return code
}

func (o *AcceptOptions) CheckOrigin(r *http.Request) *HandshakeError { return o.checkOrigin(r) }

// ChooseExtension returns the field of the response, the extension and the session, which the
// caller must close.
func ChooseExtension(h http.Header, exts []wire.Extension) (
	field []byte, agreed wire.ExtensionSpec, session wire.Session, e *HandshakeError,
) {
	var a acceptance
	e = a.chooseExtension(h, exts)
	return a.extension, a.conn.Extension, a.conn.Session, e
}

// SetStreamReader makes r the message that the byte stream nc is reading.
func SetStreamReader(nc net.Conn, r *MessageReader) { nc.(*adapter).r = r }

// EncodeText encodes a text message, for which it takes the turn to write.
func (c *Conn) EncodeText(ctx context.Context, text string) error {
	f := textFrame(text)
	return c.encodeMessage(ctx, &f)
}

// PostponeText postpones a text message whose context ended with err.
func (c *Conn) PostponeText(err error, text string) error {
	f := textFrame(text)
	return c.postpone(err, &f)
}

func textFrame(text string) frame {
	return frame{Header: wire.Header{Fin: true, Opcode: wire.OpText}, payload: []byte(text), keep: true}
}
