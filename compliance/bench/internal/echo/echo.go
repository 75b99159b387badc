// Package echo has the echo servers that the benchmarks compare, each written in the way that its library
// documents. Every server checks the UTF-8 of text, except for the raw one.
package echo

import (
	"fmt"
	"net"
	"net/http"
	"time"
)

// maxMessage is the largest message that a server accepts.
const maxMessage = 16 << 20

// patience limits the time of a request's header.
const patience = time.Minute

// Can is a set of loads that a server can be measured with.
type Can uint

const (
	Echo      Can = 1 << iota // messages of one frame
	Fragments                 // messages of several frames
	HTTP                      // opening handshakes, read by net/http or by an HTTP server of the library
	Bare                      // opening handshakes, read by the library from a net.Conn
	Deflate                   // compressed messages, without context takeover
	Takeover                  // compressed messages with context takeover
)

const messages = Echo | Fragments

// Options are the options of a server.
type Options struct {
	Deflate  bool // compress, if the client offers it
	Takeover bool // with context takeover
	Bare     bool // read opening handshakes from a net.Conn, if there is a choice
}

// A Server is a server that can be measured.
type Server struct {
	Name   string
	Module string // of the library; "" if there is none
	Can    Can

	serve func(net.Listener, Options) error
}

// Servers returns all servers. The others are compared with the first one.
func Servers() []Server {
	return []Server{
		{"rawtcp", "", messages | HTTP | Bare, serveRaw},
		{"rawtcp2", "", messages | HTTP | Bare, serveRaw}, // its ratio shows the noise
		{"hijack", "", HTTP, serveHijack},
		{"klauspost", "github.com/klauspost/compress", Deflate, serveKlauspost},
		{"hawser", "", messages | HTTP | Bare | Deflate | Takeover, serveHawser},
		{"gorilla", "github.com/gorilla/websocket", messages | HTTP | Deflate, serveGorilla},
		{"coder", "github.com/coder/websocket", messages | HTTP | Deflate | Takeover, serveCoder},
		{"gobwas", "github.com/gobwas/ws", messages | Bare, serveGobwas},
		{"gws", "github.com/lxzan/gws", messages | HTTP | Deflate | Takeover, serveGWS},
		{"fasthttp", "github.com/fasthttp/websocket", messages | HTTP | Deflate, serveFastHTTP},
		{"xnet", "golang.org/x/net", Echo | HTTP, serveXNet},
	}
}

// Serve runs the server of that name for the connections that ln accepts, until ln is closed.
func Serve(name string, ln net.Listener, o Options) error {
	for _, s := range Servers() {
		if s.Name == name {
			return s.serve(ln, o)
		}
	}
	return fmt.Errorf("no server is named %q", name)
}

// serveHTTP serves connections with net/http.
func serveHTTP(ln net.Listener, h http.Handler) error {
	srv := &http.Server{ReadHeaderTimeout: patience, Handler: h}
	return srv.Serve(ln)
}

// serveConns calls serve for each connection on a goroutine of its own.
func serveConns(ln net.Listener, serve func(net.Conn)) error {
	for {
		nc, err := ln.Accept()
		if err != nil {
			return err
		}
		go serve(nc)
	}
}
