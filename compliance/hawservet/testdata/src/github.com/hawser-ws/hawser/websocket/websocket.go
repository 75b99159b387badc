// Package websocket has the signatures of the real one that the cases here need. A
// test compares the two.
package websocket

import (
	"context"
	"errors"
	"iter"
	"net"
	"net/http"
	"time"

	"github.com/hawser-ws/hawser/wire"
)

type StatusCode = wire.StatusCode

const StatusNormalClosure = wire.StatusNormalClosure

var ErrConcurrentRead = errors.New("")

type MessageType uint8

const (
	Text   MessageType = MessageType(wire.OpText)
	Binary MessageType = MessageType(wire.OpBinary)
)

type Message struct {
	Type MessageType
	Data []byte
}

type AcceptOptions struct {
	Origins           []string
	InsecureAnyOrigin bool
}

type DialOptions struct {
	Header http.Header
}

func Accept(w http.ResponseWriter, r *http.Request, opts *AcceptOptions) (*Conn, error) {
	return nil, nil
}

func Dial(ctx context.Context, url string, opts *DialOptions) (*Conn, *http.Response, error) {
	return nil, nil, nil
}

type ConnOptions struct {
	Subprotocol string
}

func NewConn(ctx context.Context, nc net.Conn, opts *ConnOptions) *Conn { return nil }

type Handler struct {
	Serve   func(ctx context.Context, c *Conn) error
	Options *AcceptOptions
}

func (h Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {}

type PreparedMessage struct{}

type Conn struct{}

func (c *Conn) Abort(cause error) {}
func (c *Conn) AppendRead(ctx context.Context, dst []byte) (MessageType, []byte, error) {
	return 0, nil, nil
}
func (c *Conn) ByteStream(t MessageType) net.Conn                               { return nil }
func (c *Conn) Close(ctx context.Context, code StatusCode, reason string) error { return nil }
func (c *Conn) CloseNow() error                                                 { return nil }
func (c *Conn) CloseRead()                                                      {}
func (c *Conn) Context() context.Context                                        { return nil }
func (c *Conn) Messages(ctx context.Context) iter.Seq2[Message, error]          { return nil }
func (c *Conn) NetConn() net.Conn                                               { return nil }
func (c *Conn) Ping(ctx context.Context) (time.Duration, error)                 { return 0, nil }
func (c *Conn) Read(ctx context.Context) (MessageType, []byte, error)           { return 0, nil, nil }
func (c *Conn) ReadJSON(ctx context.Context, v any) error                       { return nil }
func (c *Conn) Reader(ctx context.Context) (*MessageReader, error)              { return nil, nil }
func (c *Conn) Write(ctx context.Context, t MessageType, p []byte) error        { return nil }
func (c *Conn) WriteBuffers(ctx context.Context, t MessageType, bufs ...[]byte) error {
	return nil
}
func (c *Conn) WriteJSON(ctx context.Context, v any) error                        { return nil }
func (c *Conn) WritePlain(ctx context.Context, t MessageType, p []byte) error     { return nil }
func (c *Conn) WritePrepared(ctx context.Context, m *PreparedMessage) error       { return nil }
func (c *Conn) Writer(ctx context.Context, t MessageType) (*MessageWriter, error) { return nil, nil }
func (c *Conn) PlainWriter(ctx context.Context, t MessageType) (*MessageWriter, error) {
	return nil, nil
}

type MessageReader struct{}

func (r *MessageReader) Read(p []byte) (int, error) { return 0, nil }

type MessageWriter struct{}

func (w *MessageWriter) Write(p []byte) (n int, err error) { return }
func (w *MessageWriter) Flush() error                      { return nil }
func (w *MessageWriter) Close() error                      { return nil }
