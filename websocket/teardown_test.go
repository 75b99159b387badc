package websocket_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// bubblePair returns the two ends of a transport that can be used in a bubble.
func bubblePair(t *testing.T, kind string) (ours, theirs net.Conn) {
	t.Helper()
	ours, theirs = net.Pipe()
	switch kind {
	case "duplex":
		return duplexPair()
	case "undeadlined":
		return undeadlined{ours}, theirs
	case "tls":
		server := tls.Server(ours, pairTLS())
		client := tls.Client(theirs, &tls.Config{InsecureSkipVerify: true})
		done := start(server.Handshake)
		if err := errors.Join(client.Handshake(), <-done); err != nil {
			t.Fatal(err)
		}
		return server, client
	}
	return ours, theirs
}

// awaitClosed delivers the time until the Conn has closed its transport.
func awaitClosed(p *peer) <-chan time.Duration {
	begun := time.Now()
	return start(func() time.Duration {
		for {
			// Only a write notices that the other side has closed both directions.
			if _, err := p.nc.Write(p.Frame(wire.OpPing, true, "")); err != nil {
				return time.Since(begun)
			}
			time.Sleep(time.Millisecond)
		}
	})
}

// wantTook checks that an event took the wanted time, or up to 2*probeTime longer. what names the
// event.
func wantTook(t *testing.T, what string, got, want time.Duration) {
	t.Helper()
	if d := got - want; d < 0 || d > 2*probeTime {
		t.Errorf("%s took %v, want %v", what, got, want)
	}
}

// If the peer keeps TCP open after the closing handshake or after a violation, calls return and the
// connection's context ends at once. The transport is closed later, in any case.
func TestNobodyWaitsForTheDrain(t *testing.T) {
	const after = 200 * time.Millisecond
	for _, row := range []struct {
		name             string
		client, server   time.Duration // until the transport is closed
		violates, closes bool
	}{
		{"peer closes", DefaultCloseTimeout, LingerTime, false, false},
		{"Close and Read", DefaultCloseTimeout, LingerTime, false, true},
		{"violation", LingerTime, LingerTime, true, false},
		{"violation during Close", LingerTime, LingerTime, true, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			eachRole(t, func(t *testing.T, role wire.Role) {
				ours, theirs := bubblePair(t, "duplex")
				c, p := newPeerOver(t, ours, theirs, ConnOptions{Role: role})
				ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
				defer cancel()
				read := timed(func() error { _, _, err := c.Read(ctx); return err })
				ended := timed(func() error { <-c.Context().Done(); return context.Cause(c.Context()) })
				var closed <-chan timedResult
				if row.closes {
					synctest.Wait()
					closed = timed(func() error { return c.Close(ctx, StatusNormalClosure, "") })
					p.ExpectClose(StatusNormalClosure)
				}
				time.Sleep(after)
				if row.violates {
					p.Write(p.rawFrame(0x83, 1, 0, "", false))
				} else {
					p.SendClose(StatusNormalClosure, "")
				}
				if !row.closes {
					p.Next()
				}
				dropped := awaitClosed(p)
				r := <-read
				wantTook(t, "Read", r.took, after)
				if errors.Is(r.err, context.DeadlineExceeded) || !errors.Is(r.err, net.ErrClosed) {
					t.Errorf("Read: got %v, want net.ErrClosed", r.err)
				}
				wantTook(t, "the end of Context", (<-ended).took, after)
				if row.closes {
					r := <-closed
					wantTook(t, "Close", r.took, after)
					if (r.err != nil) != row.violates {
						t.Errorf("Close: got %v, want an error: %v", r.err, row.violates)
					}
				}
				if v := c.Closure(); v.Clean == row.violates || v.Err == nil {
					t.Errorf("got closure %+v, want clean: %v", v, !row.violates)
				}
				want := row.server
				if role == wire.Client {
					want = row.client
				}
				wantTook(t, "closing TCP", <-dropped, want)
				synctest.Wait()
				wantClosed(t, c)
			})
		})
	}
}

