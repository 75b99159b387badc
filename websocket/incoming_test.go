package websocket_test

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"strings"
	"testing"
	"testing/synctest"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// rawFrame returns a frame that may break rules: its first byte is b0, and its length is encoded
// in 1, 2 or 8 bytes, as form says. The frame is masked as the peer's role requires, or the other
// way around if flip is set.
func (p *peer) rawFrame(b0 byte, form int, length uint64, payload string, flip bool) []byte {
	key := [4]byte{1, 2, 3, 4}
	var mask byte
	if (p.role == wire.Client) != flip {
		mask = 0x80
	}
	b := []byte{b0}
	switch form {
	case 1:
		b = append(b, mask|byte(length))
	case 2:
		b = binary.BigEndian.AppendUint16(append(b, mask|126), uint16(length))
	case 8:
		b = binary.BigEndian.AppendUint64(append(b, mask|127), length)
	}
	if mask != 0 {
		b = append(b, key[:]...)
	}
	n := len(b)
	b = append(b, payload...)
	if mask != 0 {
		wire.Mask(b[n:], key, 0)
	}
	return b
}

// A fault is a sequence of bytes that a peer must not send.
type fault struct {
	name  string
	bytes func(p *peer) []byte
	want  wire.Violation
}

// frames returns the bytes of a fault that consists of whole frames. Each pair is the first byte
// and the payload of a frame.
func frames(pairs ...string) func(p *peer) []byte {
	return func(p *peer) (b []byte) {
		for i := 0; i < len(pairs); i += 2 {
			form := 1
			if len(pairs[i+1]) > 125 {
				form = 2
			}
			b = append(b, p.rawFrame(pairs[i][0], form, uint64(len(pairs[i+1])), pairs[i+1], false)...)
		}
		return b
	}
}

func length(form int, n uint64, payload string) func(p *peer) []byte {
	return func(p *peer) []byte { return p.rawFrame(0x82, form, n, payload, false) }
}

func flipped(b0 byte, payload string) func(p *peer) []byte {
	return func(p *peer) []byte { return p.rawFrame(b0, 1, uint64(len(payload)), payload, true) }
}

// wrongMask is replaced by ErrUnmasked or ErrMasked, depending on the role.
const wrongMask wire.Violation = 0

var faults = []fault{
	{"length/top bit", length(8, 1<<63|5, "Hello"), wire.ErrLengthTopBit},
	{"length/top bit alone", length(8, 1<<63, ""), wire.ErrLengthTopBit},
	{"length/all bits", length(8, 1<<64-1, ""), wire.ErrLengthTopBit},
	{"length/16 bits for 5", length(2, 5, "Hello"), wire.ErrLengthNotMinimal},
	{"length/16 bits for 125", length(2, 125, strings.Repeat("x", 125)), wire.ErrLengthNotMinimal},
	{"length/64 bits for 5", length(8, 5, "Hello"), wire.ErrLengthNotMinimal},
	{"length/64 bits for 65535", length(8, 65535, ""), wire.ErrLengthNotMinimal},
	{"mask/text", flipped(0x81, "Hello"), wrongMask},
	{"mask/binary", flipped(0x82, ""), wrongMask},
	{"mask/ping", flipped(0x89, "Hello"), wrongMask},
	{"mask/pong", flipped(0x8a, ""), wrongMask},
	{"mask/close", flipped(0x88, "\x03\xe8"), wrongMask},
	{"mask/fragment", flipped(0x01, "Hello"), wrongMask},
	{"text/one byte", frames("\x81", "\xff"), wire.ErrInvalidUTF8},
	{"text/surrogate", frames("\x81", "ab\xed\xa0\x80"), wire.ErrInvalidUTF8},
	{"text/overlong", frames("\x81", "\xc0\xaf"), wire.ErrInvalidUTF8},
	{"text/cut rune", frames("\x81", "ab\xe2\x82"), wire.ErrInvalidUTF8},
	{"text/rune cut by fragments", frames("\x01", "ab\xe2", "\x80", "\x82"), wire.ErrInvalidUTF8},
	{"text/second fragment", frames("\x01", "ab", "\x00", "cd\xfe", "\x80", ""), wire.ErrInvalidUTF8},
	{"rsv1", frames("\xc1", "a"), wire.ErrReservedBits},
	{"rsv2", frames("\xa1", "a"), wire.ErrReservedBits},
	{"rsv3", frames("\x92", "a"), wire.ErrReservedBits},
	{"rsv1 on ping", frames("\xc9", "a"), wire.ErrReservedBits},
	{"rsv1 on close", frames("\xc8", "\x03\xe8"), wire.ErrReservedBits},
	{"rsv1 on continuation", frames("\x01", "a", "\xc0", "b"), wire.ErrReservedBits},
	{"opcode 3", frames("\x83", "a"), wire.ErrReservedOpcode},
	{"opcode 7", frames("\x07", ""), wire.ErrReservedOpcode},
	{"opcode 11", frames("\x8b", "a"), wire.ErrReservedOpcode},
	{"opcode 15", frames("\x8f", ""), wire.ErrReservedOpcode},
	{"fragments/orphan", frames("\x80", "a"), wire.ErrUnexpectedContinuation},
	{"fragments/orphan without FIN", frames("\x00", "a"), wire.ErrUnexpectedContinuation},
	{"fragments/text within text", frames("\x01", "a", "\x81", "b"), wire.ErrUnfinishedMessage},
	{"fragments/binary within text", frames("\x01", "a", "\x02", "b"), wire.ErrUnfinishedMessage},
	{"fragments/ping", frames("\x09", "a"), wire.ErrControlFragmented},
	{"fragments/pong", frames("\x0a", "a"), wire.ErrControlFragmented},
	{"fragments/close", frames("\x08", "\x03\xe8"), wire.ErrControlFragmented},
	{"control/long ping", frames("\x89", strings.Repeat("p", 126)), wire.ErrControlTooLong},
	{"control/long close", frames("\x88", "\x03\xe8"+strings.Repeat("r", 124)), wire.ErrControlTooLong},
	{"close/one byte", frames("\x88", "\x03"), wire.ErrClosePayload},
	{"close/code 0", frames("\x88", "\x00\x00"), wire.ErrCloseCode},
	{"close/code 999", frames("\x88", "\x03\xe7"), wire.ErrCloseCode},
	{"close/code 1004", frames("\x88", "\x03\xec"), wire.ErrCloseCode},
	{"close/code 1005", frames("\x88", "\x03\xed"), wire.ErrCloseCode},
	{"close/code 1006", frames("\x88", "\x03\xee"), wire.ErrCloseCode},
	{"close/code 1015", frames("\x88", "\x03\xf7"), wire.ErrCloseCode},
	{"close/code 2999", frames("\x88", "\x0b\xb7"), wire.ErrCloseCode},
	{"close/code 5000", frames("\x88", "\x13\x88"), wire.ErrCloseCode},
	{"close/reason", frames("\x88", "\x03\xe8bye \xff"), wire.ErrInvalidUTF8},
	{"close/cut reason", frames("\x88", "\x03\xe8bye \xe2\x82"), wire.ErrInvalidUTF8},
	{"close/reason in a message", frames("\x02", "a", "\x88", "\x03\xe8\xed\xa0\x80"), wire.ErrInvalidUTF8},
}

