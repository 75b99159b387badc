package websocket

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

	"github.com/hawser-ws/hawser/wire"
)

// bubblePair returns the two ends of a transport that lives in a bubble.
func bubblePair(t *testing.T, kind string) (ours, theirs net.Conn) {
	t.Helper()
	ours, theirs = net.Pipe()
	switch kind {
	case "duplex":
		return duplexPair()
	case "undeadlined":
		return undeadlined{ours}, theirs
	case "tls":
		server, client := tls.Server(ours, pairTLS()), tls.Client(theirs, &tls.Config{InsecureSkipVerify: true})
		done := start(server.Handshake)
		if err := errors.Join(client.Handshake(), <-done); err != nil {
			t.Fatal(err)
		}
		return server, client
	}
	return ours, theirs
}

// awaitClosed returns how long it takes until our side has closed the transport.
func awaitClosed(p *peer) <-chan time.Duration {
	begun := time.Now()
	return start(func() time.Duration {
		for {
			// A peer that writes sees the end of the other direction too.
			if _, err := p.nc.Write(p.frame(wire.OpPing, true, nil)); err != nil {
				return time.Since(begun)
			}
			time.Sleep(time.Millisecond)
		}
	})
}

func wantTook(t *testing.T, what string, got, want time.Duration) {
	t.Helper()
	if d := got - want; d < 0 || d > 2*probeTime {
		t.Errorf("%s took %v, want %v", what, got, want)
	}
}

// The peer answers our close frame, or we answer its, or it breaks a rule, and keeps TCP
// open. Calls return and the connection's context ends as soon as there is nothing more to
// tell; the transport is closed later, and in any case.
func TestNobodyWaitsForTheDrain(t *testing.T) {
	const after = 200 * time.Millisecond
	for _, row := range []struct {
		name           string
		client, server time.Duration // until the transport is closed
		breach, closes bool
	}{
		{"peer closes", DefaultCloseTimeout, lingerTime, false, false},
		{"Close and Read", DefaultCloseTimeout, lingerTime, false, true},
		{"breach", lingerTime, lingerTime, true, false},
		{"breach in Close", lingerTime, lingerTime, true, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			eachRole(t, func(t *testing.T, role wire.Role) {
				ours, theirs := bubblePair(t, "duplex")
				c, p := newPeerOver(t, ours, theirs, ConnOptions{Role: role, Limits: Limits{}})
				ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
				defer cancel()
				read := timed(func() error { _, _, err := c.Read(ctx); return err })
				ended := timed(func() error { <-c.Context().Done(); return context.Cause(c.Context()) })
				var closed <-chan timedResult
				if row.closes {
					synctest.Wait()
					closed = timed(func() error { return c.Close(ctx, StatusNormalClosure, "") })
					p.expectClose(StatusNormalClosure)
				}
				time.Sleep(after)
				if row.breach {
					p.write(p.rawFrame(0x83, 1, 0, "", false))
				} else {
					p.sendClose(StatusNormalClosure, "")
				}
				if !row.closes {
					p.next()
				}
				dropped := awaitClosed(p)
				r := <-read
				wantTook(t, "Read", r.took, after)
				if errors.Is(r.err, context.DeadlineExceeded) || !errors.Is(r.err, net.ErrClosed) {
					t.Errorf("Read: %v", r.err)
				}
				wantTook(t, "the end of Context", (<-ended).took, after)
				if row.closes {
					r := <-closed
					wantTook(t, "Close", r.took, after)
					if (r.err != nil) != row.breach {
						t.Errorf("Close: %v", r.err)
					}
				}
				if v := c.Closure(); v.Clean == row.breach || v.Err == nil {
					t.Errorf("%+v", v)
				}
				want := row.server
				if role == wire.Client {
					want = row.client
				}
				wantTook(t, "dropping TCP", <-dropped, want)
				synctest.Wait()
				wantClosed(t, c)
			})
		})
	}
}

