package main

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

// handshakeTimeout limits the opening handshake. A client may send its request one byte at a time.
const handshakeTimeout = 10 * time.Second

// heads are the buffers for requests. Their size is the limit of a request.
var heads = sync.Pool{New: func() any { return new([handshake.DefaultMaxSize]byte) }}

// accept performs the opening handshake of a server on nc. If it returns an error, the caller must close nc.
func accept(ctx context.Context, nc net.Conn, origin string) (*websocket.Conn, error) {
	if err := nc.SetDeadline(time.Now().Add(handshakeTimeout)); err != nil { // NewConn clears it
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
		err = r.Check(func(b []byte) bool { return string(b) == origin })
	}
	answer := buf[size:size] // the rest of the buffer
	if err == nil {
		answer, err = r.AppendResponse(answer, "", nil)
	}
	var refusal *handshake.Error
	if errors.As(err, &refusal) {
		answer = handshake.AppendRefusal(answer, refusal)
	}
	if _, writeErr := nc.Write(answer); err != nil || writeErr != nil {
		return nil, errors.Join(err, writeErr)
	}
	return websocket.NewConn(ctx, nc, &websocket.ConnOptions{
		Early: bytes.Clone(buf[head:size]), // frames that were sent with the request
	}), nil
}
