package websocket_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// "If an endpoint receives a Close frame and did not previously send a Close
// frame, the endpoint MUST send a Close frame in response."
// https://www.rfc-editor.org/rfc/rfc6455#section-5.5.1
func TestRFC6455ConnAnswersClose(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{})
		startRead(context.Background(), c)
		p.SendClose(4321, "reason")
		p.ExpectClose(4321)
	})
}

// "After both sending and receiving a Close message, an endpoint considers the
// WebSocket connection closed and MUST close the underlying TCP connection. The
// server MUST close the underlying TCP connection immediately"
// https://www.rfc-editor.org/rfc/rfc6455#section-5.5.1
func TestRFC6455ConnClosesTCP(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		for _, peerFirst := range []bool{true, false} {
			c, p := newPeer(t, role, Limits{})
			begun := time.Now()
			if peerFirst {
				startRead(context.Background(), c)
				p.answer()
				p.ExpectClose(StatusNormalClosure)
			} else {
				go c.Close(context.Background(), StatusNormalClosure, "")
				p.ExpectClose(StatusNormalClosure)
				p.answer()
			}
			p.ExpectEOF()
			if role == wire.Server && time.Since(begun) > 0 {
				t.Errorf("the server closed TCP after %v, want 0", time.Since(begun))
			}
		}
	})
}

// "Upon receipt of a Ping frame, an endpoint MUST send a Pong frame in response,
// unless it already received a Close frame."
// https://www.rfc-editor.org/rfc/rfc6455#section-5.5.2
func TestRFC6455ConnAnswersPing(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{})
		startRead(context.Background(), c)
		p.Send(wire.OpPing, true, "one")
		p.Expect(wire.OpPong, true, "one")
		p.Write(append(p.Frame(wire.OpClose, true, ""), p.Frame(wire.OpPing, true, "late")...))
		p.Expect(wire.OpClose, true, "")
		p.ExpectEOF()
	})
}

// "A Pong frame sent in response to a Ping frame must have identical "Application
// data" as found in the message body of the Ping frame being replied to."
// https://www.rfc-editor.org/rfc/rfc6455#section-5.5.3
func TestRFC6455ConnPongPayload(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{})
		startRead(context.Background(), c)
		for n := range 126 {
			want := string(pattern(n, uint32(n)))
			p.Send(wire.OpPing, true, want)
			p.Expect(wire.OpPong, true, want)
		}
	})
}

// "Note that a particular text frame might include a partial UTF-8 sequence;
// however, the whole message MUST contain valid UTF-8."
// https://www.rfc-editor.org/rfc/rfc6455#section-5.6
func TestRFC6455ConnWholeMessageIsText(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		wantFailed(t, role, StatusInvalidPayload, frames("\x01", "\xe2\x9c", "\x80", "\x88\x88"))
		c, p := newPeer(t, role, Limits{})
		read := startRead(context.Background(), c)
		p.Write(frames("\x01", "\xe2\x9c", "\x80", "\x88")(p))
		if g := <-read; g != (received{Text, "\u2708", nil}) {
			t.Errorf("got %+v, want the text message", g)
		}
	})
}

// "The endpoint MUST ensure the WebSocket connection is in the OPEN state [...] If
// at any point the state of the WebSocket connection changes, the endpoint MUST
// abort the following steps."
// https://www.rfc-editor.org/rfc/rfc6455#section-6.1
func TestRFC6455ConnSendsOnlyWhenOpen(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{})
		w, err := c.Writer(context.Background(), Text)
		if err != nil {
			t.Fatal(err)
		}
		queued := start(func() error { return c.Write(context.Background(), Text, []byte("never")) })
		io.WriteString(w, "never either")
		startRead(context.Background(), c)
		p.answer() // begins the closing handshake here
		p.ExpectClose(StatusNormalClosure)
		if err := w.Close(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("MessageWriter.Close: got %v, want net.ErrClosed", err)
		}
		if err := <-queued; !errors.Is(err, net.ErrClosed) {
			t.Errorf("Write: got %v, want net.ErrClosed", err)
		}
		p.ExpectEOF()
	})
}

// "An endpoint MUST encapsulate the /data/ in a WebSocket frame as defined in
// Section 5.2. [...] The opcode (frame-opcode) of the first frame containing the
// data MUST be set to the appropriate value from Section 5.2 for data that is to
// be interpreted by the recipient as text or binary data. The FIN bit (frame-fin)
// of the last frame containing the data MUST be set to 1 as defined in Section 5.2.
// If the data is being sent by the client, the frame(s) MUST be masked as defined
// in Section 5.3. [...] The frame(s) that have been formed MUST be transmitted over
// the underlying network connection."
// https://www.rfc-editor.org/rfc/rfc6455#section-6.1
func TestRFC6455ConnSend(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{})
		text := strings.Repeat("text", blockSize)
		done := start(func() error {
			err := c.Write(context.Background(), Text, []byte(text))
			w, _ := c.Writer(context.Background(), Binary)
			_, err2 := io.WriteString(w, text[:FragmentSize+1])
			return errors.Join(err, err2, w.Close())
		})
		p.Expect(wire.OpText, true, text)
		p.Expect(wire.OpBinary, false, text[:FragmentSize])
		p.Expect(wire.OpContinuation, true, text[FragmentSize:FragmentSize+1])
		noError(t, <-done)
	})
}

