package websocket

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

// A prepared message is on the wire what Write makes of it, as often as it is sent
// and by whomever, and whatever becomes of the bytes that it was made of.
func TestPrepared(t *testing.T) {
	for _, role := range roles {
		for _, limit := range []int64{0, 100, 10_000} {
			t.Run(fmt.Sprintf("%v/%d", role, limit), func(t *testing.T) {
				checkLeaks(t)
				a, b := netPair(t, "tcp")
				c, p := newPeerOver(t, a, b, ConnOptions{Role: role, Limits: Limits{MaxWriteFrame: limit}})
				ctx := bounded(t)
				sizes := []int{0, 1, 125, 126, 10_000, fragmentSize, fragmentSize + 1, 1<<16 - 1, 1 << 16, 200_000}
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
						if got := p.fragments(wire.OpBinary, 0, most); !bytes.Equal(got, pattern(n, uint32(i))) {
							t.Fatalf("a message of %d bytes came with %d, or others", n, len(got))
						}
					}
				}
				if err := <-sent; err != nil {
					t.Error(err)
				}
				if n := c.Stats().MessagesWritten; n != int64(2*len(sizes)) {
					t.Errorf("MessagesWritten = %d", n)
				}
			})
		}
	}
}

func TestPrepareType(t *testing.T) {
	for _, typ := range []MessageType{0, 3, MessageType(wire.OpClose)} {
		if m, err := Prepare(typ, nil); m != nil || !errors.Is(err, errMessageType) {
			t.Errorf("Prepare of type %d: %v, %v", typ, m, err)
		}
	}
	checkLeaks(t)
	client, server := connPair(t, "tcp", Limits{})
	if err := client.WritePrepared(bounded(t), prepare(t, Text, []byte("text"))); err != nil {
		t.Fatal(err)
	}
	if typ, got, err := server.Read(bounded(t)); typ != Text || string(got) != "text" || err != nil {
		t.Errorf("%v %q %v", typ, got, err)
	}
}

// A message that goes to a thousand connections at once is encoded once for each set
// of parameters, and the connections' own messages between are right.
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
			cfg := ConnOptions{Role: role, Session: newTally(t, byte(i%parameters), &shared), Limits: Limits{}}
			c := NewConn(ctx, near, &cfg)
			cfg.Role, cfg.Session = roles[1-i/parameters%2], newTally(t, byte(i%parameters), nil)
			peer := NewConn(ctx, far, &cfg)
			all.Go(func() {
				for round, m := range broadcasts {
					if round == i%rounds {
						if err := c.Write(ctx, Text, []byte("its own")); err != nil {
							t.Error(err)
						}
					}
					if err := c.WritePrepared(ctx, m); err != nil {
						t.Error(err)
					}
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
					t.Errorf("connection %d got %q", i, got)
				}
			})
		}
		all.Wait()
		if n := shared.Load(); n != parameters*rounds {
			t.Errorf("%d messages were encoded %d times for %d sets of parameters", rounds, n, parameters)
		}
	})
}

// tallyPeer returns a Conn under the extension that shares, and a peer with the
// session to read what it sends.
func tallyPeer(t *testing.T, role wire.Role, limits Limits) (c *Conn, p *peer, theirs *tally) {
	t.Helper()
	ours := newTally(t, 7, new(atomic.Int64))
	a, b := net.Pipe()
	c, p = newPeerOver(t, a, b, ConnOptions{Role: role, Session: ours, Limits: limits})
	return c, p, newTally(t, 7, nil)
}

// payload reads a message and decodes it.
func (s *tally) payload(p *peer) string {
	p.t.Helper()
	h, got := p.message()
	return s.decoded(p.t, h, got)
}

// decoded returns a message whose first header is h.
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

// A prepared message that is cut at any byte arrives whole, before the next, and one
// that was cut before its first byte does not arrive: no state has moved, under an
// extension either.
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
					t.Fatalf("cut at byte %d: %+v", n, e)
				}
				next := start(func() error { return c.Write(context.Background(), Text, []byte("next")) })
				if n > 0 {
					if got := theirs.payload(p); got != payload {
						t.Fatalf("cut at byte %d: got %q", n, got)
					}
				}
				if got := theirs.payload(p); got != "next" {
					t.Errorf("cut at byte %d: then came %q", n, got)
				}
				if err := <-next; err != nil {
					t.Error(err)
				}
				again := start(func() error { return c.WritePrepared(context.Background(), m) })
				if got := theirs.payload(p); got != payload {
					t.Errorf("cut at byte %d: the next time it came as %q", n, got)
				}
				if err := <-again; err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// take reads n bytes.
func (p *peer) take(n int) {
	p.t.Helper()
	b := make([]byte, n)
	for have := 0; have < n; {
		m, err := p.nc.Read(b[have:])
		if err != nil {
			p.t.Fatal(err)
		}
		have += m
	}
	p.got = append(p.got, b...)
}

// What the extension does not share goes the way of Write: past it or through it.
func TestPreparedNotShared(t *testing.T) {
	for _, row := range []struct {
		name    string
		session func(s *tally) wire.Session
		first   byte // of the payload on the wire; 0 if it is plain
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
				c, p := newPeerOver(t, a, b, ConnOptions{Role: role, Session: s, Limits: Limits{}})
				theirs := newTally(t, 7, nil)
				m := prepare(t, Text, []byte("message"))
				for range 3 {
					if err := c.WritePrepared(bounded(t), m); err != nil {
						t.Fatal(err)
					}
					h, got := p.message()
					if (h.RSV != 0) != (row.first != 0) || h.RSV != 0 && got[0] != row.first {
						t.Errorf("%+v, % x", h, got)
					}
					if got := theirs.decoded(t, h, got); got != "message" {
						t.Errorf("got %q", got)
					}
				}
			})
		}
	}
}

