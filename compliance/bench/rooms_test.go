//go:build unix

package bench

import (
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"sync"
	"testing"
	"time"
)

// Messages of several senders reach every connection of every room, in the same order. In a room that isolates
// its connections, they do so while other connections do not read. Those receive the same when they read again.
func TestRooms(t *testing.T) {
	for _, s := range rooms {
		t.Run(s.name, func(t *testing.T) {
			stalled := 0
			if s.isolates {
				stalled = 3
			}
			testRoom(t, s.open(), 20, stalled)
		})
	}
}

func testRoom(t *testing.T, r room, reading, stalled int) {
	const senders, each, size = 4, 40, 1024
	if senders*each*size < 2*stallBytes {
		t.Fatal("the messages do not stall a connection")
	}
	ln := listen(t)
	go serveHTTP(smallBuffers{ln}, r)
	var a audience
	defer func() { a.close() }()
	if err := a.join(&net.Dialer{Control: smallReceiveBuffer}, ln.Addr().String(), reading+stalled); err != nil {
		t.Fatal(err)
	}
	awaitSize(t, reading+stalled, r.size)

	for sender := range uint64(senders) {
		go func() {
			for i := range uint64(each) {
				r.broadcast(message(sender<<32|i, size))
			}
		}()
	}
	orders := make([][]uint64, len(a))
	read := func(from, to int) {
		var wg sync.WaitGroup
		for i, c := range a[from:to] {
			wg.Go(func() {
				var err error
				if orders[from+i], err = c.ids(senders * each); err != nil {
					t.Errorf("connection %d: %v", from+i, err)
				}
			})
		}
		wg.Wait()
	}
	read(0, reading) // while the others do not
	read(reading, reading+stalled)

	checkOrder(t, orders[0], senders, each)
	for i, o := range orders {
		if !slices.Equal(o, orders[0]) {
			t.Errorf("connection %d received another order than connection 0", i)
		}
	}
}

// ids receives n messages and returns their ids.
func (c *client) ids(n int) (all []uint64, err error) {
	_ = c.nc.SetReadDeadline(time.Now().Add(patience))
	for range n {
		p, _, err := c.receive()
		if err != nil {
			return all, fmt.Errorf("after %d messages: %w", len(all), err)
		}
		id, _ := parse(p)
		all = append(all, id)
	}
	return all, nil
}

// checkOrder checks that ids has each message of each sender once, in the order in which it was sent.
func checkOrder(t *testing.T, ids []uint64, senders, each uint64) {
	t.Helper()
	next := make([]uint64, senders)
	for _, id := range ids {
		sender, i := id>>32, id&(1<<32-1)
		if sender >= senders || i != next[sender] {
			t.Fatalf("received message %d of sender %d, want %d", i, sender, next[sender])
		}
		next[sender]++
	}
	for sender, n := range next {
		if n != each {
			t.Errorf("received %d messages of sender %d, want %d", n, sender, each)
		}
	}
}

// The buffers of the system hold less than stallBytes of messages for a connection that does not read.
func TestSmallBuffers(t *testing.T) {
	ln := listen(t)
	d := net.Dialer{Control: smallReceiveBuffer}
	c, err := d.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	s, err := smallBuffers{ln}.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for n := 0; ; {
		// A slow system may take fewer bytes in that time, but never more.
		_ = s.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
		k, err := s.Write(make([]byte, 1024))
		if n += k; n >= stallBytes {
			t.Fatalf("the buffers hold %d bytes or more, want less than %d", n, stallBytes)
		}
		if errors.Is(err, os.ErrDeadlineExceeded) {
			t.Logf("the buffers hold %d bytes", n)
			return
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func listen(tb testing.TB) net.Listener {
	tb.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { ln.Close() })
	return ln
}
