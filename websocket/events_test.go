package websocket_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// Read reports each message with its size and that of its payloads on the wire, in whatever way it
// is read, or skipped.
func TestEventsRead(t *testing.T) {
	large := strings.Repeat("a", 3*blockSize)
	for _, style := range readStyles {
		t.Run(style.name, func(t *testing.T) {
			eachRole(t, func(t *testing.T, role wire.Role) {
				var l eventLog
				c, p := newPipePeer(t, nil, ConnOptions{
					Role: role, Session: newRuns(t), Events: l.events(),
				})
				s := newRuns(t)
				short, long := s.encode("aaab"), s.encode(large)
				go func() {
					p.Send(wire.OpText, true, "whole")
					p.Send(wire.OpBinary, false, "frag")
					p.Send(wire.OpPing, true, "")
					p.Send(wire.OpContinuation, false, "")
					p.Send(wire.OpContinuation, true, "ments")
					p.Send(wire.OpText, true, "")
					p.Send(wire.OpText, true, large)
					p.Write(p.extFrame(wire.OpText, true, short))
					p.Write(p.extFrame(wire.OpBinary, false, long[:7]))
					p.Send(wire.OpContinuation, true, long[7:])
					p.Send(wire.OpBinary, true, "last")
				}()
				go p.drain() // the pong
				read := style.make(c)
				for range 7 {
					if got := read(context.Background()); got.err != nil && got.err != io.EOF {
						t.Fatal(got.err)
					}
				}
				n := int64(len(large))
				want := []sized{
					{Text, 5, 5}, {Binary, 9, 9}, {Text, 0, 0}, {Text, n, n},
					{Text, 4, int64(len(short))}, {Binary, n, int64(len(long))}, {Binary, 4, 4},
				}
				if got, _ := l.sizes(); !slices.Equal(got, want) {
					t.Errorf("got  %v\nwant %v", got, want)
				}
			})
		})
	}
}

