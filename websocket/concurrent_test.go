package websocket_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/websocket/internal/transport"
)

// stamp makes a message: the number of the writer, the sequence number of the message, and
// n bytes of a pattern that depends on both.
func stamp(writer, seq uint32, n int) []byte {
	b := binary.BigEndian.AppendUint32(nil, writer)
	b = binary.BigEndian.AppendUint32(b, seq)
	return append(b, pattern(n, writer<<16|seq)...)
}

// checkStamp checks that b is a message of stamp, intact and the next of its writer.
func checkStamp(b []byte, next map[uint32]uint32) error {
	if len(b) < 8 {
		return fmt.Errorf("got a message of %d bytes, want 8 or more", len(b))
	}
	writer, seq := binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])
	if want := next[writer]; seq != want {
		return fmt.Errorf("got message %d of writer %d, want %d", seq, writer, want)
	}
	next[writer]++
	if !bytes.Equal(b[8:], pattern(len(b)-8, writer<<16|seq)) {
		return fmt.Errorf("message %d of writer %d has other bytes", seq, writer)
	}
	return nil
}

// Many goroutines write, stream, ping and cancel on one connection. Every message arrives
// intact, and those of a writer arrive in order. In the end, all close the connection at
// once.
func TestConcurrentWriters(t *testing.T) {
	for _, kind := range transports {
		for _, extension := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/extension=%v", kind, extension), func(t *testing.T) {
				checkLeaks(t)
				client, server := connPair(t, kind, Limits{MaxControls: -1})
				if extension {
					client, server, _, _ = runsPair(t, kind, Limits{MaxControls: -1})
				}
				both := []*Conn{client, server}
				for i := range both {
					testConcurrentWriters(t, kind, both[i], both[1-i])
				}
				var closers sync.WaitGroup
				for i := range 6 {
					closers.Go(func() {
						err := both[i%2].Close(bounded(t), StatusNormalClosure, "")
						if err != nil && !errors.Is(err, net.ErrClosed) {
							t.Errorf("Close: %v", err)
						}
					})
				}
				closers.Wait()
			})
		}
	}
}

func testConcurrentWriters(t *testing.T, kind string, from, to *Conn) {
	const writers, rounds = 6, 20
	ctx := bounded(t)
	ended, end := context.WithCancel(ctx)
	defer end()

	var accepted atomic.Int32
	var writing, rest sync.WaitGroup
	for w := range uint32(writers) {
		writing.Go(func() {
			random := rand.New(rand.NewPCG(uint64(w), 0))
			seq := uint32(0)
			for range rounds {
				b := stamp(w, seq, random.IntN([]int{10, 1000, 3 * blockSize}[random.IntN(3)]))
				ok, err := writeSomehow(ctx, from, random, kind != "tls", b)
				if err != nil {
					t.Errorf("writer %d: %v", w, err)
					return
				}
				if ok {
					seq++
					accepted.Add(1)
				}
			}
		})
	}
	rest.Go(func() { from.Read(ended) }) // receives the pongs
	for range 2 {
		rest.Go(func() {
			for ended.Err() == nil {
				if _, err := from.Ping(ended); err != nil && ended.Err() == nil {
					t.Errorf("Ping: %v", err)
				}
			}
		})
	}
	got := start(func() (n int32) {
		next := make(map[uint32]uint32)
		for m, err := range to.Messages(ctx) {
			if err == nil && m.Type == Text {
				return n
			}
			if err == nil {
				err = checkStamp(m.Data, next)
			}
			if err != nil {
				t.Errorf("after %d messages: %v", n, err)
				return n
			}
			n++
		}
		return n
	})
	writing.Wait()
	noError(t, from.Write(ctx, Text, nil))
	if n := <-got; n != accepted.Load() {
		t.Errorf("got %d messages, want %d", n, accepted.Load())
	}
	end()
	rest.Wait()
}

// writeSomehow writes b in one of several ways, and reports whether it was accepted. If cut
// is set, some writes are canceled at any time.
func writeSomehow(
	ctx context.Context, c *Conn, random *rand.Rand, cut bool, b []byte,
) (accepted bool, err error) {
	switch random.IntN(4) {
	case 0:
		w, err := c.Writer(ctx, Binary)
		if err != nil {
			return false, err
		}
		n := random.IntN(len(b))
		w.Write(b[:n])
		w.Flush()
		w.Write(b[n:])
		return true, w.Close()
	case 1:
		if !cut {
			break
		}
		ending, cancel := context.WithCancel(ctx)
		go cancel()
		err := c.Write(ending, Binary, b)
		var e *Error
		if errors.Is(err, context.Canceled) && errors.As(err, &e) && !errors.Is(err, net.ErrClosed) {
			return e.Accepted, nil
		}
		return err == nil, err
	}
	err = c.Write(ctx, Binary, b)
	return err == nil, err
}

