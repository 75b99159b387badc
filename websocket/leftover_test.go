package websocket

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/hawser/wire"
)

// What is read ahead is judged by the limits that a reader would apply: those of now.
func TestLookAheadLimits(t *testing.T) {
	close4001 := &CloseError{Code: 4001}
	for _, row := range []struct {
		name  string
		limit int64 // Limits.MaxMessage
		set   int64 // what SetMaxMessage makes of it after the first message; 0: nothing
		size  int
		want  error
	}{
		{"default, fits", 0, 0, 1000 << 10, close4001}, // maxAhead is no more than the default
		{"none", -1, 0, 1000, close4001},
		{"raised, fits", 10, 1 << 20, 1000, close4001},
		{"too big", 3, 0, 4, wire.ErrMessageTooBig},
		{"lowered, too big", 1000, 10, 11, wire.ErrMessageTooBig},
	} {
		t.Run(row.name, func(t *testing.T) {
			eachRole(t, func(t *testing.T, role wire.Role) {
				c, p := newWornPeer(t, role, Limits{MaxMessage: row.limit}, 0)
				if row.set != 0 {
					read := startRead(context.Background(), c)
					p.send(wire.OpText, true, "login")
					<-read
					c.SetMaxMessage(row.set)
				}
				failWrite(t, c)
				go func() {
					p.nc.Write(p.frame(wire.OpBinary, true, make([]byte, row.size)))
					p.nc.Write(p.frame(wire.OpClose, true, []byte("\x0f\xa1"))) // 4001
					p.nc.Close()
				}()
				<-c.Context().Done()
				var peer *CloseError
				cause := context.Cause(c.Context())
				if row.want == error(close4001) {
					if !errors.As(cause, &peer) || *peer != *close4001 {
						t.Errorf("cause: %v", cause)
					}
					if g := <-startRead(context.Background(), c); g.err != nil || len(g.data) != row.size {
						t.Errorf("%d bytes, %v", len(g.data), g.err)
					}
				} else if !errors.Is(cause, row.want) {
					t.Errorf("cause: %v", cause)
				}
				c.CloseNow()
				synctest.Wait()
				wantClosed(t, c)
			})
		})
	}
}

// Looking ahead counts no control frames: those of hours ago are no flood.
func TestLookAheadCountsNoControls(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newWornPeer(t, role, Limits{MaxControls: 2}, 2)
		p.collect()
		ctx, cancel := context.WithCancel(context.Background())
		read := startRead(ctx, c)
		for range 2 {
			p.send(wire.OpPing, true, "")
			synctest.Wait() // or one write would do for both pongs
		}
		cancel()
		<-read
		time.Sleep(time.Hour)
		failWrite(t, c)
		p.send(wire.OpPing, true, "")
		p.sendClose(4001, "")
		p.nc.Close()
		<-c.Context().Done()
		wantPeersClose(t, c, CloseFrame{4001, ""})
	})
}

