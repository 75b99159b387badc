package wstest_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/websocket/wstest"
	"github.com/hawser-ws/hawser/wire"
)

func TestPeerAccept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		defer theirs.Close()
		p := wstest.NewPeer(t, theirs, wire.Server)
		go func() {
			req := p.Accept(http.Header{"Sec-Websocket-Protocol": {"chat"}, "X-Answer": {"1"}})
			if req.URL.Path != "/path" || req.Host != "host" || req.Header.Get("Sec-WebSocket-Protocol") != "chat" {
				t.Errorf("got request %+v", req)
			}
			p.Send(wire.OpText, true, "hello")
			p.Expect(wire.OpText, true, "hi")
		}()
		c, resp, err := websocket.Dial(context.Background(), "ws://host/path", dialOver(ours, "chat"))
		if err != nil {
			t.Fatal(err)
		}
		defer c.CloseNow()
		if c.Subprotocol() != "chat" || resp.Header.Get("X-Answer") != "1" {
			t.Errorf("got subprotocol %q, %v", c.Subprotocol(), resp.Header)
		}
		if _, got, err := c.Read(context.Background()); string(got) != "hello" || err != nil {
			t.Errorf("got %q, %v", got, err)
		}
		if err := c.Write(context.Background(), websocket.Text, []byte("hi")); err != nil {
			t.Error(err)
		}
		synctest.Wait()
	})
}

// dialOver returns options that use nc.
func dialOver(nc net.Conn, protocols ...string) *websocket.DialOptions {
	return &websocket.DialOptions{
		Subprotocols: protocols,
		Proxy:        func(*http.Request) (*url.URL, error) { return nil, nil },
		NetDial:      func(context.Context, string, string) (net.Conn, error) { return nc, nil },
	}
}

func TestPeerAcceptReplaces(t *testing.T) {
	const request = "GET / HTTP/1.1\r\nHost: h\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
	for _, test := range []struct {
		name   string
		header http.Header
		want   []string // fields in the order in which net/http writes them
	}{
		{"nothing", nil, []string{
			"Connection: Upgrade", "Sec-Websocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "Upgrade: websocket",
		}},
		{"fields", http.Header{"Upgrade": {"a", "b"}, "sec-websocket-ACCEPT": {"c"}}, []string{
			"Connection: Upgrade", "Upgrade: a", "Upgrade: b", "sec-websocket-ACCEPT: c",
		}},
		{"by nothing", http.Header{"Upgrade": nil, "connection": {}, "Sec-Websocket-Accept": nil, "X": {""}}, []string{
			"X: ",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ours, theirs := net.Pipe()
				defer theirs.Close()
				go func() {
					p := wstest.NewPeer(t, ours, wire.Server)
					p.Accept(test.header)
					p.Expect(wire.OpPing, true, "early") // came with the request
					ours.Close()
				}()
				ping := wstest.NewPeer(t, nil, wire.Client).Frame(wire.OpPing, true, "early")
				io.WriteString(theirs, request+string(ping))
				got, err := io.ReadAll(theirs)
				want := strings.Join(append([]string{"HTTP/1.1 101 Switching Protocols"}, test.want...), "\r\n") + "\r\n\r\n"
				if string(got) != want || err != nil {
					t.Errorf("got %q, %v; want %q", got, err, want)
				}
			})
		})
	}
}

func TestPeerDial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		defer ours.Close()
		ln := make(oneListener, 1)
		ln <- theirs
		mux := http.NewServeMux()
		mux.Handle("example.com/rooms/{room}", websocket.Handler{
			Serve: func(ctx context.Context, c *websocket.Conn) error {
				return c.Write(ctx, websocket.Text, []byte("hello"))
			},
			Options: &websocket.AcceptOptions{Subprotocols: []string{"chat"}},
		})
		s := &http.Server{Handler: mux}
		go s.Serve(ln)
		defer s.Close()
		p := wstest.NewPeer(t, ours, wire.Client)
		resp := p.Dial("/rooms/1?name=a", http.Header{"Sec-Websocket-Protocol": {"chat"}})
		key := resp.Request.Header.Get("Sec-WebSocket-Key")
		if resp.StatusCode != 101 || resp.Header.Get("Sec-WebSocket-Protocol") != "chat" ||
			resp.Header.Get("Sec-WebSocket-Accept") != wire.AcceptKey(key) {
			t.Errorf("got %v %v", resp.Status, resp.Header)
		}
		p.Expect(wire.OpText, true, "hello")
		p.ExpectClose(1000)
		p.SendClose(1000, "")
		p.ExpectEOF()
	})
}

// A oneListener returns the connections in it and then waits for Close.
type oneListener chan net.Conn

func (l oneListener) Close() error   { close(l); return nil }
func (l oneListener) Addr() net.Addr { return &net.UnixAddr{} }
func (l oneListener) Accept() (net.Conn, error) {
	if nc, ok := <-l; ok {
		return nc, nil
	}
	return nil, net.ErrClosed
}

