package websocket_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	stdlog "log"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// A controlLog has a function for OnControl that records the frames and returns handled.
type controlLog struct {
	seen    []string
	handled bool
}

func (l *controlLog) see(op wire.Opcode, payload []byte) bool {
	l.seen = append(l.seen, fmt.Sprintf("%v %q", op, payload))
	return l.handled
}

// The function of OnControl is called for every control frame in order, including those
// between fragments. The connection answers only frames that it does not handle.
func TestOnControl(t *testing.T) {
	for _, role := range roles {
		for _, handled := range []bool{false, true} {
			t.Run(fmt.Sprintf("%v,handled=%t", role, handled), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					c, p := newPeer(t, role, Limits{})
					log := &controlLog{handled: handled}
					c.OnControl(log.see)
					go func() {
						p.Send(wire.OpPing, true, "")
						p.Send(wire.OpText, false, "he")
						p.Send(wire.OpPing, true, strings.Repeat("x", 125))
						p.Send(wire.OpPong, true, "unsolicited")
						p.Send(wire.OpContinuation, true, "llo")
					}()
					answers := start(func() (all []string) {
						for {
							h, payload, err := p.nextFrame()
							if err != nil {
								return all
							}
							all = append(all, fmt.Sprintf("%v %d", h.Opcode, len(payload)))
						}
					})
					if _, data, err := c.Read(t.Context()); string(data) != "hello" || err != nil {
						t.Fatalf(`read %q, %v; want "hello"`, data, err)
					}
					synctest.Wait()
					go p.SendClose(StatusGoingAway, "bye")
					_, _, err := c.Read(t.Context())
					var peer *CloseError
					if !errors.As(err, &peer) || peer.Code != StatusGoingAway {
						t.Errorf("read: got %v, want a CloseError with 1001", err)
					}
					if handled {
						if c.Context().Err() != nil {
							t.Error("the connection ended before the program answered")
						}
						noError(t, c.WriteControl(t.Context(), wire.OpClose, nil))
					}
					<-c.Context().Done()
					synctest.Wait()
					c.CloseNow()
					p.nc.Close()
					want := []string{
						`ping ""`, `ping "` + strings.Repeat("x", 125) + `"`,
						`pong "unsolicited"`, `close "\x03\xe9bye"`,
					}
					if fmt.Sprint(log.seen) != fmt.Sprint(want) {
						t.Errorf("saw %q, want %q", log.seen, want)
					}
					answered := "[pong 0 pong 125 close 2]"
					if handled {
						answered = "[close 0]"
					}
					if got := fmt.Sprint(<-answers); got != answered {
						t.Errorf("answered %s, want %s", got, answered)
					}
				})
			})
		}
	}
}

// "If an endpoint receives a Close frame and did not previously send a Close frame, the
// endpoint MUST send a Close frame in response."
// https://www.rfc-editor.org/rfc/rfc6455#section-5.5.1
//
// If the program has handled a close frame but does not answer it, the connection answers
// after CloseTimeout.
func TestRFC6455UnansweredClose(t *testing.T) {
	for _, test := range []struct {
		limit, want time.Duration
	}{{0, DefaultCloseTimeout}, {3 * time.Second, 3 * time.Second}, {-1, DefaultCloseTimeout}} {
		synctest.Test(t, func(t *testing.T) {
			c, p := newPeer(t, wire.Server, Limits{CloseTimeout: test.limit})
			c.OnControl(func(wire.Opcode, []byte) bool { return true })
			started := time.Now()
			go p.SendClose(StatusGoingAway, "")
			for range 2 { // neither read waits for the answer
				_, _, err := c.Read(t.Context())
				if CloseStatus(err) != StatusGoingAway || time.Since(started) != 0 {
					t.Errorf("read: got %v after %v, want 1001 at once", err, time.Since(started))
				}
			}
			go func() { // writes are possible until the answer
				noError(t, c.Write(t.Context(), Text, []byte("last words")))
			}()
			h, payload, err := p.nextFrame()
			if h.Opcode != wire.OpText || string(payload) != "last words" || err != nil {
				t.Errorf(`got %v %q, %v; want "last words"`, h, payload, err)
			}
			h, payload, err = p.nextFrame()
			code, _, _ := wire.ConsumeClose(payload)
			if h.Opcode != wire.OpClose || code != StatusGoingAway || err != nil {
				t.Errorf("got %v %v, %v; want a close frame with 1001", h, code, err)
			}
			if after := time.Since(started); after != test.want {
				t.Errorf("answered after %v, want %v", after, test.want)
			}
			<-c.Context().Done()
			if v := c.Closure(); !v.Clean || !v.ByPeer {
				t.Errorf("got %+v, want Clean and ByPeer", v)
			}
		})
	}
}

