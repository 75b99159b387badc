package wstest_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/websocket/wstest"
)

// echoOnce answers one message.
func echoOnce(ctx context.Context, c *websocket.Conn) error {
	typ, p, err := c.Read(ctx)
	if err != nil {
		return err
	}
	return c.Write(ctx, typ, p)
}

// wantEcho checks that the server at the other end answers as echoOnce does, and closes.
func wantEcho(t *testing.T, c *websocket.Conn) {
	t.Helper()
	ctx := forAMinute(t)
	if err := c.Write(ctx, websocket.Text, []byte("hello")); err != nil {
		t.Error(err)
	}
	if _, p, err := c.Read(ctx); string(p) != "hello" || err != nil {
		t.Errorf("%q, %v", p, err)
	}
	if _, _, err := c.Read(ctx); websocket.CloseStatus(err) != websocket.StatusNormalClosure {
		t.Error(err)
	}
}

// TestNetDial connects to handlers of all kinds. A bubble shows that nothing is left.
func TestNetDial(t *testing.T) {
	mux := http.NewServeMux()
	mux.Handle("/handler", websocket.Handler{Serve: echoOnce})
	mux.Handle("/hold", websocket.Handler{Serve: echoOnce, Hold: true})
	mux.HandleFunc("/accept", func(w http.ResponseWriter, r *http.Request) {
		if _, err := netip.ParseAddrPort(r.RemoteAddr); err != nil {
			t.Error(err)
		}
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		if echoOnce(r.Context(), c) == nil {
			c.Close(r.Context(), websocket.StatusNormalClosure, "")
		}
		c.CloseNow()
	})
	mux.Handle("/redirect", http.RedirectHandler("ws://127.0.0.1/handler", http.StatusFound))
	for _, path := range []string{"/handler", "/hold", "/accept", "/redirect"} {
		t.Run(path[1:], func(t *testing.T) {
			inBubbleAndOut(t, func(t *testing.T) {
				c, _, err := websocket.Dial(forAMinute(t), "ws://localhost"+path, &websocket.DialOptions{
					NetDial:      wstest.NetDial(mux),
					MaxRedirects: 1,
				})
				if err != nil {
					t.Fatal(err)
				}
				wantEcho(t, c)
				c.CloseNow()
			})
		})
	}
}

// TestNetDialRefused checks that the client gets the response of a handler that refuses, and that
// the server ends.
func TestNetDialRefused(t *testing.T) {
	muteLog(t)
	mux := http.NewServeMux()
	mux.HandleFunc("/401", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("WWW-Authenticate", "Bearer")
		http.Error(w, "who are you?", http.StatusUnauthorized)
	})
	mux.HandleFunc("/panic", func(http.ResponseWriter, *http.Request) { panic("of the test") })
	mux.HandleFunc("/drop", func(w http.ResponseWriter, _ *http.Request) {
		nc, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		nc.Close()
	})
	for path, want := range map[string]struct {
		status     int
		body, text string
	}{
		"/401":   {http.StatusUnauthorized, "who are you?\n", "who are you?"},
		"/404":   {http.StatusNotFound, "404 page not found\n", "404"},
		"/panic": {0, "", "EOF"},
		"/drop":  {0, "", "EOF"},
	} {
		t.Run(path[1:], func(t *testing.T) {
			inBubbleAndOut(t, func(t *testing.T) {
				_, resp, err := websocket.Dial(forAMinute(t), "ws://localhost"+path, &websocket.DialOptions{
					NetDial: wstest.NetDial(mux),
				})
				var e *websocket.HandshakeError
				if !errors.As(err, &e) || e.Status != want.status || !strings.Contains(err.Error(), want.text) {
					t.Errorf("%v", err)
				}
				if want.status == 0 {
					return
				}
				if p, err := io.ReadAll(resp.Body); string(p) != want.body || err != nil {
					t.Errorf("%q, %v", p, err)
				}
			})
		})
	}
}

// TestNetDialIdle checks that the server does not wait forever for a request, nor for another one.
func TestNetDialIdle(t *testing.T) {
	for _, request := range []string{"", "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nHost: example.com\r\n\r\n"} {
		synctest.Test(t, func(t *testing.T) { testIdle(t, request) })
	}
}

func testIdle(t *testing.T, request string) {
	nc, err := wstest.NetDial(http.NotFoundHandler())(t.Context(), "tcp", "localhost:80")
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	wantWrite(t, nc, request, len(request), nil)
	nc.SetReadDeadline(time.Now().Add(10 * time.Minute))
	if _, err := io.ReadAll(nc); err != nil {
		t.Errorf("after %q: %v", request, err)
	}
}

