package wstest_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// inBubbleAndOut runs f in a bubble, which ends only when all goroutines that f started have ended,
// and without one. f must not depend on time.
func inBubbleAndOut(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	t.Run("bubble", func(t *testing.T) { synctest.Test(t, f) })
	t.Run("outside", f)
}

// forAMinute returns a context that ends after a minute, so that no call can hang a test.
func forAMinute(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// wantRead reads once and checks what it returned.
func wantRead(t *testing.T, nc net.Conn, want string, end error) {
	t.Helper()
	p := make([]byte, 100)
	n, err := nc.Read(p)
	if string(p[:n]) != want || !errors.Is(err, end) {
		t.Errorf("Read: %q, %v; want %q, %v", p[:n], err, want, end)
	}
}

// wantWrite writes p and checks what Write returned.
func wantWrite(t *testing.T, nc net.Conn, p string, want int, end error) {
	t.Helper()
	n, err := nc.Write([]byte(p))
	if n != want || !errors.Is(err, end) {
		t.Errorf("Write: %d, %v; want %d, %v", n, err, want, end)
	}
}

// closeWrite ends what nc sends.
func closeWrite(t *testing.T, nc net.Conn) {
	t.Helper()
	if err := nc.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
		t.Error(err)
	}
}

// room is how many bytes a direction of a Pipe buffers.
const room = 64 << 10