// A message that is not read to its end is reported once it has been skipped.
func TestEventsReadSkipped(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		var l eventLog
		c, p := newPipePeer(t, nil, ConnOptions{Role: role, Session: newRuns(t), Events: l.events()})
		encoded := newRuns(t).encode(strings.Repeat("a", 1000))
		go func() {
			p.Send(wire.OpText, false, "skip")
			p.Send(wire.OpContinuation, true, "ped")
			p.Write(p.extFrame(wire.OpBinary, true, encoded))
			p.Send(wire.OpText, true, "read")
		}()
		for range 2 {
			r, err := c.Reader(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := r.Read(make([]byte, 1)); err != nil {
				t.Fatal(err)
			}
		}
		if got, _ := l.sizes(); !slices.Equal(got, []sized{{Text, 7, 7}}) {
			t.Errorf("with the second message open: got %v", got)
		}
		if _, _, err := c.Read(context.Background()); err != nil {
			t.Fatal(err)
		}
		want := []sized{{Text, 7, 7}, {Binary, 1000, int64(len(encoded))}, {Text, 4, 4}}
		if got, _ := l.sizes(); !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}

// Wrote reports each message with the size that the program has given and the size on the wire, in
// whatever way it is sent, in one frame or in several.
func TestEventsWrote(t *testing.T) {
	var shared atomic.Int64
	for name, session := range map[string]func() wire.Session{
		"plain": func() wire.Session { return nil },
		"runs":  func() wire.Session { return newRuns(t) },
		"tally": func() wire.Session { return newTally(t, 1, &shared) },
	} {
		for _, limit := range []int64{0, 100} {
			t.Run(fmt.Sprintf("%s/%d", name, limit), func(t *testing.T) {
				eachRole(t, func(t *testing.T, role wire.Role) {
					testEventsWrote(t, ConnOptions{
						Role: role, Session: session(), Limits: Limits{MaxWriteFrame: limit},
					})
				})
			})
		}
	}
}

func testEventsWrote(t *testing.T, cfg ConnOptions) {
	var l eventLog
	cfg.Events = l.events()
	c, p := newPipePeer(t, nil, cfg)
	go p.drain()
	ctx := context.Background()
	ways := slices.Clone(sendWays)
	ways = append(ways, sendWays[0], sendWays[0])
	ways[len(ways)-1].send = func(ctx context.Context, c *Conn, p []byte) error {
		return c.WritePrepared(ctx, prepare(t, Binary, p))
	}
	ways[len(ways)-2].send = func(ctx context.Context, c *Conn, p []byte) error {
		return c.WriteBuffers(ctx, Binary, nil, p)
	}
	var want []sized
	for _, way := range ways {
		for _, n := range []int{0, 1, 3000, 3 * FragmentSize, 2 * largeSize} {
			before := c.Stats().BytesWritten
			if _, ok := cfg.Session.(*tally); ok && strings.HasPrefix(way.name, "Writer") {
				continue // a tally cannot stream
			}
			if err := way.send(ctx, c, bytes.Repeat([]byte("a"), n)); err != nil {
				t.Fatal(way.name, err)
			}
			want = append(want, sized{Binary, int64(n), c.Stats().BytesWritten - before})
		}
	}
	if err := c.Write(ctx, Text, []byte("text")); err != nil {
		t.Fatal(err)
	}
	if _, got := l.sizes(); len(got) != len(want)+1 || !slices.Equal(got[:len(want)], want) {
		t.Errorf("got  %v\nwant %v", got, want)
	} else if last := got[len(want)]; last.typ != Text || last.payload != 4 {
		t.Errorf("the last message: got %v, want text of 4 bytes", last)
	}
}

// The sums of the events are the counts of Stats for all traffic: messages in several styles, cut by
// the ends of contexts, through an extension and in fragments, while pings contend for the turn.
func TestEventsSums(t *testing.T) {
	for minimum, limit := range map[int64]int64{0: 0, 1000: 0, 500: 700} {
		for _, kind := range []string{"pipe", "tcp"} {
			t.Run(fmt.Sprintf("%s/%d", kind, minimum), func(t *testing.T) {
				checkLeaks(t)
				var at, from eventLog
				a, b := netPair(t, kind)
				limits := Limits{MaxControls: -1, MaxWriteFrame: limit}
				conn := func(nc net.Conn, role wire.Role, l *eventLog) *Conn {
					s := newRuns(t)
					s.minimum = minimum
					c := NewConn(context.Background(), nc, &ConnOptions{
						Role: role, Session: s, Limits: limits, Events: l.events(),
					})
					t.Cleanup(func() { c.CloseNow() })
					return c
				}
				reader, writer := conn(a, wire.Server, &at), conn(b, wire.Client, &from)
				sent := testRandomTraffic(t, writer, reader)
				_, wrote := from.sizes()
				read, _ := at.sizes()
				if got, want := tallyUp(nil, wrote), countable(writer.Stats()); got != want {
					t.Errorf("writer: events add up to %+v, Stats are %+v", got, want)
				}
				if got, want := tallyUp(read, nil), countable(reader.Stats()); got != want {
					t.Errorf("reader: events add up to %+v, Stats are %+v", got, want)
				}
				if !slices.Equal(read, wrote) {
					t.Error("the reader's events differ from the writer's")
				}
				payloads := make([]int64, len(wrote))
				for i, m := range wrote {
					payloads[i] = m.payload
				}
				if !slices.Equal(payloads, sent) {
					t.Errorf("got payloads %v, want %v", payloads, sent)
				}
			})
		}
	}
}

// testRandomTraffic sends messages from one side to the other, and returns the sizes of those that
// were accepted. Some are cut in the middle, and some are skipped by the reader.
func testRandomTraffic(t *testing.T, from, to *Conn) (sizes []int64) {
	seed := rand.Uint64()
	ctx := bounded(t)
	done := start(func() error {
		random := rand.New(rand.NewPCG(seed, 1))
		for {
			if random.IntN(2) == 0 {
				if typ, _, err := to.Read(ctx); err != nil || typ == Text {
					return err
				}
				continue
			}
			r, err := to.Reader(ctx)
			if err != nil || r.Type() == Text {
				return errors.Join(err, readAll(r))
			}
			if _, err := r.Read(make([]byte, 4)); err != nil && err != io.EOF {
				return err
			}
		}
	})
	pinging, stop := context.WithCancel(ctx)
	go from.Read(pinging)
	pinged := start(func() error {
		for pinging.Err() == nil {
			from.Ping(pinging)
		}
		return nil
	})
	random := rand.New(rand.NewPCG(seed, 0))
	ways := slices.DeleteFunc(slices.Clone(sendWays), func(way struct {
		name string
		send func(context.Context, *Conn, []byte) error
	}) bool {
		return strings.HasPrefix(way.name, "Writer") // a part of its message ends the connection
	})
	for range 60 {
		n := random.IntN([]int{100, 3000, 2 * blockSize}[random.IntN(3)])
		cutting, cancel := context.WithCancel(ctx)
		if random.IntN(2) == 0 {
			go cancel()
		}
		err := ways[random.IntN(len(ways))].send(cutting, from, bytes.Repeat([]byte("ab"), n/2))
		if err == nil || IsAccepted(err) {
			sizes = append(sizes, int64(n/2*2))
		} else if !errors.Is(err, context.Canceled) || errors.Is(err, net.ErrClosed) {
			t.Fatalf("seed %d: %v", seed, err)
		}
		cancel()
	}
	if err := from.Write(ctx, Text, []byte("end")); err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	if err := <-done; err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	stop()
	<-pinged
	return append(sizes, 3)
}

// Closed is called once for each way in which a connection can end, with its Closure. The call
// of Close and the read that end the connection return after it.
func TestEventsClosed(t *testing.T) {
	for _, row := range closures {
		t.Run(row.name, func(t *testing.T) {
			eachRole(t, func(t *testing.T, role wire.Role) {
				var l eventLog
				ours, theirs := net.Pipe()
				c, p := newPeerOver(t, ours, theirs, ConnOptions{Role: role, Events: l.events()})
				returned := start(func() error { return row.ours(c) })
				synctest.Wait()
				row.theirs(p)
				<-returned
				if row.name == "peer does not read" {
					<-c.Context().Done() // a second after the write
					synctest.Wait()
				}
				want := []string{"Accepted", "Closed"}
				if strings.HasSuffix(row.name, "that meets the peer's") {
					want = []string{"Accepted", "Wrote", "Closed"}
				}
				if got := l.calls(); !slices.Equal(got, want) {
					t.Errorf("got calls %v, want %v", got, want)
				}
				time.Sleep(time.Minute)
				wantClosed(t, c)
				if got := l.calls(); !slices.Equal(got, want) {
					t.Errorf("a minute later: got calls %v, want %v", got, want)
				}
				if got := c.Closure(); len(l.closed) != 1 || !precedes(l.closed[0], got) {
					t.Errorf("got %+v, want %+v", l.closed, got)
				}
			})
		})
	}
}

// However many goroutines end a connection at once, Closed is called once.
func TestEventsClosedOnce(t *testing.T) {
	checkLeaks(t)
	for range 200 {
		var calls atomic.Int32
		count := &Events{Closed: func(*Conn, Closure) { calls.Add(1) }}
		a, b := net.Pipe()
		c := NewConn(context.Background(), a, &ConnOptions{Events: count})
		ended := make(chan struct{})
		for _, end := range []func(){
			func() { c.CloseNow() },
			func() { c.Abort(io.EOF) },
			func() { b.Close() },
			func() { readToEnd(c) },
			func() { closeOurs(c) },
		} {
			go func() { end(); ended <- struct{}{} }()
		}
		for range 5 {
			<-ended
		}
		<-c.Ended()
		if n := calls.Load(); n != 1 {
			t.Fatalf("Closed was called %d times, want once", n)
		}
	}
}

// Close, and a read that finds the peer's close frame, return after Closed, even if Closed takes its
// time, and even with the connection's own context.
func TestEventsClosedBeforeReturn(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		var done atomic.Bool
		slow := &Events{Closed: func(*Conn, Closure) {
			time.Sleep(time.Second)
			done.Store(true)
		}}
		c, p := newPipePeer(t, nil, ConnOptions{Role: role, Events: slow})
		read := start(func() bool { c.Read(c.Context()); return done.Load() })
		synctest.Wait()
		closed := start(func() bool { closeOurs(c); return done.Load() })
		p.ExpectClose(4000)
		p.SendClose(4000, "")
		if read, closed := <-read, <-closed; !read || !closed {
			t.Errorf("after Closed: Read returned %v, Close %v, want true for both", read, closed)
		}
	})
}

