//go:build unix

package transport

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/hawser-ws/hawser/websocket/internal/socket"
)

// Two slices arrive as one, however the peer's reads cut the write.
func TestWriteTwoSlices(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 100 {
		s := newSocketPair(t)
		if err := syscall.SetsockoptInt(s.fd, syscall.SOL_SOCKET, syscall.SO_SNDBUF, 1); err != nil {
			t.Fatal(err)
		}
		tr := newRaw(s, func(time.Time) error { return nil })
		p, tail := make([]byte, random.IntN(20_000)), make([]byte, random.IntN(50_000))
		for i := range p {
			p[i] = byte(random.Uint32())
		}
		for i := range tail {
			tail[i] = byte(random.Uint32())
		}
		var got []byte
		s.wait = func() error {
			b := make([]byte, 1+random.IntN(8000))
			n, _, err := socket.Read(uintptr(s.peer), b)
			got = append(got, b[:n]...)
			return err
		}
		n, err := tr.Write(context.Background(), time.Minute, p, tail)
		for len(got) < n {
			if err := s.wait(); err != nil {
				t.Fatal(err)
			}
		}
		if want := append(bytes.Clone(p), tail...); err != nil || n != len(want) || !bytes.Equal(got, want) {
			t.Fatalf("wrote %d bytes, %v; want the %d and %d bytes given", n, err, len(p), len(tail))
		}
	}
}

// To the race detector too, what happens before a write happens before a read of its last byte, even
// if the write has two slices.
func TestWriteHappensBeforeRead(t *testing.T) {
	s := newSocketPair(t)
	tr := newRaw(s, func(time.Time) error { return nil })
	s.wait = func() error { return errors.New("the socket is full") }
	written := 0
	go func() {
		written = 2
		_, _ = tr.Write(context.Background(), time.Minute, []byte("p"), []byte("t"))
	}()
	for n := 0; n < 2; {
		m, _, err := socket.Read(uintptr(s.peer), make([]byte, 2))
		if n += m; err != nil {
			t.Fatal(err)
		}
		runtime.Gosched()
	}
	if written != 2 {
		t.Errorf("got %d, want 2", written)
	}
}
