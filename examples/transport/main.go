// Command transport exchanges WebSocket messages without HTTP: first over a
// net.Pipe, then over a unix socket. Stream, in stream.go, is all it takes to turn
// an io.ReadWriter into messages; of this project it needs package wire alone.
//
//	go run ./examples/transport
package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/hawser-ws/hawser/wire"
)

func main() {
	if err := run(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "transport:", err)
		os.Exit(1)
	}
}

// run holds the same conversation over both transports.
func run(out io.Writer) error {
	fmt.Fprintln(out, "over a net.Pipe:")
	client, server := net.Pipe()
	if err := converse(out, client, server); err != nil {
		return err
	}
	fmt.Fprintln(out, "over a unix socket:")
	client, server, err := unixPair()
	if err != nil {
		return err
	}
	return converse(out, client, server)
}

// unixPair returns the two ends of a connection over a unix socket.
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

// converse plays both ends and prints what the client receives.
func converse(out io.Writer, client, server net.Conn) error {
	for _, c := range []net.Conn{client, server} {
		defer c.Close()
		c.SetDeadline(time.Now().Add(10 * time.Second)) // nothing waits for ever
	}
	served := make(chan error, 1)
	go func() {
		defer server.Close() // the server's end first
		served <- shout(NewStream(server, wire.Server))
	}()

	c := NewStream(client, wire.Client)
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

// shout is the server: it sends every message back in capitals.
func shout(s *Stream) error {
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

// unlessClosed is err, or nil if err is the regular end of a conversation.
func unlessClosed(err error) error {
	var e *CloseError
	if errors.As(err, &e) && e.Code == wire.StatusNormalClosure {
		return nil
	}
	return err
}