// The data that Messages yields stays intact until the next message, and the data that Read
// returns stays intact forever, while other connections use the same pools. Each connection
// sends its own byte value, and checks every byte repeatedly.
func TestLentDataStays(t *testing.T) {
	checkLeaks(t)
	const conns, messages = 12, 150
	ctx := bounded(t)
	var running sync.WaitGroup
	for i := range conns {
		client, server := connPair(t, []string{"tcp", "pipe"}[i%2], Limits{})
		from, to := client, server
		if i%4 < 2 {
			from, to = server, client
		}
		fill := byte(i + 1)
		running.Go(func() {
			random := rand.New(rand.NewPCG(uint64(i), 0))
			for range messages {
				n := random.IntN([]int{100, 3000, blockSize + 1000, 3 * blockSize}[random.IntN(4)])
				if err := from.Write(ctx, Binary, bytes.Repeat([]byte{fill}, n)); err != nil {
					t.Error(err)
					return
				}
			}
			from.Close(ctx, StatusNormalClosure, "")
		})
		running.Go(func() {
			if err := checkFill(ctx, to, fill); err != nil {
				t.Errorf("connection %d: %v", i, err)
				to.CloseNow()
			}
		})
	}
	running.Wait()
}

// checkFill reads messages that consist of fill alone, with Messages and Read in turn.
func checkFill(ctx context.Context, c *Conn, fill byte) error {
	var kept [][]byte // what Read returned
	intact := func(p []byte) error {
		if n := bytes.Count(p, []byte{fill}); n != len(p) {
			return fmt.Errorf("%d of %d bytes are of another connection", len(p)-n, len(p))
		}
		return nil
	}
	n := 0
	for m, err := range c.Messages(ctx) {
		if err != nil {
			return err
		}
		for range 3 {
			if err := intact(m.Data); err != nil {
				return fmt.Errorf("Messages: %w", err)
			}
			runtime.Gosched()
		}
		// The data may be changed, without an effect elsewhere.
		clear(m.Data)
		copy(m.Data, bytes.Repeat([]byte{fill}, len(m.Data)))
		if n++; n%5 > 0 {
			continue
		}
		_, p, err := c.Read(ctx)
		if errors.Is(err, net.ErrClosed) {
			break
		}
		if err != nil {
			return err
		}
		if kept = append(kept, p); len(kept) > 10 {
			kept = kept[1:]
		}
		if err := intact(m.Data); err != nil {
			return fmt.Errorf("Messages, after a Read: %w", err)
		}
		for _, p := range kept {
			if err := intact(p); err != nil {
				return fmt.Errorf("Read: %w", err)
			}
		}
	}
	return nil
}

// The data that Messages yields stays intact if the connection is closed meanwhile.
func TestLentDataStaysAfterEnd(t *testing.T) {
	for _, end := range []struct {
		name string
		end  func(context.Context, *Conn)
	}{
		{"CloseNow", func(_ context.Context, c *Conn) { c.CloseNow() }},
		{"Close", func(ctx context.Context, c *Conn) { c.Close(ctx, StatusNormalClosure, "") }},
		{"Close on another goroutine", func(ctx context.Context, c *Conn) {
			closed := start(func() error { return c.Close(ctx, StatusNormalClosure, "") })
			<-c.Context().Done()
			<-closed
		}},
	} {
		t.Run(end.name, func(t *testing.T) {
			checkLeaks(t)
			ctx := bounded(t)
			client, server := connPair(t, "tcp", Limits{})
			go client.Read(ctx) // answers the close
			want := bytes.Repeat([]byte{'w'}, 8000)
			if err := client.Write(ctx, Binary, want); err != nil {
				t.Fatal(err)
			}
			for m, err := range server.Messages(ctx) {
				if err != nil {
					t.Fatal(err)
				}
				end.end(ctx, server)
				for range 50 { // overwrite the blocks of the pool
					b := transport.GetBlock()
					for i := range b {
						b[i] = '!'
					}
					defer transport.PutBlock(b)
				}
				if !bytes.Equal(m.Data, want) {
					t.Error("the data has changed")
				}
			}
		})
	}
}
