package websocket_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// Messages of every size arrive through the extension, whatever the way of reading, with
// unencoded messages between them.
func TestExtensionReads(t *testing.T) {
	for _, kind := range []string{"tcp", "pipe"} {
		for first, way := range readings {
			t.Run(kind+"/"+way.name, func(t *testing.T) {
				checkLeaks(t)
				client, server, cs, ss := runsPair(t, kind, Limits{})
				cs.minimum = 100
				ctx := bounded(t)
				var want [][]byte
				for i, n := range edges() {
					if i%len(readings) != first {
						continue // for another way of reading
					}
					data := pattern(n, uint32(i)) // encodes to twice its size
					if len(want)%2 == 0 {
						data = bytes.Repeat([]byte{byte(i)}, n) // encodes to fewer bytes
					}
					want = append(want, data)
				}
				written := start(func() error {
					for i, data := range want {
						if err := writeSome(ctx, client, i, data); err != nil {
							return fmt.Errorf("write %d: %w", len(data), err)
						}
					}
					return nil
				})
				for _, data := range want {
					typ, p, err := way.read(ctx, server, len(data))
					if err != nil || typ != Binary || !bytes.Equal(p, data) {
						t.Fatalf("got a %v message of %d bytes, %v; want the %d bytes sent",
							typ, len(p), err, len(data))
					}
				}
				noError(t, <-written)
				server.CloseNow()
				client.CloseNow()
				cs.wantClosed()
				ss.wantClosed()
			})
		}
	}
}

// writeSome writes a message with Write, or with a MessageWriter that may flush, depending
// on i.
func writeSome(ctx context.Context, c *Conn, i int, data []byte) error {
	if i%3 > 0 {
		return c.Write(ctx, Binary, data)
	}
	w, err := c.Writer(ctx, Binary)
	if err != nil {
		return err
	}
	for len(data) > 0 {
		n := min(len(data), 10_000)
		if _, err := w.Write(data[:n]); err != nil {
			return err
		}
		if i%2 == 0 {
			if err := w.Flush(); err != nil {
				return err
			}
		}
		data = data[n:]
	}
	return w.Close()
}

// The reserved bit is set only on the first frame of a message, and only if the extension
// has encoded the message.
func TestExtensionFrames(t *testing.T) {
	for _, role := range roles {
		checkLeaks(t)
		c, p, ours, theirs := runsPeer(t, role, Limits{})
		ours.minimum = 4
		ctx := bounded(t)
		go func() {
			c.Write(ctx, Text, []byte("abc"))
			c.Write(ctx, Text, []byte("aaaa"))
			w, _ := c.Writer(ctx, Binary)
			w.Write([]byte("bb"))
			w.Flush()
			w.Write(pattern(FragmentSize, 0))
			w.Close()
			w, _ = c.Writer(ctx, Binary)
			w.Close()
		}()
		next := func(op wire.Opcode, fin bool, rsv byte) []byte {
			t.Helper()
			h, b, err := p.Next()
			if err != nil || h.Opcode != op || h.Fin != fin || h.RSV != rsv {
				t.Fatalf("got %+v, %v; want %v, fin %v, bits %d", h, err, op, fin, rsv)
			}
			return b
		}
		if got := next(wire.OpText, true, 0); string(got) != "abc" {
			t.Errorf(`unencoded message: got %q, want "abc"`, got)
		}
		if got, want := next(wire.OpText, true, runsBit), theirs.encode("aaaa"); string(got) != want {
			t.Errorf("got % x, want % x", got, want)
		}
		b := next(wire.OpBinary, false, runsBit)
		b = append(b, next(wire.OpContinuation, true, 0)...)
		if want := theirs.encode("bb" + string(pattern(FragmentSize, 0))); string(b) != want {
			t.Error("streamed message: got other bytes")
		}
		if got := next(wire.OpBinary, true, 0); len(got) > 0 {
			t.Errorf("empty message: got % x", got)
		}
	}
}

