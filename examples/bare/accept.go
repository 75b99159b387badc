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

const (
	// handshakeTimeout limits the opening handshake. A client may send its request one byte at a time.
	handshakeTimeout = 10 * time.Second

	// lingerTime and lingerBytes limit how much is read after a refusal.
	lingerTime  = time.Second
	lingerBytes = 1 << 20
)

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
	head, size, err := readRequest(nc, &r, buf[:])
	if err == nil {
		err = r.Check(func(b []byte) bool { return string(b) == origin })
	}
	if err != nil {
		var refusal *handshake.Error
		if errors.As(err, &refusal) {
			err = errors.Join(err, refuse(nc, refusal))
		}
		return nil, err
	}
	response, err := r.AppendResponse(buf[size:size], "", nil) // in the rest of the buffer
	if err != nil {
		return nil, err
	}
	if _, err := nc.Write(response); err != nil {
		return nil, err
	}
	return websocket.NewConn(ctx, nc, &websocket.ConnOptions{
		Early: bytes.Clone(buf[head:size]), // frames that were sent with the request
	}), nil
}

// readRequest reads a request into buf. It returns the size of the head, and how many bytes it has read.
func readRequest(nc net.Conn, r *handshake.Request, buf []byte) (head, size int, err error) {
	for {
		n, readErr := nc.Read(buf[size:])
		size += n
		head, err = r.Consume(buf[:size])
		if err != io.ErrUnexpectedEOF {
			return head, size, err
		}
		if readErr != nil {
			return 0, size, readErr
		}
	}
}

// refuse sends a response, ends this side of the connection, and waits for the client to end its own. Closing
// a TCP connection with bytes that have not been read resets it, and the client may lose the response.
func refuse(nc net.Conn, refusal *handshake.Error) error {
	if _, err := nc.Write(handshake.AppendRefusal(nil, refusal)); err != nil {
		return err
	}
	half, ok := nc.(interface{ CloseWrite() error })
	if !ok {
		return nil
	}
	err := errors.Join(half.CloseWrite(), nc.SetDeadline(time.Now().Add(lingerTime)))
	if err == nil {
		_, _ = io.CopyN(io.Discard, nc, lingerBytes)
	}
	return err
}