// The program may answer a close frame with Close, within the function of OnControl or
// later.
func TestOnControlCloses(t *testing.T) {
	for _, within := range []bool{true, false} {
		for _, role := range roles {
			synctest.Test(t, func(t *testing.T) {
				c, p := newPeer(t, role, Limits{})
				started := time.Now()
				answer := func() {
					if err := c.Close(t.Context(), StatusPolicyViolation, "own words"); err != nil {
						t.Errorf("Close: %v", err)
					}
				}
				c.OnControl(func(op wire.Opcode, _ []byte) bool {
					if within {
						answer()
					}
					return true
				})
				go p.SendClose(StatusNormalClosure, "")
				go func() {
					if _, _, err := c.Read(t.Context()); CloseStatus(err) != StatusNormalClosure {
						t.Errorf("read: got %v, want status 1000", err)
					}
					if !within {
						answer()
					}
				}()
				_, payload, err := p.nextFrame()
				code, reason, _ := wire.ConsumeClose(payload)
				if code != StatusPolicyViolation || string(reason) != "own words" || err != nil {
					t.Errorf(`got %v %q, %v; want 1008 "own words"`, code, reason, err)
				}
				p.nc.Close()
				synctest.Wait()
				v := c.Closure()
				if !v.Clean || !v.ByPeer || v.Sent.Code != StatusPolicyViolation || time.Since(started) != 0 {
					t.Errorf("got %+v after %v, want Clean and ByPeer with 1008 sent at once",
						v, time.Since(started))
				}
			})
		}
	}
}

// After the program has handled a close frame, CloseNow drops the connection without an
// answer.
func TestOnControlCloseNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, p := newPeer(t, wire.Server, Limits{})
		c.OnControl(func(wire.Opcode, []byte) bool { return true })
		go p.SendClose(StatusNormalClosure, "")
		c.Read(t.Context())
		c.CloseNow()
		if _, _, err := p.nextFrame(); err == nil {
			t.Error("a frame was sent after CloseNow")
		}
		if v := c.Closure(); v.Clean || !v.ByPeer {
			t.Errorf("got %+v, want ByPeer and not Clean", v)
		}
	})
}

// After a failed write, the connection does not wait for the program's answer to a close
// frame.
func TestOnControlWriteFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, p := newPeer(t, wire.Server, Limits{CloseTimeout: time.Hour})
		c.OnControl(func(wire.Opcode, []byte) bool { return true })
		go p.SendClose(StatusGoingAway, "")
		c.Read(t.Context())
		started := time.Now()
		p.nc.Close()
		if err := c.Write(t.Context(), Text, []byte("too late")); err == nil {
			t.Error("Write to a closed pipe succeeded")
		}
		<-c.Context().Done()
		if after := time.Since(started); after > 2*LingerTime {
			t.Errorf("ended after %v, want %v at most", after, 2*LingerTime)
		}
		v := c.Closure()
		if !v.ByPeer || v.Received.Code != StatusGoingAway || CloseStatus(v.Err) != StatusGoingAway {
			t.Errorf("got %+v, want ByPeer with 1001", v)
		}
	})
}

// The result of the function has no effect on the answer to our own close frame.
func TestOnControlAnswerToOurs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, p := newPeer(t, wire.Server, Limits{})
		log := &controlLog{handled: true}
		c.OnControl(log.see)
		go func() {
			p.nextFrame()
			p.SendClose(StatusNormalClosure, "")
		}()
		if err := c.Close(t.Context(), StatusNormalClosure, ""); err != nil || len(log.seen) != 1 {
			t.Errorf("Close: got %v, saw %q; want nil and one frame", err, log.seen)
		}
	})
}

