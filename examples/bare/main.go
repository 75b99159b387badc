// Command bare is a WebSocket server without net/http that sends every message back. It reads the opening
// handshake with package wire/handshake and hands the connection to websocket.NewConn. This makes connections
// cheaper to open, but the server speaks no other HTTP, and has to limit time and size and check the origin
// itself. The file accept.go shows how.
//
//	go run ./examples/bare -addr 127.0.0.1:9002
//
// Once the server listens, it prints one line with its URL. Web pages may connect only from the origin that
// the flag -origin names.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"time"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:9002", "listen on this `host:port`; port 0 chooses a free port")
	origin := flag.String("origin", "", "allow web pages of this `origin`, such as https://example.com")
	flag.Parse()
	ln, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("listening on ws://%s\n", ln.Addr())
	serve(ln, *origin)
}

// serve serves every connection of ln on a goroutine of its own, until ln is closed.
func serve(ln net.Listener, origin string) {
	for {
		nc, err := ln.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // such as too many open files
			log.Print(err)
			time.Sleep(100 * time.Millisecond)
			continue
		}
		go func() {
			if err := echo(nc, origin); err != nil {
				log.Print(err)
			}
		}()
	}
}

// echo serves a connection to its end.
func echo(nc net.Conn, origin string) error {
	ctx := context.Background()
	c, err := accept(ctx, nc, origin)
	if err != nil {
		return errors.Join(err, nc.Close())
	}
	defer c.CloseNow()
	for m, err := range c.Messages(ctx) {
		if err != nil {
			return err
		}
		if err := c.Write(ctx, m.Type, m.Data); err != nil {
			return err
		}
	}
	return nil
}