// Close returns once both close frames are exchanged, if no other call reads.
func TestCloseDoesNotDrain(t *testing.T) {
	for _, kind := range []string{"duplex", "pipe", "tls", "undeadlined"} {
		for _, role := range roles {
			if kind == "tls" && role == wire.Client {
				continue // the first connection of the pair is the TLS server
			}
			t.Run(kind+"/"+role.String(), func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					ours, theirs := bubblePair(t, kind)
					c, p := newPeerOver(t, ours, theirs, ConnOptions{Role: role})
					closed := timed(func() error {
						return c.Close(context.Background(), StatusNormalClosure, "")
					})
					p.ExpectClose(StatusNormalClosure)
					p.SendClose(StatusNormalClosure, "")
					if r := <-closed; r.err != nil || r.took != 0 {
						t.Errorf("Close: got %v after %v, want nil at once", r.err, r.took)
					}
					if c.Context().Err() == nil {
						t.Error("the context has not ended")
					}
					p.toEnd()
					wantClosed(t, c)
				})
			})
		}
	}
}

// A read whose context ends while the Conn's close frame cannot be written returns in time. The
// frame is sent once the peer reads, if that is within CloseTimeout of the peer's close frame. If
// CloseTimeout is off, WriteTimeout bounds each write.
func TestCloseFrameOutlivesRead(t *testing.T) {
	off := Limits{CloseTimeout: -1}
	allOff := Limits{CloseTimeout: -1, WriteTimeout: -1}
	for _, row := range []struct {
		name   string
		limits Limits
		reads  time.Duration // when the peer reads; later than want if it never does
		want   time.Duration // when the connection ends
	}{
		{"the peer reads", Limits{}, 2 * time.Second, 2 * time.Second},
		{"the peer never reads", Limits{}, time.Hour, DefaultCloseTimeout},
		{"no CloseTimeout, the peer reads", off, 20 * time.Second, 20 * time.Second},
		{"no CloseTimeout, the peer never reads", off, time.Hour, DefaultWriteTimeout},
		{"no timeouts, the peer never reads", allOff, time.Hour, DefaultWriteTimeout},
	} {
		for _, what := range []string{"close frame", "violation"} {
			for _, stalled := range []string{
				"pipe/", "pipe/writer", "tls/", "undeadlined/", "undeadlined/writer",
			} {
				kind, writer, _ := strings.Cut(stalled, "/")
				t.Run(row.name+"/"+what+"/"+stalled, func(t *testing.T) {
					bubble(t, func(t *testing.T) {
						ours, theirs := bubblePair(t, kind)
						cfg := ConnOptions{Role: wire.Server, Limits: row.limits}
						c, p := newPeerOver(t, ours, theirs, cfg)
						testOutlives(t, c, p, what, writer != "", row.reads, row.want)
					})
				})
			}
		}
	}
}

