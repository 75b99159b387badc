package websocket_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// A reset by the peer ends the connection. Reads and writes return the error of the
// operating system.
func TestPeerResets(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has other error numbers")
	}
	for _, kind := range []string{"tcp", "tls"} {
		for name, use := range map[string]func(context.Context, *Conn) error{
			"Read": func(ctx context.Context, c *Conn) error { _, _, err := c.Read(ctx); return err },
			"Write": func(ctx context.Context, c *Conn) (err error) {
				for err == nil { // the first write may succeed before the reset arrives
					err = c.Write(ctx, Binary, make([]byte, 3*blockSize))
				}
				return err
			},
		} {
			t.Run(kind+" "+name, func(t *testing.T) {
				checkLeaks(t)
				client, server := connPair(t, kind, Limits{})
				nc := client.NetConn()
				if s, ok := nc.(*tls.Conn); ok {
					nc = s.NetConn()
				}
				if err := nc.(*net.TCPConn).SetLinger(0); err != nil {
					t.Fatal(err)
				}
				client.CloseNow()
				err := use(bounded(t), server)
				reset := errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
				if !reset || !errors.Is(err, net.ErrClosed) {
					t.Errorf("got %v, want ECONNRESET or EPIPE, and net.ErrClosed", err)
				}
				wantClosed(t, server)
			})
		}
	}
}

// A stingy transport writes only a part of the bytes, and returns no error.
type stingy struct {
	net.Conn
	takes int
}

func (s stingy) Write(p []byte) (int, error) {
	time.Sleep(time.Second)
	return min(len(p), s.takes), nil
}

// "Write must return a non-nil error if it returns n < len(p)." (io.Writer)
//
// A transport that breaks this rule has failed.
func TestShortWrites(t *testing.T) {
	for _, takes := range []int{0, 3} {
		eachRole(t, func(t *testing.T, role wire.Role) {
			c, _ := newPipePeer(t, func(nc net.Conn) net.Conn { return stingy{nc, takes} }, ConnOptions{Role: role})
			begun := time.Now()
			wantError(t, c.Write(context.Background(), Text, []byte("hello")), "write", io.ErrShortWrite)
			if took := time.Since(begun); took != time.Second {
				t.Errorf("failed after %v, want 1s", took)
			}
		})
	}
}

// A transport that fails at any write of the handshake, with a server or a proxy, fails the
// handshake with its error.
func TestDialBrokenWrites(t *testing.T) {
	checkLeaks(t)
	for _, row := range []struct {
		proxy  *url.URL
		answer string // all that the proxy sends in a whole handshake
		writes int    // the number of writes in a whole handshake
	}{
		{nil, "", 1},
		{&url.URL{Scheme: "http", Host: "proxy"}, "HTTP/1.1 200 OK\r\n\r\n", 2},
		{&url.URL{Scheme: "socks5", Host: "proxy", User: url.UserPassword("u", "p")},
			"\x05\x02" + "\x01\x00" + "\x05\x00\x00\x01addr\x00\x00", 4},
	} {
		for writes := range row.writes {
			synctest.Test(t, func(t *testing.T) {
				ours, theirs := net.Pipe()
				go io.Copy(io.Discard, theirs)
				go io.WriteString(theirs, row.answer)
				he, resp := mustFail(t, "ws://example.com/", &DialOptions{
					Proxy: through(row.proxy),
					NetDial: func(context.Context, string, string) (net.Conn, error) {
						return &wornOut{ours, writes}, nil
					},
				}, errWornOut.Error())
				if resp != nil || !errors.Is(he, errWornOut) {
					t.Errorf("proxy %v, %d writes: got %v, %v; want no response and %v",
						row.proxy, writes, resp, he, errWornOut)
				}
				theirs.Close()
			})
		}
	}
}

// If Hijack fails, Accept answers 500 and closes the session.
func TestAcceptHijackFails(t *testing.T) {
	checkLeaks(t)
	ext := &fakeExtension{name: "x"}
	failed := errors.New("no more descriptors")
	got := make(chan error, 1)
	addr, _ := serveRaw(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := Accept(failingHijack{w, failed}, r, &AcceptOptions{Extensions: []wire.Extension{ext}})
		got <- err
	}), nil)
	client := dialRaw(t, addr)
	client.Write([]byte(handshake("+Sec-WebSocket-Extensions: x")))
	if r := client.response(); r.status != "HTTP/1.1 500 Internal Server Error" {
		t.Errorf("answered %s, want 500", r.status)
	}
	var e *HandshakeError
	if err := <-got; !errors.Is(err, failed) || !errors.As(err, &e) || e.Status != 500 {
		t.Errorf("returned %v, want %v with status 500", err, failed)
	}
	if ext.open != 0 {
		t.Errorf("%d sessions are still open, want none", ext.open)
	}
}

// A failingHijack is a ResponseWriter whose Hijack fails.
type failingHijack struct {
	http.ResponseWriter
	err error
}

func (h failingHijack) Hijack() (net.Conn, *bufio.ReadWriter, error) { return nil, nil, h.err }

// A client without a CloseTimeout still does not wait forever for its server to close TCP.
func TestClientDropsWithoutLimit(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c, p := newPeer(t, wire.Client, Limits{CloseTimeout: -1})
		began := time.Now()
		closed := start(func() error { return c.Close(context.Background(), StatusNormalClosure, "") })
		p.ExpectClose(StatusNormalClosure)
		p.answer()
		if err := <-closed; err != nil || time.Since(began) != 0 {
			t.Errorf("Close: got %v after %v, want nil at once", err, time.Since(began))
		}
		p.ExpectEOF()
		if took := time.Since(began); took != LingerTime {
			t.Errorf("TCP was closed after %v, want %v", took, LingerTime)
		}
	})
}

// LocalAddr and RemoteAddr return the addresses of the transport.
func TestAddresses(t *testing.T) {
	checkLeaks(t)
	client, server := connPair(t, "tcp", Limits{})
	if a, b := client.LocalAddr().String(), server.RemoteAddr().String(); a != b {
		t.Errorf("the client has address %s, and %s at the server", a, b)
	}
	if a, b := client.RemoteAddr().String(), server.LocalAddr().String(); a != b {
		t.Errorf("the server has address %s, and %s at the client", a, b)
	}
}