// Each fault ends the connection. The peer receives a close frame with the right code and a
// reason that states the rule, and then the end of the stream. The reader gets an error with the
// same code and reason, and all other calls get net.ErrClosed. Messages before the fault are
// delivered.
func TestFaults(t *testing.T) {
	for _, f := range faults {
		for _, style := range readStyles {
			t.Run(f.name+"/"+style.name, func(t *testing.T) {
				eachRole(t, func(t *testing.T, role wire.Role) {
					c, p := newPeer(t, role, Limits{})
					read := style.make(c)
					p.testFault(c, f, func() received { return read(context.Background()) })
				})
			})
		}
	}
}

// testFault sends a message and then the fault, and checks everything that must follow.
func (p *peer) testFault(c *Conn, f fault, read func() received) {
	t := p.t
	first := start(read)
	p.Write(append(p.Frame(wire.OpText, true, "first"), f.bytes(p)...))
	if got := <-first; got.err != nil || got.data != "first" || got.typ != Text {
		t.Fatalf("before the fault: got %+v, want the text message", got)
	}
	failed := start(read)
	want := f.want
	if want == wrongMask {
		want = wire.ErrUnmasked
		if p.role == wire.Server {
			want = wire.ErrMasked
		}
	}
	reason := p.ExpectClose(want.Code())
	p.ExpectEOF()
	e := wantError(t, (<-failed).err, "read", want)
	var w *wire.Error
	if !errors.As(e, &w) || w.Code() != want.Code() || w.Reason() != reason || reason == "" {
		t.Errorf("got error %v and reason %q, want the same code and reason in both", e, reason)
	}
	if e.Code != want.Code() || !errors.Is(e, net.ErrClosed) || e.Timeout() || e.Accepted {
		t.Errorf("got error %+v, want code %v and net.ErrClosed", e, want.Code())
	}
	wantClosed(t, c)
	got := read()
	if !errors.Is(got.err, net.ErrClosed) || !errors.Is(got.err, want) && got.err != errLoopEnded {
		t.Errorf("the next read: got error %v, want %v and net.ErrClosed", got.err, want)
	}
}

