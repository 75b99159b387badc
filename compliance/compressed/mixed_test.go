package compressed

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// Compressed, uncompressed and empty messages, in fragments with control frames between them, arrive
// unchanged in both directions at once, under every agreement.
func TestMixedStreams(t *testing.T) {
	sequences := 250
	if raceEnabled {
		sequences = 50
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	var messages atomic.Int64
	t.Run("sequences", func(t *testing.T) { // they run in parallel, so they share pools
		for i := range sequences {
			t.Run("", func(t *testing.T) {
				t.Parallel()
				s := randomScript(seed, uint64(i))
				n, err := mixedStream(t, s)
				if err != nil {
					t.Fatalf("seed %d, sequence %d: %v\n"+
						"to run only it, put this into testdata/fuzz/FuzzMixedStream:\n"+
						"go test fuzz v1\n[]byte(%q)", seed, i, err, s)
				}
				messages.Add(int64(n))
			})
		}
	})
	t.Logf("%d messages in %d sequences", messages.Load(), sequences)
}

func randomScript(seed, i uint64) []byte {
	random := rand.New(rand.NewPCG(seed, i))
	b := make([]byte, 20+random.IntN(600))
	for i := range b {
		b[i] = byte(random.Uint32())
	}
	return b
}

// FuzzMixedStream is TestMixedStreams with the scripts of a fuzzer.
func FuzzMixedStream(f *testing.F) {
	for i := range uint64(8) {
		f.Add(randomScript(1, i))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 2000 {
			t.Skip("long scripts find no more than short ones")
		}
		if _, err := mixedStream(t, b); err != nil {
			t.Fatal(err)
		}
	})
}

// mixedStream runs a script and returns the number of messages.
func mixedStream(t *testing.T, b []byte) (messages int, err error) {
	pl := newPlan(&script{b})
	c, p := connect(t, setup{role: pl.role, ext: mixers[pl.threshold], params: pl.params})
	defer c.CloseNow()
	defer p.nc.Close()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	checked := start(func() error { return p.checkSent(pl) })
	for _, step := range []<-chan error{
		start(func() error { return p.play(pl) }),
		start(func() error { return pl.read(ctx, c) }),
		start(func() error { return pl.write(ctx, c) }),
	} {
		select {
		case err = <-step:
		case err = <-checked:
			err = fmt.Errorf("the peer stopped before everything was sent: %w", err)
		}
		if err != nil {
			return 0, err
		}
	}
	done := start(func() error { return c.Close(ctx, wire.StatusNormalClosure, "done") })
	if err := <-checked; err != nil {
		return 0, err
	}
	if err := <-done; err != nil {
		return 0, err
	}
	stats := c.Stats()
	got := websocket.Stats{MessagesRead: stats.MessagesRead, MessagesWritten: stats.MessagesWritten}
	want := websocket.Stats{MessagesRead: int64(len(pl.deliveries)), MessagesWritten: int64(len(pl.sendings))}
	if diff := cmp.Diff(want, got); diff != "" {
		return 0, fmt.Errorf("Stats differ (-want +got):\n%s", diff)
	}
	return len(pl.deliveries) + len(pl.sendings), nil
}

// play writes the peer's stream.
func (p *peer) play(pl *plan) error {
	for b := pl.stream; len(b) > 0; {
		n := min(pl.chop, len(b))
		if _, err := p.nc.Write(b[:n]); err != nil {
			return fmt.Errorf("peer: write: %w", err)
		}
		b = b[n:]
	}
	return nil
}

// read reads the deliveries.
func (pl *plan) read(ctx context.Context, c *websocket.Conn) error {
	for i, d := range pl.deliveries {
		typ, b, err := d.read(ctx, c)
		if err == nil {
			err = sameMessage(d.data, d.text, b, typ == websocket.Text)
		}
		if err != nil {
			return fmt.Errorf("read %d of %d: %w; way %d; %v", i, len(pl.deliveries), err, d.way, pl)
		}
	}
	return nil
}

func (d *delivery) read(ctx context.Context, c *websocket.Conn) (websocket.MessageType, []byte, error) {
	switch {
	case d.way < len(ways):
		return ways[d.way].read(ctx, c)
	case d.way == len(ways):
		return readStream(ctx, c, d.buffer)
	case d.way == len(ways)+1:
		return interrupted(ctx, c)
	}
	return interruptedStream(ctx, c, d.buffer)
}

// A read that is interrupted waits for impatience each time, interruptions times.
const (
	impatience    = 20 * time.Microsecond
	interruptions = 20
)

// interrupted reads a message with calls of Read whose contexts end.
func interrupted(ctx context.Context, c *websocket.Conn) (typ websocket.MessageType, b []byte, err error) {
	for i := 0; ; i++ {
		short, cancel := context.WithTimeout(ctx, impatience)
		if i == interruptions {
			short = ctx
		}
		typ, b, err = c.Read(short)
		cancel()
		if i == interruptions || !errors.Is(err, context.DeadlineExceeded) {
			return typ, b, err
		}
	}
}

// interruptedStream reads a message through a Reader whose contexts end.
func interruptedStream(
	ctx context.Context, c *websocket.Conn, size int,
) (typ websocket.MessageType, b []byte, err error) {
	r, err := c.Reader(ctx)
	if err != nil {
		return 0, nil, err
	}
	p := make([]byte, size)
	for i := 0; ; i++ {
		short, cancel := context.WithTimeout(ctx, impatience)
		if i >= interruptions {
			short = ctx
		}
		r.SetContext(short)
		n, err := r.Read(p)
		cancel()
		b = append(b, p[:n]...)
		if err == io.EOF {
			return r.Type(), b, nil
		}
		if err != nil && (i >= interruptions || !errors.Is(err, context.DeadlineExceeded)) {
			return r.Type(), b, err
		}
	}
}

