package wstest_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/hawser/websocket/wstest"
)

// TestPipeCarries sends more than the buffer holds in both directions at once, with writes and reads
// of many sizes.
func TestPipeCarries(t *testing.T) {
	want := make([]byte, 1<<20)
	for i := range want {
		want[i] = byte(i ^ i>>8 ^ i>>16)
	}
	send := func(t *testing.T, nc net.Conn) {
		for rest, n := want, 1; len(rest) > 0; n = n*7%(3*room) + 1 {
			n = min(n, len(rest))
			if m, err := nc.Write(rest[:n]); m != n || err != nil {
				t.Errorf("Write: %d, %v", m, err)
			}
			rest = rest[n:]
		}
		closeWrite(t, nc)
	}
	receive := func(t *testing.T, nc net.Conn) {
		var got []byte
		for n := 1; ; n = n*5%(2*room) + 1 {
			p := make([]byte, n)
			n, err := nc.Read(p)
			got = append(got, p[:n]...)
			if err != nil {
				if err != io.EOF || !bytes.Equal(got, want) {
					t.Errorf("%d bytes, %v", len(got), err)
				}
				return
			}
		}
	}
	inBubbleAndOut(t, func(t *testing.T) {
		a, b := wstest.Pipe()
		var wg sync.WaitGroup
		for _, nc := range []net.Conn{a, b} {
			wg.Go(func() { send(t, nc) })
			wg.Go(func() { receive(t, nc) })
		}
		wg.Wait()
	})
}

// TestPipeBuffers checks that a write waits only when 64 KiB have not been read.
func TestPipeBuffers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := wstest.Pipe()
		defer b.Close()
		defer a.Close()
		wantWrite(t, a, strings.Repeat("x", room), room, nil)
		written := false
		go func() {
			wantWrite(t, a, "yz", 2, nil)
			written = true
		}()
		for i := range 2 {
			synctest.Wait()
			if written {
				t.Errorf("written with %d bytes of room", i)
			}
			if _, err := io.ReadFull(b, make([]byte, 1)); err != nil {
				t.Error(err)
			}
		}
		synctest.Wait()
		if !written {
			t.Error("not written with room")
		}
	})
}

// TestPipeFillsBothWays checks that writes of both ends may wait for room at the same time: neither
// wakes the other, and the time of the bubble passes.
func TestPipeFillsBothWays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := wstest.Pipe()
		for _, nc := range []net.Conn{a, b} {
			nc.SetDeadline(time.Now().Add(time.Minute))
			go wantWrite(t, nc, strings.Repeat("x", 2*room), room, os.ErrDeadlineExceeded)
		}
		time.Sleep(time.Hour)
	})
}

// TestPipeWritesDoNotMix checks that the bytes of concurrent writes arrive one after another, and
// that a write that waits for another one can be ended.
func TestPipeWritesDoNotMix(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := wstest.Pipe()
		defer b.Close()
		for c := range "abc" {
			go wantWrite(t, a, strings.Repeat(string("abc"[c]), 3*room), 3*room, nil)
		}
		got := make([]byte, 9*room)
		if _, err := io.ReadFull(b, got); err != nil {
			t.Error(err)
		}
		for i := 0; i < len(got); i += 3 * room {
			if part := got[i : i+3*room]; len(bytes.Trim(part, string(part[0]))) > 0 {
				t.Errorf("write %d is mixed with another", i/3/room)
			}
		}

		var wg sync.WaitGroup
		wg.Go(func() { wantWrite(t, a, strings.Repeat("d", 2*room), room, net.ErrClosed) })
		synctest.Wait()
		for range 10 {
			wg.Go(func() { wantWrite(t, a, "e", 0, net.ErrClosed) })
		}
		synctest.Wait()
		a.Close()
		wg.Wait()
	})
}

// TestPipeReadsAreNotLost checks that each byte goes to one of several concurrent reads.
func TestPipeReadsAreNotLost(t *testing.T) {
	inBubbleAndOut(t, func(t *testing.T) {
		a, b := wstest.Pipe()
		var wg sync.WaitGroup
		var mu sync.Mutex
		total := 0
		for range 4 {
			wg.Go(func() {
				n, err := io.Copy(io.Discard, b)
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				total += int(n)
			})
		}
		wantWrite(t, a, strings.Repeat("x", 5*room), 5*room, nil)
		closeWrite(t, a)
		wg.Wait()
		if total != 5*room {
			t.Errorf("%d bytes", total)
		}
	})
}

// TestPipeHalfCloses checks that CloseWrite ends one direction, after its bytes, and not the other.
func TestPipeHalfCloses(t *testing.T) {
	inBubbleAndOut(t, func(t *testing.T) {
		a, b := wstest.Pipe()
		wantWrite(t, a, "last", 4, nil)
		closeWrite(t, a)
		closeWrite(t, a) // as over TCP, no error
		wantWrite(t, a, "late", 0, syscall.EPIPE)
		wantRead(t, b, "last", nil)
		wantRead(t, b, "", io.EOF)
		wantRead(t, b, "", io.EOF)
		wantWrite(t, b, "answer", 6, nil)
		wantRead(t, a, "answer", nil)
		b.Close()
		wantRead(t, a, "", io.EOF)
	})
}