// Text fails at the first byte that makes it invalid, not at the end of its frame.
func TestFaultAtFirstBadByte(t *testing.T) {
	for _, style := range readStyles {
		t.Run(style.name, func(t *testing.T) {
			eachRole(t, func(t *testing.T, role wire.Role) {
				c, p := newPeer(t, role, Limits{})
				read := style.make(c)
				got := start(func() received { return read(context.Background()) })
				// F4 may begin a rune, but 90 may not follow it.
				text := strings.Repeat("ok ", 30) + "\xf4\x90" + strings.Repeat("x", 1000)
				whole := p.Frame(wire.OpText, false, text)
				at := len(whole) - 1001
				for i := range at {
					p.Write(whole[i : i+1])
				}
				synctest.Wait()
				select {
				case g := <-got:
					t.Fatalf("got %+v before the invalid byte", g)
				default:
				}
				p.Write(whole[at : at+1])
				p.ExpectClose(StatusInvalidPayload)
				p.ExpectEOF()
				e := wantError(t, (<-got).err, "read", wire.ErrInvalidUTF8)
				var w *wire.Error
				if !errors.As(e, &w) || w.Offset != int64(at) {
					t.Errorf("failed at offset %d, want %d: %v", w.Offset, at, e)
				}
				wantClosed(t, c)
			})
		})
	}
}

// The text of a large frame, which is read directly into its destination, fails as early.
func TestFaultInLargeFrame(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{})
		got := startRead(context.Background(), c)
		text := strings.Repeat("text, ", 10_000)
		whole := p.Frame(wire.OpText, true, text+"\xff"+text)
		go p.nc.Write(whole) // the Conn reads only a part of it
		p.ExpectClose(StatusInvalidPayload)
		p.ExpectEOF()
		e := wantError(t, (<-got).err, "read", wire.ErrInvalidUTF8)
		var w *wire.Error
		if at := int64(len(whole) - len(text) - 1); !errors.As(e, &w) || w.Offset != at {
			t.Errorf("failed at offset %d, want %d: %v", w.Offset, at, e)
		}
		wantClosed(t, c)
	})
}

// Bytes that were received with the opening handshake are read first, whether they end with a
// frame or within one.
func TestEarlyBytes(t *testing.T) {
	for _, style := range readStyles {
		t.Run(style.name, func(t *testing.T) {
			eachRole(t, func(t *testing.T, role wire.Role) {
				p := peerOver(t, nil, other(role))
				stream := p.Frame(wire.OpText, true, "one")
				stream = append(stream, p.Frame(wire.OpBinary, true, "two")...)
				for cut := range len(stream) + 1 {
					ours, theirs := net.Pipe()
					c, p := newPeerOver(t, ours, theirs, ConnOptions{
						Role: role, Limits: Limits{}, Early: []byte(string(stream[:cut])),
					})
					sent := start(func() error { _, err := theirs.Write(stream[cut:]); return err })
					read := style.make(c)
					one, two := read(context.Background()), read(context.Background())
					if one != (received{Text, "one", nil}) || two != (received{Binary, "two", nil}) {
						t.Fatalf("cut at byte %d: got %+v and %+v, want both messages", cut, one, two)
					}
					if cut < len(stream) {
						noError(t, <-sent)
					}
					c.CloseNow()
					p.ExpectEOF()
					wantClosed(t, c)
				}
			})
		})
	}
}

// A second reader gets ErrConcurrentRead and does not disturb the first.
func TestConcurrentRead(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{})
		first := startRead(context.Background(), c)
		synctest.Wait()
		for _, style := range readStyles {
			err := style.make(c)(context.Background()).err
			if e := wantError(t, err, "read", ErrConcurrentRead); errors.Is(e, net.ErrClosed) {
				t.Errorf("%s: got %+v, want an open connection", style.name, e)
			}
		}
		p.Send(wire.OpText, true, "for the first")
		if got := <-first; got != (received{Text, "for the first", nil}) {
			t.Errorf("the first reader got %+v, want its message", got)
		}
	})
}

// Messages that are still in a buffer when the connection ends are not delivered afterwards.
func TestNoReadAfterEnd(t *testing.T) {
	for _, style := range readStyles {
		t.Run(style.name, func(t *testing.T) {
			eachRole(t, func(t *testing.T, role wire.Role) {
				c, p := newPeer(t, role, Limits{})
				// An open writer keeps the connection from giving its buffers back.
				w, err := c.Writer(context.Background(), Text)
				if err != nil {
					t.Fatal(err)
				}
				got := startRead(context.Background(), c)
				one := p.Frame(wire.OpText, true, "one")
				p.Write(append(one, p.Frame(wire.OpText, true, "two")...))
				if g := <-got; g != (received{Text, "one", nil}) {
					t.Fatalf("got %+v, want the first message", g)
				}
				c.CloseNow()
				if g := style.make(c)(context.Background()); !errors.Is(g.err, net.ErrClosed) {
					t.Errorf("after the end: got %+v, want net.ErrClosed", g)
				}
				w.Close()
				wantClosed(t, c)
			})
		})
	}
}
