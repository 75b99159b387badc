// Package play runs the scripts of package script on Conns of package websocket, in a
// bubble of testing/synctest, and checks the results.
package play

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"sync"

	"github.com/hawser-ws/hawser/deflate"
	"github.com/hawser-ws/hawser/fuzz/internal/pipe"
	"github.com/hawser-ws/hawser/fuzz/internal/script"
	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// The indexes of the two sides, as in script.Conn.
const (
	server = 0
	client = 1
)

var names = [2]string{"server", "client"}

// extensions holds the extensions of a side by script.Side.Extension: every size of window,
// with and without context takeover. They are made only once, because their pools are
// expensive. They can be shared, because they refer to nothing in a bubble.
var extensions = sync.OnceValue(func() (all [16][]wire.Extension) {
	for i, o := range [16]*deflate.Options{
		4:  {},
		5:  {Threshold: -1},
		6:  {WindowBits: 8, MaxReceiveWindowBits: 8, Threshold: -1},
		7:  {WindowBits: 9, MaxReceiveWindowBits: 9, Threshold: -1},
		8:  {WindowBits: 10, MaxReceiveWindowBits: 13},
		9:  {WindowBits: 11, MaxReceiveWindowBits: 10, Threshold: -1},
		10: {WindowBits: 12, Threshold: 1},
		11: {WindowBits: 13, MaxReceiveWindowBits: 12, Threshold: -1},
		12: {WindowBits: 14, MaxReceiveWindowBits: 14},
		13: {WindowBits: 15, Threshold: -1},
		14: {NoContextTakeover: true, Threshold: -1},
		15: {NoContextTakeover: true, WindowBits: 8, MaxReceiveWindowBits: 8},
	} {
		if o != nil {
			all[i] = []wire.Extension{deflate.MustNew(o)}
		}
	}
	return all
})

// newLink returns the transport of a script, and its two ends.
func newLink(l script.Link) (link *pipe.Link, a, b net.Conn) {
	return pipe.New(pipe.Options{
		Room: l.Room, ReadChop: l.ReadChop, WriteChop: l.WriteChop,
		Stalls: l.Stalls, HalfClose: l.HalfClose, Seed: l.Seed,
	})
}

func limits(s script.Side) websocket.Limits {
	return websocket.Limits{
		MaxMessage: s.MaxMessage, MaxWriteFrame: s.MaxWriteFrame, MaxControls: s.MaxControls,
		WriteTimeout: s.WriteTimeout, CloseTimeout: s.CloseTimeout,
	}
}

// accept performs a server's handshake over nc.
func accept(nc net.Conn, ext []wire.Extension, limits websocket.Limits) (*websocket.Conn, error) {
	br := bufio.NewReader(nc)
	r, err := http.ReadRequest(br)
	if err != nil {
		return nil, err
	}
	o := &websocket.AcceptOptions{Extensions: ext, Limits: limits}
	return websocket.Accept(&pipe.ResponseWriter{Conn: nc, Reader: br}, r, o)
}

// dial performs a client's handshake over nc.
func dial(nc net.Conn, ext []wire.Extension, limits websocket.Limits) (*websocket.Conn, error) {
	c, _, err := websocket.Dial(context.Background(), "ws://fuzz.example/", &websocket.DialOptions{
		Extensions: ext,
		Limits:     limits,
		Proxy:      func(*http.Request) (*url.URL, error) { return nil, nil },
		NetDial:    func(context.Context, string, string) (net.Conn, error) { return nc, nil },
	})
	return c, err
}

// connect makes a Conn of each end of a transport.
func connect(a, b net.Conn, sides [2]script.Side) (conns [2]*websocket.Conn, err error) {
	accepted := make(chan error)
	go func() {
		var err error
		conns[server], err = accept(a, extensions()[sides[server].Extension], limits(sides[server]))
		accepted <- err
	}()
	conns[client], err = dial(b, extensions()[sides[client].Extension], limits(sides[client]))
	return conns, errors.Join(err, <-accepted)
}

// reusePools makes another connection take buffers from the pools and overwrite them, which
// reveals a buffer that was returned too early. That connection writes a message of the size
// of a buffer, and reads a message of two frames.
func (r *run) reusePools() {
	r.bystander.Lock()
	defer r.bystander.Unlock()
	ctx := context.Background()
	if r.other == nil {
		req, _ := http.NewRequest(http.MethodGet, "/", nil)
		req.Header = http.Header{
			"Upgrade": {"websocket"}, "Connection": {"Upgrade"},
			"Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="},
		}
		nc := &pipe.Canned{Filler: []byte("\x02\x84\x00\x00\x00\x00####\x80\x84\x00\x00\x00\x00####")}
		c, err := websocket.Accept(&pipe.ResponseWriter{Conn: nc, Reader: bufio.NewReader(nc)}, req, nil)
		if err != nil {
			r.fault("another connection: %w", err)
			return
		}
		r.other = c
	}
	if err := r.other.Write(ctx, websocket.Binary, bytes.Repeat([]byte("#"), 16000)); err != nil {
		r.fault("another connection: %w", err)
	}
	for m, err := range r.other.Messages(ctx) {
		if err != nil || string(m.Data) != "########" {
			r.fault("another connection: %q, %w", m.Data, err)
		}
		return
	}
}
