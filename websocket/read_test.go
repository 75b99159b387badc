package websocket_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// A reading is a way to read the whole next message. want is the size of the message.
type reading struct {
	name string
	read func(ctx context.Context, c *Conn, want int) (MessageType, []byte, error)
}

var readings = []reading{
	{"Read", func(ctx context.Context, c *Conn, _ int) (MessageType, []byte, error) {
		return c.Read(ctx)
	}},
	{"AppendRead exact", func(ctx context.Context, c *Conn, want int) (MessageType, []byte, error) {
		return appendTo(ctx, c, make([]byte, 3, 3+want))
	}},
	{"AppendRead short", func(ctx context.Context, c *Conn, want int) (MessageType, []byte, error) {
		return appendTo(ctx, c, make([]byte, 3, 3+want/2))
	}},
	{"AppendRead roomy", func(ctx context.Context, c *Conn, want int) (MessageType, []byte, error) {
		return appendTo(ctx, c, make([]byte, 3, 100+2*want))
	}},
	{"Messages", func(ctx context.Context, c *Conn, _ int) (typ MessageType, p []byte, err error) {
		for m, e := range c.Messages(ctx) {
			typ, p, err = m.Type, bytes.Clone(m.Data), e
			break
		}
		return typ, p, err
	}},
	{"Reader", func(ctx context.Context, c *Conn, _ int) (MessageType, []byte, error) {
		return readStream(ctx, c, func(r io.Reader) ([]byte, error) { return io.ReadAll(r) })
	}},
	{"Reader in large steps", func(ctx context.Context, c *Conn, _ int) (MessageType, []byte, error) {
		return readStream(ctx, c, func(r io.Reader) ([]byte, error) { return readSteps(r, 40_000) })
	}},
	{"Reader in small steps", func(ctx context.Context, c *Conn, want int) (MessageType, []byte, error) {
		return readStream(ctx, c, func(r io.Reader) ([]byte, error) { return readSteps(r, 1+want/50) })
	}},
}

// appendTo reads with AppendRead and checks that the bytes in dst are unchanged.
func appendTo(ctx context.Context, c *Conn, dst []byte) (MessageType, []byte, error) {
	n := copy(dst, "\x01\x02\x03")
	typ, p, err := c.AppendRead(ctx, dst)
	if !bytes.HasPrefix(p, dst[:n]) {
		return 0, nil, fmt.Errorf("AppendRead changed the bytes in dst to % x", p[:n])
	}
	return typ, p[n:], err
}

// readStream reads a message with a Reader and checks that the Reader then returns io.EOF.
func readStream(
	ctx context.Context, c *Conn, read func(io.Reader) ([]byte, error),
) (MessageType, []byte, error) {
	r, err := c.Reader(ctx)
	if err != nil {
		return 0, nil, err
	}
	p, err := read(r)
	if err == nil {
		if n, err := r.Read(make([]byte, 1)); n != 0 || err != io.EOF {
			return 0, nil, fmt.Errorf("Read after the end: got %d, %v, want 0, io.EOF", n, err)
		}
	}
	return r.Type(), p, err
}

func readSteps(r io.Reader, step int) ([]byte, error) {
	var p []byte
	buf := make([]byte, step)
	for {
		n, err := r.Read(buf)
		if n == 0 && err == nil {
			return p, io.ErrNoProgress
		}
		p = append(p, buf[:n]...)
		if err == io.EOF {
			return p, nil
		}
		if err != nil {
			return p, err
		}
	}
}

// edges returns sizes of messages around every size at which the reader changes its behavior:
// lengths of a header, blocks, direct reads and growth.
func edges() []int {
	var sizes []int
	around := func(n, d int) {
		for i := max(n-d, 0); i <= n+d; i++ {
			sizes = append(sizes, i)
		}
	}
	around(0, 3)
	around(125, 2)
	around(512, 1)
	around(DirectMin, 1)
	around(1<<16, 2)
	for i := 1; i <= 3; i++ {
		around(i*blockSize, 1)
		around(i*blockSize-wire.MaxHeaderSize/2, wire.MaxHeaderSize/2+1)
	}
	around(4*(blockSize-wire.MaxHeaderSize), 8)
	for n := MinBuffer; n <= 256<<10; n *= 4 {
		around(n, 1)
	}
	return sizes
}

// Every way to read returns messages of every size, which follow one another in one stream.
func TestReadSizes(t *testing.T) {
	for _, kind := range transports {
		for i, way := range readings {
			if kind != "tcp" && i%3 != 0 {
				continue // a few ways are enough for other transports
			}
			t.Run(kind+"/"+way.name, func(t *testing.T) {
				checkLeaks(t)
				client, server := connPair(t, kind, Limits{})
				ctx := bounded(t)
				sizes := edges()
				go func() {
					for i, n := range sizes {
						if err := client.Write(ctx, Binary, pattern(n, uint32(i))); err != nil {
							t.Errorf("Write of %d bytes: %v", n, err)
							return
						}
					}
				}()
				for i, n := range sizes {
					typ, p, err := way.read(ctx, server, n)
					if err != nil || typ != Binary || !bytes.Equal(p, pattern(n, uint32(i))) {
						t.Fatalf("message of %d bytes: got type %v, %d bytes, %v", n, typ, len(p), err)
					}
				}
			})
		}
	}
}

