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

// finish calls f, and reports whether it returned in time. If it did not, the
// connection is killed.
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

// wantNotLate checks that a call has taken wait since it began, and little more. One that
// may be early may have ended before. In real time the machine may be slow.
func wantNotLate(t testing.TB, k *kind, begun time.Time, early bool) {
	t.Helper()
	late := time.Since(begun) - wait
	t.Logf("late by %v", late)
	if late < 0 && !early || late > slack && k.memory {
		t.Errorf("late: by %v", late)
	}
}

// judge checks the error of a call whose time is over.
func checkError(t testing.TB, k *kind, m *call, err error) {
	t.Helper()
	want := m.want
	if want == nil {
		want = context.DeadlineExceeded
	}
	var timeout net.Error
	switch {
	case !k.memory && !k.writes && !m.reads && !errors.Is(err, want) && isOverdue(err):
		// In real time a socket may take one message in the moment in which the
		// connection is closed for it, so that the next one finds it ended.
	case !errors.Is(err, want):
		t.Errorf("wrong error: %v, want %v", err, want)
	case !errors.As(err, &timeout) || timeout.Timeout() == m.cancel:
		t.Errorf("wrong error: %v: it is a timeout: %v", err, m.cancel)
	}
}

// afterwards checks what has become of the connection after a call that ended with err.
func checkAfterwards(t testing.TB, k *kind, m *call, p *pair, role wire.Role, err error) {
	t.Helper()
	c, peer := p.ends(role)
	obeys := k.writes
	if m.reads {
		obeys = k.reads
	}
	ended := errors.Is(err, net.ErrClosed) || c.Context().Err() != nil // a net.Conn hides the former
	// In real time a context may end while the call does not wait for the transport.
	waited := !k.reads && k.memory
	switch {
	case ended || m.after == ends:
		// On a busy machine a socket may obey too late for the library's patience.
		if m.after == lives && obeys && (k.memory || !isOverdue(err)) {
			t.Errorf("wrong end: the connection has ended: %v", err)
		}
		if waited && !m.byLimit && m.after != ends {
			wantReason(t, err)
		}
		if k.memory { // elsewhere it would be waiting for its own sake
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

// isOverdue reports whether err says that the transport ignored its deadline.
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

// wantEnd checks that a connection has ended, or does so within the second that it has
// for last reads.
func wantEnd(t testing.TB, c *websocket.Conn) {
	t.Helper()
	select {
	case <-c.Context().Done():
	case <-time.After(time.Second + slack):
		t.Errorf("wrong end: the connection has not ended")
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

// exchange sends a message each way and reads up to it. What c has written before must
// be as it was written.
func exchange(p *pair, c, peer *websocket.Conn) error {
	ctx, cancel := context.WithTimeout(context.Background(), hang)
	defer cancel()
	last := []byte("this was the last one")
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