// TestNetDialTLS checks wss URLs: without DialTLS a prompt error, with it a connection.
func TestNetDialTLS(t *testing.T) {
	inBubbleAndOut(t, func(t *testing.T) {
		dial := wstest.NetDial(websocket.Handler{Serve: echoOnce})
		opts := &websocket.DialOptions{NetDial: dial, TLSConfig: &tls.Config{InsecureSkipVerify: true}}
		begun := time.Now()
		_, _, err := websocket.Dial(forAMinute(t), "wss://localhost/", opts)
		var record tls.RecordHeaderError
		if !errors.As(err, &record) {
			t.Errorf("%v after %v", err, time.Since(begun))
		}
		opts.DialTLS = dial
		c, _, err := websocket.Dial(forAMinute(t), "wss://localhost/", opts)
		if err != nil {
			t.Fatal(err)
		}
		wantEcho(t, c)
		c.CloseNow()
	})
}

// TestNetDialTransport checks that an HTTP client can use NetDial, too.
func TestNetDialTransport(t *testing.T) {
	inBubbleAndOut(t, func(t *testing.T) {
		transport := &http.Transport{DialContext: wstest.NetDial(http.NotFoundHandler())}
		defer transport.CloseIdleConnections()
		resp, err := (&http.Client{Transport: transport}).Get("http://localhost/")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if p, err := io.ReadAll(resp.Body); resp.StatusCode != 404 || len(p) == 0 || err != nil {
			t.Errorf("%d, %q, %v", resp.StatusCode, p, err)
		}
	})
}

// TestNetDialAddresses checks that a server can tell its clients apart by their addresses, which
// are the same in each run.
func TestNetDialAddresses(t *testing.T) {
	inBubbleAndOut(t, func(t *testing.T) {
		seen := make(chan string, 1)
		dial := wstest.NetDial(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			seen <- r.RemoteAddr
		}))
		for _, want := range []string{"192.0.2.1:1", "192.0.2.1:2", "192.0.2.1:3"} {
			nc, err := dial(t.Context(), "tcp", "localhost:80")
			if err != nil {
				t.Fatal(err)
			}
			defer nc.Close()
			io.WriteString(nc, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
			if got := <-seen; got != want || nc.LocalAddr().String() != want {
				t.Errorf("RemoteAddr %s of the server, LocalAddr %v of the client; want %s", got, nc.LocalAddr(), want)
			}
		}
	})
}

// TestNetDialCanceled checks that nothing is opened for a context that has ended.
func TestNetDialCanceled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	nc, err := wstest.NetDial(nil)(ctx, "tcp", "localhost:80")
	if nc != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("%v, %v", nc, err)
	}
}

// TestNetDialFaults breaks the opening handshake in each way.
func TestNetDialFaults(t *testing.T) {
	for name, c := range map[string]struct {
		fail   func(nc net.Conn)
		want   error
		status int // of the response
		took   time.Duration
	}{
		"request cut":  {func(nc net.Conn) { wstest.Outgoing(nc).CutAfter(40) }, nil, 400, 0},
		"response cut": {func(nc net.Conn) { wstest.Incoming(nc).CutAfter(34) }, io.ErrUnexpectedEOF, 0, 0},
		"no response":  {func(nc net.Conn) { wstest.Incoming(nc).CutAfter(0) }, io.ErrUnexpectedEOF, 0, 0},
		"stalled":      {func(nc net.Conn) { wstest.Incoming(nc).Stall() }, context.DeadlineExceeded, 0, 10 * time.Second},
		"reset":        {func(nc net.Conn) { wstest.Incoming(nc).Reset() }, syscall.ECONNRESET, 0, 0},
		"reset later":  {func(nc net.Conn) { resetAfter(nc, time.Second) }, syscall.ECONNRESET, 0, time.Second},
		"late":         {func(nc net.Conn) { resumeAfter(nc, time.Second) }, nil, 0, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				dial := wstest.NetDial(websocket.Handler{Serve: echoOnce})
				begun := time.Now()
				conn, _, err := websocket.Dial(t.Context(), "ws://localhost/", &websocket.DialOptions{
					NetDial: func(ctx context.Context, network, addr string) (net.Conn, error) {
						nc, err := dial(ctx, network, addr)
						if err == nil {
							c.fail(nc)
						}
						return nc, err
					},
				})
				took := time.Since(begun)
				status := 0
				if e := new(websocket.HandshakeError); errors.As(err, &e) {
					status = e.Status
				}
				if status != c.status || status == 0 && !errors.Is(err, c.want) || took != c.took {
					t.Errorf("%v after %v, want %v or status %d after %v", err, took, c.want, c.status, c.took)
				}
				if err == nil {
					wantEcho(t, conn)
					conn.CloseNow()
				}
			})
		})
	}
}

// resetAfter stalls what nc receives, and resets it after d.
func resetAfter(nc net.Conn, d time.Duration) {
	wstest.Incoming(nc).Stall()
	time.AfterFunc(d, wstest.Incoming(nc).Reset)
}

// resumeAfter stalls both directions of nc for d.
func resumeAfter(nc net.Conn, d time.Duration) {
	for _, f := range []*wstest.Faults{wstest.Incoming(nc), wstest.Outgoing(nc)} {
		f.Stall()
		time.AfterFunc(d, f.Resume)
	}
}
