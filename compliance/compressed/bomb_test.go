package compressed

import (
	"bytes"
	"compress/flate"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/hawser-ws/hawser/deflate"
	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

const bombLimit = 1 << 20

// maxGrowth is how many bytes may be allocated for a bomb. The tests count every allocation, live or not, so
// that they cannot miss a peak.
const maxGrowth = 4 << 20

// discard reads a message through a Reader and returns its size.
func discard(ctx context.Context, c *websocket.Conn, size int) (n int, err error) {
	r, err := c.Reader(ctx)
	if err != nil {
		return 0, err
	}
	p := make([]byte, size)
	for err == nil {
		var m int
		m, err = r.Read(p)
		n += m
	}
	if err == io.EOF {
		err = nil
	}
	return n, err
}

// A message of 64 KiB that inflates to 64 MiB is refused with 1009 under a limit of 1 MiB. Less than 4 MiB
// are allocated, however the message is fragmented and however it is read.
func TestBomb(t *testing.T) {
	// If the limit lies within a buffer of the reader, the bytes in that buffer may be lost.
	const buffer = 4096
	read := func(ctx context.Context, c *websocket.Conn) (websocket.MessageType, []byte, error) {
		n, err := discard(ctx, c, buffer)
		if n <= bombLimit-buffer || n > bombLimit {
			t.Errorf("Reader returned %d bytes before the error, want the last %d before the limit",
				n, buffer)
		}
		return 0, nil, err
	}
	bombReads := append(ways[:3:3], way{"Reader", read})
	for _, role := range roles {
		for _, takeover := range []bool{false, true} {
			for _, size := range []int{1, 100, 64 << 10} {
				for _, way := range bombReads {
					name := fmt.Sprintf("%v/takeover=%v/fragments=%d/%s", role, takeover, size, way.name)
					t.Run(name, func(t *testing.T) { checkBomb(t, role, takeover, size, way) })
				}
			}
		}
	}
}

// bombs are the bombs for a connection without context takeover and for one with it.
var bombs = map[bool]func() []byte{
	false: sync.OnceValue(func() []byte { return bomb(true) }),
	true:  sync.OnceValue(func() []byte { return bomb(false) }),
}

func checkBomb(t *testing.T, role wire.Role, takeover bool, size int, way way) {
	params := "permessage-deflate"
	if !takeover {
		params += "; client_no_context_takeover; server_no_context_takeover"
	}
	c, p := connect(t, setup{
		role: role, params: params,
		ext:    deflate.MustNew(&deflate.Options{WindowBits: 15}),
		limits: websocket.Limits{MaxMessage: bombLimit},
	})
	ctx := testContext(t)
	first := p.appendFrame(nil, fin|rsv1|text, deflated([]byte("a first message")))
	second := p.appendCut(nil, rsv1|binaryData, bombs[takeover](), size)
	wrote := start(func() error {
		_, err := p.nc.Write(first)
		return err
	})
	if _, b, err := c.Read(ctx); err != nil || string(b) != "a first message" {
		t.Fatalf("%q, %v", b, err)
	}
	if err := <-wrote; err != nil {
		t.Fatal(err)
	}
	before := allocated()
	done := start(func() error {
		// The Conn drains its input, so the peer can write all of it.
		if _, err := p.nc.Write(second); err != nil {
			return fmt.Errorf("peer: write: %w", err)
		}
		reason, err := p.expectEnd(wire.StatusMessageTooBig)
		if err == nil && !strings.Contains(reason, "MaxMessage") {
			err = fmt.Errorf("the reason is %q, want one that names MaxMessage", reason)
		}
		return err
	})
	_, _, err := way.read(ctx, c)
	grown := allocated() - before
	checkTooBig(t, err, bombLimit)
	t.Logf("%d bytes allocated", grown)
	if grown >= maxGrowth && !raceEnabled {
		t.Errorf("%d bytes allocated, want less than %d", grown, maxGrowth)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// checkTooBig checks that err names the option that refused a message, and both sizes.
func checkTooBig(t *testing.T, err error, limit int64) {
	t.Helper()
	var e *websocket.Error
	var w *wire.Error
	switch {
	case !errors.As(err, &e) || e.Code != wire.StatusMessageTooBig:
		t.Errorf("the error is %v, want a websocket.Error with %v", err, wire.StatusMessageTooBig)
	case !errors.As(err, &w) || w.Violation != wire.ErrMessageTooBig || w.Limit != limit || w.Size <= limit:
		t.Errorf("the cause is %#v, want %v, the limit %d and a larger size", w, wire.ErrMessageTooBig, limit)
	case !strings.Contains(err.Error(), "MaxMessage") || !strings.Contains(err.Error(), fmt.Sprint(limit)) ||
		!strings.Contains(err.Error(), fmt.Sprint(w.Size)):
		t.Errorf("the error does not name the option and both sizes: %v", err)
	}
}

// A message as large as the limit passes, and one with another byte fails, whatever its compressed size.
// Zeros become very small, and stored blocks are larger than their data.
func TestLimit(t *testing.T) {
	const limit = 20_000
	for _, role := range roles {
		for _, way := range ways {
			for _, level := range []int{flate.BestCompression, flate.NoCompression} {
				for _, size := range []int{7, 1000, 1 << 20} {
					name := fmt.Sprintf("%v/%s/level=%d/fragments=%d", role, way.name, level, size)
					t.Run(name, func(t *testing.T) {
						ctx := testContext(t)
						c, p := connect(t, setup{
							role: role, params: "permessage-deflate", ext: deflate.MustNew(nil),
							limits: websocket.Limits{MaxMessage: limit},
						})
						done := start(func() error {
							fits := deflatedAt(level, make([]byte, limit))
							stream := p.appendCut(nil, rsv1|binaryData, fits, size)
							exceeds := deflatedAt(level, make([]byte, limit+1))
							stream = p.appendCut(stream, rsv1|binaryData, exceeds, size)
							if _, err := p.nc.Write(stream); err != nil {
								return fmt.Errorf("peer: write: %w", err)
							}
							_, err := p.expectEnd(wire.StatusMessageTooBig)
							return err
						})
						if _, b, err := way.read(ctx, c); err != nil || !bytes.Equal(b, make([]byte, limit)) {
							t.Fatalf("a message as large as the limit: read %d bytes, %v", len(b), err)
						}
						_, _, err := way.read(ctx, c)
						checkTooBig(t, err, limit)
						if err := <-done; err != nil {
							t.Error(err)
						}
					})
				}
			}
		}
	}
}

func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

// deflated returns the payload of a message with no references to earlier messages.
func deflated(b []byte) []byte { return deflatedAt(flate.DefaultCompression, b) }

func deflatedAt(level int, b []byte) []byte {
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, level)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	w.Write(b)
	w.Flush()
	return out.Bytes()[:out.Len()-4]
}
