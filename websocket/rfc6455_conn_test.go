package websocket_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// This file and rfc6455_conn_close_test.go have one test for each MUST of RFC 6455, sections 5 to
// 7, about an open connection. Each test begins with the sentence and its section. Package wire
// also tests the rules about the bytes alone, one by one.

// wantFailed checks that a Conn with the given role fails the connection when it reads the bytes
// of send. It must send a close frame and end the stream.
func wantFailed(t *testing.T, role wire.Role, code StatusCode, send func(p *peer) []byte) {
	t.Helper()
	c, p := newPeer(t, role, Limits{})
	read := startRead(context.Background(), c)
	p.Write(send(p))
	p.ExpectClose(code)
	p.ExpectEOF()
	if g := <-read; !errors.Is(g.err, net.ErrClosed) {
		t.Errorf("Read: got %+v, want net.ErrClosed", g)
	}
}

// sendAllKinds makes c send frames of every kind, and returns their headers.
func sendAllKinds(t *testing.T, c *Conn, p *peer) (all []wire.Header) {
	t.Helper()
	ctx := context.Background()
	startRead(ctx, c)
	done := start(func() error {
		var errs []error
		for _, n := range []int{0, 125, 126, 65535, 65536} {
			errs = append(errs, c.Write(ctx, Binary, make([]byte, n)), c.Write(ctx, Text, make([]byte, n)))
		}
		w, err := c.Writer(ctx, Text)
		_, err2 := io.WriteString(w, strings.Repeat("x", 2*blockSize))
		return errors.Join(append(errs, err, err2, w.Close())...)
	})
	next := func() {
		h, _ := p.mustNext()
		all = append(all, h)
	}
	for range 13 {
		next()
	}
	noError(t, <-done)
	startPing(ctx, c)
	next()
	p.Send(wire.OpPing, true, "ping")
	next()
	go c.Close(ctx, StatusNormalClosure, "bye")
	next()
	return all
}

// "[A] client MUST mask all frames that it sends to the server"
// https://www.rfc-editor.org/rfc/rfc6455#section-5.1
func TestRFC6455ConnClientMasks(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c, p := newPeer(t, wire.Client, Limits{})
		for _, h := range sendAllKinds(t, c, p) {
			if !h.Masked {
				t.Errorf("got header %+v, want a masked frame", h)
			}
		}
	})
}

// "The server MUST close the connection upon receiving a frame that is not
// masked."
// https://www.rfc-editor.org/rfc/rfc6455#section-5.1
func TestRFC6455ConnServerWantsMask(t *testing.T) {
	bubble(t, func(t *testing.T) {
		wantFailed(t, wire.Server, StatusProtocolError, flipped(0x81, "Hello"))
	})
}

// "A server MUST NOT mask any frames that it sends to the client."
// https://www.rfc-editor.org/rfc/rfc6455#section-5.1
func TestRFC6455ConnServerDoesNotMask(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c, p := newPeer(t, wire.Server, Limits{})
		for _, h := range sendAllKinds(t, c, p) {
			if h.Masked {
				t.Errorf("got header %+v, want a frame that is not masked", h)
			}
		}
	})
}

// "A client MUST close a connection if it detects a masked frame."
// https://www.rfc-editor.org/rfc/rfc6455#section-5.1
func TestRFC6455ConnClientWantsNoMask(t *testing.T) {
	bubble(t, func(t *testing.T) {
		wantFailed(t, wire.Client, StatusProtocolError, flipped(0x81, "Hello"))
	})
}

// "MUST be 0 unless an extension is negotiated that defines meanings for non-zero
// values. If a nonzero value is received and none of the negotiated extensions
// defines the meaning of such a nonzero value, the receiving endpoint MUST _Fail
// the WebSocket Connection_."
// https://www.rfc-editor.org/rfc/rfc6455#section-5.2
func TestRFC6455ConnReservedBits(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{})
		for _, h := range sendAllKinds(t, c, p) {
			if h.RSV != 0 {
				t.Errorf("got header %+v, want no reserved bits", h)
			}
		}
		for _, b0 := range []string{"\xc1", "\xa2", "\x99"} {
			wantFailed(t, role, StatusProtocolError, frames(b0, "x"))
		}
	})
}

