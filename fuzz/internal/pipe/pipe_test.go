package pipe

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestPipeCarries checks that bytes arrive unchanged over links of all kinds.
func TestPipeCarries(t *testing.T) {
	want := bytes.Repeat([]byte("0123456789"), 1000)
	for _, o := range []Options{
		{Room: 1 << 20},
		{Room: 1},
		{Room: 7, ReadChop: 3, WriteChop: 2, Stalls: true, HalfClose: true},
		{Room: 100, ReadChop: 1, Stalls: true, Seed: 9},
	} {
		synctest.Test(t, func(t *testing.T) {
			l, a, b := New(o)
			l.Spoil()
			begun := time.Now()
			go func() {
				if n, err := a.Write(want); n != len(want) || err != nil {
					t.Errorf("%d, %v", n, err)
				}
				a.Close()
			}()
			got, err := io.ReadAll(b)
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%+v: %d bytes, %v", o, len(got), err)
			}
			if took := time.Since(begun); took > MaxStalls+20*time.Millisecond || o.Stalls != (took > 0) {
				t.Errorf("%+v: it took %v", o, took)
			}
		})
	}
}

// TestPipeDeadlines checks that a deadline ends a read and a write, and that a write
// returns the number of bytes it has written. It may be set during the call, and the
// link can be used afterwards.
func TestPipeDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, a, b := New(Options{Room: 5})
		l.Spoil()
		begun := time.Now()
		a.SetReadDeadline(begun.Add(time.Second))
		if _, err := a.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) ||
			time.Since(begun) != time.Second {
			t.Errorf("%v after %v", err, time.Since(begun))
		}
		go func() {
			time.Sleep(time.Second)
			a.SetWriteDeadline(time.Unix(1, 0))
		}()
		n, err := a.Write([]byte("0123456789"))
		if n != 5 || !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(begun) != 2*time.Second {
			t.Errorf("%d, %v after %v", n, err, time.Since(begun))
		}
		a.SetDeadline(time.Time{})
		go a.Write([]byte("56789"))
		got := make([]byte, 10)
		if _, err := io.ReadFull(b, got); err != nil || string(got) != "0123456789" {
			t.Errorf("%q, %v", got, err)
		}
	})
}

// TestPipeEnds ends a link in each way.
func TestPipeEnds(t *testing.T) {
	p := make([]byte, 10)
	read := func(t *testing.T, c net.Conn, want int, end error) {
		t.Helper()
		n, err := c.Read(p)
		if n != want || !errors.Is(err, end) {
			t.Errorf("Read: %d, %v, want %d, %v", n, err, want, end)
		}
	}
	write := func(t *testing.T, c net.Conn, end error) {
		t.Helper()
		if _, err := c.Write([]byte("late")); !errors.Is(err, end) {
			t.Errorf("Write: %v, want %v", err, end)
		}
	}
	for _, half := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			_, a, b := New(Options{Room: 100, HalfClose: half})
			a.Write([]byte("last"))
			a.Close()
			read(t, a, 0, net.ErrClosed)
			write(t, a, net.ErrClosed)
			write(t, b, syscall.EPIPE)
			read(t, b, 4, nil)
			read(t, b, 0, io.EOF)
		})
		synctest.Test(t, func(t *testing.T) {
			l, a, b := New(Options{Room: 100, HalfClose: half})
			a.Write([]byte("lost"))
			l.Drop()
			read(t, b, 0, syscall.ECONNRESET)
			write(t, a, syscall.ECONNRESET)
		})
		synctest.Test(t, func(t *testing.T) {
			_, a, b := New(Options{Room: 100, HalfClose: half})
			b.Write([]byte("not read"))
			a.Write([]byte("last"))
			a.Close()
			if half {
				read(t, b, 0, syscall.ECONNRESET)
			} else {
				read(t, b, 4, nil)
			}
		})
	}
	_, a, b := New(Options{Room: 100, HalfClose: true})
	a.(interface{ CloseWrite() error }).CloseWrite()
	read(t, b, 0, io.EOF)
	write(t, a, syscall.EPIPE)
	b.Write([]byte("back"))
	read(t, a, 4, nil)
	if _, plain, _ := New(Options{Room: 1}); plain != nil {
		if _, ok := plain.(interface{ CloseWrite() error }); ok {
			t.Error("CloseWrite, unasked")
		}
	}
}

// TestPipeVanishes checks that the bytes written by an end that vanishes can still be read.
func TestPipeVanishes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, a, b := New(Options{Room: 100, HalfClose: true})
		a.Write([]byte("to b"))
		b.Write([]byte("to a"))
		time.Sleep(time.Second)
		if n, d := l.Waiting(1); n != 4 || d != time.Second {
			t.Errorf("%d bytes for %v", n, d)
		}
		l.Vanish(0)
		p := make([]byte, 3)
		if n, err := b.Read(p); string(p[:n]) != "to " || err != nil {
			t.Errorf("%q, %v", p[:n], err)
		}
		if n, d := l.Waiting(1); n != 1 || d != 0 {
			t.Errorf("%d bytes for %v", n, d)
		}
		b.Read(p)
		if n, d := l.Waiting(1); n != 0 || d != 0 {
			t.Errorf("%d bytes for %v", n, d)
		}
		for name, use := range map[string]func([]byte) (int, error){
			"a reads": a.Read, "a writes": a.Write, "b reads": b.Read, "b writes": b.Write,
		} {
			if n, err := use(p); n != 0 || !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("%s: %d, %v", name, n, err)
			}
		}
	})
}

func TestCanned(t *testing.T) {
	reply := func(written []byte) []byte { return append(written[:3:3], "def"...) }
	p := &Canned{Chop: 0x0201, Later: []byte("gh"), Reply: reply}
	go func() {
		for _, part := range []string{"abc\r\n", "\r\n"} {
			if _, err := p.Write([]byte(part)); err != nil {
				t.Error(err)
			}
		}
	}()
	var pieces []string
	for {
		b := make([]byte, 10)
		n, err := p.Read(b)
		if err == io.EOF {
			break
		}
		pieces = append(pieces, string(b[:n]))
	}
	if diff := cmp.Diff([]string{"a", "bc", "def", "gh"}, pieces); diff != "" || p.HasRead() != 8 {
		t.Errorf("%d bytes read, %q written; pieces (-want +got):\n%s", p.HasRead(), p.Written(), diff)
	}
	p.Filler = []byte("x")
	if b, _ := io.ReadAll(io.LimitReader(p, 5)); !bytes.Equal(b, []byte("xxxxx")) {
		t.Errorf("%q", b)
	}
}