// A script is a stream of messages as a peer might send it, and the messages that a reader must
// get.
type script struct {
	wire []byte
	want []Message
}

// makeScript makes a stream of n messages of both types, in fragments cut anywhere, with control
// frames between fragments and between messages.
func makeScript(p *peer, random *rand.Rand, n int) script {
	var s script
	for i := range n {
		var data []byte
		op := wire.OpBinary
		switch random.IntN(8) {
		case 0:
			data = pattern(random.IntN(4*blockSize), uint32(i))
		case 1:
			op = wire.OpText
			data = []byte(strings.Repeat("aß水🌊", random.IntN(6000)))
		case 2:
			op = wire.OpText
			data = []byte(strings.Repeat("ß水🌊z", random.IntN(20)))
		default:
			data = pattern(random.IntN(300), uint32(i))
		}
		s.want = append(s.want, Message{Type: MessageType(op), Data: data})
		s.appendMessage(p, random, op, data)
	}
	return s
}

func (s *script) appendMessage(p *peer, random *rand.Rand, op wire.Opcode, data []byte) {
	fragments := 1
	if random.IntN(2) == 0 {
		fragments += random.IntN(6)
	}
	for i := range fragments {
		for random.IntN(4) == 0 {
			control := []wire.Opcode{wire.OpPing, wire.OpPong}[random.IntN(2)]
			s.wire = append(s.wire, p.Frame(control, true, string(pattern(random.IntN(126), 0)))...)
		}
		n := len(data)
		if fin := i == fragments-1; !fin && random.IntN(3) > 0 {
			// The sizes include some that exactly fill the memory that append allocates.
			n = min(n, []int{random.IntN(n + 1), 64, 512, 1024, 8192}[random.IntN(5)])
		} else if !fin {
			n = 0
		}
		s.wire = append(s.wire, p.Frame(op, i == fragments-1, string(data[:n]))...)
		op, data = wire.OpContinuation, data[n:]
	}
}

// play sends the stream in pieces of random sizes.
func (s *script) play(p *peer, random *rand.Rand) {
	b := s.wire
	scale := []int{3, 200, 5000, 3 * blockSize}[random.IntN(4)]
	if len(b) > 20_000 {
		scale = max(scale, 200)
	}
	for len(b) > 0 {
		n := min(len(b), 1+random.IntN(scale))
		if _, err := p.nc.Write(b[:n]); err != nil {
			p.t.Errorf("peer: write: %v", err)
			return
		}
		b = b[n:]
	}
}

// drain reads and discards the bytes from the Conn until the stream ends.
func (p *peer) drain() { _, _ = io.Copy(io.Discard, p.nc) }

// Random streams, sent in random pieces, are read by a random mix of the ways to read. Some
// messages are skipped in the middle, and some reads are cancelled.
func TestReadScripts(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	for _, kind := range []string{"pipe", "tcp"} {
		for _, role := range []wire.Role{wire.Server, wire.Client} {
			t.Run(fmt.Sprintf("%s/%v", kind, role), func(t *testing.T) {
				for round := range 8 {
					testReadScript(t, kind, role, seed+uint64(round))
				}
			})
		}
	}
}

func testReadScript(t *testing.T, kind string, role wire.Role, seed uint64) {
	checkLeaks(t)
	random := rand.New(rand.NewPCG(seed, 1))
	ours, theirs := netPair(t, kind)
	c, p := newPeerOver(t, ours, theirs, ConnOptions{Role: role})
	s := makeScript(p, random, 60)
	go p.drain()
	go s.play(p, rand.New(rand.NewPCG(seed, 2)))
	ctx := bounded(t)
	for i := 0; i < len(s.want); i++ {
		want := s.want[i]
		if i < len(s.want)-1 && random.IntN(4) == 0 {
			r, err := c.Reader(ctx)
			if err != nil || r.Type() != want.Type {
				t.Fatalf("seed %d: message %d: Reader: got error %v, want type %v", seed, i, err, want.Type)
			}
			buf := make([]byte, 1+random.IntN(500))
			n, err := r.Read(buf)
			if err != nil && err != io.EOF || !bytes.HasPrefix(want.Data, buf[:n]) {
				t.Fatalf("seed %d: message %d: Read: got other bytes, %v", seed, i, err)
			}
			continue // skips the rest
		}
		if random.IntN(8) == 0 {
			ended, cancel := context.WithCancel(ctx)
			go cancel() // at any moment during the read
			typ, b, err := c.Read(ended)
			if errors.Is(err, context.Canceled) {
				i-- // nothing is lost
				continue
			}
			if err != nil || typ != want.Type || !bytes.Equal(b, want.Data) {
				t.Fatalf("seed %d: message %d: cancelled read: got other bytes, %v", seed, i, err)
			}
			continue
		}
		way := readings[random.IntN(len(readings))]
		typ, b, err := way.read(ctx, c, len(want.Data))
		if err != nil || typ != want.Type || !bytes.Equal(b, want.Data) {
			t.Fatalf("seed %d: message %d by %s: got %v, %d bytes, %v, want %v, %d bytes",
				seed, i, way.name, typ, len(b), err, want.Type, len(want.Data))
		}
	}
	if got := c.Stats().MessagesRead; got != int64(len(s.want)) {
		t.Errorf("seed %d: MessagesRead = %d, want %d", seed, got, len(s.want))
	}
	c.CloseNow()
}