// An encoded message may be fragmented anywhere, also into empty fragments, with control
// frames between them.
func TestExtensionFragments(t *testing.T) {
	seed := rand.Uint64()
	for round := range uint64(8) {
		checkLeaks(t)
		random := rand.New(rand.NewPCG(seed, round))
		c, p, _, theirs := runsPeer(t, roles[round%2], Limits{})
		var want []string
		var stream []byte
		for i := range 40 {
			data := strings.Repeat("aaß水🌊", random.IntN(1+random.IntN(2000)))
			want = append(want, data)
			b := theirs.encode(data)
			frame := p.extFrame
			if i%5 == 0 {
				theirs.enc = theirs.dec // undo the encoding
				b, frame = data, func(op wire.Opcode, fin bool, payload string) []byte {
					return p.Frame(op, fin, payload)
				}
			}
			theirs.dec = theirs.enc
			op := wire.OpText
			for n := random.IntN(5); n > 0; n-- {
				cut := random.IntN(len(b) + 1)
				stream = append(stream, frame(op, false, b[:cut])...)
				stream = append(stream, p.Frame(wire.OpPong, true, "between")...)
				op, frame, b = wire.OpContinuation, func(op wire.Opcode, fin bool, payload string) []byte {
					return p.Frame(op, fin, payload)
				}, b[cut:]
			}
			stream = append(stream, frame(op, true, b)...)
		}
		s := script{wire: stream}
		go s.play(p, rand.New(rand.NewPCG(seed, round+1)))
		ctx := bounded(t)
		for i, data := range want {
			way := readings[random.IntN(len(readings))]
			if _, got, err := way.read(ctx, c, len(data)); err != nil || string(got) != data {
				t.Fatalf("seed %d, round %d: message %d by %s: got %d bytes, %v; want the %d bytes sent",
					seed, round, i, way.name, len(got), err, len(data))
			}
		}
		c.CloseNow()
	}
}

// MaxMessage limits the decoded size of a message.
func TestExtensionLimit(t *testing.T) {
	const limit = 10_000
	for _, way := range readings {
		t.Run(way.name, func(t *testing.T) {
			checkLeaks(t)
			c, p, ours, theirs := runsPeer(t, wire.Server, Limits{MaxMessage: limit})
			ctx := bounded(t)
			go p.Write(p.extFrame(wire.OpBinary, true, theirs.encode(strings.Repeat("a", limit))))
			if _, b, err := way.read(ctx, c, limit); err != nil || len(b) != limit {
				t.Fatalf("message at the limit: got %d bytes, %v; want %d", len(b), err, limit)
			}
			go func() {
				p.Write(p.extFrame(wire.OpBinary, true, theirs.encode(strings.Repeat("a", limit+1))))
				reason := p.ExpectClose(StatusMessageTooBig)
				if !strings.Contains(reason, "10000") {
					t.Errorf("got reason %q, want one that names the limit", reason)
				}
				p.nc.Close()
			}()
			_, _, err := way.read(ctx, c, limit)
			var e *Error
			var w *wire.Error
			if !errors.As(err, &e) || e.Code != StatusMessageTooBig || !errors.As(err, &w) ||
				w.Violation != wire.ErrMessageTooBig || w.Limit != limit || w.Size <= limit {
				t.Errorf("message over the limit: got %v, want %v with code 1009", err, wire.ErrMessageTooBig)
			}
			wantReleased(t, c)
			ours.wantClosed()
		})
	}
}

// A message that decodes to far more than MaxMessage allocates little more than that.
func TestExtensionBomb(t *testing.T) {
	checkLeaks(t)
	c, p, _, theirs := runsPeer(t, wire.Server, Limits{MaxMessage: 100_000})
	bomb := p.extFrame(wire.OpBinary, true, theirs.encode(strings.Repeat("a", 4<<20)))
	go p.nc.Write(bomb) // not read to its end
	go func() {
		p.ExpectClose(StatusMessageTooBig)
		p.nc.Close()
	}()
	before := allocated()
	if _, _, err := c.Read(bounded(t)); !errors.Is(err, wire.ErrMessageTooBig) {
		t.Fatalf("got %v, want %v", err, wire.ErrMessageTooBig)
	}
	if grown := allocated() - before; grown > 1<<20 {
		t.Errorf("%d bytes were allocated, want %d at most", grown, 1<<20)
	}
}

