package held_test

import (
	"bytes"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/hawser/websocket/internal/held"
	"github.com/hawser-ws/hawser/websocket/internal/transport"
	"github.com/hawser-ws/hawser/wire"
)

// Held frames are taken once, in order, and late is called once they have been held for Time.
func TestFrames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var late atomic.Int32
		f := held.New(func() { late.Add(1) })
		check := func(step string, size int, calls int32) {
			t.Helper()
			synctest.Wait()
			if n := late.Swap(0); f.Len() != size || n != calls {
				t.Errorf("%s: %d bytes are held and late was called %d times, want %d and %d",
					step, f.Len(), n, size, calls)
			}
		}
		time.Sleep(held.Time)
		synctest.Wait()
		late.Store(0) // "It may also be called when there is no reason to."
		for _, s := range []string{"one ", "", "two"} {
			f.Hold(append(f.Begin(), s...))
			time.Sleep(held.Time / 4)
		}
		check("before Time", 7, 0)
		time.Sleep(held.Time/4 - 1)
		check("just before Time", 7, 0)
		time.Sleep(time.Nanosecond)
		check("at Time", 7, 1)
		b, p := f.Take()
		if string(p) != "one two" || &p[0] != &b[0] {
			t.Errorf("Take returned %q, want the bytes at the beginning of the block", p)
		}
		check("after Take", 0, 0)
		f.Hold(append(f.Begin(), "three"...))
		if p := f.AppendTo([]byte("rest ")); string(p) != "rest three" {
			t.Errorf("AppendTo returned %q", p)
		}
		time.Sleep(time.Second)
		check("long after AppendTo", 0, 0)
	})
}

// Frames that are nil or hold nothing behave as such.
func TestNoFrames(t *testing.T) {
	for _, f := range []*held.Frames{nil, held.New(func() {})} {
		b, p := f.Take()
		if b == nil || len(p) != 0 || cap(p) != transport.BlockSize || f.Len() != 0 {
			t.Errorf("Take returned %d bytes of %d, want a block with none", len(p), cap(p))
		}
		if p := f.AppendTo(nil); p != nil {
			t.Errorf("AppendTo(nil) returned %q, want nil", p)
		}
	}
}

// A Batch is over once, when no further message follows.
func TestBatch(t *testing.T) {
	const message = "\x82\x00"
	var b held.Batch
	for i, step := range []struct {
		unread     string
		more, over bool
	}{
		{"", false, false}, {message, true, false}, {message + message, true, false}, {message[:1], false, true},
		{"", false, false}, {message, true, false}, {"", false, true}, {"", false, false},
	} {
		b.Next([]byte(step.unread))
		if more, over := b.More(), b.Over(); more != step.more || over != step.over {
			t.Errorf("step %d: More is %v and Over is %v, want %v and %v", i, more, over, step.more, step.over)
		}
		if b.Over() {
			t.Errorf("step %d: Over is true again", i)
		}
	}
}

// HasMessage agrees with the decoder, for all parts of a stream that begin with a message.
func TestHasMessage(t *testing.T) {
	for _, role := range []wire.Role{wire.Client, wire.Server} {
		var stream []byte
		var starts []int // of messages
		enc := wire.Encoder{Role: role}
		add := func(op wire.Opcode, fin bool, payload string) {
			if !enc.Open() && !op.IsControl() {
				starts = append(starts, len(stream))
			}
			var err error
			stream, err = enc.AppendFrame(stream, wire.Header{Opcode: op, Fin: fin, Key: [4]byte{1, 2, 3, 4}}, []byte(payload))
			if err != nil {
				t.Fatal(err)
			}
		}
		add(wire.OpText, true, "")
		add(wire.OpBinary, true, "one")
		add(wire.OpPing, true, "ping")
		add(wire.OpText, false, "two")
		add(wire.OpPong, true, "")
		add(wire.OpContinuation, false, strings.Repeat("2", 126))
		add(wire.OpContinuation, true, "")
		add(wire.OpBinary, true, strings.Repeat("3", 1000))
		add(wire.OpText, false, "4")
		add(wire.OpContinuation, true, strings.Repeat("4", 1<<16))
		add(wire.OpClose, true, "")
		for _, from := range append(starts, len(stream)) {
			for to := from; to <= len(stream); to += 1 + (to-from)/300*50 {
				p := stream[from:to]
				if got, want := held.HasMessage(p), decodes(wire.Client-role, p); got != want {
					t.Fatalf("%v, bytes %d to %d: got %v, want %v", role, from, to, got, want)
				}
			}
		}
	}
}

// decodes is the slow twin of HasMessage.
func decodes(role wire.Role, p []byte) bool {
	d := wire.Decoder{Role: role}
	for p := bytes.Clone(p); len(p) > 0; {
		f, n, err := d.Next(p)
		if err != nil {
			return false
		}
		if slices.Contains([]wire.Kind{wire.KindText, wire.KindBinary}, f.Kind) && f.EndsMessage() {
			return true
		}
		p = p[n:]
	}
	return false
}

// A header whose length is invalid is no message.
func TestHasMessageInvalid(t *testing.T) {
	for _, p := range []string{"\x81\x7e\x00\x01x", "\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00"} {
		if held.HasMessage([]byte(p)) {
			t.Errorf("HasMessage(% x) is true", p)
		}
	}
}
