package websocket_test

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

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// Bytes that are read ahead are checked against the current limits, as a reader would check them.
func TestLookAheadLimits(t *testing.T) {
	close4001 := &CloseError{Code: 4001}
	for _, row := range []struct {
		name  string
		limit int64 // Limits.MaxMessage
		set   int64 // passed to SetMaxMessage after the first message, unless it is 0
		size  int
		want  error
	}{
		{"default, fits", 0, 0, 1000 << 10, close4001}, // MaxAhead is no more than the default
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
					p.Send(wire.OpText, true, "login")
					<-read
					c.SetMaxMessage(row.set)
				}
				failWrite(t, c)
				go func() {
					p.nc.Write(p.Frame(wire.OpBinary, true, string(make([]byte, row.size))))
					p.nc.Write(p.Frame(wire.OpClose, true, "\x0f\xa1")) // 4001
					p.nc.Close()
				}()
				<-c.Context().Done()
				var peer *CloseError
				cause := context.Cause(c.Context())
				if row.want == error(close4001) {
					if !errors.As(cause, &peer) || *peer != *close4001 {
						t.Errorf("got cause %v, want %v", cause, close4001)
					}
					if g := <-startRead(context.Background(), c); g.err != nil || len(g.data) != row.size {
						t.Errorf("got %d bytes, %v, want %d", len(g.data), g.err, row.size)
					}
				} else if !errors.Is(cause, row.want) {
					t.Errorf("got cause %v, want %v", cause, row.want)
				}
				c.CloseNow()
				synctest.Wait()
				wantClosed(t, c)
			})
		})
	}
}

// Reading ahead does not count control frames, so that frames from hours ago are not a flood.
func TestLookAheadCountsNoControls(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newWornPeer(t, role, Limits{MaxControls: 2}, 2)
		p.collect()
		ctx, cancel := context.WithCancel(context.Background())
		read := startRead(ctx, c)
		for range 2 {
			p.Send(wire.OpPing, true, "")
			synctest.Wait() // otherwise one write could send both pongs
		}
		cancel()
		<-read
		time.Sleep(time.Hour)
		failWrite(t, c)
		p.Send(wire.OpPing, true, "")
		p.SendClose(4001, "")
		p.nc.Close()
		<-c.Context().Done()
		wantPeersClose(t, c, CloseFrame{4001, ""})
	})
}

// As long as messages are left, a read that fails returns its own error, not the error that ends
// the connection.
func TestOwnErrorsBeforeLeftovers(t *testing.T) {
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	for _, late := range []time.Duration{0, time.Hour} {
		eachRole(t, func(t *testing.T, role wire.Role) {
			c, p := newWornPeer(t, role, Limits{}, 0)
			failWrite(t, c)
			p.Send(wire.OpText, true, "no JSON")
			p.Send(wire.OpText, true, "streamed")
			p.Send(wire.OpText, true, "last")
			p.SendClose(StatusNormalClosure, "")
			p.nc.Close()
			time.Sleep(late)
			synctest.Wait()

			_, _, err := c.Read(ended)
			interrupted(t, err, context.Canceled)
			for _, err := range c.Messages(ended) {
				interrupted(t, err, context.Canceled)
			}
			var syntax *json.SyntaxError
			err = c.ReadJSON(context.Background(), new(int))
			if !errors.As(err, &syntax) || errors.Is(err, net.ErrClosed) {
				t.Errorf("ReadJSON: got %v, want a json.SyntaxError alone", err)
			}
			r, err := c.Reader(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			if g := <-startRead(context.Background(), c); g.data != "last" {
				t.Errorf("got %q, %v, want the last message", g.data, g.err)
			}
			if _, err := r.Read(make([]byte, 1)); err == nil || err == io.EOF {
				t.Errorf("a Reader that was skipped: got %v, want an error other than io.EOF", err)
			}
			var peer *CloseError
			g := <-startRead(context.Background(), c)
			if !errors.As(g.err, &peer) || peer.Code != StatusNormalClosure {
				t.Errorf("got %q, %v, want the close frame", g.data, g.err)
			}
		})
	}
}

// Writers that fail because nothing can be written any more do not take messages from a reader.
func TestLeftoversAmongFailingWriters(t *testing.T) {
	checkLeaks(t)
	c, p := newPipePeer(t, func(nc net.Conn) net.Conn { return &wornOut{nc, 0} }, ConnOptions{Role: wire.Server})
	c.Write(context.Background(), Text, []byte("not sent"))
	const messages = 500
	var all []byte
	for range messages {
		all = append(all, p.Frame(wire.OpText, true, "m")...)
	}
	p.Write(all)
	p.SendClose(4001, "")
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
			t.Fatalf("message %d: got %q, %v, want %q", i, g.data, g.err, "m")
		}
	}
	close(stop)
	for _, w := range writers {
		<-w
	}
	wantPeersClose(t, c, CloseFrame{4001, ""})
}