// "If an unknown opcode is received, the receiving endpoint MUST _Fail the
// WebSocket Connection_."
// https://www.rfc-editor.org/rfc/rfc6455#section-5.2
func TestRFC6455ConnOpcodes(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		for _, b0 := range []string{
			"\x83", "\x84", "\x85", "\x86", "\x87", "\x8b", "\x8c", "\x8d", "\x8e", "\x8f",
		} {
			wantFailed(t, role, StatusProtocolError, frames(b0, ""))
		}
	})
}

// "[The] following 8 bytes interpreted as a 64-bit unsigned integer (the most
// significant bit MUST be 0) are the payload length."
// https://www.rfc-editor.org/rfc/rfc6455#section-5.2
func TestRFC6455ConnTopBit(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		wantFailed(t, role, StatusProtocolError, length(8, 1<<63, ""))
	})
}

// "[In] all cases, the minimal number of bytes MUST be used to encode the length"
// https://www.rfc-editor.org/rfc/rfc6455#section-5.2
func TestRFC6455ConnMinimalLength(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{})
		sendAllKinds(t, c, p) // the peer's parser refuses lengths that are not minimal
		wantFailed(t, role, StatusProtocolError, length(2, 124, strings.Repeat("x", 124)))
	})
}

// "When preparing a masked frame, the client MUST pick a fresh masking key from
// the set of allowed 32-bit values."
// https://www.rfc-editor.org/rfc/rfc6455#section-5.3
func TestRFC6455ConnFreshKeys(t *testing.T) {
	bubble(t, func(t *testing.T) {
		seen := map[[4]byte]bool{}
		for range 20 {
			c, p := newPeer(t, wire.Client, Limits{})
			for _, h := range sendAllKinds(t, c, p) {
				if seen[h.Key] {
					t.Errorf("got masking key %x twice, want a new key", h.Key)
				}
				seen[h.Key] = true
			}
			c.CloseNow()
		}
	})
}

// "[The] masking key MUST be derived from a strong source of entropy, and the
// masking key for a given frame MUST NOT make it simple for a server/proxy to
// predict the masking key for a subsequent frame."
// https://www.rfc-editor.org/rfc/rfc6455#section-5.3
func TestRFC6455ConnUnpredictableKeys(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c, p := newPeer(t, wire.Client, Limits{})
		const n = 2000
		go func() {
			for range n {
				c.Write(context.Background(), Binary, nil)
			}
		}()
		// Each bit is set in half of the keys, and differs from the same bit of the last key in
		// half of them. The test allows 7 standard deviations.
		var set, changed [32]int
		var last [4]byte
		for range n {
			h, _ := p.mustNext()
			for i := range 32 {
				set[i] += int(h.Key[i/8] >> (i % 8) & 1)
				changed[i] += int((h.Key[i/8] ^ last[i/8]) >> (i % 8) & 1)
			}
			last = h.Key
		}
		for i := range 32 {
			if max(set[i], changed[i]) > n/2+160 || min(set[i], changed[i]) < n/2-160 {
				t.Errorf("bit %d is set in %d of %d keys and changes in %d, want about half",
					i, set[i], n, changed[i])
			}
		}
	})
}

// "Control frames themselves MUST NOT be fragmented."
// https://www.rfc-editor.org/rfc/rfc6455#section-5.4
func TestRFC6455ConnControlNotFragmented(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{})
		for _, h := range sendAllKinds(t, c, p) {
			if h.Opcode.IsControl() && !h.Fin {
				t.Errorf("got header %+v, want control frames with FIN", h)
			}
		}
		wantFailed(t, role, StatusProtocolError, frames("\x09", "pi", "\x80", "ng"))
	})
}

// "Message fragments MUST be delivered to the recipient in the order sent by the
// sender."
// https://www.rfc-editor.org/rfc/rfc6455#section-5.4
func TestRFC6455ConnFragmentOrder(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{})
		read := startRead(context.Background(), c)
		p.Write(frames("\x01", "a", "\x00", "b", "\x89", "", "\x00", "c", "\x80", "d")(p))
		p.Expect(wire.OpPong, true, "")
		if g := <-read; g != (received{Text, "abcd", nil}) {
			t.Errorf("got %+v, want %q", g, "abcd")
		}
		go func() {
			w, _ := c.Writer(context.Background(), Text)
			for _, s := range []string{"a", "b", "c", "d"} {
				io.WriteString(w, s)
				w.Flush()
			}
			w.Close()
		}()
		p.Expect(wire.OpText, false, "a")
		p.Expect(wire.OpContinuation, false, "b")
		p.Expect(wire.OpContinuation, false, "c")
		p.Expect(wire.OpContinuation, false, "d")
		p.Expect(wire.OpContinuation, true, "")
	})
}

