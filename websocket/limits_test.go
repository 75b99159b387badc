package websocket_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// wantLimit checks the error of a read that exceeded a limit. The error has both sizes, its text
// names the option, and the close frame has the same reason.
func wantLimit(t *testing.T, err error, v wire.Violation, option string, size, limit int64, reason string) {
	t.Helper()
	e := wantError(t, err, "read", v)
	var w *wire.Error
	if !errors.As(e, &w) || w.Size != size || w.Limit != limit {
		t.Errorf("got %+v, want size %d over limit %d", w, size, limit)
	}
	if e.Code != v.Code() || !errors.Is(e, net.ErrClosed) || reason != w.Reason() {
		t.Errorf("got error %+v and reason %q, want code %v and the same reason", e, reason, v.Code())
	}
	for _, s := range []string{e.Error(), reason} {
		if !strings.Contains(s, option) || !strings.Contains(s, w.Reason()) {
			t.Errorf("%q does not name %s, %d and %d", s, option, size, limit)
		}
	}
}

// sendAll sends b until the Conn stops reading.
func (p *peer) sendAll(b []byte) <-chan error {
	return start(func() error { _, err := p.nc.Write(b); return err })
}

// A message over MaxMessage ends the connection, in one frame or in fragments.
func TestMaxMessage(t *testing.T) {
	for _, row := range []struct {
		name        string
		max         int64
		frames      []string // payloads of the fragments
		size, limit int64    // in the error; 0 if the message is accepted
	}{
		{name: "default fits", frames: []string{strings.Repeat("x", 1<<20)}},
		{name: "default", frames: []string{strings.Repeat("x", 1<<20+1)}, size: 1<<20 + 1, limit: 1 << 20},
		{name: "fits", max: 10, frames: []string{"0123456789"}},
		{name: "one over", max: 10, frames: []string{"0123456789a"}, size: 11, limit: 10},
		{name: "fragments fit", max: 10, frames: []string{"01234", "", "56789", ""}},
		{name: "fragments", max: 10, frames: []string{"01234", "", "5678", "ab"}, size: 11, limit: 10},
		{name: "first fragment", max: 10, frames: []string{strings.Repeat("x", 200), ""},
			size: 200, limit: 10},
		{name: "none", max: -1, frames: []string{strings.Repeat("x", 1<<20+1), strings.Repeat("y", 1<<20)}},
	} {
		for _, style := range readStyles {
			t.Run(row.name+"/"+style.name, func(t *testing.T) {
				eachRole(t, func(t *testing.T, role wire.Role) {
					c, p := newPeer(t, role, Limits{MaxMessage: row.max})
					read := style.make(c)
					got := start(func() received { return read(context.Background()) })
					var stream []byte
					for i, f := range row.frames {
						op := wire.OpContinuation
						if i == 0 {
							op = wire.OpBinary
						}
						stream = append(stream, p.Frame(op, i == len(row.frames)-1, f)...)
					}
					sent := p.sendAll(stream)
					if row.limit == 0 {
						if g := <-got; g != (received{Binary, strings.Join(row.frames, ""), nil}) {
							t.Errorf("got type %v, %d bytes, %v, want the whole message",
								g.typ, len(g.data), g.err)
						}
						<-sent
						return
					}
					reason := p.ExpectClose(StatusMessageTooBig)
					p.ExpectEOF()
					<-sent
					wantLimit(t, (<-got).err, wire.ErrMessageTooBig, "MaxMessage",
						row.size, row.limit, reason)
					wantClosed(t, c)
				})
			})
		}
	}
}

// A frame whose header announces too large a message is refused before its payload arrives.
func TestMaxMessageAtHeader(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{})
		got := startRead(context.Background(), c)
		p.Write(p.rawFrame(0x82, 8, 1<<40, "", false))
		reason := p.ExpectClose(StatusMessageTooBig)
		p.ExpectEOF()
		wantLimit(t, (<-got).err, wire.ErrMessageTooBig, "MaxMessage", 1<<40, 1<<20, reason)
	})
}

// Without a limit, the length in a header takes no memory until the payload arrives.
func TestAnnouncedSizeCostsNothing(t *testing.T) {
	for _, style := range readStyles {
		t.Run(style.name, func(t *testing.T) {
			eachRole(t, func(t *testing.T, role wire.Role) {
				c, p := newPeer(t, role, Limits{MaxMessage: -1})
				read := style.make(c)
				ctx, cancel := context.WithCancel(context.Background())
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				got := start(func() received { return read(ctx) })
				p.Write(p.rawFrame(0x82, 8, 1<<62, "", false))
				p.Write([]byte("a few bytes"))
				synctest.Wait()
				runtime.ReadMemStats(&after)
				if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20 {
					t.Errorf("%d bytes were allocated, want at most %d", n, 1<<20)
				}
				cancel()
				if g := <-got; !errors.Is(g.err, context.Canceled) || errors.Is(g.err, net.ErrClosed) {
					t.Errorf("got %v, want context.Canceled and an open connection", g.err)
				}
			})
		})
	}
}