// A message that cannot be encoded in shared form is an error, and nothing worse.
func TestPreparedEncodeFails(t *testing.T) {
	checkLeaks(t)
	var shared atomic.Int64
	s := newTally(t, 7, &shared)
	s.fails = true
	a, b := netPair(t, "tcp")
	c, p := newPeerOver(t, a, b, ConnOptions{Role: wire.Server, Session: s, Limits: Limits{}})
	m := prepare(t, Text, []byte("message"))
	for range 2 {
		if e := wantError(t, c.WritePrepared(bounded(t), m), "write", errTally); errors.Is(e, net.ErrClosed) {
			t.Errorf("%+v", e)
		}
	}
	if shared.Load() != 1 {
		t.Errorf("tried %d times", shared.Load())
	}
	if err := c.Write(bounded(t), Text, []byte("next")); err != nil {
		t.Fatal(err)
	}
	if got := newTally(t, 7, nil).payload(p); got != "next" {
		t.Errorf("then came %q", got)
	}
}

// An extension whose keys have no end makes a message remember no more than some.
func TestPreparedKeysBounded(t *testing.T) {
	checkLeaks(t)
	var shared atomic.Int64
	s := newTally(t, 7, &shared)
	s.unique = true
	a, b := netPair(t, "tcp")
	c, p := newPeerOver(t, a, b, ConnOptions{Role: wire.Server, Session: s, Limits: Limits{}})
	theirs := newTally(t, 7, nil)
	m := prepare(t, Text, []byte("message"))
	for range 2 * maxForms {
		if err := c.WritePrepared(bounded(t), m); err != nil {
			t.Fatal(err)
		}
		if got := theirs.payload(p); got != "message" {
			t.Fatalf("got %q", got)
		}
	}
	if n := shared.Load(); n != maxForms {
		t.Errorf("%d forms were made", n)
	}
}

// After the end a session is not asked.
func TestPreparedAfterEnd(t *testing.T) {
	checkLeaks(t)
	c, _, _ := tallyPeer(t, wire.Server, Limits{})
	c.CloseNow()
	if err := c.WritePrepared(bounded(t), prepare(t, Text, nil)); !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
	c, _, _ = tallyPeer(t, wire.Server, Limits{})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if e := wantError(t, c.WritePrepared(ctx, prepare(t, Text, nil)), "write", context.Canceled); e.Accepted {
		t.Errorf("%+v", e)
	}
}

// Nothing of a prepared message follows a close frame.
func TestPreparedAfterClose(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{})
		closed := start(func() error { return c.Close(context.Background(), StatusNormalClosure, "") })
		p.expectClose(StatusNormalClosure)
		if err := c.WritePrepared(context.Background(), prepare(t, Text, nil)); !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
		p.answer()
		p.nc.Close()
		<-closed
	})
}

// otherBits is a session with another bit.
type otherBits struct{ *tally }

func (otherBits) Bits() (rsv, perFrame byte) { return wire.RSV2, 0 }

// A form goes only where its bits mean the same.
func TestPreparedOtherBits(t *testing.T) {
	checkLeaks(t)
	var shared atomic.Int64
	m := prepare(t, Text, []byte("message"))
	for range 2 {
		for bits, s := range map[byte]wire.Session{
			wire.RSV1: newTally(t, 7, &shared), wire.RSV2: otherBits{newTally(t, 7, &shared)},
		} {
			a, b := netPair(t, "tcp")
			c, p := newPeerOver(t, a, b, ConnOptions{Role: wire.Server, Session: s, Limits: Limits{}})
			if err := c.WritePrepared(bounded(t), m); err != nil {
				t.Fatal(err)
			}
			if h, got := p.message(); h.RSV != bits || got[0] != 's' {
				t.Errorf("bits %d: %+v, % x", bits, h, got)
			}
		}
	}
	if n := shared.Load(); n != 2 {
		t.Errorf("%d forms were made", n)
	}
}

// Two connections that need a form at the same time get the same.
func TestPreparedFormsAreOne(t *testing.T) {
	m := prepare(t, Text, nil)
	one := m.add("key", 1)
	if two := m.add("key", 1); two != one || m.find("key", 1) != one {
		t.Error("a second form for the same key")
	}
	if m.add("key", 2) == one || m.add("other", 1) == one || len(*m.forms.Load()) != 3 {
		t.Error("one form for two keys")
	}
}

// A countingTape counts the calls.
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

// A server sends a prepared message of any size at one go.
func TestPreparedOneWrite(t *testing.T) {
	for _, s := range []wire.Session{nil, newTally(t, 7, new(atomic.Int64))} {
		nc := &countingTape{}
		c := NewConn(context.Background(), nc, &ConnOptions{Role: wire.Server, Session: s, Limits: Limits{}})
		for i, n := range []int{0, 125, 200_000} {
			if err := c.WritePrepared(context.Background(), prepare(t, Binary, make([]byte, n))); err != nil {
				t.Fatal(err)
			}
			if nc.writes != i+1 {
				t.Errorf("%d writes for %d messages", nc.writes, i+1)
			}
		}
		c.CloseNow()
	}
}