// "Incoming data MUST be parsed as WebSocket frames as defined in Section 5.2. If a
// control frame (Section 5.5) is received, the frame MUST be handled as defined by
// Section 5.5. Upon receiving a data frame (Section 5.6), the endpoint MUST note
// the /type/ of the data as defined by the opcode (frame-opcode) from Section 5.2.
// [...] Subsequent data frames MUST be interpreted as belonging to a new WebSocket
// message."
// https://www.rfc-editor.org/rfc/rfc6455#section-6.2
func TestRFC6455ConnReceive(t *testing.T) {
	for _, style := range readStyles {
		t.Run(style.name, func(t *testing.T) {
			eachRole(t, func(t *testing.T, role wire.Role) {
				c, p := newPeer(t, role, Limits{})
				read := style.make(c)
				stream := frames("\x01", "Hel", "\x89", "ping", "\x80", "lo", "\x82", "\xff",
					"\x02", "", "\x80", "b")
				go p.Write(stream(p))
				first := start(func() received { return read(context.Background()) })
				p.Expect(wire.OpPong, true, "ping")
				for i, want := range []received{
					{Text, "Hello", nil}, {Binary, "\xff", nil}, {Binary, "b", nil},
				} {
					got := received{}
					if i == 0 {
						got = <-first
					} else {
						got = read(context.Background())
					}
					if got != want {
						t.Errorf("got %+v, want %+v", got, want)
					}
				}
			})
		})
	}
}

// "A server MUST remove masking for data frames received from a client as
// described in Section 5.3."
// https://www.rfc-editor.org/rfc/rfc6455#section-6.2
func TestRFC6455ConnUnmask(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c, p := newPeer(t, wire.Server, Limits{})
		for n := range 50 {
			for _, key := range [][4]byte{{}, {0x37, 0xfa, 0x21, 0x3d}, {0, 0, 0, 0xff}} {
				read := startRead(context.Background(), c)
				want := string(pattern(n, 1))
				stream := wire.AppendHeader(nil, wire.Header{
					Fin: true, Opcode: wire.OpBinary, Masked: true, Key: key, Length: int64(n),
				})
				stream = append(stream, want...)
				wire.Mask(stream[len(stream)-n:], key, 0)
				p.Write(stream[:len(stream)/2])
				p.Write(stream[len(stream)/2:])
				if g := <-read; g != (received{Binary, want, nil}) {
					t.Errorf("%d bytes, key %x: got %q, %v, want %q", n, key, g.data, g.err, want)
				}
			}
		}
	})
}

// "[An] endpoint MUST send a Close control frame, as described in Section 5.5.1,
// whose status code is set to /code/ and whose close reason is set to /reason/."
// https://www.rfc-editor.org/rfc/rfc6455#section-7.1.2
func TestRFC6455ConnStartsClose(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{})
		go c.Close(context.Background(), 3456, "the reason")
		if reason := p.ExpectClose(3456); reason != "the reason" {
			t.Errorf("got reason %q, want %q", reason, "the reason")
		}
	})
}

// "To do so, the client MUST _Close the WebSocket Connection_ [...] Similarly, to do
// so, the server MUST _Close the WebSocket Connection_"
// https://www.rfc-editor.org/rfc/rfc6455#section-7.1.7
func TestRFC6455ConnFails(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		wantFailed(t, role, StatusProtocolError, frames("\x80", "orphan"))
	})
}

// "An endpoint MUST NOT continue to attempt to process data (including a responding
// Close frame) from the remote endpoint after being instructed to _Fail the
// WebSocket Connection_."
// https://www.rfc-editor.org/rfc/rfc6455#section-7.1.7
func TestRFC6455ConnNothingAfterFailure(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{})
		read := startRead(context.Background(), c)
		p.Write(frames("\x80", "orphan", "\x89", "ping", "\x81", "text", "\x88", "\x03\xe8")(p))
		p.ExpectClose(StatusProtocolError)
		p.ExpectEOF()
		wantError(t, (<-read).err, "read", wire.ErrUnexpectedContinuation)
		_, _, err := c.Read(context.Background())
		wantError(t, err, "read", wire.ErrUnexpectedContinuation)
		if s := c.Stats(); s.ControlsRead != 0 || s.FramesRead != 0 {
			t.Errorf("got %+v, want no frames read", s)
		}
	})
}

// "If at any point the underlying transport layer connection is unexpectedly lost,
// the client MUST _Fail the WebSocket Connection_."
// https://www.rfc-editor.org/rfc/rfc6455#section-7.2.1
func TestRFC6455ConnLost(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c, p := newPeer(t, wire.Client, Limits{})
		read := startRead(context.Background(), c)
		synctest.Wait()
		p.nc.Close()
		e := wantError(t, (<-read).err, "read", io.ErrUnexpectedEOF)
		if !errors.Is(e, net.ErrClosed) {
			t.Errorf("got %v, want net.ErrClosed", e)
		}
		wantClosed(t, c)
	})
}

// "1005 is a reserved value and MUST NOT be set as a status code in a Close control
// frame by an endpoint." The section says the same of 1006 and 1015.
// https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1
func TestRFC6455ConnLocalCodes(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		for _, code := range []StatusCode{1005, 1006, 1015} {
			c, p := newPeer(t, role, Limits{})
			closed := start(func() error { return c.Close(context.Background(), code, "reason") })
			if code == 1005 {
				p.Expect(wire.OpClose, true, "")
			} else {
				p.ExpectClose(StatusInternalError)
			}
			p.answer()
			p.nc.Close()
			wantError(t, <-closed, "close", wire.ErrCloseCode)
		}
		// A close frame without a code is answered without a code.
		c, p := newPeer(t, role, Limits{})
		startRead(context.Background(), c)
		p.Send(wire.OpClose, true, "")
		p.Expect(wire.OpClose, true, "")
	})
}
