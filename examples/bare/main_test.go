package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire/handshake"
)

const request = "GET / HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"

// listen serves on a free port until the test ends.
func listen(t *testing.T) (addr string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		serve(ln, "https://example.com")
	}()
	t.Cleanup(func() {
		ln.Close()
		<-done
	})
	return ln.Addr().String()
}

// A client connects, and its messages come back.
func TestEcho(t *testing.T) {
	url := "ws://" + listen(t)
	for _, origin := range []string{"", "https://example.com"} {
		opts := &websocket.DialOptions{Header: http.Header{}}
		if origin != "" {
			opts.Header.Set("Origin", origin)
		}
		c, _, err := websocket.Dial(t.Context(), url, opts)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{"hello", strings.Repeat("x", 100_000)} {
			err := c.Write(t.Context(), websocket.Text, []byte(text))
			typ, p, readErr := c.Read(t.Context())
			if err != nil || readErr != nil || typ != websocket.Text || string(p) != text {
				t.Errorf("%v of %d bytes, %v, %v, want %d bytes", typ, len(p), err, readErr, len(text))
			}
		}
		if err := c.Close(t.Context(), websocket.StatusNormalClosure, ""); err != nil {
			t.Error(err)
		}
	}
}

// Requests that may not connect get a response with the reason.
func TestRefusals(t *testing.T) {
	addr := listen(t)
	for _, test := range []struct {
		request, want string
		status        int
	}{
		{request + "Origin: https://evil.example\r\n\r\n", "this Origin may not connect", 403},
		{"GET / HTTP/1.1\r\nHost: example.com\r\n\r\n", "Upgrade does not name websocket", 426},
		{request + "Content-Length: 0\r\n\r\n", "a request with a body", 400},
		{request + "Cookie: " + strings.Repeat("c", 9000), "header fields are too large", 431},
		{"GET /" + strings.Repeat("a", 9000), "request line is too long", 414},
	} {
		nc, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		if _, err := io.WriteString(nc, test.request); err != nil {
			t.Fatal(err)
		}
		br := bufio.NewReader(nc)
		resp, err := http.ReadResponse(br, nil)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != test.status || !strings.Contains(string(body), test.want) {
			t.Errorf("%.80q: %s %q, %v, want %d %q", test.request, resp.Status, body, err, test.status, test.want)
		}
		if _, err := br.ReadByte(); err != io.EOF { // not a reset
			t.Errorf("%.80q: the connection ends with %v, want io.EOF", test.request, err)
		}
	}
}

// A halfCloser is one end of a net.Pipe with a CloseWrite that does nothing.
type halfCloser struct{ net.Conn }

func (halfCloser) CloseWrite() error { return nil }

// After a refusal the server reads what the client is still sending, for a limited time and up to a limited
// size.
func TestLinger(t *testing.T) {
	for _, test := range []struct {
		sent int
		ends bool // the client ends the connection
		want time.Duration
	}{
		{100_000, true, 0},
		{100_000, false, lingerTime},
		{lingerBytes, false, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			client, server := net.Pipe()
			defer client.Close()
			go func() {
				_, _ = io.WriteString(client, "GET\r\n")
				_, err := http.ReadResponse(bufio.NewReader(client), nil)
				n, writeErr := client.Write(make([]byte, test.sent))
				if err != nil || writeErr != nil {
					t.Errorf("the client sent %d of %d bytes: %v, %v", n, test.sent, err, writeErr)
				}
				if test.ends {
					client.Close()
				}
			}()
			start := time.Now()
			_, err := accept(t.Context(), halfCloser{server}, "")
			var refusal *handshake.Error
			if d := time.Since(start); !errors.As(err, &refusal) || refusal.Status != 400 || d != test.want {
				t.Errorf("%d bytes: %v after %v, want status 400 after %v", test.sent, err, d, test.want)
			}
			server.Close()
			synctest.Wait()
		})
	}
}

// A frame that the client sends with its request is a message, however the bytes arrive.
func TestEarlyFrames(t *testing.T) {
	data := request + "\r\n\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58" // Hello
	for _, step := range []int{1, 100, len(data)} {
		client, server := net.Pipe()
		go func() {
			for rest := data; rest != ""; rest = rest[min(step, len(rest)):] {
				_, _ = io.WriteString(client, rest[:min(step, len(rest))])
			}
		}()
		answered := make(chan string, 1)
		go func() {
			br := bufio.NewReader(client)
			resp, err := http.ReadResponse(br, nil)
			answered <- fmt.Sprint(resp.Status, err)
			_, _ = io.Copy(io.Discard, br)
		}()
		c, err := accept(t.Context(), server, "")
		if err != nil {
			t.Fatal(err)
		}
		for range 10 { // another connection may use the buffer
			clear(heads.Get().(*[handshake.DefaultMaxSize]byte)[:])
		}
		if got := <-answered; !strings.HasPrefix(got, "101 ") {
			t.Errorf("answered %s", got)
		}
		if _, p, err := c.Read(t.Context()); err != nil || string(p) != "Hello" {
			t.Errorf("%d bytes at a time: %q, %v", step, p, err)
		}
		c.CloseNow()
		client.Close()
	}
}

// A client that does not complete its request, or ends the connection, gets no Conn.
func TestIncomplete(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := net.Pipe()
		defer client.Close()
		defer server.Close()
		go io.WriteString(client, request)
		start := time.Now()
		_, err := accept(context.Background(), server, "")
		if d := time.Since(start); !errors.Is(err, os.ErrDeadlineExceeded) || d != handshakeTimeout {
			t.Errorf("%v after %v, want a timeout", err, d)
		}
	})
	client, server := net.Pipe()
	go func() {
		_, _ = io.WriteString(client, request)
		client.Close()
	}()
	if _, err := accept(t.Context(), server, ""); err != io.EOF {
		t.Errorf("%v, want io.EOF", err)
	}
}
