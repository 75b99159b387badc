package wstest_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/hawser/websocket/wstest"
)

// TestPipeDeadlines checks that each deadline ends the calls that it is for at its time and no
// others, whether it is set before or during the call, and that the pipe works afterwards.
func TestPipeDeadlines(t *testing.T) {
	for name, c := range map[string]struct {
		set         func(nc net.Conn, t time.Time) error
		read, write bool
	}{
		"SetDeadline":      {net.Conn.SetDeadline, true, true},
		"SetReadDeadline":  {net.Conn.SetReadDeadline, true, false},
		"SetWriteDeadline": {net.Conn.SetWriteDeadline, false, true},
	} {
		for _, during := range []bool{false, true} {
			t.Run(fmt.Sprint(name, ", during: ", during), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					a, b := wstest.Pipe()
					defer b.Close()
					wantWrite(t, a, strings.Repeat("x", room), room, nil)
					begun := time.Now()
					if !during {
						c.set(a, begun.Add(time.Minute))
					}
					check := func(ends bool, call func(want error)) {
						want, after := net.ErrClosed, time.Hour
						if ends {
							want, after = os.ErrDeadlineExceeded, time.Minute
						}
						call(want)
						if took := time.Since(begun); took != after {
							t.Errorf("%v after %v, not %v", want, took, after)
						}
					}
					go check(c.read, func(want error) { wantRead(t, a, "", want) })
					go check(c.write, func(want error) { wantWrite(t, a, "y", 0, want) })
					if during {
						time.Sleep(time.Second)
						c.set(a, begun.Add(time.Hour/2)) // is replaced
						time.Sleep(time.Second)
						c.set(a, begun.Add(time.Minute))
					}
					time.Sleep(time.Until(begun.Add(time.Hour)))
					a.Close()
					synctest.Wait()
				})
			})
		}
	}
}

// TestPipeDeadlineIsCleared checks that a call succeeds after a deadline that was replaced or
// cleared, also one that had passed.
func TestPipeDeadlineIsCleared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := wstest.Pipe()
		defer b.Close()
		defer a.Close()
		for _, later := range []time.Duration{-time.Hour, 0, time.Second} {
			a.SetDeadline(time.Now().Add(later))
			time.Sleep(max(later, 0))
			synctest.Wait()
			wantRead(t, a, "", os.ErrDeadlineExceeded)
			wantWrite(t, a, "x", 0, os.ErrDeadlineExceeded)
			a.SetDeadline(time.Time{})
			wantWrite(t, a, "ping", 4, nil)
			wantRead(t, b, "ping", nil)

			a.SetDeadline(time.Now().Add(time.Second))
			go func() {
				time.Sleep(time.Second / 2)
				a.SetDeadline(time.Now().Add(time.Hour))
				time.Sleep(time.Minute)
				wantWrite(t, b, "pong", 4, nil)
			}()
			wantRead(t, a, "pong", nil)
		}
	})
}

// TestPipeDeadlineIsReplacedLate checks that a deadline is gone if it is replaced at the very moment
// at which it passes.
func TestPipeDeadlineIsReplacedLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := wstest.Pipe()
		defer b.Close()
		defer a.Close()
		for range 100 {
			a.SetReadDeadline(time.Now().Add(time.Second))
			time.Sleep(time.Second) // wakes before or after the deadline's timer
			a.SetReadDeadline(time.Now().Add(time.Hour))
			synctest.Wait()
			wantWrite(t, b, "x", 1, nil)
			wantRead(t, a, "x", nil)
		}
	})
}

// TestPipePastDeadline checks that a deadline that has passed ends a call that waits, at once, and
// one that would not have to wait.
func TestPipePastDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := wstest.Pipe()
		go wantRead(t, a, "", os.ErrDeadlineExceeded)
		synctest.Wait()
		a.SetReadDeadline(time.Unix(1, 0))
		synctest.Wait()
		wantWrite(t, b, "here", 4, nil)
		wantRead(t, a, "", os.ErrDeadlineExceeded)
		wantWrite(t, a, "writes go on", 12, nil)
		a.SetReadDeadline(time.Time{})
		wantRead(t, a, "here", nil)
	})
}

// TestPipeCutWrite checks that a write that its deadline ends returns the number of bytes that the
// other end can read.
func TestPipeCutWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := wstest.Pipe()
		a.SetWriteDeadline(time.Now().Add(time.Second))
		n, err := a.Write(make([]byte, 3*room))
		if n != room || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%d, %v", n, err)
		}
		a.Close()
		if p, err := io.ReadAll(b); len(p) != n || err != nil {
			t.Errorf("%d bytes, %v; want %d", len(p), err, n)
		}
	})
}