// A fragment that arrives when the destination is exactly full is not lost.
func TestReadFullDestination(t *testing.T) {
	for _, n := range []int{1, 8, 64, 512, 4096} {
		checkLeaks(t)
		c, p := newPeer(t, wire.Server, Limits{})
		want := string(pattern(3*n, 0))
		go func() {
			p.Send(wire.OpBinary, false, want[:n])
			p.Send(wire.OpContinuation, false, want[n:2*n])
			p.Send(wire.OpContinuation, false, "")
			p.Send(wire.OpContinuation, true, want[2*n:])
		}()
		_, got, err := c.AppendRead(bounded(t), make([]byte, 0, n))
		if err != nil || string(got) != want {
			t.Fatalf("fragments of %d bytes: got %d bytes, %v, want %d", n, len(got), err, 3*n)
		}
	}
}

// AppendRead uses its destination if the message fits, however it is fragmented.
func TestAppendReadKeepsDestination(t *testing.T) {
	checkLeaks(t)
	c, p := newPeer(t, wire.Client, Limits{})
	want := string(pattern(100_000, 0))
	go func() {
		p.Send(wire.OpBinary, false, want[:100])
		p.Send(wire.OpContinuation, false, want[100:40_000])
		p.Send(wire.OpContinuation, false, want[40_000:])
		p.Send(wire.OpContinuation, true, "")
	}()
	dst := make([]byte, 0, len(want))
	_, got, err := c.AppendRead(bounded(t), dst)
	if err != nil || string(got) != want {
		t.Fatalf("got %d bytes, %v, want %d", len(got), err, len(want))
	}
	if &got[0] != &dst[:1][0] {
		t.Error("AppendRead replaced the destination, want the same memory")
	}
}

// Read allocates memory in proportion to the received bytes, not to the length in the header.
func TestReadGrowsWithWhatComes(t *testing.T) {
	checkLeaks(t)
	c, p := newPeer(t, wire.Client, Limits{MaxMessage: -1})
	ctx, cancel := context.WithCancel(bounded(t))
	go func() {
		head := wire.AppendHeader(nil, wire.Header{Fin: true, Opcode: wire.OpBinary, Length: 1 << 50})
		p.Write(append(head, make([]byte, 3*blockSize)...))
		cancel()
	}()
	before := allocated()
	if _, _, err := c.Read(ctx); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if grown := allocated() - before; grown > 1<<20 {
		t.Errorf("%d bytes were allocated after 48 KiB of a message, want at most %d", grown, 1<<20)
	}
}

// allocated returns how many bytes the process has allocated since its start.
func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

// If a function of Events or OnControl panics while Messages waits, the panic leaves the loop, and
// the connection can still be read.
func TestMessagesPanic(t *testing.T) {
	for name, send := range map[string]func(p *peer){
		"Events":    func(p *peer) { p.Send(wire.OpText, true, "panic") },
		"OnControl": func(p *peer) { p.Send(wire.OpPing, true, "panic") },
	} {
		t.Run(name, func(t *testing.T) {
			checkLeaks(t)
			ours, theirs := netPair(t, "tcp")
			panics := true
			c, p := newPeerOver(t, ours, theirs, ConnOptions{Events: &Events{
				Read: func(*Conn, MessageType, int64, int64) {
					if panics {
						panic(name)
					}
				},
			}})
			c.OnControl(func(wire.Opcode, []byte) bool { panic(name) })
			send(p)
			func() {
				defer func() {
					if v := recover(); v != name {
						t.Errorf("recovered %v, want %v", v, name)
					}
				}()
				for range c.Messages(bounded(t)) {
					t.Error("got a message, want a panic")
				}
			}()
			panics = false
			p.Send(wire.OpText, true, "hello")
			if _, b, err := c.Read(bounded(t)); err != nil || string(b) != "hello" {
				t.Errorf("got %q, %v, want hello", b, err)
			}
		})
	}
}
