package transports

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// A transfer sends a message to a peer that reads slowly.
type transfer struct {
	name   string
	secure bool
	size   int64
	rate   int64 // bytes a second
}

var transfers = []transfer{
	{"tcp, 40 MiB at 1 MiB a second", false, 40 << 20, 1 << 20},
	{"tls, 40 MiB at 1 MiB a second", true, 40 << 20, 1 << 20},
	{"tcp, 8 MiB at 20 kB a second", false, 8 << 20, 20_000},
	{"tls, 8 MiB at 20 kB a second", true, 8 << 20, 20_000},
}

// WriteTimeout does not end a write to a peer that reads slowly. With the default limits and the socket
// buffers that the system chooses, the whole message arrives, however long it takes.
func TestSlowReader(t *testing.T) {
	if os.Getenv("HAWSER_FULL") == "" {
		t.Skip("set HAWSER_FULL=1 to run this test, which takes seven minutes")
	}
	rows(t, &kind{}, transfers, func(x transfer) string { return x.name }, func(t testing.TB, x transfer) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		check(t, err)
		addr := l.Addr().String()
		k := &kind{reads: true, secure: x.secure}
		if x.secure {
			l = tls.NewListener(l, serverTLS)
		}
		written := make(chan error, 1)
		serve(t, k, l, nil, func(c *websocket.Conn, err error) {
			if err == nil {
				defer c.CloseNow()
				err = c.Write(context.Background(), websocket.Binary, make([]byte, x.size))
			}
			written <- err
		})
		c := ask(t, k, func(ctx context.Context) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", addr)
		})
		br := bufio.NewReader(c)
		_, err = http.ReadResponse(br, nil)
		check(t, err)
		head := make([]byte, wire.MaxHeaderSize-4) // the longest header without a masking key
		_, err = io.ReadFull(br, head)
		check(t, err)
		if h, _, err := wire.ConsumeHeader(head); err != nil || h.Length != x.size {
			t.Errorf("header %+v, error %v, want a length of %d", h, err, x.size)
		}
		begun := time.Now()
		n, err := readSlowly(br, x.size, x.rate)
		t.Logf("%d bytes in %v", n, time.Since(begun))
		if err != nil || n != x.size {
			t.Errorf("%d of %d bytes arrived: %v", n, x.size, err)
		}
		if err := <-written; err != nil {
			t.Errorf("Write: %v", err)
		}
	})
}

// readSlowly reads size bytes, at most rate a second.
func readSlowly(r io.Reader, size, rate int64) (n int64, err error) {
	for n < size && err == nil {
		var m int64
		m, err = io.CopyN(io.Discard, r, min(rate/10, size-n))
		n += m
		time.Sleep(time.Second / 10)
	}
	return n, err
}
