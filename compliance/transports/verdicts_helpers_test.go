package transports

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// finish calls f and reports whether it returned in time. If it did not, finish kills the connection.
func finish(p *pair, f func() error) (error, bool) {
	done := make(chan error, 1)
	go func() { done <- f() }()
	late := time.NewTimer(hang)
	defer late.Stop()
	select {
	case err := <-done:
		return err, true
	case <-late.C:
		p.kill()
		return nil, false
	}
}

// wantNotLate checks that a call took wait, and at most slack more. With early, it may have taken less. In
// real time it may take longer, because the machine may be slow.
func wantNotLate(t testing.TB, k *kind, begun time.Time, early bool) {
	t.Helper()
	late := time.Since(begun) - wait
	t.Logf("late by %v", late)
	if late < 0 && !early || late > slack && k.memory {
		t.Errorf("late: the call returned %v after its time, want 0 to %v", late, slack)
	}
}

// checkError checks the error of a call that was interrupted.
func checkError(t testing.TB, k *kind, m *call, err error) {
	t.Helper()
	want := m.want
	if want == nil {
		want = context.DeadlineExceeded
	}
	var timeout net.Error
	switch {
	case !k.memory && !k.writes && !m.reads && !errors.Is(err, want) && isOverdue(err):
		// In real time, the connection may be closed because the transport does not accept a message, just
		// when the transport accepts it after all. The next message then finds that the connection has ended.
	case !errors.Is(err, want):
		t.Errorf("wrong error: %v, want %v", err, want)
	case !errors.As(err, &timeout) || timeout.Timeout() == m.cancel:
		t.Errorf("wrong error: %v: Timeout() is %v, want %v", err, m.cancel, !m.cancel)
	}
}

// checkAfterwards checks the state of the connection after a call that returned err.
func checkAfterwards(t testing.TB, k *kind, m *call, p *pair, role wire.Role, err error) {
	t.Helper()
	c, peer := p.ends(role)
	obeys := k.writes
	if m.reads {
		obeys = k.reads
	}
	ended := errors.Is(err, net.ErrClosed) || c.Context().Err() != nil // ByteStream hides net.ErrClosed
	// In real time, a context may end while the call is not blocked in the transport.
	waited := !k.reads && k.memory
	switch {
	case ended || m.after == ends:
		// On a busy machine, a socket may obey its deadline too late for package websocket.
		if m.after == lives && obeys && (k.memory || !isOverdue(err)) {
			t.Errorf("wrong end: the connection has ended: %v", err)
		}
		if waited && !m.byLimit && m.after != ends {
			wantReason(t, err)
		}
		if k.memory { // in real time the wait would be too long
			wantEnd(t, c)
		}
	case waited && !m.indirect && !m.byLimit:
		t.Errorf("wrong end: the connection has not ended: %v", err)
	case m.after == lives && c.Context().Err() == nil:
		switch err := exchange(p, c, peer); {
		case err == nil:
		case obeys || errors.Is(err, errChanged):
			t.Errorf("wrong end: the connection no longer works: %v", err)
		case errors.Is(c.Closure().Err, websocket.ErrPeerNotReading):
			t.Errorf("wrong end: the peer reads, but the connection has ended with %v", c.Closure().Err)
		}
	}
}

// isOverdue reports whether err says that the transport did not obey its deadline.
func isOverdue(err error) bool {
	return strings.Contains(err.Error(), "transport did not obey its deadline")
}

// wantReason checks that err says what is wrong with the transport.
func wantReason(t testing.TB, err error) {
	t.Helper()
	if s := err.Error(); !strings.Contains(s, "transport") || !strings.Contains(s, "deadline") {
		t.Errorf("wrong error: %q does not say that the transport ignored its deadline", s)
	}
}

// wantEnd checks that a connection ends, at the latest after the second for which it drains its input.
func wantEnd(t testing.TB, c *websocket.Conn) {
	t.Helper()
	select {
	case <-c.Context().Done():
	case <-time.After(time.Second + slack):
		t.Error("wrong end: the connection has not ended")
	}
}

var errChanged = errors.New("a message has changed on its way")

// unchanged returns errChanged, with the difference, if a message did not arrive as it was sent.
func unchanged(sent, got []byte) error {
	if bytes.Equal(sent, got) {
		return nil
	}
	return fmt.Errorf("%w (-sent +got):\n%s", errChanged, cmp.Diff(sent, got))
}

// exchange sends a last message each way and reads until it arrives. Messages that c wrote before must arrive
// unchanged.
func exchange(p *pair, c, peer *websocket.Conn) error {
	ctx, cancel := context.WithTimeout(context.Background(), hang)
	defer cancel()
	last := []byte("the last message")
	send := func(end *websocket.Conn) error {
		if end == peer && p.resume != nil {
			if err := p.resume(); err != nil {
				return err
			}
		}
		return end.Write(ctx, websocket.Text, last)
	}
	receive := func(end *websocket.Conn) error {
		for n := byte(0); ; n++ {
			_, got, err := end.Read(ctx)
			var broken *wire.Error
			switch {
			case errors.As(err, &broken):
				return errors.Join(errChanged, err)
			case err != nil || bytes.Equal(got, last):
				return err
			case end == peer:
				if err := unchanged(numbered(n), got); err != nil {
					return err
				}
			}
		}
	}
	failed := make(chan error, 4)
	for _, end := range []*websocket.Conn{c, peer} {
		go func() { failed <- send(end) }()
		go func() { failed <- receive(end) }()
	}
	var all error
	for range cap(failed) {
		if err := <-failed; err != nil {
			all = errors.Join(all, err)
			p.kill()
		}
	}
	return all
}
