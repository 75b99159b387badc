package echo

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire/handshake"
)

// serveHawserBare works like examples/bare. It refuses web pages.
func serveHawserBare(ln net.Listener) error {
	return serveConns(ln, func(nc net.Conn) {
		c, err := acceptBare(nc)
		if err != nil {
			nc.Close()
			return
		}
		defer c.CloseNow()
		_ = echoHawser(context.Background(), c)
	})
}

// heads are the buffers for requests.
var heads = sync.Pool{New: func() any { return new([handshake.DefaultMaxSize]byte) }}

// acceptBare performs the opening handshake.
func acceptBare(nc net.Conn) (*websocket.Conn, error) {
	if err := nc.SetDeadline(time.Now().Add(10 * time.Second)); err != nil { // NewConn clears it
		return nil, err
	}
	buf := heads.Get().(*[handshake.DefaultMaxSize]byte)
	defer heads.Put(buf)
	var r handshake.Request
	head, size, err := 0, 0, io.ErrUnexpectedEOF
	for err == io.ErrUnexpectedEOF {
		n, readErr := nc.Read(buf[size:])
		size += n
		if head, err = r.Consume(buf[:size]); err != nil && readErr != nil {
			return nil, readErr
		}
	}
	if err == nil {
		err = r.Check(nil)
	}
	var answer []byte
	if err == nil {
		answer, err = r.AppendResponse(buf[size:size], "", nil)
	}
	if refusal := (*handshake.Error)(nil); errors.As(err, &refusal) {
		answer = handshake.AppendRefusal(nil, refusal)
	}
	if _, writeErr := nc.Write(answer); err != nil || writeErr != nil {
		return nil, errors.Join(err, writeErr)
	}
	return websocket.NewConn(context.Background(), nc, &websocket.ConnOptions{
		Limits: websocket.Limits{MaxMessage: maxMessage, PingInterval: 30 * time.Second},
		Early:  bytes.Clone(buf[head:size]),
	}), nil
}