// As long as messages are left, what ends a read is told as it is, and not how the
// connection ends.
func TestOwnErrorsBeforeLeftovers(t *testing.T) {
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	for _, late := range []time.Duration{0, time.Hour} {
		eachRole(t, func(t *testing.T, role wire.Role) {
			c, p := newWornPeer(t, role, Limits{}, 0)
			failWrite(t, c)
			p.send(wire.OpText, true, "no JSON")
			p.send(wire.OpText, true, "streamed")
			p.send(wire.OpText, true, "last")
			p.sendClose(StatusNormalClosure, "")
			p.nc.Close()
			time.Sleep(late)
			synctest.Wait()

			_, _, err := c.Read(ended)
			interrupted(t, err, context.Canceled)
			for _, err := range c.Messages(ended) {
				interrupted(t, err, context.Canceled)
			}
			var syntax *json.SyntaxError
			if err := c.ReadJSON(context.Background(), new(int)); !errors.As(err, &syntax) || errors.Is(err, net.ErrClosed) {
				t.Errorf("ReadJSON: %v", err)
			}
			r, err := c.Reader(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			if g := <-startRead(context.Background(), c); g.data != "last" {
				t.Errorf("%q, %v", g.data, g.err)
			}
			if _, err := r.Read(make([]byte, 1)); err == nil || err == io.EOF {
				t.Errorf("a Reader that was skipped: %v", err)
			}
			var peer *CloseError
			if g := <-startRead(context.Background(), c); !errors.As(g.err, &peer) || peer.Code != StatusNormalClosure {
				t.Errorf("%q, %v", g.data, g.err)
			}
		})
	}
}

// Those who find that nothing can be written any more take nothing from a reader.
func TestLeftoversAmongFailingWriters(t *testing.T) {
	checkLeaks(t)
	ours, theirs := net.Pipe()
	c, p := newPeerOver(t, &wornOut{ours, 0}, theirs, ConnOptions{Role: wire.Server, Limits: Limits{}})
	c.Write(context.Background(), Text, []byte("not sent"))
	const messages = 500
	var all []byte
	for range messages {
		all = append(all, p.frame(wire.OpText, true, []byte("m"))...)
	}
	p.write(all)
	p.sendClose(4001, "")
	p.nc.Close()
	<-c.Context().Done()
	stop := make(chan struct{})
	var writers []<-chan bool
	for range 3 {
		writers = append(writers, start(func() bool {
			for {
				select {
				case <-stop:
					return true
				default:
					c.Write(context.Background(), Text, []byte("heartbeat"))
					runtime.Gosched()
				}
			}
		}))
	}
	for i := range messages {
		if g := <-startRead(context.Background(), c); g.data != "m" {
			t.Fatalf("message %d: %q, %v", i, g.data, g.err)
		}
	}
	close(stop)
	for _, w := range writers {
		<-w
	}
	wantPeersClose(t, c, CloseFrame{4001, ""})
}

// A streamed message that has come whole is read to its end, also if that is all that is
// left of it.
func TestStreamedLeftover(t *testing.T) {
	for _, compressed := range []bool{false, true} {
		for _, data := range []string{"", "abc", strings.Repeat("a", 1000)} {
			eachRole(t, func(t *testing.T, role wire.Role) {
				ours, theirs := newRuns(t), newRuns(t)
				a, b := net.Pipe()
				c, p := newPeerOver(t, &wornOut{a, 0}, b, ConnOptions{Role: role, Session: ours, Limits: Limits{}})
				frame := p.frame(wire.OpText, true, []byte(data))
				if compressed {
					frame = p.extFrame(wire.OpText, true, theirs.encode(data))
				}
				go p.write(frame)
				r, err := c.Reader(context.Background())
				if err != nil {
					t.Fatal(err)
				}
				var got []byte
				if len(data) > 1 {
					got = make([]byte, 1)
					if _, err := r.Read(got); err != nil {
						t.Fatal(err)
					}
				}
				failWrite(t, c)
				p.sendClose(StatusNormalClosure, "")
				p.nc.Close()
				time.Sleep(time.Hour)
				rest, err := io.ReadAll(r)
				if got = append(got, rest...); err != nil || string(got) != data {
					t.Errorf("compressed %v: %d bytes of %d, %v", compressed, len(got), len(data), err)
				}
				c.CloseNow()
				synctest.Wait()
				ours.wantClosed()
			})
		}
	}
}

// A message that an extension cannot decode is what the peer did wrong, whatever comes
// after it.
func TestBreachBeforeForeseenClose(t *testing.T) {
	for _, style := range readStyles {
		eachRole(t, func(t *testing.T, role wire.Role) {
			ours := newRuns(t)
			a, b := net.Pipe()
			c, p := newPeerOver(t, &wornOut{a, 0}, b, ConnOptions{Role: role, Session: ours, Limits: Limits{}})
			failWrite(t, c)
			p.write(p.extFrame(wire.OpBinary, true, "\x01"))
			p.sendClose(StatusNormalClosure, "")
			p.nc.Close()
			<-c.Context().Done()
			if g := style.make(c)(context.Background()); !errors.Is(g.err, errRuns) {
				t.Errorf("%s: %q, %v", style.name, g.data, g.err)
			}
			c.CloseNow()
			synctest.Wait()
			wantClosed(t, c)
		})
	}
}

// A MessageWriter whose message cannot be finished because the connection is at its end
// says how that came.
func TestWriterCloseTellsTheEnd(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newWornPeer(t, role, Limits{}, 1)
		w, err := c.Writer(context.Background(), Text)
		if err != nil {
			t.Fatal(err)
		}
		w.Write([]byte("part"))
		flushed := start(w.Flush)
		p.expect(wire.OpText, false, "part")
		<-flushed
		w.Write([]byte("part"))
		wantError(t, w.Flush(), "write", errWornOut)
		p.sendClose(4001, "")
		p.nc.Close()
		synctest.Wait()
		if err := w.Close(); CloseStatus(err) != 4001 {
			t.Errorf("%v", err)
		}
		wantPeersClose(t, c, CloseFrame{4001, ""})
	})
}