// A streamed message that was received whole can be read to its end after a failed write, even if
// only its end is left.
func TestStreamedLeftover(t *testing.T) {
	for _, compressed := range []bool{false, true} {
		for _, data := range []string{"", "abc", strings.Repeat("a", 1000)} {
			eachRole(t, func(t *testing.T, role wire.Role) {
				ours, theirs := newRuns(t), newRuns(t)
				c, p := newPipePeer(t, worn(0), ConnOptions{Role: role, Session: ours})
				frame := p.Frame(wire.OpText, true, data)
				if compressed {
					frame = p.extFrame(wire.OpText, true, theirs.encode(data))
				}
				go p.Write(frame)
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
				p.SendClose(StatusNormalClosure, "")
				p.nc.Close()
				time.Sleep(time.Hour)
				rest, err := io.ReadAll(r)
				if got = append(got, rest...); err != nil || string(got) != data {
					t.Errorf("compressed %v: got %d bytes, %v, want %d", compressed, len(got), err, len(data))
				}
				c.CloseNow()
				synctest.Wait()
				ours.wantClosed()
			})
		}
	}
}

// A message that an extension cannot decode is reported as the peer's violation, whatever the
// peer sends after it.
func TestViolationBeforeClose(t *testing.T) {
	for _, style := range readStyles {
		eachRole(t, func(t *testing.T, role wire.Role) {
			ours := newRuns(t)
			c, p := newPipePeer(t, worn(0), ConnOptions{Role: role, Session: ours})
			failWrite(t, c)
			p.Write(p.extFrame(wire.OpBinary, true, "\x01"))
			p.SendClose(StatusNormalClosure, "")
			p.nc.Close()
			<-c.Context().Done()
			if g := style.make(c)(context.Background()); !errors.Is(g.err, errRuns) {
				t.Errorf("%s: got %q, %v, want %v", style.name, g.data, g.err, errRuns)
			}
			c.CloseNow()
			synctest.Wait()
			wantClosed(t, c)
		})
	}
}

// A MessageWriter that cannot finish its message because the connection has ended returns the
// error that ended the connection.
func TestWriterCloseTellsTheEnd(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newWornPeer(t, role, Limits{}, 1)
		w, err := c.Writer(context.Background(), Text)
		if err != nil {
			t.Fatal(err)
		}
		w.Write([]byte("part"))
		flushed := start(w.Flush)
		p.Expect(wire.OpText, false, "part")
		<-flushed
		w.Write([]byte("part"))
		wantError(t, w.Flush(), "write", errWornOut)
		p.SendClose(4001, "")
		p.nc.Close()
		synctest.Wait()
		if err := w.Close(); CloseStatus(err) != 4001 {
			t.Errorf("Close: got %v, want close code 4001", err)
		}
		wantPeersClose(t, c, CloseFrame{4001, ""})
	})
}

