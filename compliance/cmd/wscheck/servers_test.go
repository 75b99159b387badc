package main

import (
	"context"
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hawser-ws/hawser/compliance/testee"
	"github.com/hawser-ws/hawser/websocket"
)

// serve serves a handler on loopback and returns its URL.
func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.Start()
	t.Cleanup(s.Close)
	return "ws" + strings.TrimPrefix(s.URL, "http")
}

// serveTLS is serve with a certificate that nobody knows.
func serveTLS(t *testing.T, h http.Handler) string {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	return "wss" + strings.TrimPrefix(s.URL, "https")
}

// socket is a path for a unix socket, short enough for one.
func socket(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "ws")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, "s")
}

// serveUnix is serve at a unix socket.
func serveUnix(t *testing.T, h http.Handler) string {
	t.Helper()
	path := socket(t)
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(h)
	s.Listener.Close()
	s.Listener = l
	s.Start()
	t.Cleanup(s.Close)
	return "ws+unix://" + path + ":/"
}

// liar adds to every text that is not empty.
func liar() http.Handler {
	return websocket.Handler{Serve: func(ctx context.Context, c *websocket.Conn) error {
		for m, err := range c.Messages(ctx) {
			if err != nil {
				return err
			}
			if m.Type == websocket.Text && len(m.Data) > 0 {
				m.Data = append(m.Data, '!')
			}
			if err := c.Write(ctx, m.Type, m.Data); err != nil {
				return err
			}
		}
		return nil
	}}
}

// raw calls a function for each TCP connection, which stays open with the test, and
// returns the host and port.
func raw(t *testing.T, greet func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			defer c.Close()
			greet(c)
		}
	}()
	t.Cleanup(func() {
		l.Close()
		<-ended
	})
	return l.Addr().String()
}

// mortal is a listener that dies of its last connection.
type mortal struct {
	net.Listener
	left int
}

func (m *mortal) Accept() (net.Conn, error) {
	c, err := m.Listener.Accept()
	if m.left--; m.left == 0 {
		m.Close()
	}
	return c, err
}

// serveMortal is hawser's echo that is there for n connections.
func serveMortal(t *testing.T, n int) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: testee.Echo(), ErrorLog: log.New(io.Discard, "", 0)}
	go func() { _ = s.Serve(&mortal{l, n}) }() // until it dies
	t.Cleanup(func() { s.Close() })
	return "ws://" + l.Addr().String()
}

// ask asks a fuzzing server for something other than a case, and waits for the end
// of the answer.
func ask(t *testing.T, server, path string) string {
	t.Helper()
	if strings.Contains(server, "+unix") && !strings.HasSuffix(server, ":") {
		server += ":"
	}
	c, err := testee.Hawser(t.Context(), server+path, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	defer c.Close()
	var answer []byte
	for {
		_, message, err := c.Read(t.Context())
		if err != nil {
			return string(answer)
		}
		answer = append(answer, message...)
	}
}
