package websocket_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"testing"
	"testing/synctest"
	"time"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// startPing calls Ping on a new goroutine.
func startPing(ctx context.Context, c *Conn) <-chan pinged {
	return start(func() pinged {
		rtt, err := c.Ping(ctx)
		return pinged{rtt, err}
	})
}

type pinged struct {
	rtt time.Duration
	err error
}

// expectPing reads a ping and returns its payload.
func (p *peer) expectPing() string {
	p.t.Helper()
	h, payload, err := p.Next()
	if err != nil || h.Opcode != wire.OpPing || !h.Fin || len(payload) != 8 {
		p.t.Fatalf("peer: got %+v %x, %v, want a ping", h, payload, err)
	}
	return string(payload)
}

// Ping returns the round-trip time and uses a new payload every time.
func TestPingRoundTrip(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{})
		startRead(context.Background(), c)
		seen := map[string]bool{}
		for _, rtt := range []time.Duration{0, time.Millisecond, time.Second, time.Hour} {
			done := startPing(context.Background(), c)
			payload := p.expectPing()
			if seen[payload] {
				t.Errorf("got payload %x twice, want a new one", payload)
			}
			seen[payload] = true
			time.Sleep(rtt)
			p.Send(wire.OpPong, true, payload)
			if r := <-done; r.err != nil || r.rtt != rtt {
				t.Errorf("got round trip %v, %v, want %v", r.rtt, r.err, rtt)
			}
		}
		if n, _ := c.Pings().Waiting(); n > 0 {
			t.Errorf("%d pings still wait", n)
		}
	})
}

// A pong answers its ping and all pings before it, but no later ping.
func TestPingsAtOnce(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{})
		startRead(context.Background(), c)
		var done []<-chan pinged
		var payloads []string
		for range 5 {
			done = append(done, startPing(context.Background(), c))
			payloads = append(payloads, p.expectPing())
			time.Sleep(time.Second)
		}
		p.Send(wire.OpPong, true, payloads[2])
		synctest.Wait()
		for i, ch := range done {
			select {
			case r := <-ch:
				if want := time.Duration(5-i) * time.Second; i > 2 || r.err != nil || r.rtt != want {
					t.Errorf("ping %d: got round trip %v, %v, want %v", i, r.rtt, r.err, want)
				}
			default:
				if i <= 2 {
					t.Errorf("ping %d is still waiting", i)
				}
			}
		}
		p.Send(wire.OpPong, true, payloads[1]) // late: the ping is already answered
		p.Send(wire.OpPong, true, payloads[4])
		for _, ch := range done[3:] {
			if r := <-ch; r.err != nil {
				t.Error(r.err)
			}
		}
	})
}

// A ping that waits to be written has no number yet, so that no pong can answer it.
func TestPingNumberedAsItLeaves(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{})
		startRead(context.Background(), c)
		written := stallWriter(c, "first")
		done := startPing(context.Background(), c)
		synctest.Wait()
		p.Send(wire.OpPong, true, "\x00\x00\x00\x00\x00\x00\x00\x01")
		synctest.Wait()
		p.Expect(wire.OpText, true, "first")
		<-written
		payload := p.expectPing()
		synctest.Wait()
		select {
		case r := <-done:
			t.Errorf("got %+v from a pong that arrived before the ping was sent", r)
		default:
		}
		p.Send(wire.OpPong, true, payload)
		if r := <-done; r.err != nil {
			t.Error(r.err)
		}
	})
}

// Unsolicited pongs are ignored.
func TestPongsUnsolicited(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{})
		read := startRead(context.Background(), c)
		pongs := []string{
			"", "x", "\x00\x00\x00\x00\x00\x00\x00\x00", "\x00\x00\x00\x00\x00\x00\x00\x01",
			string(make([]byte, 125)),
		}
		for _, payload := range pongs {
			p.Send(wire.OpPong, true, payload)
		}
		done := startPing(context.Background(), c)
		payload := p.expectPing()
		id := binary.BigEndian.Uint64([]byte(payload))
		pongs = append(pongs[:3], payload[:7], payload+"x", string(binary.BigEndian.AppendUint64(nil, id+1)),
			string(binary.BigEndian.AppendUint64(nil, id-1)),
			string(binary.BigEndian.AppendUint64(nil, 1<<64-1)))
		for _, payload := range pongs {
			p.Send(wire.OpPong, true, payload)
		}
		synctest.Wait()
		select {
		case r := <-done:
			t.Errorf("got %+v from another pong", r)
		default:
		}
		p.Send(wire.OpPong, true, payload)
		if r := <-done; r.err != nil {
			t.Error(r.err)
		}
		p.Send(wire.OpText, true, "text")
		if g := <-read; g != (received{Text, "text", nil}) {
			t.Errorf("got %+v, want the text message", g)
		}
	})
}

