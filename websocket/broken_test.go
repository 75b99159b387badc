package websocket

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

	"github.com/hawser-ws/hawser/wire"
)

// A peer that resets the connection ends it: whoever reads and whoever writes is
// told what the system says.
func TestPeerResets(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("its errors have other numbers")
	}
	for _, kind := range []string{"tcp", "tls"} {
		for name, use := range map[string]func(context.Context, *Conn) error{
			"Read": func(ctx context.Context, c *Conn) error { _, _, err := c.Read(ctx); return err },
			"Write": func(ctx context.Context, c *Conn) (err error) {
				for err == nil { // the first may be taken before the reset is seen
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
				if !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, syscall.EPIPE) || !errors.Is(err, net.ErrClosed) {
					t.Errorf("got %v", err)
				}
				wantClosed(t, server)
			})
		}
	}
}

// A stingy transport takes a part of what it is given to write, and does not say why.
type stingy struct {
	net.Conn
	takes int
}

func (s stingy) Write(p []byte) (int, error) {
	time.Sleep(time.Second)
	return min(len(p), s.takes), nil
}

// "Write must return a non-nil error if it returns n < len(p)", says io.Writer. A
// transport that does not has failed.
func TestShortWrites(t *testing.T) {
	for _, takes := range []int{0, 3} {
		eachRole(t, func(t *testing.T, role wire.Role) {
			ours, theirs := net.Pipe()
			c, _ := newPeerOver(t, stingy{ours, takes}, theirs, ConnOptions{Role: role})
			begun := time.Now()
			wantError(t, c.Write(context.Background(), Text, []byte("hello")), "write", io.ErrShortWrite)
			if took := time.Since(begun); took != time.Second {
				t.Errorf("after %v", took)
			}
		})
	}
}

// A transport to a server or a proxy that breaks at any write of the handshake
// fails it, and says so.
func TestDialBrokenWrites(t *testing.T) {
	checkLeaks(t)
	for _, row := range []struct {
		proxy  *url.URL
		answer string // of the proxy, as far as it comes
		writes int    // of a whole handshake
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
					Proxy:   through(row.proxy),
					NetDial: func(context.Context, string, string) (net.Conn, error) { return &wornOut{ours, writes}, nil },
				}, errWornOut.Error())
				if resp != nil || !errors.Is(he, errWornOut) {
					t.Errorf("proxy %v, %d writes: %v, %v", row.proxy, writes, resp, he)
				}
				theirs.Close()
			})
		}
	}
}

// A Hijack that fails is answered with 500, and gives the session back.
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
	client.write([]byte(handshake("+Sec-WebSocket-Extensions: x")))
	if r := client.response(); r.status != "HTTP/1.1 500 Internal Server Error" {
		t.Errorf("answered %s", r.status)
	}
	var e *HandshakeError
	if err := <-got; !errors.Is(err, failed) || !errors.As(err, &e) || e.Status != 500 {
		t.Errorf("returned %v", err)
	}
	if ext.open != 0 {
		t.Errorf("%d sessions are open", ext.open)
	}
}

type failingHijack struct {
	http.ResponseWriter
	err error
}

func (h failingHijack) Hijack() (net.Conn, *bufio.ReadWriter, error) { return nil, nil, h.err }

// With no limit on the closing handshake a client's TCP still does not wait for ever for
// its server to drop it.
func TestClientDropsWithoutLimit(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c, p := newPeer(t, wire.Client, Limits{CloseTimeout: -1})
		began := time.Now()
		closed := start(func() error { return c.Close(context.Background(), StatusNormalClosure, "") })
		p.expectClose(StatusNormalClosure)
		p.answer()
		if err := <-closed; err != nil || time.Since(began) != 0 {
			t.Errorf("Close: %v after %v", err, time.Since(began))
		}
		p.expectEOF()
		if took := time.Since(began); took != lingerTime {
			t.Errorf("TCP was dropped after %v", took)
		}
	})
}

// The addresses are those of the transport.
func TestAddresses(t *testing.T) {
	checkLeaks(t)
	client, server := connPair(t, "tcp", Limits{})
	if a, b := client.LocalAddr().String(), server.RemoteAddr().String(); a != b {
		t.Errorf("the client is %s, and %s to its server", a, b)
	}
	if a, b := client.RemoteAddr().String(), server.LocalAddr().String(); a != b {
		t.Errorf("the server is %s, and %s to its client", a, b)
	}
}
