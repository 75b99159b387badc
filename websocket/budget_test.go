package websocket_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// budgetWays are the ways of reading that gather a whole message.
var budgetWays = []struct {
	name string
	read func(ctx context.Context, c *Conn, held func()) ([]byte, error)
}{
	{"Read", func(ctx context.Context, c *Conn, _ func()) ([]byte, error) {
		_, p, err := c.Read(ctx)
		return p, err
	}},
	{"AppendRead", func(ctx context.Context, c *Conn, _ func()) ([]byte, error) {
		_, p, err := c.AppendRead(ctx, make([]byte, 5, 500))
		return p[min(5, len(p)):], err
	}},
	{"Messages", func(ctx context.Context, c *Conn, held func()) ([]byte, error) {
		for m, err := range c.Messages(ctx) {
			if err == nil {
				held()
			}
			return bytes.Clone(m.Data), err
		}
		return nil, errors.New("no message")
	}},
}

// sendHalf sends the first half of a message as a fragment, and the second half once more
// yields true.
func sendHalf(p *peer, op wire.Opcode, message string, more <-chan bool) {
	half := len(message) / 2
	p.Send(op, false, message[:half])
	if <-more {
		p.Send(wire.OpContinuation, true, message[half:])
	}
}

// A message that arrives in parts takes its share of the budget while it is gathered, and
// during its iteration of Messages. An interrupted read keeps the share. Afterwards the
// whole share is returned.
func TestBudgetShares(t *testing.T) {
	for _, way := range budgetWays {
		for _, size := range []int{100, 3000, 100_000} {
			for _, interrupted := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s,%d,%t", way.name, size, interrupted), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						b := NewBudget(1 << 20)
						c, p := newPeer(t, wire.Server, Limits{Budget: b})
						message := strings.Repeat("m", size)
						more := make(chan bool, 1)
						go sendHalf(p, wire.OpText, message, more)
						own := way.name == "AppendRead" && size < 495 // it fits into the caller's slice
						if interrupted {
							ctx, cancel := context.WithCancel(t.Context())
							go func() { synctest.Wait(); cancel() }()
							if _, err := way.read(ctx, c, nil); !errors.Is(err, context.Canceled) {
								t.Fatal(err)
							}
							if used := b.Used(); used < int64(size/2) || used > int64(3*size+MinBuffer) {
								t.Errorf("%d bytes are used for a kept half of %d", used, size)
							}
						}
						go func() {
							synctest.Wait()
							used := b.Used()
							if own == (used > 0) && !interrupted || !own && used < int64(size/2) {
								t.Errorf("%d bytes are used while half of %d has arrived", used, size)
							}
							more <- true
						}()
						held := func() {
							if used := b.Used(); used < int64(size) {
								t.Errorf("%d bytes are used in the loop, want %d or more", used, size)
							}
						}
						if got, err := way.read(t.Context(), c, held); string(got) != message || err != nil {
							t.Errorf("got %d bytes, %v; want %d", len(got), err, size)
						}
						if used := b.Used(); used != 0 {
							t.Errorf("%d bytes are used in the end, want 0", used)
						}
					})
				})
			}
		}
	}
}

// Each message of a loop over Messages has its own share of the budget.
func TestBudgetLoop(t *testing.T) {
	b := NewBudget(1 << 20)
	c, p := newPeer(t, wire.Server, Limits{Budget: b})
	go func() {
		for range 3 {
			p.Send(wire.OpText, false, strings.Repeat("m", 2000))
			p.Send(wire.OpContinuation, true, strings.Repeat("m", 2000))
		}
		p.SendClose(StatusNormalClosure, "")
		p.Next()
	}()
	n := 0
	for m, err := range c.Messages(bounded(t)) {
		if used := b.Used(); err != nil || len(m.Data) != 4000 || used < 4000 || used > 16<<10 {
			t.Errorf("got %d bytes, %v, with %d used; want 4000, with 4000 to %d used",
				len(m.Data), err, used, 16<<10)
		}
		n++
	}
	if used := b.Used(); n != 3 || used != 0 {
		t.Errorf("got %d messages with %d bytes used, want 3 and 0", n, used)
	}
}

// The share of a half-read message is returned, however it ends.
func TestBudgetGivenBack(t *testing.T) {
	for name, leave := range map[string]func(ctx context.Context, c *Conn, p *peer, more chan<- bool){
		"CloseNow": func(_ context.Context, c *Conn, _ *peer, more chan<- bool) {
			c.CloseNow()
			more <- false
		},
		"lost": func(ctx context.Context, c *Conn, p *peer, more chan<- bool) {
			more <- false
			p.nc.Close()
			c.Read(ctx)
		},
		"Close": func(ctx context.Context, c *Conn, _ *peer, more chan<- bool) {
			more <- false
			c.Close(ctx, 1000, "")
		},
		"streamed": func(ctx context.Context, c *Conn, _ *peer, more chan<- bool) {
			r, err := c.Reader(ctx)
			if err != nil {
				panic(err)
			}
			r.Read(make([]byte, 60)) // a part of the kept bytes
			more <- true
			io.ReadAll(r)
		},
		"skipped": func(ctx context.Context, c *Conn, p *peer, more chan<- bool) {
			if _, err := c.Reader(ctx); err != nil {
				panic(err)
			}
			more <- true
			synctest.Wait() // until the rest is being sent
			go p.Send(wire.OpText, true, "next")
			if _, err := c.Reader(ctx); err != nil {
				panic(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := NewBudget(1 << 20)
				c, p := newPeer(t, wire.Server, Limits{Budget: b})
				more := make(chan bool, 1)
				go sendHalf(p, wire.OpText, strings.Repeat("m", 200), more)
				ctx, cancel := context.WithCancel(t.Context())
				go func() { synctest.Wait(); cancel() }()
				if _, _, err := c.Read(ctx); !errors.Is(err, context.Canceled) || b.Used() < 100 {
					t.Fatalf("got %v with %d bytes used, want %v with 100 or more",
						err, b.Used(), context.Canceled)
				}
				leave(t.Context(), c, p, more)
				synctest.Wait()
				if used := b.Used(); used != 0 {
					t.Errorf("%d bytes are used, want 0", used)
				}
			})
		})
	}
}