func TestPeerDialSends(t *testing.T) {
	for _, test := range []struct {
		name   string
		header http.Header
		want   string
	}{
		{"correct fields", nil, "GET / HTTP/1.1\r\nConnection: Upgrade\r\nHost: example.com\r\n" +
			"Sec-Websocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-Websocket-Version: 13\r\nUpgrade: websocket\r\n\r\n"},
		{"others", http.Header{"Host": {"h"}, "connection": nil, "sec-websocket-key": {"k", "l"}, "Upgrade": {"x"}},
			"GET / HTTP/1.1\r\nHost: h\r\nSec-Websocket-Version: 13\r\nUpgrade: x\r\n" +
				"sec-websocket-key: k\r\nsec-websocket-key: l\r\n\r\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ours, theirs := net.Pipe()
				defer ours.Close()
				go func() {
					br := bufio.NewReader(theirs)
					var got string
					for !strings.HasSuffix(got, "\r\n\r\n") {
						line, err := br.ReadString('\n')
						if got += line; err != nil {
							break
						}
					}
					if got != test.want {
						t.Errorf("got %q, want %q", got, test.want)
					}
					io.WriteString(theirs, "HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\nno\x89\x00")
					theirs.Close()
				}()
				p := wstest.NewPeer(t, ours, wire.Client)
				resp := p.Dial("/", test.header)
				body, err := io.ReadAll(resp.Body)
				if resp.StatusCode != 400 || string(body) != "no" || err != nil {
					t.Errorf("got %v %q, %v", resp.Status, body, err)
				}
				p.Expect(wire.OpPing, true, "")
				p.ExpectEOF()
			})
		})
	}
}

// Accept leaves the transport without a deadline, and the body of a request in the stream.
func TestPeerAcceptLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		defer ours.Close()
		defer theirs.Close()
		go func() {
			io.WriteString(theirs, "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\n\x89\x80\x01\x02\x03\x04")
			theirs.Read(make([]byte, 1000))
		}()
		p := wstest.NewPeer(t, ours, wire.Server)
		req := p.Accept(nil)
		if body, err := io.ReadAll(req.Body); len(body) > 0 || err != nil {
			t.Errorf("got body %q, %v, want none", body, err)
		}
		time.Sleep(time.Hour)
		go io.WriteString(theirs, "a")
		if _, err := p.NetConn().Read(make([]byte, 1)); err != nil {
			t.Error(err)
		}
		p.Expect(wire.OpPing, true, "") // which Accept has read
	})
}

// A frame may come before the opening handshake, if a test wants it.
func TestPeerDialKeepsBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		defer ours.Close()
		server := wstest.NewPeer(t, theirs, wire.Server)
		long := strings.Repeat("x", 3000)
		go func() {
			defer theirs.Close()
			var b []byte
			b = append(b, server.Frame(wire.OpPing, true, "")...)
			b = append(b, "HTTP/1.1 101 Switching Protocols\r\n\r\n"...)
			b = append(b, server.Frame(wire.OpText, true, long)...)
			server.Write(b)
			io.Copy(io.Discard, theirs)
		}()
		p := wstest.NewPeer(t, ours, wire.Client)
		p.Expect(wire.OpPing, true, "")
		if resp := p.Dial("/", nil); resp.StatusCode != 101 {
			t.Errorf("got %v", resp.Status)
		}
		p.Expect(wire.OpText, true, long)
	})
}

func TestPeerAcceptFails(t *testing.T) {
	for _, test := range []struct {
		name   string
		stream string
		end    bool
		want   string
	}{
		{"no request", "", true, "EOF"},
		{"silence", "GET / HTTP/1.1\r\nHost:", false, "timeout"},
		{"no HTTP", "hello\r\n\r\n", false, "malformed"},
		{"too large", "GET / HTTP/1.1\r\nA: " + strings.Repeat("x", 64<<10) + "\r\n\r\n", false, "larger"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := failing(t, wire.Server, test.stream, test.end, func(p *wstest.Peer) { p.Accept(nil) })
			if !got.ended || !strings.Contains(got.text, "peer: reading a request: ") || !strings.Contains(got.text, test.want) {
				t.Errorf("reported %q, ended %v; want %q", got.text, got.ended, test.want)
			}
		})
	}
}

func TestPeerDialFails(t *testing.T) {
	for _, test := range []struct {
		name   string
		stream string
		end    bool
		want   string
	}{
		{"no response", "", true, "EOF"},
		{"silence", "HTTP/1.1 200 OK\r\n\r\nbody", false, "timeout"},
		{"half a body", "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\na", true, "EOF"},
		{"too large", "HTTP/1.1 101 OK\r\nA: " + strings.Repeat("x", 64<<10) + "\r\n\r\n", false, "larger"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := failing(t, wire.Client, test.stream, test.end, func(p *wstest.Peer) { p.Dial("/", nil) })
			if !got.ended || !strings.Contains(got.text, "peer: reading a response: ") || !strings.Contains(got.text, test.want) {
				t.Errorf("reported %q, ended %v; want %q", got.text, got.ended, test.want)
			}
		})
	}
}
