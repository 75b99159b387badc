// Package websocket is a vendored copy with the declarations that the case needs.
package websocket

import (
	"context"
	"iter"
	"net/http"
)

type MessageType uint8

type Message struct {
	Type MessageType
	Data []byte
}

type AcceptOptions struct{ InsecureAnyOrigin bool }

func Accept(w http.ResponseWriter, r *http.Request, opts *AcceptOptions) (*Conn, error) {
	return nil, nil
}

type Conn struct{}

func (c *Conn) CloseNow() error                                          { return nil }
func (c *Conn) Messages(ctx context.Context) iter.Seq2[Message, error]   { return nil }
func (c *Conn) Read(ctx context.Context) (MessageType, []byte, error)    { return 0, nil, nil }
func (c *Conn) Write(ctx context.Context, t MessageType, p []byte) error { return nil }
