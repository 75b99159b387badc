package echo

import (
	"io"
	"log"
	"net"
	"sync"

	"github.com/fasthttp/websocket"
	"github.com/valyala/fasthttp"
)

// serveFastHTTP serves with a fork of gorilla, on an HTTP server of its own.
func serveFastHTTP(ln net.Listener, o Options) error {
	up := websocket.FastHTTPUpgrader{EnableCompression: o.Deflate, WriteBufferPool: new(sync.Pool)}
	srv := &fasthttp.Server{
		ReadTimeout: patience,
		Logger:      log.New(io.Discard, "", 0),
		Handler: func(r *fasthttp.RequestCtx) {
			_ = up.Upgrade(r, func(c *websocket.Conn) { // Upgrade answers if it fails
				c.SetReadLimit(maxMessage)
				echoGorilla(c)
			})
		},
	}
	return srv.Serve(ln)
}