// write writes the sendings.
func (pl *plan) write(ctx context.Context, c *websocket.Conn) error {
	for i, m := range pl.sendings {
		pl.disturb(m.before)
		if err := m.write(ctx, c, func() { pl.disturb(m.within) }); err != nil {
			return fmt.Errorf("write %d: %w", i, err)
		}
	}
	return nil
}

func (m *sending) write(ctx context.Context, c *websocket.Conn, disturb func()) error {
	typ := websocket.Binary
	if m.text {
		typ = websocket.Text
	}
	write, writer := c.Write, c.Writer
	if m.plain {
		write, writer = c.WritePlain, c.PlainWriter
	}
	if m.parts == nil {
		return write(ctx, typ, m.data)
	}
	w, err := writer(ctx, typ)
	if err != nil {
		return err
	}
	rest := m.data
	for _, n := range m.parts {
		if _, err := w.Write(rest[:n]); err != nil {
			return err
		}
		rest = rest[n:]
		disturb()
		if m.flushed {
			if err := w.Flush(); err != nil {
				return err
			}
		}
	}
	if _, err := w.Write(rest); err != nil {
		return err
	}
	return w.Close()
}

// checkSent reads everything that the Conn sends, checks it, and answers the close frame.
func (p *peer) checkSent(pl *plan) error {
	j := &inflater{direction: pl.ours}
	messages, pongs := 0, 0
	var payload []byte
	var head byte // the first byte of the open message, or 0
	frames := 0
	for {
		first, b, err := p.next()
		if err != nil {
			return fmt.Errorf("peer: %w", err)
		}
		switch op := first & 0x0f; {
		case first == fin|closing:
			if messages < len(pl.sendings) || pongs < len(pl.pings) || head != 0 {
				return fmt.Errorf("peer: received a close frame after %d of %d messages and %d of %d pongs",
					messages, len(pl.sendings), pongs, len(pl.pings))
			}
			return p.answer(b)
		case first == fin|pong:
			if pongs == len(pl.pings) || string(b) != pl.pings[pongs] {
				return fmt.Errorf("peer: pong %d is %q, want the payload of the ping", pongs, b)
			}
			pongs++
			continue
		case (op == text || op == binaryData) && first&(rsv2|rsv3) == 0 && head == 0:
			head, payload, frames = first, b, 1
		case op == continuation && first&(rsv1|rsv2|rsv3) == 0 && head != 0:
			payload = append(payload, b...)
			frames++
		default:
			return fmt.Errorf("peer: received frame %#x while %#x is open", first, head)
		}
		if first&fin == 0 {
			continue
		}
		if messages == len(pl.sendings) {
			return fmt.Errorf("peer: received another message, of %d bytes", len(payload))
		}
		if err := j.check(pl, pl.sendings[messages], head, frames, payload); err != nil {
			return fmt.Errorf("peer: message %d: %w; %v", messages, err, pl)
		}
		messages++
		head = 0
	}
}

// check checks a message of the Conn.
func (j *inflater) check(pl *plan, want sending, head byte, frames int, payload []byte) error {
	whole := want.parts == nil
	compressed := head&rsv1 != 0
	long := len(want.data) >= thresholds[pl.threshold]
	switch {
	case !whole && !want.plain && !long:
		// The Conn may or may not know in time that a streamed message is short.
	case compressed != (long && !want.plain):
		return fmt.Errorf("a message of %d bytes is compressed: %v; streamed: %v, plain: %v",
			len(want.data), compressed, !whole, want.plain)
	}
	if whole && frames != 1 {
		return fmt.Errorf("one Write of %d bytes sent %d frames, want 1", len(want.data), frames)
	}
	if compressed {
		var err error
		if payload, err = j.message(payload, len(want.data)); err != nil {
			return err
		}
	}
	return sameMessage(want.data, want.text, payload, head&0x0f == text)
}

// sameMessage returns an error if got differs from want.
func sameMessage(want []byte, wantText bool, got []byte, gotText bool) error {
	if bytes.Equal(want, got) && wantText == gotText {
		return nil
	}
	type message struct {
		Text bool
		Data []byte
	}
	diff := cmp.Diff(message{wantText, want}, message{gotText, got})
	return fmt.Errorf("the message differs (-want +got):\n%s", diff)
}

// answer answers a close frame. The server then closes TCP first.
func (p *peer) answer(payload []byte) error {
	code, _, err := wire.ConsumeClose(payload)
	if err != nil || code != wire.StatusNormalClosure {
		return fmt.Errorf("peer: close frame %q (%v), want %v", payload, err, wire.StatusNormalClosure)
	}
	if _, err := p.nc.Write(p.appendFrame(nil, fin|closing, payload[:2])); err != nil {
		return err
	}
	if p.client {
		if rest, err := io.ReadAll(p.in); err != nil || len(rest) > 0 {
			return fmt.Errorf("peer: %d bytes follow the close frame, then %v", len(rest), err)
		}
		p.nc.SetLinger(0) // a fuzzer needs many ports
	}
	return p.nc.Close()
}

// String describes the agreement.
func (pl *plan) String() string {
	return fmt.Sprintf("Conn is %v, threshold %d, peer says %s", pl.role, thresholds[pl.threshold], pl.params)
}
