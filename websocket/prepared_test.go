package websocket_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

func prepare(t testing.TB, typ MessageType, p []byte) *PreparedMessage {
	t.Helper()
	m, err := Prepare(typ, p)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// A prepared message is sent with the bytes that Write would send, every time. The caller may
// change the bytes that it passed to Prepare.
func TestPrepared(t *testing.T) {
	for _, role := range roles {
		for _, limit := range []int64{0, 100, 10_000} {
			t.Run(fmt.Sprintf("%v/%d", role, limit), func(t *testing.T) {
				checkLeaks(t)
				a, b := netPair(t, "tcp")
				c, p := newPeerOver(t, a, b, ConnOptions{Role: role, Limits: Limits{MaxWriteFrame: limit}})
				ctx := bounded(t)
				sizes := []int{
					0, 1, 125, 126, 10_000, FragmentSize, FragmentSize + 1, 1<<16 - 1, 1 << 16, 200_000,
				}
				sent := start(func() error {
					for i, n := range sizes {
						data := bytes.Clone(pattern(n, uint32(i)))
						m := prepare(t, Binary, data)
						clear(data)
						for range 2 {
							if err := c.WritePrepared(ctx, m); err != nil {
								return err
							}
						}
					}
					return nil
				})
				most := 1 << 30
				if limit > 0 {
					most = int(limit)
				}
				for i, n := range sizes {
					for range 2 {
						got := p.fragments(wire.OpBinary, 0, most)
						if !bytes.Equal(got, pattern(n, uint32(i))) {
							t.Fatalf("message of %d bytes: got %d bytes that differ from it", n, len(got))
						}
					}
				}
				noError(t, <-sent)
				if n := c.Stats().MessagesWritten; n != int64(2*len(sizes)) {
					t.Errorf("MessagesWritten = %d, want %d", n, 2*len(sizes))
				}
			})
		}
	}
}

// Prepare accepts the types of data messages only.
func TestPrepareType(t *testing.T) {
	for _, typ := range []MessageType{0, 3, MessageType(wire.OpClose)} {
		if m, err := Prepare(typ, nil); m != nil || !errors.Is(err, ErrMessageType) {
			t.Errorf("Prepare of type %d: got %v, %v, want %v", typ, m, err, ErrMessageType)
		}
	}
	checkLeaks(t)
	client, server := connPair(t, "tcp", Limits{})
	if err := client.WritePrepared(bounded(t), prepare(t, Text, []byte("text"))); err != nil {
		t.Fatal(err)
	}
	if typ, got, err := server.Read(bounded(t)); typ != Text || string(got) != "text" || err != nil {
		t.Errorf("got %v %q, %v, want the text message", typ, got, err)
	}
}

// A message that is sent to a thousand connections at once is encoded once for each set of
// parameters. The connections can send other messages in between.
func TestPreparedEncodedOnce(t *testing.T) {
	const connections, parameters, rounds = 1000, 3, 3
	bubble(t, func(t *testing.T) {
		var shared atomic.Int64
		broadcasts := make([]*PreparedMessage, rounds)
		for i := range broadcasts {
			broadcasts[i] = prepare(t, Text, fmt.Appendf(nil, "broadcast %d", i))
		}
		ctx := context.Background()
		var all sync.WaitGroup
		for i := range connections {
			role := roles[i/parameters%2]
			near, far := net.Pipe()
			cfg := ConnOptions{Role: role, Session: newTally(t, byte(i%parameters), &shared)}
			c := NewConn(ctx, near, &cfg)
			cfg.Role, cfg.Session = roles[1-i/parameters%2], newTally(t, byte(i%parameters), nil)
			peer := NewConn(ctx, far, &cfg)
			all.Go(func() {
				for round, m := range broadcasts {
					if round == i%rounds {
						noError(t, c.Write(ctx, Text, []byte("its own")))
					}
					noError(t, c.WritePrepared(ctx, m))
				}
				c.Close(ctx, StatusNormalClosure, "")
			})
			all.Go(func() {
				got := ""
				for m, err := range peer.Messages(ctx) {
					if err != nil {
						t.Error(err)
					}
					got += string(m.Data) + ";"
				}
				want := [rounds]string{
					"its own;broadcast 0;broadcast 1;broadcast 2;",
					"broadcast 0;its own;broadcast 1;broadcast 2;",
					"broadcast 0;broadcast 1;its own;broadcast 2;",
				}[i%rounds]
				if got != want {
					t.Errorf("connection %d: got %q, want %q", i, got, want)
				}
			})
		}
		all.Wait()
		if n := shared.Load(); n != parameters*rounds {
			t.Errorf("%d messages were encoded %d times, want once for each of %d sets of parameters",
				rounds, n, parameters)
		}
	})
}

// tallyPeer returns a Conn with a session that can share, its peer, and a session that decodes the
// Conn's messages.
func tallyPeer(t *testing.T, role wire.Role, limits Limits) (c *Conn, p *peer, theirs *tally) {
	t.Helper()
	ours := newTally(t, 7, new(atomic.Int64))
	c, p = newPipePeer(t, nil, ConnOptions{Role: role, Session: ours, Limits: limits})
	return c, p, newTally(t, 7, nil)
}

// payload reads the peer's next message and decodes it.
func (s *tally) payload(p *peer) string {
	p.t.Helper()
	h, got := p.message()
	return s.decoded(p.t, h, got)
}

// decoded returns the decoded payload of a message whose first header is h.
func (s *tally) decoded(t *testing.T, h wire.Header, payload []byte) string {
	t.Helper()
	if h.RSV == 0 {
		return string(payload)
	}
	d, _ := s.Decode(h.RSV)
	b, _, _, err := d.Append(nil, payload, true, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// A prepared message that is cut at any byte arrives whole, before the next message. One that is
// cut before its first byte does not arrive and leaves the state of an extension unchanged.
func TestPreparedCut(t *testing.T) {
	const payload = "a prepared message"
	for _, limit := range []int64{0, 6} {
		eachRole(t, func(t *testing.T, role wire.Role) {
			for n := range len(payload) + 1 {
				c, p, theirs := tallyPeer(t, role, Limits{MaxWriteFrame: limit})
				ctx, cancel := context.WithCancel(context.Background())
				m := prepare(t, Text, []byte(payload))
				done := start(func() error { return c.WritePrepared(ctx, m) })
				p.take(n)
				synctest.Wait()
				cancel()
				e := wantError(t, <-done, "write", context.Canceled)
				if e.Accepted != (n > 0) || errors.Is(e, net.ErrClosed) {
					t.Fatalf("cut at byte %d: got %+v, want accepted: %v", n, e, n > 0)
				}
				next := start(func() error { return c.Write(context.Background(), Text, []byte("next")) })
				if n > 0 {
					if got := theirs.payload(p); got != payload {
						t.Fatalf("cut at byte %d: got %q, want %q", n, got, payload)
					}
				}
				if got := theirs.payload(p); got != "next" {
					t.Errorf("cut at byte %d: then got %q, want %q", n, got, "next")
				}
				noError(t, <-next)
				again := start(func() error { return c.WritePrepared(context.Background(), m) })
				if got := theirs.payload(p); got != payload {
					t.Errorf("cut at byte %d: got %q the second time, want %q", n, got, payload)
				}
				noError(t, <-again)
			}
		})
	}
}

// A prepared message that the extension does not share is sent as Write would send it, plain or
// encoded by the session.
func TestPreparedNotShared(t *testing.T) {
	for _, row := range []struct {
		name    string
		session func(s *tally) wire.Session
		first   byte // the first byte of the payload on the wire; 0 if the message is plain
	}{
		{"too small", func(s *tally) wire.Session { s.minimum = 100; return s }, 0},
		{"too small, cannot share", func(s *tally) wire.Session { s.minimum = 100; return unsharing{s} }, 0},
		{"cannot share", func(s *tally) wire.Session { return unsharing{s} }, 'o'},
		{"shares", func(s *tally) wire.Session { return s }, 's'},
	} {
		for _, role := range roles {
			t.Run(row.name+"/"+role.String(), func(t *testing.T) {
				checkLeaks(t)
				a, b := netPair(t, "tcp")
				s := row.session(newTally(t, 7, new(atomic.Int64)))
				c, p := newPeerOver(t, a, b, ConnOptions{Role: role, Session: s})
				theirs := newTally(t, 7, nil)
				m := prepare(t, Text, []byte("message"))
				for range 3 {
					if err := c.WritePrepared(bounded(t), m); err != nil {
						t.Fatal(err)
					}
					h, got := p.message()
					if (h.RSV != 0) != (row.first != 0) || h.RSV != 0 && got[0] != row.first {
						t.Errorf("got %+v, % x, want the first byte %q", h, got, row.first)
					}
					if got := theirs.decoded(t, h, got); got != "message" {
						t.Errorf("got %q, want %q", got, "message")
					}
				}
			})
		}
	}
}

// A message that cannot be encoded in shared form is an error and does no harm to the connection.
func TestPreparedEncodeFails(t *testing.T) {
	checkLeaks(t)
	var shared atomic.Int64
	s := newTally(t, 7, &shared)
	s.fails = true
	a, b := netPair(t, "tcp")
	c, p := newPeerOver(t, a, b, ConnOptions{Role: wire.Server, Session: s})
	m := prepare(t, Text, []byte("message"))
	for range 2 {
		if e := wantError(t, c.WritePrepared(bounded(t), m), "write", errTally); errors.Is(e, net.ErrClosed) {
			t.Errorf("got %+v, want an open connection", e)
		}
	}
	if shared.Load() != 1 {
		t.Errorf("the message was encoded %d times, want once", shared.Load())
	}
	if err := c.Write(bounded(t), Text, []byte("next")); err != nil {
		t.Fatal(err)
	}
	if got := newTally(t, 7, nil).payload(p); got != "next" {
		t.Errorf("then got %q, want %q", got, "next")
	}
}

// A prepared message keeps at most MaxForms forms, even if an extension never repeats a key.
func TestPreparedKeysBounded(t *testing.T) {
	checkLeaks(t)
	var shared atomic.Int64
	s := newTally(t, 7, &shared)
	s.unique = true
	a, b := netPair(t, "tcp")
	c, p := newPeerOver(t, a, b, ConnOptions{Role: wire.Server, Session: s})
	theirs := newTally(t, 7, nil)
	m := prepare(t, Text, []byte("message"))
	for range 2 * MaxForms {
		if err := c.WritePrepared(bounded(t), m); err != nil {
			t.Fatal(err)
		}
		if got := theirs.payload(p); got != "message" {
			t.Fatalf("got %q, want %q", got, "message")
		}
	}
	if n := shared.Load(); n != MaxForms {
		t.Errorf("%d forms were made, want %d", n, MaxForms)
	}
}

// WritePrepared makes no call of the session after the end of the connection or of its context.
func TestPreparedAfterEnd(t *testing.T) {
	checkLeaks(t)
	c, _, _ := tallyPeer(t, wire.Server, Limits{})
	c.CloseNow()
	if err := c.WritePrepared(bounded(t), prepare(t, Text, nil)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("after the end: got %v, want net.ErrClosed", err)
	}
	c, _, _ = tallyPeer(t, wire.Server, Limits{})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if e := wantError(t, c.WritePrepared(ctx, prepare(t, Text, nil)), "write", context.Canceled); e.Accepted {
		t.Errorf("got %+v, want a message that was not accepted", e)
	}
}

// A prepared message is not sent after a close frame.
func TestPreparedAfterClose(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{})
		closed := start(func() error { return c.Close(context.Background(), StatusNormalClosure, "") })
		p.ExpectClose(StatusNormalClosure)
		err := c.WritePrepared(context.Background(), prepare(t, Text, nil))
		if !errors.Is(err, net.ErrClosed) {
			t.Errorf("got %v, want net.ErrClosed", err)
		}
		p.answer()
		p.nc.Close()
		<-closed
	})
}

