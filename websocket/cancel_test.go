package websocket_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// cutStream returns a stream of all kinds of frames, and the messages to be read from it.
func cutStream(p *peer) (stream []byte, want []received) {
	add := func(op wire.Opcode, fin bool, payload string) {
		stream = append(stream, p.Frame(op, fin, payload)...)
	}
	add(wire.OpText, true, "one")
	add(wire.OpBinary, true, "")
	add(wire.OpPing, true, "ping")
	add(wire.OpText, false, "\u00e4\xe2")
	add(wire.OpContinuation, false, "")
	add(wire.OpPing, true, "")
	add(wire.OpContinuation, false, "\x9c\x88 two ")
	add(wire.OpPong, true, "unsolicited")
	add(wire.OpContinuation, true, "three")
	add(wire.OpBinary, true, strings.Repeat("b", 130))
	add(wire.OpBinary, false, "")
	add(wire.OpContinuation, true, "")
	add(wire.OpText, true, "end")
	return stream, []received{
		{Text, "one", nil}, {Binary, "", nil}, {Text, "\u00e4\u2708 two three", nil},
		{Binary, strings.Repeat("b", 130), nil}, {Binary, "", nil}, {Text, "end", nil},
	}
}

// A read that is canceled or times out at any byte of the stream neither loses nor repeats
// data, whatever the way of reading.
func TestReadInterruptedAtEveryByte(t *testing.T) {
	for _, want := range []error{context.Canceled, context.DeadlineExceeded} {
		for _, style := range readStyles {
			t.Run(want.Error()+"/"+style.name, func(t *testing.T) {
				eachRole(t, func(t *testing.T, role wire.Role) {
					c, p := newPeer(t, role, Limits{})
					frames := p.collect()
					stream, messages := cutStream(p)
					var got []received
					read := style.make(c)
					for i := range stream {
						ctx, cancel := context.WithTimeout(context.Background(), time.Second)
						done := start(func() received { return read(ctx) })
						p.Write(stream[i : i+1])
						synctest.Wait()
						if want == context.Canceled {
							cancel()
						} else {
							time.Sleep(time.Second)
						}
						if g := <-done; g.err == nil {
							got = append(got, g)
						} else {
							interrupted(t, g.err, want)
						}
						cancel()
					}
					if !slices.Equal(got, messages) {
						t.Errorf("got %+v, want %+v", got, messages)
					}
					c.CloseNow()
					if n := (<-frames).count[wire.OpPong]; n != 2 {
						t.Errorf("got %d pongs, want 2", n)
					}
				})
			})
		}
	}
}

// Interrupted reads neither lose nor repeat data if a context is used for several reads,
// has ended before or never ends, if the ways of reading alternate, and if bytes arrive at
// any time.
func TestReadInterruptedAtRandom(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		for seed := range uint64(100) {
			random := rand.New(rand.NewPCG(seed, 0))
			pause := func() time.Duration { return time.Duration(random.IntN(4)) * time.Millisecond }
			c, p := newPeer(t, role, Limits{})
			frames := p.collect()
			stream, messages := cutStream(p)
			pauses := make([]time.Duration, len(stream)) // random is not safe for two goroutines
			for i := range pauses {
				pauses[i] = pause()
			}
			go func() {
				for i := range stream {
					time.Sleep(pauses[i])
					p.Write(stream[i : i+1])
				}
			}()
			ctx, cancel := context.WithTimeout(context.Background(), pause())
			read := readStyles[0].make(c)
			var got []received
			for len(got) < len(messages) {
				if !c.InStream() { // otherwise, the rest of the message would be skipped
					read = readStyles[random.IntN(len(readStyles))].make(c)
				}
				switch g := read(ctx); {
				case g.err == nil:
					got = append(got, g)
				default:
					interrupted(t, g.err, context.DeadlineExceeded)
				}
				switch random.IntN(8) {
				case 0:
					ctx = context.Background()
				case 1, 2, 3, 4, 5:
					cancel()
					ctx, cancel = context.WithTimeout(context.Background(), pause())
				}
			}
			cancel()
			if !slices.Equal(got, messages) {
				t.Errorf("seed %d: got %+v, want %+v", seed, got, messages)
			}
			c.CloseNow()
			if n := (<-frames).count[wire.OpPong]; n != 2 {
				t.Errorf("seed %d: got %d pongs, want 2", seed, n)
			}
		}
	})
}

