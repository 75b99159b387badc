package wstest_test

import (
	"crypto/tls"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/hawser/websocket/wstest"
)

func TestFaultsCut(t *testing.T) {
	inBubbleAndOut(t, func(t *testing.T) {
		a, b := wstest.Pipe()
		wantWrite(t, a, "before ", 7, nil)
		wstest.Outgoing(a).CutAfter(6)
		wantWrite(t, a, "all", 3, nil)
		wantWrite(t, a, "half", 3, syscall.EPIPE)
		wantWrite(t, a, "none", 0, syscall.EPIPE)
		wantRead(t, b, "before allhal", nil)
		wantRead(t, b, "", io.EOF)

		wantWrite(t, b, "unharmed", 8, nil)
		wantRead(t, a, "unharmed", nil)
		wstest.Incoming(a).CutAfter(0)
		wantRead(t, a, "", io.EOF)
		wantWrite(t, b, "late", 0, syscall.EPIPE)
	})
}

// TestFaultsCutAtEnd checks that the stream ends with the last byte, not with a later write, and
// that a cut of a stream that has not happened can be canceled.
func TestFaultsCutAtEnd(t *testing.T) {
	inBubbleAndOut(t, func(t *testing.T) {
		a, b := wstest.Pipe()
		f := wstest.Outgoing(a)
		f.CutAfter(1)
		f.CutAfter(-1)
		wantWrite(t, a, "long", 4, nil)
		f.CutAfter(4)
		wantWrite(t, a, "last", 4, nil)
		f.CutAfter(-1) // too late
		wantRead(t, b, "longlast", nil)
		wantRead(t, b, "", io.EOF)
		wantWrite(t, a, "x", 0, syscall.EPIPE)
	})
}

// TestFaultsCutWaits checks that a cut ends calls that wait.
func TestFaultsCutWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := wstest.Pipe()
		defer a.Close()
		go wantRead(t, b, "", io.EOF)
		synctest.Wait()
		wstest.Incoming(b).CutAfter(0)

		go wantWrite(t, b, strings.Repeat("x", 2*room), room, syscall.EPIPE)
		synctest.Wait()
		wstest.Outgoing(b).CutAfter(0)
		synctest.Wait()
	})
}

// TestFaultsStall checks that nothing gets through a stalled direction, and that everything arrives
// later.
func TestFaultsStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := wstest.Pipe()
		wantWrite(t, a, "old ", 4, nil)
		f := wstest.Outgoing(a)
		f.Stall()
		wantWrite(t, a, "new", 3, nil)
		b.SetReadDeadline(time.Now().Add(time.Minute))
		wantRead(t, b, "", os.ErrDeadlineExceeded)
		b.SetReadDeadline(time.Time{})

		wantWrite(t, b, "back", 4, nil)
		wantRead(t, a, "back", nil)

		a.SetWriteDeadline(time.Now().Add(time.Minute))
		wantWrite(t, a, strings.Repeat("x", room), room-7, os.ErrDeadlineExceeded)
		go func() {
			time.Sleep(time.Minute)
			f.Resume()
		}()
		begun := time.Now()
		got := make([]byte, room)
		if _, err := io.ReadFull(b, got); err != nil || string(got[:8]) != "old newx" ||
			time.Since(begun) != time.Minute {
			t.Errorf("%q, %v after %v", got[:8], err, time.Since(begun))
		}
	})
}

// TestFaultsHalfOpen checks that an end does not learn that the other one has closed while the
// connection is stalled.
func TestFaultsHalfOpen(t *testing.T) {
	for name, c := range map[string]struct {
		unread      string
		read, write error // after Resume
	}{
		"end":   {"", io.EOF, syscall.EPIPE},
		"reset": {"unread", syscall.ECONNRESET, syscall.ECONNRESET},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := wstest.Pipe()
				wantWrite(t, a, c.unread, len(c.unread), nil)
				wstest.Incoming(a).Stall()
				b.Close()
				a.SetReadDeadline(time.Now().Add(time.Minute))
				wantRead(t, a, "", os.ErrDeadlineExceeded)
				a.SetDeadline(time.Now().Add(time.Minute))
				wantWrite(t, a, strings.Repeat("x", 2*room), room, os.ErrDeadlineExceeded)
				a.SetDeadline(time.Time{})
				wstest.Incoming(a).Resume()
				wantRead(t, a, "", c.read)
				wantWrite(t, a, "x", 0, c.write)
			})
		})
	}
	// What has not arrived when an end is closed is lost without a reset.
	a, b := wstest.Pipe()
	wstest.Outgoing(a).Stall()
	wantWrite(t, a, "lost", 4, nil)
	b.Close()
	wantRead(t, a, "", io.EOF)
}

func TestFaultsReset(t *testing.T) {
	inBubbleAndOut(t, func(t *testing.T) {
		a, b := wstest.Pipe()
		wantWrite(t, a, "lost", 4, nil)
		wstest.Outgoing(a).Stall()
		wstest.Incoming(a).Reset()
		wstest.Incoming(a).Stall() // too late
		for _, nc := range []net.Conn{a, b} {
			wantRead(t, nc, "", syscall.ECONNRESET)
			wantWrite(t, nc, "x", 0, syscall.ECONNRESET)
			nc.Close()
			wantRead(t, nc, "", net.ErrClosed)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		a, b := wstest.Pipe()
		go wantRead(t, a, "", syscall.ECONNRESET)
		go wantWrite(t, a, strings.Repeat("x", 2*room), room, syscall.ECONNRESET)
		synctest.Wait()
		wstest.Outgoing(b).Reset()
		synctest.Wait()
	})
}

// A wrapped is a connection as a listener that counts connections returns it.
type wrapped struct{ net.Conn }

func (w wrapped) NetConn() net.Conn { return w.Conn }

// TestFaultsFindThePipe checks that faults are found below TLS and other wrappers, and only there.
func TestFaultsFindThePipe(t *testing.T) {
	a, b := wstest.Pipe()
	outer := wrapped{tls.Client(wrapped{a}, &tls.Config{InsecureSkipVerify: true})}
	wstest.Outgoing(outer).CutAfter(1)
	wantWrite(t, a, "xy", 1, syscall.EPIPE)
	wstest.Incoming(outer).CutAfter(2)
	wantWrite(t, b, "xyz", 2, syscall.EPIPE)

	for _, nc := range []net.Conn{nil, &net.TCPConn{}, wrapped{}, struct{ net.Conn }{a}} {
		func() {
			defer func() {
				if s, ok := recover().(string); !ok || !strings.HasSuffix(s, "is not over a Pipe") {
					t.Errorf("%T: %q", nc, s)
				}
			}()
			wstest.Outgoing(nc)
		}()
	}
}