// testOutlives lets the peer send a close frame or violate a rule, as what says. The peer reads after
// the time reads, and the connection must end after the time want. If writer is set, a stalled write
// precedes the Conn's close frame.
func testOutlives(t *testing.T, c *Conn, p *peer, what string, writer bool, reads, want time.Duration) {
	begun := time.Now()
	var written <-chan error
	if writer {
		written = stallWriter(c, "slow")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
	defer cancel()
	read := timed(func() error { _, _, err := c.Read(ctx); return err })
	code := StatusCode(4001)
	violates := what == "violation"
	if violates {
		p.Write(p.rawFrame(0x83, 1, 0, "", false))
		code = StatusProtocolError
	} else {
		p.SendClose(code, "why")
	}
	check := func(read <-chan timedResult) {
		t.Helper()
		r := <-read
		var peer *CloseError
		if errors.Is(r.err, wire.ErrReservedOpcode) != violates || !violates && !errors.As(r.err, &peer) {
			t.Errorf("Read: got %v, want the error of a %s", r.err, what)
		}
		wantTook(t, "Read", r.took, 500*time.Millisecond)
	}
	check(read)
	again, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
	defer cancel()
	check(timed(func() error { _, _, err := c.Read(again); return err }))
	last := timed(func() error { _, _, err := c.Read(context.Background()); return err })
	if c.Context().Err() != nil {
		t.Error("the context ended before the close frame was sent")
	}
	if reads <= want {
		time.Sleep(reads - time.Since(begun))
		if writer {
			p.Expect(wire.OpText, true, "slow")
		}
		p.ExpectClose(code)
	}
	<-c.Context().Done()
	wantTook(t, "the end of Context", time.Since(begun), want)
	r := <-last
	wantTook(t, "the last Read", r.took, want-time.Second)
	var e *Error
	v := c.Closure()
	if violates && (!errors.As(r.err, &e) || e.Code != v.Sent.Code) {
		t.Errorf("the last Read: got %+v, want code %v", r.err, v.Sent.Code)
	}
	if (v.Sent.Code == code) != (reads <= want) || v.Clean != (v.Sent.Code == 4001) {
		t.Errorf("got closure %+v, want code %v only if the peer reads in time", v, code)
	}
	if took := <-awaitClosed(p); took > LingerTime+2*probeTime || v.Sent.Code == 0 && took > 0 {
		t.Errorf("closing TCP took %v, want at most %v", took, LingerTime+2*probeTime)
	}
	if writer {
		<-written
	}
	wantClosed(t, c)
}

// CloseNow and Abort close the connection at once if the Conn's close frame has not been sent.
// After that they leave the rest to the drain, so that no reset overtakes the frame.
func TestCloseNowAndTheDrain(t *testing.T) {
	for _, now := range []func(c *Conn){
		func(c *Conn) { c.CloseNow() },
		func(c *Conn) { c.Abort(io.ErrNoProgress) },
	} {
		for _, what := range []string{"close frame", "violation"} {
			for _, sent := range []bool{false, true} {
				eachRole(t, func(t *testing.T, role wire.Role) {
					c, p := newDuplexPeer(t, role, Limits{})
					ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
					defer cancel()
					read := startRead(ctx, c)
					want := LingerTime
					if what == "violation" {
						p.Write(p.rawFrame(0x83, 1, 0, "", false))
					} else {
						p.SendClose(4001, "")
						if role == wire.Client {
							want = DefaultCloseTimeout
						}
					}
					if sent {
						p.Next()
					} else {
						want = 0
					}
					first := <-read
					cause := context.Cause(c.Context())
					now(c)
					wantTook(t, "closing TCP", <-awaitClosed(p), want)
					if !errors.Is(first.err, net.ErrClosed) {
						t.Errorf("Read: got %v, want net.ErrClosed", first.err)
					}
					again := context.Cause(c.Context())
					if again == nil || sent && again != cause ||
						CloseStatus(again) != CloseStatus(first.err) {
						t.Errorf("the cause was %v and is now %v, want it to stay", cause, again)
					}
					wantClosed(t, c)
				})
			}
		}
	}
}

// Close still sends its frame if its context has ended or is about to end, as long as the transport
// takes the frame without a wait.
func TestCloseFrameOfEndedContext(t *testing.T) {
	for _, kind := range []string{"pipe", "duplex", "tls", "undeadlined"} {
		for _, left := range []time.Duration{0, time.Microsecond} {
			t.Run(kind+"/"+left.String(), func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					ours, theirs := bubblePair(t, kind)
					c, p := newPeerOver(t, ours, theirs, ConnOptions{Role: wire.Server})
					got := start(func() StatusCode { return closeCode(p) })
					synctest.Wait()
					ctx, cancel := context.WithTimeout(context.Background(), left)
					defer cancel()
					r := <-timed(func() error { return c.Close(ctx, StatusGoingAway, "") })
					wantError(t, r.err, "close", context.DeadlineExceeded)
					if r.took > left {
						t.Errorf("Close took %v, want at most %v", r.took, left)
					}
					if code := <-got; code != StatusGoingAway {
						t.Errorf("the peer received close code %v, want 1001", code)
					}
					wantClosed(t, c)
				})
			})
		}
	}
}