// SetMaxMessage within a message, below the size read so far, fails the message.
func TestExtensionLimitLowered(t *testing.T) {
	checkLeaks(t)
	c, p, _, theirs := runsPeer(t, wire.Server, Limits{})
	go func() {
		p.Write(p.extFrame(wire.OpBinary, true, theirs.encode(strings.Repeat("a", 1000))))
		p.ExpectClose(StatusMessageTooBig)
		p.nc.Close()
	}()
	r, err := c.Reader(bounded(t))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(r, make([]byte, 500)); err != nil {
		t.Fatal(err)
	}
	c.SetMaxMessage(100)
	if n, err := r.Read(make([]byte, 500)); n != 0 || !errors.Is(err, wire.ErrMessageTooBig) {
		t.Errorf("Read: got %d, %v; want 0, %v", n, err, wire.ErrMessageTooBig)
	}
}

// Text is validated after decoding.
func TestExtensionText(t *testing.T) {
	for _, way := range readings {
		for _, bad := range []string{"\xff", "a\xc3", "水\xf0\x9f\x8c", "ok then \xed\xa0\x80"} {
			checkLeaks(t)
			c, p, ours, theirs := runsPeer(t, wire.Client, Limits{})
			ctx := bounded(t)
			go func() {
				p.Write(p.extFrame(wire.OpText, true, theirs.encode("水🌊")))
				p.Write(p.extFrame(wire.OpBinary, true, theirs.encode(bad)))
				p.Write(p.extFrame(wire.OpText, true, theirs.encode(bad)))
				p.ExpectClose(StatusInvalidPayload)
				p.nc.Close()
			}()
			for _, want := range []string{"水🌊", bad} {
				if _, b, err := way.read(ctx, c, 10); err != nil || string(b) != want {
					t.Fatalf("%s: got %q, %v; want %q", way.name, b, err, want)
				}
			}
			var e *Error
			_, b, err := way.read(ctx, c, 10)
			if !errors.Is(err, wire.ErrInvalidUTF8) || !errors.As(err, &e) || e.Code != StatusInvalidPayload {
				t.Errorf("%s: text %q: got %q, %v; want %v with code 1007",
					way.name, bad, b, err, wire.ErrInvalidUTF8)
			}
			wantReleased(t, c)
			ours.wantClosed()
		}
	}
}

// Data that the extension cannot decode fails the connection with 1007.
func TestExtensionBadData(t *testing.T) {
	for _, bad := range []string{"", "\x01", "\x00\x55", "\x00\x00x"} {
		for _, way := range readings {
			checkLeaks(t)
			c, p, ours, _ := runsPeer(t, wire.Server, Limits{})
			go func() {
				p.Write(p.extFrame(wire.OpBinary, true, bad))
				if reason := p.ExpectClose(StatusInvalidPayload); reason != undecoded {
					t.Errorf("got reason %q, want %q", reason, undecoded)
				}
				p.nc.Close()
			}()
			_, b, err := way.read(bounded(t), c, 10)
			var e *Error
			if !errors.Is(err, errRuns) || !errors.As(err, &e) || e.Code != StatusInvalidPayload ||
				len(b) > 0 {
				t.Errorf("%s of %q: got %q, %v; want %v with code 1007", way.name, bad, b, err, errRuns)
			}
			wantReleased(t, c)
			ours.wantClosed()
		}
	}
}

// A session whose Decode returns an error fails the connection with 1007.
func TestExtensionDecodeFails(t *testing.T) {
	checkLeaks(t)
	c, p, ours, theirs := runsPeer(t, wire.Server, Limits{})
	ours.decodes = failDecode - 1
	go func() {
		p.Write(p.extFrame(wire.OpBinary, true, theirs.encode("abc")))
		p.ExpectClose(StatusInvalidPayload)
		p.nc.Close()
	}()
	if _, _, err := c.Read(bounded(t)); !errors.Is(err, errRuns) {
		t.Errorf("got %v, want %v", err, errRuns)
	}
	wantReleased(t, c)
	ours.wantClosed()
}