// The Close of a message after a write that timed out is not a timeout itself.
func TestWriterCloseIsNoTimeout(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{WriteTimeout: time.Second})
		w, err := c.Writer(t.Context(), Binary)
		if err != nil {
			t.Fatal(err)
		}
		w.Write([]byte("begun"))
		flushed := start(w.Flush)
		p.Expect(wire.OpBinary, false, "begun")
		<-flushed
		if _, err := c.Ping(t.Context()); !errors.Is(err, ErrPeerNotReading) {
			t.Fatal(err)
		}
		var e *Error
		if err := w.Close(); !errors.As(err, &e) || e.Timeout() {
			t.Errorf("Close: got %v, want an error that is not a timeout", err)
		}
	})
}

// A ByteStream with something left to read accepts deadlines.
func TestByteStreamLeftover(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newWornPeer(t, role, Limits{}, 0)
		nc := c.ByteStream(Binary)
		nc.Write([]byte("not sent"))
		p.Send(wire.OpBinary, true, "one")
		p.SendClose(4001, "")
		p.nc.Close()
		time.Sleep(time.Hour)
		b := make([]byte, 10)
		if err := nc.SetDeadline(time.Now().Add(time.Second)); err != nil {
			t.Errorf("SetDeadline: got %v, want nil", err)
		}
		if n, err := nc.Read(b); string(b[:n]) != "one" || err != nil {
			t.Errorf("Read: got %q, %v, want %q", b[:n], err, "one")
		}
		var peer *CloseError
		if _, err := nc.Read(b); !errors.As(err, &peer) || errors.Is(err, net.ErrClosed) {
			t.Errorf("Read: got %v, want a CloseError alone", err)
		}
		if err := nc.Close(); !errors.As(err, &peer) || errors.Is(err, net.ErrClosed) {
			t.Errorf("Close: got %v, want a CloseError alone", err)
		}
		if err := nc.SetDeadline(time.Time{}); !errors.Is(err, net.ErrClosed) {
			t.Errorf("SetDeadline after Close: got %v, want net.ErrClosed", err)
		}
	})
}

// The JSON of the last message that is left is checked before the end is reported.
func TestLastJSONBeforeTheEnd(t *testing.T) {
	for _, late := range []time.Duration{0, time.Hour} {
		eachRole(t, func(t *testing.T, role wire.Role) {
			c, p := newWornPeer(t, role, Limits{}, 0)
			failWrite(t, c)
			p.Send(wire.OpText, true, "no JSON")
			p.SendClose(StatusNormalClosure, "")
			p.nc.Close()
			time.Sleep(late)
			synctest.Wait()
			var syntax *json.SyntaxError
			if err := c.ReadJSON(context.Background(), new(int)); !errors.As(err, &syntax) {
				t.Errorf("ReadJSON: got %v, want a json.SyntaxError", err)
			}
			wantPeersClose(t, c, CloseFrame{StatusNormalClosure, ""})
		})
	}
}

// A slowClose is a transport whose Close takes 20 ms, as if it said goodbye to its peer.
type slowClose struct{ net.Conn }

func (s slowClose) Close() error { time.Sleep(20 * time.Millisecond); return s.Conn.Close() }

// A reader that starts at the moment at which the connection ends gets the messages that are
// left, even with a context that ends with the connection.
func TestReaderMeetsTheEnd(t *testing.T) {
	for _, own := range []bool{false, true} {
		for _, derived := range []bool{false, true} {
			eachRole(t, func(t *testing.T, role wire.Role) {
				a, b := net.Pipe()
				c, p := newPeerOver(t, slowClose{&wornOut{a, 0}}, b, ConnOptions{Role: role})
				failWrite(t, c)
				p.Send(wire.OpText, true, "one")
				p.Send(wire.OpText, true, "two")
				ctx := context.Background()
				if own {
					ctx = c.Context()
				}
				if derived {
					var cancel context.CancelFunc
					ctx, cancel = context.WithCancel(ctx)
					defer cancel()
				}
				time.Sleep(LingerTime + 10*time.Millisecond)
				for _, want := range []string{"one", "two"} {
					if g := <-startRead(ctx, c); g.err != nil || g.data != want {
						t.Errorf("got %q, %v, want %q", g.data, g.err, want)
					}
				}
				_, _, err := c.Read(ctx)
				wantError(t, err, "read", errWornOut)
			})
		}
	}
}