// SetMaxMessage applies from the next frame on.
func TestSetMaxMessage(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{MaxMessage: 5})
		read := func(payload string) received {
			got := startRead(context.Background(), c)
			p.sendAll(p.Frame(wire.OpBinary, true, payload))
			return <-got
		}
		if g := read("12345"); g.err != nil {
			t.Fatal(g.err)
		}
		c.SetMaxMessage(6)
		if g := read("123456"); g.err != nil {
			t.Fatal(g.err)
		}
		c.SetMaxMessage(-1)
		if g := read(strings.Repeat("x", 2<<20)); g.err != nil {
			t.Fatal(g.err)
		}
		c.SetMaxMessage(0)
		if g := read(strings.Repeat("x", 1<<20)); g.err != nil {
			t.Fatal(g.err)
		}

		// During a message, the limit applies to its next frame.
		got := startRead(context.Background(), c)
		p.Send(wire.OpBinary, false, strings.Repeat("x", 100))
		synctest.Wait()
		c.SetMaxMessage(50)
		go p.nc.Write(p.Frame(wire.OpContinuation, true, ""))
		reason := p.ExpectClose(StatusMessageTooBig)
		wantLimit(t, (<-got).err, wire.ErrMessageTooBig, "MaxMessage", 100, 50, reason)
	})
}

// MaxEmptyFragments ends a connection whose peer sends 300,000 empty fragments in a row.
func TestMaxEmptyFragments(t *testing.T) {
	for _, row := range []struct {
		name string
		max  int
		want int64
	}{
		{"default", 0, DefaultMaxEmptyFragments},
		{"ten", 10, 10},
		{"none", -1, -1},
	} {
		t.Run(row.name, func(t *testing.T) {
			eachRole(t, func(t *testing.T, role wire.Role) {
				c, p := newPeer(t, role, Limits{MaxEmptyFragments: row.max})
				got := startRead(context.Background(), c)
				stream := p.Frame(wire.OpText, false, "a")
				stream = append(stream, bytes.Repeat(p.Frame(wire.OpContinuation, false, ""), 300_000)...)
				stream = append(stream, p.Frame(wire.OpContinuation, true, "b")...)
				sent := p.sendAll(stream)
				if row.want < 0 {
					if g := <-got; g != (received{Text, "ab", nil}) {
						t.Errorf("got %+v, want the whole message", g)
					}
					<-sent
					return
				}
				reason := p.ExpectClose(StatusPolicyViolation)
				p.ExpectEOF()
				if err := <-sent; err == nil {
					t.Error("the Conn read all frames")
				}
				wantLimit(t, (<-got).err, wire.ErrEmptyFragments, "MaxEmptyFragments",
					row.want+1, row.want, reason)
				wantClosed(t, c)
			})
		})
	}
}

// Up to MaxEmptyFragments empty fragments in a row are allowed, any number of times.
func TestMaxEmptyFragmentsFits(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{})
		got := startRead(context.Background(), c)
		stream := p.Frame(wire.OpText, false, "")
		empties := bytes.Repeat(p.Frame(wire.OpContinuation, false, ""), DefaultMaxEmptyFragments)
		one := len(empties) / DefaultMaxEmptyFragments
		stream = append(stream, empties[one:]...) // the first fragment is empty too
		for range 3 {
			stream = append(stream, p.Frame(wire.OpContinuation, false, "x")...)
			stream = append(stream, empties...)
		}
		stream = append(stream, p.Frame(wire.OpContinuation, true, "")...)
		<-p.sendAll(stream)
		if g := <-got; g != (received{Text, "xxx", nil}) {
			t.Errorf("got %+v, want the whole message", g)
		}
	})
}

// collect reads the frames that the Conn sends until the stream ends. It counts them by opcode
// and returns the last one.
func (p *peer) collect() <-chan collected {
	return start(func() (got collected) {
		for {
			// There is no deadline, because the test decides how much time passes.
			h, payload, err := p.nextFrame()
			if err != nil {
				if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrClosedPipe) {
					p.t.Errorf("peer: %v", err)
				}
				return got
			}
			got.count[h.Opcode]++
			got.last = h
			got.payload = payload
		}
	})
}

type collected struct {
	count   [16]int
	last    wire.Header
	payload []byte
}