// otherBits is a tally session that uses another reserved bit.
type otherBits struct{ *tally }

func (otherBits) Bits() (rsv, perFrame byte) { return wire.RSV2, 0 }

// A form is shared only by sessions with the same reserved bits.
func TestPreparedOtherBits(t *testing.T) {
	checkLeaks(t)
	var shared atomic.Int64
	m := prepare(t, Text, []byte("message"))
	for range 2 {
		for bits, s := range map[byte]wire.Session{
			wire.RSV1: newTally(t, 7, &shared), wire.RSV2: otherBits{newTally(t, 7, &shared)},
		} {
			a, b := netPair(t, "tcp")
			c, p := newPeerOver(t, a, b, ConnOptions{Role: wire.Server, Session: s})
			if err := c.WritePrepared(bounded(t), m); err != nil {
				t.Fatal(err)
			}
			if h, got := p.message(); h.RSV != bits || got[0] != 's' {
				t.Errorf("bits %d: got %+v, % x, want a shared form", bits, h, got)
			}
		}
	}
	if n := shared.Load(); n != 2 {
		t.Errorf("%d forms were made, want 2", n)
	}
}

// A countingTape is a tape that counts the calls of Read and Write.
type countingTape struct {
	tape
	reads, writes int
}

func (c *countingTape) Read(p []byte) (int, error) {
	c.reads++
	return c.tape.Read(p)
}

func (c *countingTape) Write(p []byte) (int, error) {
	c.writes++
	return len(p), nil
}

// A server sends a prepared message of any size in one write.
func TestPreparedOneWrite(t *testing.T) {
	for _, s := range []wire.Session{nil, newTally(t, 7, new(atomic.Int64))} {
		nc := &countingTape{}
		c := NewConn(context.Background(), nc, &ConnOptions{Role: wire.Server, Session: s})
		for i, n := range []int{0, 125, 200_000} {
			if err := c.WritePrepared(context.Background(), prepare(t, Binary, make([]byte, n))); err != nil {
				t.Fatal(err)
			}
			if nc.writes != i+1 {
				t.Errorf("got %d writes for %d messages, want one each", nc.writes, i+1)
			}
		}
		c.CloseNow()
	}
}