// OnControl(nil) removes the function. Before, the function sees the pong of a Ping, and
// cannot keep it from Ping.
func TestOnControlUndone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, p := newPeer(t, wire.Server, Limits{})
		log := &controlLog{handled: true}
		c.OnControl(log.see)
		go func() {
			_, payload, _ := p.nextFrame()
			p.Send(wire.OpPong, true, string(payload))
		}()
		go c.Read(t.Context())
		if _, err := c.Ping(t.Context()); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if len(log.seen) != 1 {
			t.Errorf("saw %q, want one pong", log.seen)
		}
		c.OnControl(nil)
		go p.Send(wire.OpPing, true, "x")
		if h, payload, err := p.nextFrame(); h.Opcode != wire.OpPong || string(payload) != "x" || err != nil {
			t.Errorf(`got %v %q, %v; want a pong "x"`, h, payload, err)
		}
		if len(log.seen) != 1 {
			t.Errorf("saw %q after OnControl(nil), want no more", log.seen)
		}
	})
}

// WriteControl sends the payload in either role, and does not change it.
func TestWriteControl(t *testing.T) {
	long := strings.Repeat("p", wire.MaxControlPayload)
	for _, role := range roles {
		for _, test := range []struct {
			op      wire.Opcode
			payload string
		}{
			{wire.OpPing, ""}, {wire.OpPing, long}, {wire.OpPong, ""}, {wire.OpPong, long},
			{wire.OpClose, ""}, {wire.OpClose, "\x03\xe8"}, {wire.OpClose, "\x0f\xa0private"},
		} {
			c, p := newPeer(t, role, Limits{})
			payload := []byte(test.payload)
			errs := make(chan error, 1)
			go func() { errs <- c.WriteControl(bounded(t), test.op, payload) }()
			h, got, err := p.Next()
			if h.Opcode != test.op || string(got) != test.payload || err != nil {
				t.Errorf("%v %v %q: got %v %q, %v", role, test.op, test.payload, h, got, err)
			}
			if err := <-errs; err != nil || !bytes.Equal(payload, []byte(test.payload)) {
				t.Errorf("%v %v %q: got %v, want nil and the payload unchanged", role, test.op, payload, err)
			}
			if v := c.Closure(); v.Sent.Code != 0 != (test.op == wire.OpClose) {
				t.Errorf("%v: got %+v, want a code only after a close frame", test.op, v)
			}
		}
	}
}

// WriteControl refuses frames that are not control frames or that break a rule. The
// connection goes on.
func TestWriteControlRefusals(t *testing.T) {
	c, p := newPeer(t, wire.Server, Limits{})
	ctx := bounded(t)
	ended, cancel := context.WithCancel(ctx)
	cancel()
	long := strings.Repeat("p", wire.MaxControlPayload+1)
	for _, test := range []struct {
		ctx     context.Context
		op      wire.Opcode
		payload string
		want    error
	}{
		{ctx, wire.OpText, "", ErrControl},
		{ctx, wire.OpContinuation, "", ErrControl},
		{ctx, 0xb, "", ErrControl},
		{ctx, wire.OpPing, long, wire.ErrControlTooLong},
		{ctx, wire.OpPong, long, wire.ErrControlTooLong},
		{ctx, wire.OpClose, "\x03\xe8" + long[:124], wire.ErrControlTooLong},
		{ctx, wire.OpClose, "\x03", wire.ErrClosePayload},
		{ctx, wire.OpClose, "\x03\xed", wire.ErrCloseCode},
		{ctx, wire.OpClose, "\x03\xe8\xff", wire.ErrInvalidUTF8},
		{ended, wire.OpPing, "", context.Canceled},
		{ended, wire.OpClose, "", context.Canceled},
	} {
		err := c.WriteControl(test.ctx, test.op, []byte(test.payload))
		if !errors.Is(err, test.want) || errors.Is(err, net.ErrClosed) {
			t.Errorf("%v %q: got %v, want %v", test.op, test.payload, err, test.want)
		}
	}
	go c.Write(ctx, Text, []byte("whole"))
	if h, got, err := p.Next(); h.Opcode != wire.OpText || string(got) != "whole" || err != nil {
		t.Errorf(`got %v %q, %v; want "whole"`, h, got, err)
	}
}