// "The fragments of one message MUST NOT be interleaved between the fragments of
// another message unless an extension has been negotiated that can interpret the
// interleaving."
// https://www.rfc-editor.org/rfc/rfc6455#section-5.4
func TestRFC6455ConnNoInterleaving(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		wantFailed(t, role, StatusProtocolError, frames("\x01", "a", "\x81", "b", "\x80", "c"))
		c, p := newPeer(t, role, Limits{})
		go func() {
			w, _ := c.Writer(context.Background(), Text)
			io.WriteString(w, "a")
			w.Flush()
			go c.Write(context.Background(), Binary, []byte("another message"))
			synctest.Wait()
			w.Close()
		}()
		p.Expect(wire.OpText, false, "a")
		p.Expect(wire.OpContinuation, true, "")
		p.Expect(wire.OpBinary, true, "another message")
	})
}

// "An endpoint MUST be capable of handling control frames in the middle of a
// fragmented message."
// https://www.rfc-editor.org/rfc/rfc6455#section-5.4
func TestRFC6455ConnControlBetweenFragments(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{})
		read := startRead(context.Background(), c)
		p.Send(wire.OpText, false, "Hel")
		p.Send(wire.OpPing, true, "ping")
		p.Expect(wire.OpPong, true, "ping")
		p.Send(wire.OpContinuation, true, "lo")
		if g := <-read; g != (received{Text, "Hello", nil}) {
			t.Errorf("got %+v, want %q", g, "Hello")
		}
		read = startRead(context.Background(), c)
		p.Send(wire.OpText, false, "Hel")
		p.SendClose(StatusGoingAway, "")
		p.ExpectClose(StatusGoingAway)
		p.nc.Close()
		if g := <-read; !errors.Is(g.err, net.ErrClosed) {
			t.Errorf("got %+v, want net.ErrClosed", g)
		}
	})
}

// "Clients and servers MUST support receiving both fragmented and unfragmented
// messages."
// https://www.rfc-editor.org/rfc/rfc6455#section-5.4
func TestRFC6455ConnBothForms(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{})
		for _, form := range [][]string{{"\x81", "Hello"}, {"\x01", "Hel", "\x80", "lo"}} {
			read := startRead(context.Background(), c)
			p.Write(frames(form...)(p))
			if g := <-read; g != (received{Text, "Hello", nil}) {
				t.Errorf("got %+v, want %q", g, "Hello")
			}
		}
	})
}

// "All control frames MUST have a payload length of 125 bytes or less and MUST NOT
// be fragmented."
// https://www.rfc-editor.org/rfc/rfc6455#section-5.5
func TestRFC6455ConnControlLength(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		wantFailed(t, role, StatusProtocolError, frames("\x89", strings.Repeat("x", 126)))
		c, p := newPeer(t, role, Limits{})
		go c.Close(context.Background(), StatusNormalClosure, strings.Repeat("x", 1000))
		if h, _, err := p.Next(); err != nil || h.Length > 125 || !h.Fin {
			t.Errorf("got header %+v, %v, want at most 125 bytes and FIN", h, err)
		}
	})
}

// "If there is a body, the first two bytes of the body MUST be a 2-byte unsigned
// integer (in network byte order) representing a status code with value /code/
// defined in Section 7.4."
// https://www.rfc-editor.org/rfc/rfc6455#section-5.5.1
func TestRFC6455ConnCloseBody(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		wantFailed(t, role, StatusProtocolError, frames("\x88", "\x03"))
		wantFailed(t, role, StatusProtocolError, frames("\x88", "bye"))
		c, p := newPeer(t, role, Limits{})
		go c.Close(context.Background(), 0x0fa1, "bye")
		p.Expect(wire.OpClose, true, "\x0f\xa1bye")
	})
}

// "The application MUST NOT send any more data frames after sending a Close
// frame."
// https://www.rfc-editor.org/rfc/rfc6455#section-5.5.1
func TestRFC6455ConnNothingAfterClose(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{})
		go c.Close(context.Background(), StatusNormalClosure, "")
		p.ExpectClose(StatusNormalClosure)
		if err := c.Write(context.Background(), Text, []byte("late")); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Write: got %v, want net.ErrClosed", err)
		}
		p.answer()
		if role == wire.Server {
			p.ExpectEOF()
		}
	})
}
