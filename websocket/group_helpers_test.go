package websocket_test

import (
	"bytes"
	"context"
	"log"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// joinGroup opens a connection of h over a net.Pipe. It returns the client with the 101 unread. If
// the request is refused, the client sees EOF.
func joinGroup(t *testing.T, h Handler) *peer {
	t.Helper()
	ours, theirs := net.Pipe()
	return joinGroupOver(t, h, ours, theirs)
}

func joinGroupOver(t *testing.T, h Handler, ours, theirs net.Conn) *peer {
	t.Helper()
	w, r := httptest.NewRecorder(), newHandshake(t)
	go func() {
		if h.ServeHTTP(scriptedHijack{w, ours}, r); w.Code >= 400 {
			ours.Close()
		}
	}()
	t.Cleanup(func() { theirs.Close() })
	return peerOver(t, theirs, wire.Client)
}

// opened reads the 101 and returns c.
func (c *peer) opened() *peer {
	c.t.Helper()
	if r := c.response(); r.status != "HTTP/1.1 101 Switching Protocols" {
		c.t.Fatalf("answered %s %q, want 101", r.status, r.body)
	}
	return c
}

// answerTo reads the next frame, which must be a close frame, answers it, and waits for the end of
// the stream. It returns the code.
func (c *peer) answerTo() StatusCode {
	c.t.Helper()
	h, p, err := c.Next()
	if err != nil || h.Opcode != wire.OpClose {
		c.t.Errorf("got a %v frame %.60q, %v, want a close frame", h.Opcode, p, err)
		return 0
	}
	code, _, _ := wire.ConsumeClose(p)
	c.SendClose(code, "")
	c.ExpectEOF()
	return code
}

// refused sends a request to a Handler of the Group and returns the recorded response.
func refused(t *testing.T, g *Group) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	Handler{Serve: untilEnd, Options: &AcceptOptions{Group: g}}.ServeHTTP(w, newHandshake(t))
	return w
}

// untilEnd is a Handler.Serve that reads until the connection ends.
func untilEnd(ctx context.Context, c *Conn) error {
	for {
		if _, _, err := c.Read(ctx); err != nil {
			return err
		}
	}
}

// shutdown calls Shutdown with a context that ends after limit.
func shutdown(g *Group, limit time.Duration) <-chan timedResult {
	return timed(func() error {
		ctx, cancel := context.WithTimeout(context.Background(), limit)
		defer cancel()
		return g.Shutdown(ctx)
	})
}

// wantShutdown checks the result of Shutdown: nil if want is "", and otherwise an error of the
// context with that text.
func wantShutdown(t *testing.T, r timedResult, want string, took time.Duration) {
	t.Helper()
	if want == "" && r.err != nil || want != "" && (r.err == nil || !strings.Contains(r.err.Error(), want)) {
		t.Errorf("Shutdown: got %v, want %q", r.err, want)
	}
	if r.took != took {
		t.Errorf("Shutdown took %v, want %v", r.took, took)
	}
}

func logTo(b *bytes.Buffer) *log.Logger { return log.New(b, "", 0) }
