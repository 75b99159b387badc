package websocket_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// A write after a held reply may be cut at any byte. The held reply is sent all the same. The
// message is sent only if a part of it was sent, or if an extension has encoded it.
func TestCutBehindHeldReplies(t *testing.T) {
	large := string(pattern(2*blockSize, 0))
	for _, row := range []struct {
		name string
		ext  bool
		text string
		do   func(ctx context.Context, c *Conn, m Message, text string) error
	}{
		{"Flush", false, "", func(ctx context.Context, c *Conn, m Message, text string) error { return c.Flush(ctx) }},
		{"Flush extension", true, "", func(ctx context.Context, c *Conn, m Message, text string) error { return c.Flush(ctx) }},
		{"Write", false, "cut", writeText},
		{"Write extension", true, "cut", writeText},
		{"large Write", false, large, writeText},
		{"large Write extension", true, large, writeText},
		{"large Reply", false, large, func(ctx context.Context, c *Conn, m Message, text string) error {
			return m.Reply(ctx, Text, []byte(text))
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			eachRole(t, func(t *testing.T, role wire.Role) {
				for cut := range 20 {
					testCutBehindHeld(t, role, row.ext, cut, row.text, row.do)
				}
			})
		})
	}
}

func writeText(ctx context.Context, c *Conn, m Message, text string) error {
	return c.Write(ctx, Text, []byte(text))
}

// testCutBehindHeld ends the context of do, which sends text, after the peer has taken cut bytes of
// the held reply "held" and of text.
func testCutBehindHeld(t *testing.T, role wire.Role, ext bool, cut int, text string,
	do func(context.Context, *Conn, Message, string) error,
) {
	t.Helper()
	var theirs *runs
	encode := func(s string) string { return s }
	opts := ConnOptions{Role: role}
	if ext {
		opts.Session, theirs = newRuns(t), newRuns(t)
		encode = theirs.encode
	}
	c, p := newPipePeer(t, nil, opts)
	in := newRuns(t) // the other direction
	frame := func(s string) []byte {
		if !ext {
			return p.Frame(wire.OpText, true, s)
		}
		b := p.Frame(wire.OpText, true, in.encode(s))
		b[0] |= runsBit << 4
		return b
	}
	ctx, cancel := context.WithCancel(context.Background())
	result := make(chan error, 1)
	done := start(func() error {
		return loop(c, context.Background(), func(c *Conn, m Message) error {
			if string(m.Data) == "2" {
				return m.Reply(context.Background(), Text, []byte("next"))
			}
			err := m.Reply(context.Background(), Text, []byte("held"))
			result <- do(ctx, c, m, text)
			return err
		})
	})
	p.Write(slices.Concat(frame("1"), frame("2")))
	sizeOf := func(payload string) int {
		return wire.Header{Masked: role == wire.Client, Length: int64(len(payload))}.Size() + len(payload)
	}
	want := []string{encode("held")}
	size := sizeOf(want[0])
	total := size
	if text != "" {
		want = append(want, encode(text))
		total += sizeOf(want[1])
	}
	cut = min(cut, total-1)
	p.take(cut)
	synctest.Wait()
	cancel()
	e := wantError(t, <-result, "write", context.Canceled)
	accepted := ext || cut > size || text == ""
	if e.Accepted != accepted {
		t.Errorf("after %d bytes: got %+v, want Accepted: %v", cut, e, accepted)
	}
	if !accepted {
		want = want[:1]
	}
	for _, payload := range append(want, encode("next")) {
		if _, b := p.mustNext(); string(b) != payload {
			t.Fatalf("after %d bytes: got %.20q, want %.20q", cut, b, payload)
		}
	}
	c.CloseNow()
	noError(t, <-done)
}

// Replies and writes whose contexts end at random arrive whole and in order if they were accepted,
// and do not arrive otherwise. This holds with an extension and in fragments, while pings and
// Flushes contend for the turn to write.
func TestCutReplies(t *testing.T) {
	for _, limit := range []int64{0, 700} {
		for _, kind := range []string{"tcp", "pipe"} {
			for _, role := range roles {
				for _, ext := range []bool{false, true} {
					t.Run(fmt.Sprintf("%s/%v/%d/%v", kind, role, limit, ext), func(t *testing.T) {
						checkLeaks(t)
						testCutReplies(t, kind, role, limit, ext)
					})
				}
			}
		}
	}
}