// A large frame is read directly into its destination. That read can be interrupted as
// well.
func TestReadInterruptedInLargeFrame(t *testing.T) {
	for _, style := range readStyles {
		t.Run(style.name, func(t *testing.T) {
			eachRole(t, func(t *testing.T, role wire.Role) {
				c, p := newPeer(t, role, Limits{})
				read := style.make(c)
				text := strings.Repeat("\u2708 ", 20_000)
				sizes := 1
				for _, want := range []string{text, "next"} {
					stream := p.Frame(wire.OpText, true, want)
					for len(stream) > 0 {
						n := min(sizes%4999, len(stream))
						sizes += 997
						ctx, cancel := context.WithCancel(context.Background())
						done := start(func() received { return read(ctx) })
						p.Write(stream[:n])
						stream = stream[n:]
						synctest.Wait()
						cancel()
						if len(stream) > 0 {
							interrupted(t, (<-done).err, context.Canceled)
						} else if g := <-done; g != (received{Text, want, nil}) {
							t.Fatalf("got %d bytes, %v; want the %d bytes sent",
								len(g.data), g.err, len(want))
						}
					}
				}
			})
		})
	}
}

// Over sockets, cancellation interrupts the system call. No data is lost, even if the
// context ends and bytes arrive at the same time.
func TestReadInterruptedOverSockets(t *testing.T) {
	for _, kind := range []string{"tcp", "unix", "tls"} {
		for _, style := range readStyles {
			for _, role := range roles {
				t.Run(kind+"/"+style.name+"/"+role.String(), func(t *testing.T) {
					checkLeaks(t)
					c, p := newPeerWith(t, kind, role)
					finishTLS(t, c, p)
					read := style.make(c)
					stream, messages := cutStream(p)
					const rounds = 30
					sent := start(func() error {
						for range rounds {
							for b := range slices.Chunk(stream, 3) {
								if _, err := p.nc.Write(b); err != nil {
									return err
								}
								runtime.Gosched()
							}
						}
						return nil
					})
					frames := p.collect()
					var got []received
					cuts := 0
					for len(got) < rounds*len(messages) && !t.Failed() {
						ctx, cancel := context.WithCancel(bounded(t))
						done := start(func() received { return read(ctx) })
						if cuts%2 == 0 {
							runtime.Gosched()
						}
						if cuts < 5000 {
							cancel()
						}
						if g := <-done; g.err == nil {
							got = append(got, g)
						} else {
							interrupted(t, g.err, context.Canceled)
							cuts++
						}
						cancel()
					}
					for round := range slices.Chunk(got, len(messages)) {
						if !slices.Equal(round, messages) {
							t.Fatalf("got %+v, want %+v", round, messages)
						}
					}
					noError(t, <-sent)
					c.CloseNow()
					<-frames
					t.Logf("%d reads were canceled", cuts)
				})
			}
		}
	}
}

// After an interrupted read, another way of reading continues with the bytes that have
// arrived.
func TestReadResumesAnotherWay(t *testing.T) {
	for _, first := range readStyles[:3] {
		for _, second := range readStyles {
			t.Run(first.name+"/"+second.name, func(t *testing.T) {
				eachRole(t, func(t *testing.T, role wire.Role) {
					c, p := newPeer(t, role, Limits{})
					ctx, cancel := context.WithCancel(context.Background())
					done := start(func() received { return first.make(c)(ctx) })
					whole := p.Frame(wire.OpText, false, "gathered, ")
					p.Write(whole[:len(whole)-3])
					synctest.Wait()
					cancel()
					interrupted(t, (<-done).err, context.Canceled)
					done = start(func() received { return second.make(c)(context.Background()) })
					p.Write(whole[len(whole)-3:])
					p.Send(wire.OpContinuation, true, "and the rest")
					if g := <-done; g != (received{Text, "gathered, and the rest", nil}) {
						t.Errorf("got %+v, want the whole message", g)
					}
				})
			})
		}
	}
}