// A Close that reads itself returns once both frames are exchanged.
func TestCloseDoesNotDrain(t *testing.T) {
	for _, kind := range []string{"duplex", "pipe", "tls", "undeadlined"} {
		for _, role := range roles {
			if kind == "tls" && role == wire.Client {
				continue // the pair has its server first
			}
			t.Run(kind+"/"+role.String(), func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					ours, theirs := bubblePair(t, kind)
					c, p := newPeerOver(t, ours, theirs, ConnOptions{Role: role, Limits: Limits{}})
					closed := timed(func() error { return c.Close(context.Background(), StatusNormalClosure, "") })
					p.expectClose(StatusNormalClosure)
					p.sendClose(StatusNormalClosure, "")
					if r := <-closed; r.err != nil || r.took != 0 {
						t.Errorf("%v after %v", r.err, r.took)
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

// The reader's context ends while our close frame cannot be written. The read returns in
// time, and the frame goes out as soon as the peer reads, within CloseTimeout of the
// peer's. If that is off, WriteTimeout bounds each write.
func TestCloseFrameOutlivesRead(t *testing.T) {
	off := Limits{CloseTimeout: -1}
	allOff := Limits{CloseTimeout: -1, WriteTimeout: -1}
	for _, row := range []struct {
		name   string
		limits Limits
		reads  time.Duration // when the peer reads; after the end if never
		want   time.Duration // when the connection ends
	}{
		{"the peer reads", Limits{}, 2 * time.Second, 2 * time.Second},
		{"it never does", Limits{}, time.Hour, DefaultCloseTimeout},
		{"no CloseTimeout", off, 20 * time.Second, 20 * time.Second},
		{"no CloseTimeout, it never does", off, time.Hour, DefaultWriteTimeout},
		{"no bound, it never does", allOff, time.Hour, DefaultWriteTimeout},
	} {
		for _, what := range []string{"close frame", "breach"} {
			for _, stalled := range []string{"pipe/", "pipe/writer", "tls/", "undeadlined/", "undeadlined/writer"} {
				kind, behind, _ := strings.Cut(stalled, "/")
				t.Run(row.name+"/"+what+"/"+stalled, func(t *testing.T) {
					bubble(t, func(t *testing.T) {
						ours, theirs := bubblePair(t, kind)
						c, p := newPeerOver(t, ours, theirs, ConnOptions{Role: wire.Server, Limits: row.limits})
						testOutlives(t, c, p, what, behind != "", row.reads, row.want)
					})
				})
			}
		}
	}
}

func testOutlives(t *testing.T, c *Conn, p *peer, what string, behind bool, reads, want time.Duration) {
	begun := time.Now()
	var written <-chan error
	if behind {
		written = stallWriter(c, "slow")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
	defer cancel()
	read := timed(func() error { _, _, err := c.Read(ctx); return err })
	code := StatusCode(4001)
	if what == "breach" {
		p.write(p.rawFrame(0x83, 1, 0, "", false))
		code = StatusProtocolError
	} else {
		p.sendClose(code, "why")
	}
	told := func(read <-chan timedResult) {
		t.Helper()
		r := <-read
		var peer *CloseError
		if breach := errors.Is(r.err, wire.ErrReservedOpcode); breach != (what == "breach") || !breach && !errors.As(r.err, &peer) {
			t.Errorf("Read: %v", r.err)
		}
		wantTook(t, "Read", r.took, 500*time.Millisecond)
	}
	told(read)
	again, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
	defer cancel()
	told(timed(func() error { _, _, err := c.Read(again); return err }))
	last := timed(func() error { _, _, err := c.Read(context.Background()); return err })
	if c.Context().Err() != nil {
		t.Error("the context has ended before the close frame was out")
	}
	if reads <= want {
		time.Sleep(reads - time.Since(begun))
		if behind {
			p.expect(wire.OpText, true, "slow")
		}
		p.expectClose(code)
	}
	<-c.Context().Done()
	wantTook(t, "the end of Context", time.Since(begun), want)
	r := <-last
	wantTook(t, "the last Read", r.took, want-time.Second)
	var e *Error
	v := c.Closure()
	if what == "breach" && (!errors.As(r.err, &e) || e.Code != v.Sent.Code) {
		t.Errorf("the last Read: %+v", r.err)
	}
	if (v.Sent.Code == code) != (reads <= want) || v.Clean != (v.Sent.Code == 4001) {
		t.Errorf("%+v", v)
	}
	if took := <-awaitClosed(p); took > lingerTime+2*probeTime || v.Sent.Code == 0 && took > 0 {
		t.Errorf("dropping TCP took %v", took)
	}
	if behind {
		<-written
	}
	wantClosed(t, c)
}

// CloseNow and Abort drop the connection at once while our close frame is not out. Once it
// is, they leave the rest to the drain, so that no reset overtakes the frame.
func TestCloseNowAndTheDrain(t *testing.T) {
	for _, now := range []func(c *Conn){func(c *Conn) { c.CloseNow() }, func(c *Conn) { c.Abort(io.ErrNoProgress) }} {
		for _, what := range []string{"close frame", "breach"} {
			for _, out := range []bool{false, true} {
				eachRole(t, func(t *testing.T, role wire.Role) {
					c, p := newDuplexPeer(t, role, Limits{})
					ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
					defer cancel()
					read := startRead(ctx, c)
					want := lingerTime
					if what == "breach" {
						p.write(p.rawFrame(0x83, 1, 0, "", false))
					} else {
						p.sendClose(4001, "")
						if role == wire.Client {
							want = DefaultCloseTimeout
						}
					}
					if out {
						p.next()
					} else {
						want = 0
					}
					first := <-read
					cause := context.Cause(c.Context())
					now(c)
					wantTook(t, "dropping TCP", <-awaitClosed(p), want)
					if !errors.Is(first.err, net.ErrClosed) {
						t.Errorf("Read: %v", first.err)
					}
					if again := context.Cause(c.Context()); again == nil || out && again != cause || CloseStatus(again) != CloseStatus(first.err) {
						t.Errorf("the cause was %v, and is %v", cause, again)
					}
					wantClosed(t, c)
				})
			}
		}
	}
}

// A Close whose context has ended, or is about to, still sends its frame if the transport
// takes it without a wait.
func TestCloseFrameOfEndedContext(t *testing.T) {
	for _, kind := range []string{"pipe", "duplex", "tls", "undeadlined"} {
		for _, left := range []time.Duration{0, time.Microsecond} {
			t.Run(kind+"/"+left.String(), func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					ours, theirs := bubblePair(t, kind)
					c, p := newPeerOver(t, ours, theirs, ConnOptions{Role: wire.Server, Limits: Limits{}})
					got := start(func() StatusCode { return closeCode(p) })
					synctest.Wait()
					ctx, cancel := context.WithTimeout(context.Background(), left)
					defer cancel()
					r := <-timed(func() error { return c.Close(ctx, StatusGoingAway, "") })
					wantError(t, r.err, "close", context.DeadlineExceeded)
					if r.took > left {
						t.Errorf("Close took %v", r.took)
					}
					if code := <-got; code != StatusGoingAway {
						t.Errorf("the peer got %v", code)
					}
					wantClosed(t, c)
				})
			})
		}
	}
}

// Over sockets, too.
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
					t.Fatalf("%s: the peer got %v", kind, code)
				}
				p.nc.Close()
			}
		}
	}
}

