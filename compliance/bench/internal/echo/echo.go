// Package echo has the echo servers that the benchmarks compare, each written in the way that its library
// documents. Every server checks the UTF-8 of text, except for the raw ones.
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

// A Server serves the connections that ln accepts, until ln is closed.
type Server struct {
	Name  string
	Serve func(ln net.Listener) error
}

// Servers returns all servers. The others are compared with the first one.
func Servers() []Server {
	return []Server{
		{"rawtcp", serveRaw},
		{"rawtcp2", serveRaw}, // its ratio shows the noise
		{"hawser", serveHawser},
		{"gorilla", serveGorilla},
		{"gobwas", serveGobwas},
	}
}

// Serve runs the server of that name.
func Serve(name string, ln net.Listener) error {
	for _, s := range Servers() {
		if s.Name == name {
			return s.Serve(ln)
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