// A read whose context ends does not wait for Closed, although it has found the peer's close frame.
func TestEventsClosedIsSlow(t *testing.T) {
	checkLeaks(t)
	for _, kind := range []string{"tcp", "pipe"} {
		t.Run(kind, func(t *testing.T) {
			begun, release := make(chan struct{}), make(chan struct{})
			slow := &Events{Closed: func(*Conn, Closure) { close(begun); <-release }}
			ours, theirs := netPair(t, kind)
			c, p := newPeerOver(t, ours, theirs, ConnOptions{Events: slow})
			ctx, cancel := context.WithCancel(t.Context())
			read := startRead(ctx, c)
			p.SendClose(4000, "")
			p.ExpectClose(4000)
			<-begun
			cancel()
			if err := (<-read).err; CloseStatus(err) != 4000 {
				t.Errorf("got %v, want the peer's code", err)
			}
			close(release)
			<-c.Ended()
		})
	}
}

// A close frame that the transport takes while the connection ends may be missing in the Closure of
// Closed, and is in a later one, because the peer gets it.
func TestEventsClosedDuringFrame(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		var l eventLog
		ours, theirs := net.Pipe()
		late := lateWriter{ours, make(chan struct{})}
		c, p := newPeerOver(t, late, theirs, ConnOptions{Role: role, Events: l.events()})
		go p.drain()
		closed := start(func() error { return closeOurs(c) })
		synctest.Wait()
		c.CloseNow()
		close(late.held)
		<-closed
		synctest.Wait()
		if v := c.Closure(); v.Sent.Code != 4000 || len(l.closed) != 1 || !precedes(l.closed[0], v) {
			t.Errorf("got %+v and Closure %+v, want 4000 in the latter", l.closed, v)
		}
	})
}

