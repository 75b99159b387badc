package peers

import (
	"context"
	"io"
	"log"
	"net"

	"github.com/fasthttp/websocket"
	"github.com/valyala/fasthttp"
)

// fasthttpPeer is a server only. The client of the library is gorilla's.
var fasthttpPeer = &Peer{
	Name:    "fasthttp",
	Library: "github.com/fasthttp/websocket",
	Serve: func(ctx context.Context, _ *Env) (*Server, error) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		u := websocket.FastHTTPUpgrader{
			EnableCompression: true,
			CheckOrigin:       func(*fasthttp.RequestCtx) bool { return true },
		}
		s := &fasthttp.Server{Logger: log.New(io.Discard, "", 0), Handler: func(r *fasthttp.RequestCtx) {
			_ = u.Upgrade(r, func(c *websocket.Conn) { // sends a response if it fails
				c.SetReadLimit(maxMessage)
				echo(gorillaConn{c}, true) // the library is a fork
			})
		}}
		done := make(chan struct{})
		go func() {
			defer close(done)
			_ = s.Serve(l)
		}()
		context.AfterFunc(ctx, func() { _ = l.Close() })
		return &Server{URL: "ws://" + l.Addr().String(), Done: done}, nil
	},
}
