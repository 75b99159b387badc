package websocket_test

import (
	"bufio"
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	. "github.com/hawser-ws/hawser/websocket"
)

// A ginWriter is like the ResponseWriter of gin: WriteHeader only records the status.
type ginWriter struct {
	http.ResponseWriter
	status, size int
}

func (w *ginWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
func (w *ginWriter) Written() bool               { return w.size != -1 }
func (w *ginWriter) WriteHeader(status int)      { w.status = status }
func (w *ginWriter) WriteHeaderNow() {
	if !w.Written() {
		w.size = 0
		w.ResponseWriter.WriteHeader(w.status)
	}
}
func (w *ginWriter) Write(p []byte) (int, error) {
	w.WriteHeaderNow()
	w.size += len(p)
	return w.ResponseWriter.Write(p)
}
func (w *ginWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	nc, brw, err := http.NewResponseController(w.ResponseWriter).Hijack()
	if err == nil {
		w.size = 0
	}
	return nc, brw, err
}

// A ResponseWriter like that of gin records the status that was sent, and sends it once.
func TestAcceptRecordsStatus(t *testing.T) {
	checkLeaks(t)
	for status, hide := range map[int]func(http.ResponseWriter) http.ResponseWriter{
		101: func(w http.ResponseWriter) http.ResponseWriter { return w },
		501: func(w http.ResponseWriter) http.ResponseWriter { return opaque{w} },
	} {
		recorded := make(chan int, 1)
		addr, logged := serveRaw(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			g := &ginWriter{hide(w), 200, -1}
			Handler{Serve: func(ctx context.Context, c *Conn) error { return nil }}.ServeHTTP(unwrapper{g}, r)
			g.WriteHeaderNow() // as gin does after the handler
			recorded <- g.status
		}), nil)
		client := dialRaw(t, addr)
		client.Write([]byte(handshake()))
		r := client.response()
		if got := <-recorded; got != status || !strings.Contains(r.status, http.StatusText(status)) {
			t.Errorf("recorded %d, answered %s; want %d", got, r.status, status)
		}
		if status == 101 {
			client.ExpectClose(StatusNormalClosure)
			continue
		}
		const want = "websocket_test.opaque has neither Hijack nor Unwrap"
		if !strings.Contains(r.body, want) || !strings.Contains(logged.String(), want) {
			t.Errorf("answered %q, logged %q; want %q in both", r.body, logged, want)
		}
	}
}

// Accept writes nothing after a response that has begun. A Handler logs the reason.
func TestAcceptAfterResponse(t *testing.T) {
	checkLeaks(t)
	addr, logged := serveRaw(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g := &ginWriter{w, 200, -1}
		_, _ = g.Write([]byte("hello"))
		_, err := Accept(unwrapper{g}, r, nil)
		var e *HandshakeError
		if !errors.As(err, &e) || e.Status != 0 || !strings.Contains(e.Error(), "the response has begun") {
			t.Errorf("returned %v, want an error without a status", err)
		}
		serve := func(context.Context, *Conn) error { return errors.New("served") }
		Handler{Serve: serve}.ServeHTTP(g, r)
	}), nil)
	client := dialRaw(t, addr)
	client.Write([]byte(handshake()))
	if r := client.response(); r.status != "HTTP/1.1 200 OK" || r.body != "hello" {
		t.Errorf("answered %s %q, want 200 \"hello\"", r.status, r.body)
	}
	if s := logged.String(); strings.Count(s, "the response has begun") != 1 {
		t.Errorf("logged %q, want the reason once", s)
	}
}

// unwrapper is a ResponseWriter of middleware that has Unwrap.
type unwrapper struct{ http.ResponseWriter }

func (u unwrapper) Unwrap() http.ResponseWriter { return u.ResponseWriter }

// opaque is a ResponseWriter of middleware that hides what it wraps.
type opaque struct{ http.ResponseWriter }

// Accept finds Hijack through Unwrap. Otherwise, it answers 501 with the reason.
func TestAcceptWrappedWriter(t *testing.T) {
	checkLeaks(t)
	accept := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := Accept(w, r, nil)
		var e *HandshakeError
		if err == nil {
			c.CloseNow()
		} else if !errors.As(err, &e) || e.Status != 501 {
			t.Errorf("returned %v, want status 501", err)
		}
	})
	const notImplemented = "HTTP/1.1 501 Not Implemented"
	for name, test := range map[string]struct {
		h    http.HandlerFunc
		want string
	}{
		"Unwrap": {func(w http.ResponseWriter, r *http.Request) {
			accept(unwrapper{unwrapper{w}}, r)
		}, switching},
		"no Unwrap": {func(w http.ResponseWriter, r *http.Request) {
			accept(opaque{w}, r)
		}, notImplemented},
		"TimeoutHandler": {http.TimeoutHandler(accept, time.Minute, "").ServeHTTP, notImplemented},
	} {
		t.Run(name, func(t *testing.T) {
			addr, _ := serveRaw(t, test.h, nil)
			client := dialRaw(t, addr)
			client.Write([]byte(handshake()))
			r := client.response()
			if r.status != test.want {
				t.Errorf("answered %s, want %s", r.status, test.want)
			}
			if test.want == notImplemented && !strings.Contains(r.body, "has neither Hijack nor Unwrap") {
				t.Errorf("answered %q, which does not give the reason", r.body)
			}
		})
	}
}
