package security

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/hawser-ws/hawser/deflate"
	"github.com/hawser-ws/hawser/fuzz/internal/compose"
	"github.com/hawser-ws/hawser/fuzz/internal/inflate"
	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// A result holds the messages that the server has read, and its last error.
type result struct {
	messages []string
	err      error
}

// An attacker is a client that sends raw bytes to a server with compression.
type attacker struct {
	t       *testing.T
	nc      net.Conn
	br      *bufio.Reader
	results <-chan result
}

// attack opens a connection to a server that reads with Messages if byMessages is set, and with
// Read otherwise. The connection times out after a minute.
func attack(t *testing.T, byMessages bool) *attacker {
	t.Helper()
	results := make(chan result, 1)
	h := websocket.Handler{
		Options: &websocket.AcceptOptions{Extensions: []wire.Extension{deflate.MustNew(nil)}},
		Serve: func(_ context.Context, c *websocket.Conn) error {
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			var r result
			if byMessages {
				for m, err := range c.Messages(ctx) {
					if r.err = err; err == nil {
						r.messages = append(r.messages, string(m.Data))
					}
				}
			}
			for !byMessages && r.err == nil {
				var p []byte
				if _, p, r.err = c.Read(ctx); r.err == nil {
					r.messages = append(r.messages, string(p))
				}
			}
			results <- r
			return r.err
		},
	}
	nc, err := net.Dial("tcp", serve(t, h))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	nc.SetDeadline(time.Now().Add(time.Minute))
	a := &attacker{t: t, nc: nc, br: bufio.NewReader(nc), results: results}
	a.open()
	return a
}

// open performs the opening handshake.
func (a *attacker) open() {
	a.t.Helper()
	io.WriteString(a.nc, "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"+
		"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n")
	resp, err := http.ReadResponse(a.br, nil)
	if err != nil || resp.StatusCode != 101 || resp.Header.Get("Sec-WebSocket-Extensions") == "" {
		a.t.Fatalf("%v, %v", resp, err)
	}
}

// fragments returns a message in fragments of up to n bytes, each with a ping after it.
func fragments(message compose.Frame, n int) (frames []compose.Frame) {
	for first, rest := message.First, message.Payload; ; first = 0 {
		k := min(n, len(rest))
		f := compose.With(first&0x7f, string(rest[:k]))
		if rest = rest[k:]; len(rest) == 0 {
			f.First |= 0x80
		}
		if frames = append(frames, f.Mask(), compose.Ping("").Mask()); len(rest) == 0 {
			return frames
		}
	}
}

// closeCode reads up to the close frame and closes the connection.
func (a *attacker) closeCode() (code wire.StatusCode) {
	a.t.Helper()
	dec := wire.Decoder{Role: wire.Client}
	b := make([]byte, 4096)
	for {
		n, err := a.br.Read(b)
		for p := b[:n]; len(p) > 0; {
			f, took, err := dec.Next(p)
			if err != nil {
				a.t.Fatalf("the server sent an invalid frame: %v", err)
			}
			if p = p[took:]; f.Kind == wire.KindClose {
				code, _, _ = wire.ConsumeClose(f.Payload)
				a.nc.Close()
				return code
			}
		}
		if err != nil {
			a.t.Fatalf("no close frame: %v", err)
		}
	}
}

// TestBomb sends 64 KiB that inflate to 64 MiB, whole and in fragments. The server must
// close with 1009 at the limit of 1 MiB, and allocate no more than 8 MiB.
func TestBomb(t *testing.T) {
	bomb := string(inflate.DeflateZeros(64 << 20))
	binary, text := compose.Binary(bomb).Compressed(), compose.Text(bomb).Compressed()
	for _, byMessages := range []bool{false, true} {
		for name, frames := range map[string][]compose.Frame{
			"one frame":      {binary.Mask()},
			"fragments":      fragments(binary, 1000),
			"tiny fragments": fragments(text, 3),
		} {
			t.Run(name, func(t *testing.T) {
				a := attack(t, byMessages)
				b := compose.Stream(frames...)
				before := allocated()
				go a.nc.Write(b) // the server does not read all of it
				if code := a.closeCode(); code != wire.StatusMessageTooBig {
					t.Errorf("closed with %v", code)
				}
				r := <-a.results
				if grown := allocated() - before; grown > 8<<20 {
					t.Errorf("%d bytes were allocated", grown)
				}
				var w *wire.Error
				if !errors.As(r.err, &w) || w.Violation != wire.ErrMessageTooBig || w.Limit != 1<<20 ||
					w.Size > 1<<20+1 || len(r.messages) > 0 {
					t.Errorf("%d messages, %v", len(r.messages), r.err)
				}
			})
		}
	}
}

func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

// TestNothingAfterDamage checks that nothing is read after a message that cannot be
// inflated, because the two sides no longer share the same state.
func TestNothingAfterDamage(t *testing.T) {
	payload, err := inflate.Deflate(strings.NewReader("good"))
	if err != nil {
		t.Fatal(err)
	}
	good, bad := compose.Text(string(payload)).Compressed().Mask(), compose.Text("\x06").Compressed().Mask()
	for _, byMessages := range []bool{false, true} {
		a := attack(t, byMessages)
		go a.nc.Write(compose.Stream(good, bad, good))
		if code := a.closeCode(); code != wire.StatusInvalidPayload {
			t.Errorf("closed with %v", code)
		}
		r := <-a.results
		var d *deflate.Error
		if !errors.As(r.err, &d) || strings.Join(r.messages, "|") != "good" {
			t.Errorf("%q, %v", r.messages, r.err)
		}
	}
}
