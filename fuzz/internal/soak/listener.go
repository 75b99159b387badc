package soak

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/hawser-ws/hawser/websocket"
)

// listener is the reading half of a good client's session. It expects the echoes in the order in which their
// messages were sent, and the messages of the topic without a gap.
type listener struct {
	c     *websocket.Conn
	rng   *rand.Rand
	slow  bool
	tally *tally

	echoes  chan echo     // the echoes that are due
	leaving atomic.Bool   // the client is ending the session
	ended   chan struct{} // closed when the topic has ended
	done    chan struct{} // closed when reading has ended

	joined, atEnd bool
	next          int64 // number of the topic's next message

	failure *failure // valid once done is closed
	err     error    // from the last read; valid once done is closed
}

// echo describes a message that the server must send back.
type echo struct {
	t    websocket.MessageType
	size int
	sum  uint32
}

// maxPendingEchoes is the maximum number of messages that a client sends ahead of their echoes.
const maxPendingEchoes = 8

func newListener(c *websocket.Conn, rng *rand.Rand, slow bool, t *tally) *listener {
	return &listener{
		c: c, rng: rng, slow: slow, tally: t,
		echoes: make(chan echo, maxPendingEchoes), ended: make(chan struct{}), done: make(chan struct{}),
	}
}

var errEnded = errors.New("the connection has ended")

// expect registers an echo before its message is sent. It waits while too many echoes are due.
func (l *listener) expect(ctx context.Context, t websocket.MessageType, p []byte) error {
	select {
	case l.echoes <- echo{t, len(p), checksum(p)}:
		return nil
	case <-l.done:
		return errEnded
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// finished reports whether reading has ended.
func (l *listener) finished() bool {
	select {
	case <-l.done:
		return true
	default:
		return false
	}
}

// run reads until the connection ends or a message is wrong.
func (l *listener) run(ctx context.Context) {
	defer close(l.done)
	buf := []byte(nil)
	for {
		if l.slow && l.rng.IntN(8) == 0 {
			time.Sleep(time.Duration(l.rng.IntN(50)) * time.Millisecond) // slow, but allowed
		}
		t, p, err := l.c.AppendRead(ctx, buf[:0])
		if err != nil {
			l.err = err
			if !l.leaving.Load() {
				l.failure = connFailure("read: %v", err)
			}
			return
		}
		l.tally.bytesIn.Add(int64(len(p)))
		if l.failure = l.check(t, p); l.failure != nil {
			_ = l.c.CloseNow()
			return
		}
		if buf = p; cap(buf) > 16<<10 {
			buf = nil // large buffers of 2,000 clients would take too much memory
		}
	}
}

// check returns a failure if the message is not due.
func (l *listener) check(t websocket.MessageType, p []byte) *failure {
	if mark(t, p) == markTopic {
		return l.checkTopic(p)
	}
	select {
	case want := <-l.echoes:
		l.tally.received.Add(1)
		if got := (echo{t, len(p), checksum(p)}); got != want {
			return messageFailure(
				"received %v, %d bytes (checksum %08x), want the echo %v, %d bytes (checksum %08x)",
				got.t, got.size, got.sum, want.t, want.size, want.sum)
		}
		return nil
	default:
		return messageFailure("received %v, %d bytes, but no echo is due", t, len(p))
	}
}

func (l *listener) checkTopic(p []byte) *failure {
	if n, ok := parseNumber(p, topicJoin); ok && !l.joined {
		l.joined, l.next = true, n+1
		return nil
	}
	if n, ok := parseNumber(p, topicEnd); ok && l.joined && !l.atEnd {
		l.atEnd = true
		if n != l.next-1 {
			return messageFailure("topic ended at message %d, but the last received was %d", n, l.next-1)
		}
		if k := len(l.echoes); k > 0 {
			return messageFailure("%d echoes missing at the end of the topic", k)
		}
		close(l.ended)
		return nil
	}
	n, intact := parseTopic(p)
	switch {
	case !intact:
		return messageFailure("damaged message of the topic: %.40q", p)
	case !l.joined || l.atEnd || n != l.next:
		return messageFailure("received message %d of the topic, want %d", n, l.next)
	}
	l.tally.topic.Add(1)
	l.next++
	return nil
}

// closed returns a failure if the connection did not end properly. Reading must have ended.
func (l *listener) closed(byServer bool) *failure {
	var peer *websocket.CloseError
	switch {
	case !l.atEnd:
		return messageFailure("the connection ended before the topic did: %v", l.err)
	case byServer && (!errors.As(l.err, &peer) || peer.Code != websocket.StatusNormalClosure):
		return connFailure("end: want close code 1000 from the server: %v", l.err)
	}
	return nil
}