// After a close frame, WriteControl sends nothing more. Messages and the peer's close frame
// can still be read.
func TestWriteControlClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, p := newPeer(t, wire.Server, Limits{})
		c.OnControl(func(wire.Opcode, []byte) bool { return true }) // has no effect here
		go p.nextFrame()
		if err := c.WriteControl(t.Context(), wire.OpClose, nil); err != nil {
			t.Fatal(err)
		}
		for op := range map[wire.Opcode]bool{wire.OpClose: true, wire.OpPing: true, wire.OpPong: true} {
			if err := c.WriteControl(t.Context(), op, nil); !errors.Is(err, net.ErrClosed) {
				t.Errorf("%v: got %v, want net.ErrClosed", op, err)
			}
		}
		go func() {
			p.Send(wire.OpText, true, "late")
			p.SendClose(StatusNormalClosure, "")
		}()
		if _, data, err := c.Read(t.Context()); string(data) != "late" || err != nil {
			t.Errorf(`read %q, %v; want "late"`, data, err)
		}
		_, _, err := c.Read(t.Context())
		if CloseStatus(err) != StatusNormalClosure || !errors.Is(err, net.ErrClosed) {
			t.Errorf("read: got %v, want net.ErrClosed with status 1000", err)
		}
		if v := c.Closure(); !v.Clean || v.ByPeer {
			t.Errorf("got %+v, want Clean and not ByPeer", v)
		}
	})
}

// Close after WriteControl waits for the peer's close frame.
func TestWriteControlThenClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, p := newPeer(t, wire.Server, Limits{})
		go func() {
			p.nextFrame()
			time.Sleep(time.Second)
			p.SendClose(StatusNormalClosure, "")
		}()
		started := time.Now()
		if err := c.WriteControl(t.Context(), wire.OpClose, nil); err != nil {
			t.Fatal(err)
		}
		err := c.Close(t.Context(), StatusNormalClosure, "")
		if err != nil || time.Since(started) != time.Second {
			t.Errorf("Close: got %v after %v, want nil after 1s", err, time.Since(started))
		}
	})
}

// Pongs that answer pings of WriteControl do not count towards MaxControls. Unsolicited
// pongs do.
func TestWriteControlPongs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, p := newPeer(t, wire.Server, Limits{MaxControls: 2})
		go func() {
			for range 5 {
				noError(t, c.WriteControl(t.Context(), wire.OpPing, []byte("payload")))
			}
		}()
		for range 5 {
			p.nextFrame()
		}
		go func() {
			for range 7 {
				p.Send(wire.OpPong, true, "payload")
			}
			p.Send(wire.OpText, true, "all")
			p.Send(wire.OpPong, true, "")
			p.Next()
		}()
		if _, data, err := c.Read(t.Context()); string(data) != "all" || err != nil {
			t.Errorf(`read %q, %v; want "all"`, data, err)
		}
		if _, _, err := c.Read(t.Context()); !errors.Is(err, wire.ErrControlFlood) {
			t.Errorf("read: got %v, want %v", err, wire.ErrControlFlood)
		}
	})
}

// A Handler answers a close frame that Serve has handled but not answered, and logs nothing.
func TestHandlerAnswersHandledClose(t *testing.T) {
	checkLeaks(t)
	var log strings.Builder
	server := httptest.NewUnstartedServer(Handler{Serve: func(ctx context.Context, c *Conn) error {
		c.OnControl(func(wire.Opcode, []byte) bool { return true })
		_, _, err := c.Read(ctx)
		return err
	}})
	server.Config.ErrorLog = stdlog.New(&log, "", 0)
	server.Start()
	for _, code := range []StatusCode{StatusNormalClosure, StatusNoStatusReceived, 4000} {
		client, _, err := Dial(bounded(t), server.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		noError(t, client.Close(bounded(t), code, ""))
		if got := client.Closure().Received.Code; got != code {
			t.Errorf("answered %v, want %v", got, code)
		}
	}
	server.Close()
	if log.Len() > 0 {
		t.Errorf("logged %q, want nothing", &log)
	}
}