// A MessageReader fails once a later read has begun to skip its message, even if that read
// was interrupted. Otherwise, it would miss bytes.
func TestReaderSupersededWhileSkipped(t *testing.T) {
	for _, style := range readStyles {
		t.Run(style.name, func(t *testing.T) {
			eachRole(t, func(t *testing.T, role wire.Role) {
				c, p := newPeer(t, role, Limits{})
				first := start(func() *MessageReader {
					r, err := c.Reader(context.Background())
					if err != nil {
						t.Error(err)
					}
					return r
				})
				p.Send(wire.OpText, false, "abc")
				r := <-first
				b := make([]byte, 1)
				if _, err := r.Read(b); err != nil {
					t.Fatal(err)
				}
				read := style.make(c)
				ctx, cancel := context.WithCancel(context.Background())
				done := start(func() received { return read(ctx) })
				p.Send(wire.OpContinuation, false, "def")
				synctest.Wait()
				cancel()
				interrupted(t, (<-done).err, context.Canceled)
				if n, err := r.Read(b); !errors.Is(err, ErrSuperseded) {
					t.Errorf("the reader of the skipped message: got %q, %v; want %v",
						b[:n], err, ErrSuperseded)
				}
				done = start(func() received { return read(context.Background()) })
				p.Send(wire.OpContinuation, true, "ghi")
				p.Send(wire.OpText, true, "next")
				if g := <-done; g != (received{Text, "next", nil}) {
					t.Errorf(`got %+v, want "next"`, g)
				}
				if _, err := r.Read(b); !errors.Is(err, ErrSuperseded) {
					t.Errorf("the reader, later: got %v, want %v", err, ErrSuperseded)
				}
			})
		})
	}
}

// AfterFunc is called once for consecutive reads with the same context, and for writes
// only if they must wait.
func TestContextRegisteredOnce(t *testing.T) {
	for _, kind := range []string{"tcp", "unix", "pipe"} {
		for _, style := range readStyles {
			t.Run(kind+"/"+style.name, func(t *testing.T) {
				checkLeaks(t)
				c, p := newPeerWith(t, kind, wire.Server)
				ctx := &countingContext{Context: bounded(t)}
				read := style.make(c)
				for range 100 {
					sent := p.sendAll(p.Frame(wire.OpText, true, "text"))
					if g := read(ctx); g.err != nil {
						t.Fatal(g.err)
					}
					<-sent
				}
				if ctx.registered != 1 {
					t.Errorf("registered %d times for 100 reads, want 1", ctx.registered)
				}
				if kind == "pipe" {
					return
				}
				ctx = &countingContext{Context: bounded(t)}
				for range 100 {
					if err := c.Write(ctx, Text, []byte("text")); err != nil {
						t.Fatal(err)
					}
				}
				if ctx.registered != 0 {
					t.Errorf("registered %d times for 100 writes that did not wait, want 0", ctx.registered)
				}
			})
		}
	}
}

// A context that ends after its read does not affect later reads.
func TestContextEndsBetweenReads(t *testing.T) {
	for _, kind := range []string{"tcp", "unix", "pipe", "tls"} {
		for _, role := range roles {
			t.Run(kind+"/"+role.String(), func(t *testing.T) {
				checkLeaks(t)
				c, p := newPeerWith(t, kind, role)
				for range 50 {
					ctx, cancel := context.WithCancel(bounded(t))
					done := startRead(ctx, c)
					p.Send(wire.OpText, true, "text")
					if g := <-done; g.err != nil {
						t.Fatal(g.err)
					}
					cancel()
					done = startRead(context.Background(), c)
					p.Send(wire.OpText, true, "text")
					if g := <-done; g.err != nil {
						t.Fatal(g.err)
					}
				}
			})
		}
	}
}
