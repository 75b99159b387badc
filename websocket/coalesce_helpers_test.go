package websocket_test

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/websocket/wstest"
	"github.com/hawser-ws/hawser/wire"
)

// A writeLog is a transport that records its writes.
type writeLog struct {
	net.Conn
	mu     sync.Mutex
	writes []string
}

func (l *writeLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	l.writes = append(l.writes, frameNames(p))
	l.mu.Unlock()
	return l.Conn.Write(p)
}

// frameNames describes whole frames: the opcode of each, unless it is text, and its payload. If
// there are many, it describes only their number.
func frameNames(p []byte) string {
	var names []string
	for len(p) > 0 {
		h, n, err := wire.ConsumeHeader(p)
		if err != nil || int64(len(p)-n) < h.Length {
			return fmt.Sprintf("%d bytes", len(p))
		}
		b := slices.Clone(p[n : n+int(h.Length)])
		wire.Mask(b, h.Key, 0)
		name := string(b)
		if len(b) > 20 {
			name = fmt.Sprintf("(%d)", len(b))
		}
		if h.Opcode.IsControl() {
			name = h.Opcode.String()
		}
		if !h.Fin {
			name += "-"
		}
		names, p = append(names, name), p[n+len(b):]
	}
	return strings.Join(names, " ")
}

// A replyTest has a Conn whose loop over Messages runs body, over a transport that buffers what is
// written.
type replyTest struct {
	*testing.T
	*peer
	c    *Conn
	log  *writeLog
	done <-chan error // the result of the loop
}

// newReplyTest runs body for each message of a new Conn. The loop ends with the first error.
func newReplyTest(t *testing.T, opts ConnOptions, body func(c *Conn, m Message) error) *replyTest {
	t.Helper()
	ours, theirs := wstest.Pipe()
	r := &replyTest{T: t, log: &writeLog{Conn: ours}}
	r.c, r.peer = newPeerOver(t, r.log, theirs, opts)
	r.done = start(func() error {
		defer func() { recover() }()
		return loop(r.c, context.Background(), body)
	})
	synctest.Wait()
	return r
}

// loop runs body for each message until one of them fails.
func loop(c *Conn, ctx context.Context, body func(c *Conn, m Message) error) error {
	for m, err := range c.Messages(ctx) {
		if err == nil {
			err = body(c, m)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// echoReply is a body that replies with the message itself.
func echoReply(c *Conn, m Message) error { return m.Reply(context.Background(), m.Type, m.Data) }

// texts returns the frames of text messages.
func (r *replyTest) texts(payloads ...string) []byte {
	var b []byte
	for _, s := range payloads {
		b = append(b, r.Frame(wire.OpText, true, s)...)
	}
	return b
}

// send sends b in one write and waits until nothing else happens. No time passes.
func (r *replyTest) send(b []byte) {
	r.peer.Write(b)
	synctest.Wait()
}

// want checks the writes since the last call. No time passes.
func (r *replyTest) want(writes ...string) {
	r.T.Helper()
	synctest.Wait()
	r.log.mu.Lock()
	defer r.log.mu.Unlock()
	if !slices.Equal(r.log.writes, writes) {
		r.T.Errorf("got the writes %q, want %q", r.log.writes, writes)
	}
	r.log.writes = nil
}
