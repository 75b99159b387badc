// Command transport exchanges WebSocket messages without HTTP, over a net.Pipe and over a Unix socket.
// Package stream, in the directory stream, exchanges messages over an io.ReadWriter and uses only package
// wire. If you have a net.Conn, use websocket.NewConn, which does more. The function talk shows it.
//
//	go run ./examples/transport
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/hawser-ws/hawser/examples/transport/stream"
	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

func main() {
	if err := run(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "transport:", err)
		os.Exit(1)
	}
}

// run prints the same conversation over two transports, and then a message over a websocket.Conn.
func run(out io.Writer) error {
	fmt.Fprintln(out, "over a net.Pipe:")
	client, server := net.Pipe()
	if err := converse(out, client, server); err != nil {
		return err
	}
	fmt.Fprintln(out, "over a Unix socket:")
	client, server, err := unixPair()
	if err != nil {
		return err
	}
	if err := converse(out, client, server); err != nil {
		return err
	}
	fmt.Fprintln(out, "over a net.Pipe, with a Conn:")
	client, server = net.Pipe()
	return talk(out, client, server)
}

// talk exchanges a message with websocket.NewConn, which has contexts, limits and timeouts.
func talk(out io.Writer, client, server net.Conn) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	c := websocket.NewConn(ctx, client, &websocket.ConnOptions{Role: wire.Client})
	defer c.CloseNow()
	s := websocket.NewConn(ctx, server, nil)
	defer s.CloseNow()
	served := make(chan error, 1)
	go func() {
		t, p, err := s.Read(ctx)
		served <- errors.Join(err,
			s.Write(ctx, t, bytes.ToUpper(p)),
			s.Close(ctx, websocket.StatusNormalClosure, ""))
	}()
	err := c.Write(ctx, websocket.Text, []byte("hello"))
	for m, e := range c.Messages(ctx) { // until the server closes
		if e != nil {
			return errors.Join(err, e, <-served)
		}
		fmt.Fprintf(out, "\t%v %q\n", m.Type, m.Data)
	}
	return errors.Join(err, <-served)
}

// unixPair returns the two ends of a connection over a Unix socket.
func unixPair() (client, server net.Conn, err error) {
	dir, err := os.MkdirTemp("", "hawser")
	if err != nil {
		return nil, nil, err
	}
	defer os.RemoveAll(dir)
	ln, err := net.Listen("unix", filepath.Join(dir, "sock"))
	if err != nil {
		return nil, nil, err
	}
	defer ln.Close()
	client, err = net.Dial("unix", ln.Addr().String())
	if err != nil {
		return nil, nil, err
	}
	server, err = ln.Accept()
	if err != nil {
		client.Close()
		return nil, nil, err
	}
	return client, server, nil
}

// converse plays both ends and prints everything that the client receives.
func converse(out io.Writer, client, server net.Conn) error {
	for _, c := range []net.Conn{client, server} {
		defer c.Close()
		c.SetDeadline(time.Now().Add(10 * time.Second)) // so that nothing blocks forever
	}
	served := make(chan error, 1)
	go func() {
		defer server.Close() // the server closes its end first
		served <- shout(stream.New(server, wire.Server))
	}()

	c := stream.New(client, wire.Client)
	c.Pong = func(p []byte) { fmt.Fprintf(out, "\tpong %q\n", p) }
	received := make(chan error, 1)
	go func() {
		for {
			op, p, err := c.Receive()
			if err != nil {
				received <- err
				return
			}
			fmt.Fprintf(out, "\t%v %q\n", op, p)
		}
	}()
	err := errors.Join(
		c.Send(wire.OpText, []byte("hello")),
		c.Ping([]byte("still there?")),
		c.Send(wire.OpText, []byte("one message "), []byte("in two frames")),
		c.Close(wire.StatusNormalClosure, "that is all"),
	)
	ended := <-received
	fmt.Fprintf(out, "\t%v\n", ended)
	return errors.Join(err, unlessClosed(ended), unlessClosed(<-served))
}

// shout is the server. It sends every message back in capitals.
func shout(s *stream.Stream) error {
	for {
		op, p, err := s.Receive()
		if err != nil {
			return err
		}
		if err := s.Send(op, bytes.ToUpper(p)); err != nil {
			return err
		}
	}
}

// unlessClosed returns err, or nil if err is a close frame with StatusNormalClosure.
func unlessClosed(err error) error {
	var e *stream.CloseError
	if errors.As(err, &e) && e.Code == wire.StatusNormalClosure {
		return nil
	}
	return err
}