// A message that is read after the end, because a write had failed before, is still reported.
func TestEventsReadAfterClosed(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		var l eventLog
		c, p := newPipePeer(t, worn(0), ConnOptions{Role: role, Events: l.events()})
		if err := c.Write(context.Background(), Text, nil); !errors.Is(err, errWornOut) {
			t.Fatal(err)
		}
		p.Send(wire.OpText, true, "late")
		<-c.Ended()
		if _, _, err := c.Read(context.Background()); err != nil {
			t.Fatal(err)
		}
		if got, want := l.calls(), []string{"Accepted", "Closed", "Read"}; !slices.Equal(got, want) {
			t.Errorf("got calls %v, want %v", got, want)
		}
	})
}

// A panic of a function reaches the caller of the method that called it, and leaves nothing locked.
func TestEventsPanic(t *testing.T) {
	boom := func() { panic("boom") }
	for name, e := range map[string]*Events{
		"Wrote": {Wrote: func(*Conn, MessageType, int64, int64) { boom() }},
		"Read":  {Read: func(*Conn, MessageType, int64, int64) { boom() }},
	} {
		t.Run(name, func(t *testing.T) {
			eachRole(t, func(t *testing.T, role wire.Role) {
				c, p := newPipePeer(t, nil, ConnOptions{Role: role, Events: e})
				go p.drain()
				v := recovered(func() {
					if name == "Read" {
						go p.Send(wire.OpText, true, "hello")
						c.Read(context.Background())
					} else {
						c.Write(context.Background(), Text, nil)
					}
				})
				if v != "boom" {
					t.Errorf("recovered %v, want the panic", v)
				}
				begun := time.Now()
				if c.Close(context.Background(), 1000, ""); name == "Wrote" && time.Since(begun) > 0 {
					t.Errorf("Close took %v, want no wait", time.Since(begun))
				}
				synctest.Wait()
				wantClosed(t, c)
			})
		})
	}
	t.Run("Accepted", func(t *testing.T) {
		checkLeaks(t)
		var l eventLog
		e := JoinEvents(l.events(), &Events{Accepted: func(_ *http.Request, c *Conn) { boom() }})
		a, b := net.Pipe()
		if v := recovered(func() { NewConn(context.Background(), a, &ConnOptions{Events: e}) }); v != "boom" {
			t.Errorf("recovered %v, want the panic", v)
		}
		if _, err := b.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("the transport was not closed: %v", err)
		}
		if got, want := l.calls(), []string{"Accepted", "Closed"}; !slices.Equal(got, want) {
			t.Errorf("got calls %v, want %v", got, want)
		}
	})
}

// JoinEvents calls the functions of all members in order. A function that no member has is nil.
func TestJoinEvents(t *testing.T) {
	if got := JoinEvents(); got != nil {
		t.Errorf("of none: got %v, want nil", got)
	}
	if got := JoinEvents(nil, nil); got != nil {
		t.Errorf("of nil: got %v, want nil", got)
	}
	var order []string
	member := func(name string) *Events {
		note := func(what string) { order = append(order, what+name) }
		return &Events{
			Refused:  func(*http.Request, *HandshakeError) { note("refused") },
			Accepted: func(*http.Request, *Conn) { note("accepted") },
			Read:     func(_ *Conn, _ MessageType, payload, wire int64) { note(fmt.Sprint("read", payload, wire)) },
			Wrote:    func(_ *Conn, _ MessageType, payload, wire int64) { note(fmt.Sprint("wrote", payload, wire)) },
			Pong:     func(*Conn, time.Duration) { note("pong") },
			Closed:   func(*Conn, Closure) { note("closed") },
		}
	}
	a, b := member("A"), member("B")
	if got := JoinEvents(nil, a, nil); got != a {
		t.Error("of a single one: got another")
	}
	e := JoinEvents(a, nil, b, &Events{}, member("C"))
	e.Refused(nil, nil)
	e.Accepted(nil, nil)
	e.Read(nil, Text, 1, 2)
	e.Wrote(nil, Text, 3, 4)
	e.Pong(nil, 0)
	e.Closed(nil, Closure{})
	want := "refusedA refusedB refusedC acceptedA acceptedB acceptedC read1 2A read1 2B read1 2C " +
		"wrote3 4A wrote3 4B wrote3 4C pongA pongB pongC closedA closedB closedC"
	if got := strings.Join(order, " "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	e = JoinEvents(&Events{Pong: a.Pong}, &Events{Closed: b.Closed})
	if e.Refused != nil || e.Accepted != nil || e.Read != nil || e.Wrote != nil ||
		e.Pong == nil || e.Closed == nil {
		t.Errorf("got %+v, want Pong and Closed alone", e)
	}
}
