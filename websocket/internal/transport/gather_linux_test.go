//go:build !race

package transport

import (
	"context"
	"syscall"
	"testing"
	"time"
)

// Two slices take one system call: a socket that keeps records gets one record. Nothing is
// allocated.
func TestWriteGathers(t *testing.T) {
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_SEQPACKET, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(fds[0])
	defer syscall.Close(fds[1])
	tr := newRaw(&socketPair{fd: fds[0]}, func(time.Time) error { return nil })
	if !tr.Gathers() || (&Transport{}).Gathers() {
		t.Errorf("got %v over a socket and %v otherwise, want true and false",
			tr.Gathers(), (&Transport{}).Gathers())
	}
	p, tail, got := []byte("header"), []byte("payload"), make([]byte, 100)
	allocs := testing.AllocsPerRun(100, func() {
		if n, err := tr.Write(context.Background(), time.Minute, p, tail); n != 13 || err != nil {
			t.Fatal(n, err)
		}
		if n, err := syscall.Read(fds[1], got); string(got[:max(n, 0)]) != "headerpayload" || err != nil {
			t.Fatalf("got %q, %v; want both slices in one record", got[:max(n, 0)], err)
		}
	})
	if allocs > 0 {
		t.Errorf("got %v allocations, want 0", allocs)
	}
}