// TestPipeCloses checks both ends after one has closed without unread bytes.
func TestPipeCloses(t *testing.T) {
	inBubbleAndOut(t, func(t *testing.T) {
		a, b := wstest.Pipe()
		wantWrite(t, a, "last", 4, nil)
		if err := a.Close(); err != nil {
			t.Error(err)
		}
		wantRead(t, a, "", net.ErrClosed)
		wantWrite(t, a, "late", 0, net.ErrClosed)
		for name, err := range map[string]error{
			"Close":            a.Close(),
			"CloseWrite":       a.(interface{ CloseWrite() error }).CloseWrite(),
			"SetDeadline":      a.SetDeadline(time.Time{}),
			"SetReadDeadline":  a.SetReadDeadline(time.Now()),
			"SetWriteDeadline": a.SetWriteDeadline(time.Now()),
		} {
			if !errors.Is(err, net.ErrClosed) {
				t.Errorf("%s: %v", name, err)
			}
		}
		wantWrite(t, b, "to nobody", 0, syscall.EPIPE)
		wantRead(t, b, "last", nil)
		wantRead(t, b, "", io.EOF)
		b.Close()
	})
}

// TestPipeResets checks that closing an end with unread bytes resets the other one.
func TestPipeResets(t *testing.T) {
	inBubbleAndOut(t, func(t *testing.T) {
		a, b := wstest.Pipe()
		wantWrite(t, b, "not read", 8, nil)
		wantWrite(t, a, "lost", 4, nil)
		a.Close()
		wantRead(t, b, "", syscall.ECONNRESET)
		wantWrite(t, b, "late", 0, syscall.ECONNRESET)
		b.Close()
		wantRead(t, b, "", net.ErrClosed)
	})
}

// TestPipeEndsWaits checks that calls that wait end with the pipe.
func TestPipeEndsWaits(t *testing.T) {
	for name, c := range map[string]struct {
		end         func(t *testing.T, a, b net.Conn)
		read, write error // of a
	}{
		"own Close":       {func(_ *testing.T, a, _ net.Conn) { a.Close() }, net.ErrClosed, net.ErrClosed},
		"the other Close": {func(_ *testing.T, _, b net.Conn) { b.Close() }, syscall.ECONNRESET, syscall.ECONNRESET},
		"CloseWrite":      {func(t *testing.T, a, b net.Conn) { closeWrite(t, a); closeWrite(t, b) }, io.EOF, syscall.EPIPE},
		"the other reads and closes": {func(t *testing.T, _, b net.Conn) {
			if _, err := io.ReadFull(b, make([]byte, 2*room)); err != nil {
				t.Error(err)
			}
			b.Close()
		}, io.EOF, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := wstest.Pipe()
				go wantRead(t, a, "", c.read)
				n := room
				if c.write == nil {
					n = 2 * room
				}
				go wantWrite(t, a, strings.Repeat("x", 2*room), n, c.write)
				synctest.Wait()
				c.end(t, a, b)
				synctest.Wait()
			})
		})
	}
}

// TestPipeEmpty checks calls with no bytes.
func TestPipeEmpty(t *testing.T) {
	inBubbleAndOut(t, func(t *testing.T) {
		a, b := wstest.Pipe()
		wantWrite(t, a, "", 0, nil)
		if n, err := b.Read(nil); n != 0 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
		wantWrite(t, a, "x", 1, nil)
		wantRead(t, b, "x", nil)
		b.Close()
		wantWrite(t, a, "", 0, syscall.EPIPE)
	})
}

// TestPipeErrors checks that errors look like those of TCP.
func TestPipeErrors(t *testing.T) {
	a, b := wstest.Pipe()
	if a.LocalAddr() != b.RemoteAddr() || a.RemoteAddr() != b.LocalAddr() || a.LocalAddr() == b.LocalAddr() {
		t.Errorf("addresses %v, %v and %v, %v", a.LocalAddr(), a.RemoteAddr(), b.LocalAddr(), b.RemoteAddr())
	}
	if _, ok := a.LocalAddr().(*net.TCPAddr); !ok {
		t.Errorf("%T", a.LocalAddr())
	}
	a.SetReadDeadline(time.Unix(1, 0))
	_, err := a.Read(make([]byte, 1))
	var op *net.OpError
	var timeout net.Error
	if !errors.As(err, &op) || !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("%T", err)
	}
	if want := "read tcp 192.0.2.1:1->192.0.2.2:2: i/o timeout"; err.Error() != want {
		t.Errorf("%q, want %q", err, want)
	}
}