// A ping whose context ends is forgotten, and its late pong has no effect.
func TestPingGivesUp(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{})
		startRead(context.Background(), c)
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		done := startPing(ctx, c)
		late := p.expectPing()
		r := <-done
		e := wantError(t, r.err, "ping", context.DeadlineExceeded)
		if errors.Is(e, net.ErrClosed) || !e.Timeout() {
			t.Errorf("got %+v, want a timeout and an open connection", e)
		}
		if n, _ := c.Pings().Waiting(); n > 0 {
			t.Errorf("%d pings still wait", n)
		}
		if _, err := c.Ping(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Ping with an ended context: got %v, want context.DeadlineExceeded", err)
		}
		done = startPing(context.Background(), c)
		payload := p.expectPing()
		p.Send(wire.OpPong, true, late)
		synctest.Wait()
		select {
		case r := <-done:
			t.Errorf("got %+v from the pong of an earlier ping", r)
		default:
		}
		p.Send(wire.OpPong, true, payload)
		if r := <-done; r.err != nil {
			t.Error(r.err)
		}
	})
}

// The end of the connection ends a ping that waits to be written, and one that waits for its pong.
func TestPingEnds(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{})
		read := startRead(context.Background(), c)
		sent := startPing(context.Background(), c)
		p.expectPing()
		written := stallWriter(c, "never read")
		queued := startPing(context.Background(), c)
		synctest.Wait()
		p.nc.Close()
		for _, ch := range []<-chan pinged{sent, queued} {
			if r := <-ch; !errors.Is(r.err, net.ErrClosed) {
				t.Errorf("got %+v, want net.ErrClosed", r)
			}
		}
		<-written
		<-read
		wantClosed(t, c)
	})
}

// Each ping is answered with its own payload, in order, even if many arrive at once and within a
// message.
func TestPingsAnswered(t *testing.T) {
	for _, kind := range transports {
		for _, role := range roles {
			t.Run(kind+"/"+role.String(), func(t *testing.T) {
				checkLeaks(t)
				c, p := newPeerWith(t, kind, role)
				read := startRead(bounded(t), c)
				stream := p.Frame(wire.OpText, false, "a")
				for i := range 10 {
					stream = append(stream, p.Frame(wire.OpPing, true, string(fmt.Append(nil, "ping ", i)))...)
				}
				stream = append(stream, p.Frame(wire.OpPing, true, "")...)
				stream = append(stream, p.Frame(wire.OpPing, true, string(pattern(125, 0)))...)
				stream = append(stream, p.Frame(wire.OpContinuation, true, "b")...)
				p.Write(stream)
				for i := range 10 {
					p.Expect(wire.OpPong, true, fmt.Sprint("ping ", i))
				}
				p.Expect(wire.OpPong, true, "")
				p.Expect(wire.OpPong, true, string(pattern(125, 0)))
				if g := <-read; g != (received{Text, "ab", nil}) {
					t.Errorf("got %+v, want the text message", g)
				}
			})
		}
	}
}

// A pong waits for a stalled writer. The reader does not.
func TestPongBehindStalledWriter(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{})
		written := stallWriter(c, "slow")
		for i := range 3 {
			read := startRead(context.Background(), c)
			p.Send(wire.OpPing, true, fmt.Sprint("ping ", i))
			p.Send(wire.OpText, true, "not held up")
			if g := <-read; g.data != "not held up" {
				t.Errorf("got %+v, want the text message", g)
			}
		}
		p.Expect(wire.OpText, true, "slow")
		for i := range 3 {
			p.Expect(wire.OpPong, true, fmt.Sprint("ping ", i))
		}
		noError(t, <-written)
	})
}