// What timed out is the write before, and not the Close of a message that finds writing
// over.
func TestWriterCloseIsNoTimeout(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{WriteTimeout: time.Second})
		w, err := c.Writer(t.Context(), Binary)
		if err != nil {
			t.Fatal(err)
		}
		w.Write([]byte("begun"))
		flushed := start(w.Flush)
		p.expect(wire.OpBinary, false, "begun")
		<-flushed
		if _, err := c.Ping(t.Context()); !errors.Is(err, ErrPeerNotReading) {
			t.Fatal(err)
		}
		var e *Error
		if err := w.Close(); !errors.As(err, &e) || e.Timeout() {
			t.Errorf("%v is a timeout", err)
		}
	})
}

// An adapter with something left to read takes deadlines.
func TestNetConnLeftover(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newWornPeer(t, role, Limits{}, 0)
		nc := c.ByteStream(Binary)
		nc.Write([]byte("not sent"))
		p.send(wire.OpBinary, true, "one")
		p.sendClose(4001, "")
		p.nc.Close()
		time.Sleep(time.Hour)
		b := make([]byte, 10)
		if err := nc.SetDeadline(time.Now().Add(time.Second)); err != nil {
			t.Errorf("SetDeadline: %v", err)
		}
		if n, err := nc.Read(b); string(b[:n]) != "one" || err != nil {
			t.Errorf("%q, %v", b[:n], err)
		}
		var peer *CloseError
		if _, err := nc.Read(b); !errors.As(err, &peer) || errors.Is(err, net.ErrClosed) {
			t.Errorf("%v", err)
		}
		if err := nc.Close(); !errors.As(err, &peer) || errors.Is(err, net.ErrClosed) {
			t.Errorf("Close: %v", err)
		}
		if err := nc.SetDeadline(time.Time{}); !errors.Is(err, net.ErrClosed) {
			t.Errorf("SetDeadline after Close: %v", err)
		}
	})
}

// The JSON of the last message that is left is judged, too, before the end is told.
func TestLastJSONBeforeTheEnd(t *testing.T) {
	for _, late := range []time.Duration{0, time.Hour} {
		eachRole(t, func(t *testing.T, role wire.Role) {
			c, p := newWornPeer(t, role, Limits{}, 0)
			failWrite(t, c)
			p.send(wire.OpText, true, "no JSON")
			p.sendClose(StatusNormalClosure, "")
			p.nc.Close()
			time.Sleep(late)
			synctest.Wait()
			var syntax *json.SyntaxError
			if err := c.ReadJSON(context.Background(), new(int)); !errors.As(err, &syntax) {
				t.Errorf("ReadJSON: %v", err)
			}
			wantPeersClose(t, c, CloseFrame{StatusNormalClosure, ""})
		})
	}
}

// A slowClose takes its time to close, as a transport does that says goodbye.
type slowClose struct{ net.Conn }

func (s slowClose) Close() error { time.Sleep(20 * time.Millisecond); return s.Conn.Close() }

// A reader that comes in the moment in which the connection ends gets what is left, with
// a context that ends with the connection too.
func TestReaderMeetsTheEnd(t *testing.T) {
	for _, own := range []bool{false, true} {
		for _, derived := range []bool{false, true} {
			eachRole(t, func(t *testing.T, role wire.Role) {
				a, b := net.Pipe()
				c, p := newPeerOver(t, slowClose{&wornOut{a, 0}}, b, ConnOptions{Role: role, Limits: Limits{}})
				failWrite(t, c)
				p.send(wire.OpText, true, "one")
				p.send(wire.OpText, true, "two")
				ctx := context.Background()
				if own {
					ctx = c.Context()
				}
				if derived {
					var cancel context.CancelFunc
					ctx, cancel = context.WithCancel(ctx)
					defer cancel()
				}
				time.Sleep(lingerTime + 10*time.Millisecond)
				for _, want := range []string{"one", "two"} {
					if g := <-startRead(ctx, c); g.err != nil || g.data != want {
						t.Errorf("%q, %v; want %s", g.data, g.err, want)
					}
				}
				_, _, err := c.Read(ctx)
				wantError(t, err, "read", errWornOut)
			})
		}
	}
}