// With a peer that takes nothing, such a Close does not wait.
func TestCloseOfEndedContextDoesNotWait(t *testing.T) {
	for _, kind := range []string{"pipe", "duplex", "tls"} {
		t.Run(kind, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				ours, theirs := bubblePair(t, kind)
				c, p := newPeerOver(t, ours, theirs, ConnOptions{Role: wire.Server, Limits: Limits{}})
				ctx, cancel := context.WithCancel(context.Background())
				cancel()
				r := <-timed(func() error { return c.Close(ctx, StatusGoingAway, "") })
				if e := wantError(t, r.err, "close", context.Canceled); r.took > probeTime || !errors.Is(e, net.ErrClosed) {
					t.Errorf("%v after %v", r.err, r.took)
				}
				p.nc.Close()
				wantClosed(t, c)
			})
		})
	}
}

// closeCode returns the code of the close frame that comes next, or 0.
func closeCode(p *peer) StatusCode {
	h, payload, err := p.next()
	if err != nil || h.Opcode != wire.OpClose {
		return 0
	}
	code, _, _ := wire.ConsumeClose(payload)
	return code
}

// Our close frame fails after the peer's has come. Reads tell of the peer's, those that
// wait for the end as well.
func TestCloseFrameFailsInConclusion(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{WriteTimeout: time.Second})
		closed := start(func() error { return c.Close(context.Background(), StatusNormalClosure, "") })
		synctest.Wait() // it writes, and reads
		ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
		defer cancel()
		read := startRead(ctx, c)
		last := startRead(context.Background(), c)
		p.sendClose(4001, "why")
		interrupted(t, (<-read).err, context.DeadlineExceeded)
		want := CloseError{4001, "why"}
		for _, err := range []error{(<-last).err, <-closed, context.Cause(c.Context())} {
			var e *CloseError
			if !errors.As(err, &e) || *e != want || !errors.Is(err, net.ErrClosed) || CloseStatus(err) != 4001 {
				t.Errorf("%v", err)
			}
		}
		wantClosed(t, c)
	})
}

// The same with a reader who comes once its own read has told of nothing but its context.
func TestReadAgainWhileConcluding(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{WriteTimeout: time.Second})
		ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
		defer cancel()
		read := startRead(ctx, c)
		synctest.Wait()
		closed := start(func() error { return c.Close(context.Background(), StatusNormalClosure, "") })
		synctest.Wait()
		p.sendClose(4001, "why")
		interrupted(t, (<-read).err, context.DeadlineExceeded)
		var e *CloseError
		if g := <-startRead(context.Background(), c); !errors.As(g.err, &e) || e.Code != 4001 || CloseStatus(g.err) != 4001 {
			t.Errorf("%v", g.err)
		}
		<-closed
		wantClosed(t, c)
	})
}