// An error of the encoder ends the connection, because the peer no longer has the same
// state.
func TestExtensionEncodeFails(t *testing.T) {
	for _, streamed := range []bool{false, true} {
		checkLeaks(t)
		c, p, ours, _ := runsPeer(t, wire.Server, Limits{})
		ours.fails = true
		go p.drain()
		var err error
		if streamed {
			w, werr := c.Writer(bounded(t), Binary)
			if werr != nil {
				t.Fatal(werr)
			}
			w.Write([]byte("fine"))
			noError(t, w.Flush())
			if _, err := w.Write([]byte("\xee")); !errors.Is(err, errRuns) {
				t.Errorf("Write: got %v, want %v", err, errRuns)
			}
			err = w.Close()
		} else {
			err = c.Write(bounded(t), Binary, []byte("\xee"))
		}
		if !errors.Is(err, errRuns) {
			t.Errorf("streamed %v: got %v, want %v", streamed, err, errRuns)
		}
		<-c.Context().Done()
		if err := context.Cause(c.Context()); !errors.Is(err, errRuns) {
			t.Errorf("streamed %v: Context has cause %v, want %v", streamed, err, errRuns)
		}
		c.CloseNow() // only after the writer has returned its error
		wantReleased(t, c)
		ours.wantClosed()
	}
}

// The decoder of a message that is skipped or never ends is released exactly once.
func TestExtensionRelease(t *testing.T) {
	checkLeaks(t)
	c, p, ours, theirs := runsPeer(t, wire.Server, Limits{})
	ctx := bounded(t)
	go func() {
		p.Write(p.extFrame(wire.OpBinary, true, theirs.encode(string(pattern(50_000, 0)))))
		p.Write(p.extFrame(wire.OpBinary, true, theirs.encode("abc")))
		p.Write(p.extFrame(wire.OpBinary, false, theirs.encode("never ends")[:4]))
	}()
	r, err := c.Reader(ctx)
	if err != nil {
		t.Fatal(err)
	}
	r.Read(make([]byte, 10))
	if _, b, err := c.Read(ctx); err != nil || string(b) != "abc" {
		t.Fatalf(`after the skipped message: got %q, %v; want "abc"`, b, err)
	}
	if n, err := r.Read(make([]byte, 10)); n != 0 || err == nil {
		t.Errorf("the reader of the skipped message: got %d, %v; want an error", n, err)
	}
	if got := c.Stats().MessagesRead; got != 2 {
		t.Errorf("got MessagesRead %d, want 2", got)
	}
	if r, err = c.Reader(ctx); err != nil {
		t.Fatal(err)
	}
	if n, err := r.Read(make([]byte, 1)); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	if ours.idles.Load() == 0 {
		t.Error("Idle was not called")
	}
	c.CloseNow()
	wantReleased(t, c)
	ours.wantClosed()
}

// A read that is canceled within a message loses neither decoded data nor the state of the
// decoder.
func TestExtensionCanceledRead(t *testing.T) {
	checkLeaks(t)
	c, p, _, theirs := runsPeer(t, wire.Server, Limits{})
	data := string(pattern(3*blockSize, 0)) + strings.Repeat("z", 10_000)
	b := theirs.encode(data)
	var cut []byte
	for op := wire.OpBinary; len(b) > 0; op = wire.OpContinuation {
		n := min(len(b), 1001)
		f := p.Frame(op, n == len(b), b[:n])
		if op == wire.OpBinary {
			f = p.extFrame(op, n == len(b), b[:n])
		}
		cut = append(cut, f...)
		b = b[n:]
	}
	for len(cut) > 0 {
		ctx, cancel := context.WithCancel(bounded(t))
		n := min(len(cut), 5000)
		last := n == len(cut)
		go func() {
			p.Write(cut[:n]) // returns once the bytes are read
			if !last {
				cancel()
			}
		}()
		_, got, err := c.Read(ctx)
		if !last && !errors.Is(err, context.Canceled) || last && (err != nil || string(got) != data) {
			t.Fatalf("got %d bytes, %v; want context.Canceled: %v", len(got), err, !last)
		}
		cut = cut[n:]
	}
}