// Close with an ended context sends its frame over sockets too.
func TestCloseFrameOfEndedContextOverSockets(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, kind := range []string{"tcp", "unix"} {
		for range 50 {
			for _, role := range roles {
				checkLeaks(t)
				c, p := newPeerWith(t, kind, role)
				wantError(t, c.Close(ctx, StatusGoingAway, ""), "close", context.Canceled)
				if code := closeCode(p); code != StatusGoingAway {
					t.Fatalf("%s: the peer received close code %v, want 1001", kind, code)
				}
				p.nc.Close()
			}
		}
	}
}

// Close with an ended context does not wait for a peer that reads nothing.
func TestCloseOfEndedContextDoesNotWait(t *testing.T) {
	for _, kind := range []string{"pipe", "duplex", "tls"} {
		t.Run(kind, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				ours, theirs := bubblePair(t, kind)
				c, p := newPeerOver(t, ours, theirs, ConnOptions{Role: wire.Server})
				ctx, cancel := context.WithCancel(context.Background())
				cancel()
				r := <-timed(func() error { return c.Close(ctx, StatusGoingAway, "") })
				e := wantError(t, r.err, "close", context.Canceled)
				if r.took > probeTime || !errors.Is(e, net.ErrClosed) {
					t.Errorf("Close: got %v after %v, want net.ErrClosed at once", r.err, r.took)
				}
				p.nc.Close()
				wantClosed(t, c)
			})
		})
	}
}

// closeCode reads the next frame and returns its close code, or 0 if it is not a close frame.
func closeCode(p *peer) StatusCode {
	h, payload, err := p.Next()
	if err != nil || h.Opcode != wire.OpClose {
		return 0
	}
	code, _, _ := wire.ConsumeClose(payload)
	return code
}

// If the Conn's close frame cannot be written after the peer's was received, all calls return the
// peer's close code, including reads that wait for the end.
func TestCloseFrameFailsInConclusion(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{WriteTimeout: time.Second})
		closed := start(func() error { return c.Close(context.Background(), StatusNormalClosure, "") })
		synctest.Wait() // Close writes and reads
		ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
		defer cancel()
		read := startRead(ctx, c)
		last := startRead(context.Background(), c)
		p.SendClose(4001, "why")
		interrupted(t, (<-read).err, context.DeadlineExceeded)
		want := CloseError{4001, "why"}
		for _, err := range []error{(<-last).err, <-closed, context.Cause(c.Context())} {
			var e *CloseError
			if !errors.As(err, &e) || *e != want || !errors.Is(err, net.ErrClosed) ||
				CloseStatus(err) != 4001 {
				t.Errorf("got %v, want close code 4001", err)
			}
		}
		wantClosed(t, c)
	})
}

// A reader whose first read returned only the error of its context gets the peer's close code from
// the next read.
func TestReadAgainWhileConcluding(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{WriteTimeout: time.Second})
		ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
		defer cancel()
		read := startRead(ctx, c)
		synctest.Wait()
		closed := start(func() error { return c.Close(context.Background(), StatusNormalClosure, "") })
		synctest.Wait()
		p.SendClose(4001, "why")
		interrupted(t, (<-read).err, context.DeadlineExceeded)
		var e *CloseError
		g := <-startRead(context.Background(), c)
		if !errors.As(g.err, &e) || e.Code != 4001 || CloseStatus(g.err) != 4001 {
			t.Errorf("got %v, want close code 4001", g.err)
		}
		<-closed
		wantClosed(t, c)
	})
}
