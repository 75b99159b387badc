package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/hawser-ws/hawser/deflate"
	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// A server echoes on one listener and, with -debug, serves profiles on another.
type server struct {
	echo, debug     *http.Server
	echoLn, debugLn net.Listener    // debugLn is nil without -debug
	group           websocket.Group // the open connections
	grace           time.Duration   // the time limit of a shutdown
}

// listen returns a server that listens but does not serve yet.
func listen(cfg config) (*server, error) {
	s := &server{grace: 5 * time.Second}
	var extensions []wire.Extension
	if cfg.deflate {
		extensions = append(extensions, deflate.MustNew(nil))
	}
	s.echo = &http.Server{
		Handler: websocket.Handler{
			Serve: serveConn,
			Options: &websocket.AcceptOptions{
				// Any web page may connect, because this server has no users, no cookies and no data to
				// protect. A server with any of these must keep the check.
				//hawservet:allow insecure there are no users, no cookies and no data here
				InsecureAnyOrigin: true,
				Extensions:        extensions,
				Group:             &s.group,
				Limits: websocket.Limits{
					MaxMessage: cfg.maxMessage,
					// A ping after 30 seconds of silence finds clients that have vanished, and keeps
					// proxies from closing the connection.
					PingInterval: 30 * time.Second,
				},
			},
		},
		// These limits apply before the WebSocket: to TLS and to the request.
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       30 * time.Second,
		MaxHeaderBytes:    64 << 10,
		Protocols:         new(http.Protocols),
	}
	s.echo.Protocols.SetHTTP1(true) // the opening handshake is an upgrade of HTTP/1.1
	s.debug = &http.Server{Handler: profiles(), ReadHeaderTimeout: 10 * time.Second}

	if cfg.tls {
		cert, err := selfSigned()
		if err != nil {
			return nil, err
		}
		s.echo.TLSConfig = &tls.Config{Certificates: []tls.Certificate{cert}}
	}
	var err error
	if s.echoLn, err = net.Listen("tcp", cfg.addr); err != nil {
		return nil, err
	}
	if cfg.debug != "" {
		if s.debugLn, err = net.Listen("tcp", cfg.debug); err != nil {
			s.echoLn.Close()
			return nil, fmt.Errorf("-debug: %w", err)
		}
	}
	return s, nil
}

func (s *server) url() string {
	scheme := "ws"
	if s.echo.TLSConfig != nil {
		scheme = "wss"
	}
	return scheme + "://" + s.echoLn.Addr().String() + "/"
}

// serve serves until ctx ends or a listener fails, then shuts down.
func (s *server) serve(ctx context.Context) error {
	failed := make(chan error, 2)
	go func() {
		if s.echo.TLSConfig != nil {
			failed <- s.echo.ServeTLS(s.echoLn, "", "") // the certificate is in TLSConfig
		} else {
			failed <- s.echo.Serve(s.echoLn)
		}
	}()
	if s.debugLn != nil {
		go func() { failed <- s.debug.Serve(s.debugLn) }()
	}
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	s.shutdown()
	return err
}

// shutdown ends the server within s.grace. It closes the WebSockets itself, because http.Server.Shutdown only
// closes the listener and waits for requests.
func (s *server) shutdown() {
	ctx, cancel := context.WithTimeout(context.Background(), s.grace)
	defer cancel()
	_ = s.group.Shutdown(ctx) // its error is about clients that did not answer in time
	if s.echo.Shutdown(ctx) != nil {
		s.echo.Close() // a client has not sent its whole request
	}
	s.debug.Close()
}

// serveConn sends every message of c back. The bytes of a message are valid until the next one is read, and
// Reply does not keep them. The replies to messages that arrive together leave in one write.
func serveConn(ctx context.Context, c *websocket.Conn) error {
	for m, err := range c.Messages(ctx) {
		if err != nil {
			return err
		}
		if err := m.Reply(ctx, m.Type, m.Data); err != nil {
			return err
		}
	}
	return nil
}

// profiles returns a handler for net/http/pprof. It has its own mux, so that the echo's port does not serve
// profiles.
func profiles() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return mux
}