// A message that would exceed the budget fails its connection with 1013, whatever the way
// of reading, with and without an extension. Other connections and unfragmented messages
// are not affected.
func TestBudgetRefuses(t *testing.T) {
	for _, way := range budgetWays {
		for _, extended := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s,%t", way.name, extended), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					b := NewBudget(6000)
					holder, first := newPeer(t, wire.Server, Limits{Budget: b})
					more := make(chan bool, 1)
					go sendHalf(first, wire.OpBinary, strings.Repeat("a", 4000), more)
					read := make(chan error, 1)
					go func() {
						_, p, err := holder.Read(t.Context())
						if len(p) != 4000 {
							t.Errorf("the other connection read %d bytes, want 4000", len(p))
						}
						read <- err
					}()
					synctest.Wait()

					ours, theirs := net.Pipe()
					opts := ConnOptions{Limits: Limits{Budget: b}}
					if extended {
						opts.Session = newRuns(t)
					}
					c, p := newPeerOver(t, ours, theirs, opts)
					go func() {
						p.Send(wire.OpText, true, "in one piece")
						if !extended {
							p.Send(wire.OpText, false, strings.Repeat("b", 3000))
							// This may not be read to its end.
							p.nc.Write(p.Frame(wire.OpContinuation, true, string(bytes.Repeat([]byte("b"), 3000))))
							return
						}
						p.Write(p.extFrame(wire.OpText, true, newRuns(t).encode(strings.Repeat("b", 6000))))
					}()
					got, err := way.read(t.Context(), c, func() {})
					if string(got) != "in one piece" || err != nil {
						t.Errorf(`got %q, %v; want "in one piece"`, got, err)
					}
					go func() {
						if reason := p.ExpectClose(StatusTryAgainLater); !strings.Contains(reason, "Budget") {
							t.Errorf("got reason %q, want one that names the Budget", reason)
						}
					}()
					if _, err := way.read(t.Context(), c, func() {}); !errors.Is(err, ErrBudget) {
						t.Errorf("got %v, want %v", err, ErrBudget)
					}
					synctest.Wait()
					more <- true
					if err := <-read; err != nil {
						t.Errorf("the other connection: %v", err)
					}
					if used := b.Used(); used != 0 {
						t.Errorf("%d bytes are used, want 0", used)
					}
				})
			})
		}
	}
}

// An unfragmented message that arrives at once takes nothing from the budget, whatever the
// way of reading.
func TestBudgetOnePiece(t *testing.T) {
	for _, way := range budgetWays {
		t.Run(way.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, p := newPeer(t, wire.Server, Limits{Budget: NewBudget(10)})
				message := strings.Repeat("m", 2000)
				go p.Send(wire.OpText, true, message)
				if got, err := way.read(t.Context(), c, func() {}); string(got) != message || err != nil {
					t.Errorf("got %d bytes, %v; want %d", len(got), err, len(message))
				}
			})
		})
	}
}

// A client discards a partial message, and returns its share, before it waits for its
// server to close TCP.
func TestBudgetWhileLingering(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBudget(1 << 20)
		c, p := newPeer(t, wire.Client, Limits{Budget: b})
		go func() {
			p.Send(wire.OpText, false, strings.Repeat("m", 2000))
			p.SendClose(StatusNormalClosure, "")
			p.nextFrame()
		}()
		if _, _, err := c.Read(t.Context()); CloseStatus(err) != StatusNormalClosure {
			t.Error(err)
		}
		synctest.Wait()
		if used := b.Used(); used != 0 {
			t.Errorf("%d bytes are used, want 0", used)
		}
	})
}

// A panic in a loop over Messages returns the share, because a Handler recovers it.
func TestBudgetPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBudget(1 << 20)
		c, p := newPeer(t, wire.Server, Limits{Budget: b})
		go func() {
			p.Send(wire.OpText, false, strings.Repeat("m", 2000))
			p.Send(wire.OpContinuation, true, strings.Repeat("m", 2000))
		}()
		defer func() {
			if v := recover(); v != "within the loop" {
				t.Error(v)
			}
			if used := b.Used(); used != 0 {
				t.Errorf("%d bytes are used, want 0", used)
			}
		}()
		for range c.Messages(t.Context()) {
			panic("within the loop")
		}
	})
}

// Many connections together do not exceed the budget.
func TestBudgetBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const conns, size, max = 100, 1 << 16, 10 << 16
		b := NewBudget(max)
		refused := make(chan bool, conns)
		for range conns {
			c, p := newPeer(t, wire.Server, Limits{Budget: b})
			go p.nc.Write(p.Frame(wire.OpBinary, false, string(make([]byte, size-1))))
			go p.nextFrame()
			go func() {
				_, _, err := c.Read(t.Context())
				refused <- errors.Is(err, ErrBudget)
			}()
		}
		synctest.Wait()
		if used := b.Used(); used > max || used < max-4*size {
			t.Errorf("%d bytes are used, want %d to %d", used, max-4*size, max)
		}
		if n := len(refused); n < conns-max/size || n == conns {
			t.Errorf("%d of %d connections were refused, want %d or more, but not all",
				n, conns, conns-max/size)
		}
	})
}
