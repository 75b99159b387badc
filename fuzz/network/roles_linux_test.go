package network

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/hawser-ws/hawser/fuzz/internal/selfsigned"
	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/websocket/redial"
)

// errReplaced is the cause of a server's connection whose client has opened another.
var errReplaced = errors.New("client has opened another connection")

// commands calls the function of each command that the test sends, until there are no more. Then
// the test has ended, and the process must, too.
func commands(do map[string]func()) {
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		do[lines.Text()]()
	}
	os.Exit(0)
}

// serve is the program of a server.
func serve(s setup) error {
	x := newSession(s, "client")
	ln, err := listen(s)
	if err != nil {
		return err
	}
	group := websocket.Group{RetryAfter: retryAfter}
	go commands(map[string]func(){"shutdown": func() {
		err := group.Shutdown(context.Background())
		x.out.report(event{Kind: "shut", Err: fmt.Sprint(err)})
	}})
	x.out.report(event{Kind: "ready"})
	srv := &http.Server{
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          log.New(errorLog{}, "", 0),
		Handler: websocket.Handler{
			Serve: replacing(func(c *websocket.Conn) { x.use(c) }),
			Options: &websocket.AcceptOptions{
				Limits: x.limits(), Extensions: x.extensions(), Group: &group,
			},
		},
	}
	return srv.Serve(ln)
}

// listen returns the listener of a server.
func listen(s setup) (net.Listener, error) {
	ln, err := net.Listen("tcp", net.JoinHostPort(serverIP, port))
	if err != nil || !s.TLS {
		return ln, err
	}
	cert, err := selfsigned.New(time.Now())
	if err != nil {
		return nil, err
	}
	return tls.NewListener(ln, &tls.Config{Certificates: []tls.Certificate{cert}}), nil
}

// An errorLog passes on what a server logs, except for TLS handshakes that a fault has cut off.
type errorLog struct{}

func (errorLog) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte("TLS handshake error")) {
		return len(p), nil
	}
	return os.Stderr.Write(p)
}

// replacing returns a function that calls use for a connection once it has aborted the last one, which
// may be half open.
func replacing(use func(*websocket.Conn)) func(context.Context, *websocket.Conn) error {
	var mu sync.Mutex // guards last
	var last *websocket.Conn
	return func(_ context.Context, c *websocket.Conn) error {
		mu.Lock()
		if last != nil {
			last.Abort(errReplaced)
		}
		last = c
		mu.Unlock()
		use(c)
		return nil
	}
}

// connect is the program of a client.
func connect(s setup) error {
	x := newSession(s, "server")
	go commands(map[string]func(){"finish": x.end})
	scheme := "ws"
	if s.TLS {
		scheme = "wss"
	}
	opts := &redial.Options{
		Dial: &websocket.DialOptions{
			TLSConfig:  &tls.Config{InsecureSkipVerify: true},
			Limits:     x.limits(),
			Extensions: x.extensions(),
		},
		MinWait: minWait,
		MaxWait: maxWait,
		Retrying: func(err *redial.Error) {
			e := event{Kind: "retry", Class: err.Class.String(), Wait: err.Wait, Attempt: err.Attempt, Err: err.Error()}
			if h := (*websocket.HandshakeError)(nil); errors.As(err, &h) {
				e.Status = h.Status
			}
			x.out.report(e)
		},
	}
	ctx := context.Background()
	for c, err := range redial.Conns(ctx, scheme+"://"+net.JoinHostPort(serverIP, port), opts) {
		if err != nil {
			x.out.report(event{Kind: "refused", Class: redial.Classify(err).String(), Err: err.Error()})
			break
		}
		if x.use(c) {
			break
		}
	}
	select {} // until the test ends
}