func testCutReplies(t *testing.T, kind string, role wire.Role, limit int64, ext bool) {
	limits := Limits{MaxControls: -1, MaxWriteFrame: limit}
	var near, far *Conn
	if ext {
		near, far, _, _ = runsPair(t, kind, limits)
	} else {
		near, far = connPair(t, kind, limits)
	}
	if role == wire.Server {
		near, far = far, near
	}
	const messages = 400
	seed := rand.Uint64()
	ctx := bounded(t)
	// cutting returns whether f, whose context may end at any time, succeeded or was accepted.
	cutting := func(ctx context.Context, random *rand.Rand, f func(ctx context.Context) error) bool {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		if random.IntN(3) == 0 {
			go cancel()
		}
		err := f(ctx)
		var e *Error
		if err != nil && (!errors.Is(err, context.Canceled) || errors.Is(err, net.ErrClosed)) {
			t.Errorf("seed %d: %v", seed, err)
		}
		return err == nil || errors.As(err, &e) && e.Accepted
	}
	sizes := []int{100, 100, 100, 3000, 2 * blockSize}
	want := [2][][]byte{}
	var wg sync.WaitGroup
	pinging, stop := context.WithCancel(ctx)
	wg.Go(func() { // replies
		defer stop()
		random := rand.New(rand.NewPCG(seed, 0))
		n := 0
		for m, err := range near.Messages(ctx) {
			if err != nil {
				t.Errorf("seed %d: %v", seed, err)
				return
			}
			data := pattern(random.IntN(sizes[random.IntN(len(sizes))]), uint32(n))
			if cutting(ctx, random, func(ctx context.Context) error { return m.Reply(ctx, Binary, data) }) {
				want[0] = append(want[0], data)
			}
			if n++; n == messages {
				return
			}
		}
	})
	wg.Go(func() { // other messages
		random := rand.New(rand.NewPCG(seed, 1))
		for n := range messages / 4 {
			data := slices.Repeat([]byte{'a' + byte(n%26)}, random.IntN(2000))
			if cutting(ctx, random, func(ctx context.Context) error { return near.Write(ctx, Text, data) }) {
				want[1] = append(want[1], data)
			}
			if err := writePieces(ctx, near, data); err != nil {
				t.Errorf("seed %d: Writer: %v", seed, err)
			}
			want[1] = append(want[1], data)
			runtime.Gosched()
		}
	})
	wg.Go(func() { // pings and Flushes
		random := rand.New(rand.NewPCG(seed, 2))
		for range messages / 8 {
			cutting(pinging, random, func(ctx context.Context) error { _, err := near.Ping(ctx); return err })
			cutting(ctx, random, near.Flush)
		}
	})
	var got [2][][]byte
	read := start(func() error {
		for m, err := range far.Messages(ctx) {
			if err != nil {
				return err
			}
			if string(m.Data) == "end" {
				return nil
			}
			i := 0
			if m.Type == Text {
				i = 1
			}
			got[i] = append(got[i], bytes.Clone(m.Data))
		}
		return errLoopEnded
	})
	for range messages {
		if err := far.Write(ctx, Text, []byte("?")); err != nil {
			t.Fatal(err)
		}
	}
	wg.Wait()
	noError(t, near.Write(ctx, Text, []byte("end")))
	noError(t, <-read)
	for i := range want {
		if !slices.EqualFunc(got[i], want[i], bytes.Equal) {
			t.Errorf("seed %d: kind %d: got %d messages, want %d, or they differ", seed, i, len(got[i]), len(want[i]))
		}
	}
}

// writePieces sends data with a Writer that is flushed once.
func writePieces(ctx context.Context, c *Conn, data []byte) error {
	w, err := c.Writer(ctx, Text)
	if err != nil {
		return err
	}
	n := len(data) / 2
	_, err = w.Write(data[:n])
	err = errors.Join(err, w.Flush())
	_, last := w.Write(data[n:])
	return errors.Join(err, last, w.Close())
}
