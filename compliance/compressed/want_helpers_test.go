package compressed

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hawser-ws/hawser/deflate"
	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

const (
	takeover   = "permessage-deflate"
	noTakeover = "permessage-deflate; client_no_context_takeover; server_no_context_takeover"
	none       = "-" // the peer offers or accepts no extension
)

// extensionFor returns an extension that agrees to the windows of a peer's params: the largest, or that of
// client_max_window_bits, which a server must ask for.
func extensionFor(params string) *deflate.Extension {
	bits := 0
	if _, value, ok := strings.Cut(params, "client_max_window_bits="); ok {
		_, _ = fmt.Sscan(strings.ReplaceAll(value, ";", " "), &bits)
	}
	return extensions[bits]
}

// extensions are the results of extensionFor. As in a program, connections share their pools.
var extensions = func() (es [16]*deflate.Extension) {
	for bits := range es {
		if bits == 0 || bits >= 8 {
			es[bits] = deflate.MustNew(&deflate.Options{WindowBits: 15, MaxReceiveWindowBits: bits})
		}
	}
	return es
}()

// A failure is a stream from the peer on which a Conn must fail the connection.
type failure struct {
	name   string
	plain  bool                 // the Conn has no extension
	params string               // of the peer; "" means takeover
	before []string             // the messages that the Conn reads before the fault
	stream func(p *peer) []byte // the messages of before, then the fault
	code   wire.StatusCode      // of the close frame
	cause  error                // the error that the Conn's error wraps; nil: a deflate.Error
}

// wantFailure sends the stream of r to a Conn, in each role and for each way to read. The Conn must read the
// messages of before, then fail with a close frame and the end of the stream, never with a reset, whether or
// not the peer sends more after the fault.
func wantFailure(t *testing.T, r failure) {
	switch r.params {
	case "":
		r.params = takeover
	case none:
		r.params = ""
	}
	for _, role := range roles {
		for _, way := range ways {
			for _, more := range []int{0, 300_000} {
				if more > 0 && way.name != "Read" {
					continue // one way to read is enough
				}
				t.Run(fmt.Sprintf("%s/%v/%s/more=%d", r.name, role, way.name, more), func(t *testing.T) {
					s := setup{role: role, ext: extensionFor(r.params), params: r.params}
					if r.plain {
						s.ext = nil
					}
					ctx := testContext(t)
					c, p := connect(t, s)
					done := start(func() error {
						stream := append(r.stream(p), bytes.Repeat([]byte{0xff}, more)...)
						if _, err := p.nc.Write(stream); err != nil {
							return fmt.Errorf("peer: write: %w", err)
						}
						_, err := p.expectEnd(r.code)
						return err
					})
					for _, want := range r.before {
						if diff := readDiff(ctx, c, way, want); diff != "" {
							t.Fatal(diff)
						}
					}
					_, _, err := way.read(ctx, c)
					checkFault(t, err, r.code, r.cause)
					if err := <-done; err != nil {
						t.Error(err)
					}
				})
			}
		}
	}
}

// readDiff reads a message and describes how it differs from want, or returns "".
func readDiff(ctx context.Context, c *websocket.Conn, way way, want string) string {
	_, b, err := way.read(ctx, c)
	if err != nil {
		return fmt.Sprintf("got %v, want the message %.50q", err, want)
	}
	if diff := cmp.Diff(want, string(b)); diff != "" {
		return "the message differs (-want +got):\n" + diff
	}
	return ""
}

func checkFault(t *testing.T, err error, code wire.StatusCode, cause error) {
	t.Helper()
	var e *websocket.Error
	var d *deflate.Error
	switch {
	case !errors.As(err, &e) || e.Code != code || !errors.Is(err, net.ErrClosed):
		t.Errorf("the error is %v, want a websocket.Error with %v", err, code)
	case cause != nil && !errors.Is(err, cause), cause == nil && !errors.As(err, &d):
		t.Errorf("the error is %v, want the cause %v (nil: a deflate.Error)", err, cause)
	}
}

// wantMessages sends the stream to a Conn, in each role and for each way to read. The Conn must read the
// messages of want, and the closing handshake must succeed.
func wantMessages(t *testing.T, name, params string, stream func(p *peer) []byte, want ...string) {
	for _, role := range roles {
		for _, way := range ways {
			t.Run(fmt.Sprintf("%s/%v/%s", name, role, way.name), func(t *testing.T) {
				ctx := testContext(t)
				c, p := connect(t, setup{role: role, ext: extensionFor(params), params: params})
				done := start(func() error {
					if _, err := p.nc.Write(stream(p)); err != nil {
						return fmt.Errorf("peer: write: %w", err)
					}
					return p.closeHandshake()
				})
				for _, want := range want {
					if diff := readDiff(ctx, c, way, want); diff != "" {
						t.Error(diff)
					}
				}
				_, _, err := way.read(ctx, c)
				var e *websocket.CloseError
				if way.name == "Messages" && err != net.ErrClosed ||
					way.name != "Messages" && (!errors.As(err, &e) || e.Code != wire.StatusNormalClosure) {
					t.Errorf("after the messages: %v, want the end with %v", err, wire.StatusNormalClosure)
				}
				if err := <-done; err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// whole makes a stream of unfragmented messages. The first byte of each is first, with FIN.
func whole(first byte, payloads ...string) func(p *peer) []byte {
	return func(p *peer) (b []byte) {
		for _, z := range payloads {
			b = p.appendFrame(b, fin|first, []byte(z))
		}
		return b
	}
}

// frames makes a stream of frames, each given as its first byte and its payload.
func frames(fs ...string) func(p *peer) []byte {
	return func(p *peer) (b []byte) {
		for _, f := range fs {
			b = p.appendFrame(b, f[0], []byte(f[1:]))
		}
		return b
	}
}

// frame returns a frame for frames.
func frame(first byte, payload string) string { return string([]byte{first}) + payload }

// The payloads of RFC 7692, section 7.2.3, all of which inflate to "Hello".
const (
	hello       = "\xf2\x48\xcd\xc9\xc9\x07\x00"                         // 7.2.3.1
	helloAgain  = "\xf2\x00\x11\x00\x00"                                 // 7.2.3.2, after another
	helloStored = "\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00"         // 7.2.3.3
	helloFinal  = "\xf3\x48\xcd\xc9\xc9\x07\x00\x00"                     // 7.2.3.4
	helloTwo    = "\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00" // 7.2.3.5
)

// unfinishedBlock returns s in a block of fixed codes that has no end.
func unfinishedBlock(s string) string { return fixedBlock().literals(s).data() }

// literalMessage returns the payload of the message s, in fixed codes.
func literalMessage(s string) string {
	return fixedBlock().literals(s).endBlock().message()
}

// pieces cuts s into n pieces.
func pieces(s string, n int) (out []string) {
	for i := n; i > 0; i-- {
		k := len(s) / i
		out, s = append(out, s[:k]), s[k:]
	}
	return out
}

// inFrames makes the stream of one message with the given fragments.
func inFrames(first byte, parts ...string) func(p *peer) []byte {
	return func(p *peer) (b []byte) {
		for i, z := range parts {
			f := continuation
			if i == 0 {
				f = first
			}
			if i == len(parts)-1 {
				f |= fin
			}
			b = p.appendFrame(b, f, []byte(z))
		}
		return b
	}
}
