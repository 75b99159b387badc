package fanout

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/websocket/wstest"
	"github.com/hawser-ws/hawser/wire"
)

// An open MessageWriter, even one that is idle for long, makes messages wait. None is lost and the
// order stays.
func TestWriteMessageOpen(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q, client := queuePair(t, nil)
		w, err := q.Conn().Writer(background, websocket.Text)
		if err != nil {
			t.Fatal(err)
		}
		send(t, q, "1", "2")
		time.Sleep(10 * websocket.DefaultWriteTimeout)
		expectDepth(t, q, 1, 1, 0)
		go func() {
			w.Write([]byte("0"))
			w.Close()
		}()
		expect(t, client, "0", "1", "2")
		expectDepth(t, q, 0, 0, 0)
	})
}

// A connection that ended because of ErrMessageOpen has ended all the same.
func TestWriteMessageOpenEnds(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q, _ := queuePair(t, nil)
		send(t, q, "0", "1")
		q.Conn().Abort(fmt.Errorf("program gives up: %w", websocket.ErrMessageOpen))
		expectDepth(t, q, 0, 0, 2)
		if q.writing {
			t.Error("the goroutine has not ended")
		}
	})
}

// An open MessageWriter does not keep a policy from closing the connection.
func TestWriteMessageOpenCloses(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q, client := queuePair(t, &Options{MaxMessages: 1})
		client.CloseRead()
		if _, err := q.Conn().Writer(background, websocket.Text); err != nil {
			t.Fatal(err)
		}
		send(t, q, "1", "2")
		expectError(t, q.Send(websocket.Text, nil), ErrFull)
		<-q.Conn().Context().Done()
		if v := q.Conn().Closure(); v.Sent.Code != websocket.StatusTryAgainLater || !v.Clean {
			t.Errorf("got closure %+v, want a clean one with 1013", v)
		}
		expectDepth(t, q, 0, 0, 3)
	})
}

// When the connection ends, the queue lets go of its messages, even if nobody sends any more. Those
// who wait for it learn that nothing more can be written before the connection has ended.
func TestWriteFails(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q, client := queuePair(t, &Options{MaxMessages: 2})
		send(t, q, "0", "1", "2")
		wait := beginSend(background, q, "3")
		client.NetConn().Close() // a write fails, and reads go on for a second
		err := result(t, wait)
		expectError(t, err, net.ErrClosed)
		expectDepth(t, q, 0, 0, 3)
		if q.waiting.ring != nil || q.senders != nil {
			t.Error("the queue holds memory")
		}
		if again := q.Send(websocket.Text, nil); again != err && again != context.Cause(q.Conn().Context()) {
			t.Errorf("got error %v, want %v", again, err)
		}
		<-q.Conn().Context().Done()
		if err := q.Send(websocket.Text, nil); err != context.Cause(q.Conn().Context()) {
			t.Errorf("got error %v, want the connection's", err)
		}
		expectDepth(t, q, 0, 0, 3)
	})
}

// After Conn.Close, nothing more is written, and what waits is dropped.
func TestWriteAfterClose(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q, client := queuePair(t, nil)
		q.Conn().CloseRead()
		send(t, q, "0")
		synctest.Wait()
		send(t, q, "1", "2")
		closed := begin(func() error {
			return q.Conn().Close(background, websocket.StatusNormalClosure, "")
		})
		expect(t, client, "0")
		_, _, err := client.Read(background)
		expectError(t, err, net.ErrClosed)
		if err := result(t, closed); err != nil {
			t.Error(err)
		}
		expectDepth(t, q, 0, 0, 2)
		expectError(t, q.Send(websocket.Text, nil), net.ErrClosed)
		expectError(t, q.Drain(background), net.ErrClosed)
	})
}

// A peer that takes nothing ends the connection after Limits.WriteTimeout. With a policy that
// closes, that is sooner: after Limits.CloseTimeout.
func TestWriteStalls(t *testing.T) {
	for _, full := range []bool{false, true} {
		bubble(t, func(t *testing.T) {
			began := time.Now()
			q, _ := queuePair(t, &Options{MaxMessages: 1})
			send(t, q, "0", "1")
			want := websocket.DefaultWriteTimeout
			if full {
				expectError(t, q.Send(websocket.Text, nil), ErrFull)
				want = websocket.DefaultCloseTimeout
			}
			err := q.Drain(background)
			if full {
				expectError(t, err, ErrFull, net.ErrClosed)
			} else {
				expectError(t, err, websocket.ErrPeerNotReading, net.ErrClosed)
			}
			<-q.Conn().Context().Done()
			if d := time.Since(began); d < want || d > want+time.Second {
				t.Errorf("ended after %v, want %v, and at most a second more", d, want)
			}
			v := q.Conn().Closure()
			if v.Sent.Code != 0 || v.ByPeer || v.Clean {
				t.Errorf("got closure %+v, want no close frame", v)
			}
			synctest.Wait() // the write has failed, too
			if again := q.Drain(background); full && again != err {
				t.Errorf("after the end: got error %v, want %v", again, err)
			}
		})
	}
}

// Even without limits, a connection that the queue closes ends, because nobody else may end it: one
// whose peer takes nothing, and one whose peer takes all and does not answer.
func TestWriteNoLimits(t *testing.T) {
	for _, takes := range []bool{false, true} {
		bubble(t, func(t *testing.T) {
			a, b := net.Pipe()
			defer b.Close()
			off := websocket.Limits{CloseTimeout: -1, WriteTimeout: -1}
			q := NewQueue(websocket.NewConn(background, a, &websocket.ConnOptions{Limits: off}), &Options{MaxMessages: 1})
			send(t, q, "0", "1")
			expectError(t, q.Send(websocket.Text, nil), ErrFull)
			if takes {
				go io.Copy(io.Discard, b)
			}
			select {
			case <-q.Conn().Context().Done():
			case <-time.After(time.Minute + time.Second):
				t.Errorf("peer that takes everything %t: the connection is open after a minute", takes)
				q.Conn().CloseNow()
			}
		})
	}
}

// A close frame may come between two fragments. The message is then lost, and counted.
func TestWriteFragments(t *testing.T) {
	bubble(t, func(t *testing.T) {
		server, client := connPair(t, websocket.ConnOptions{Limits: websocket.Limits{MaxWriteFrame: 2}})
		server.CloseRead()
		q := NewQueue(server, &Options{MaxMessages: 1})
		send(t, q, "012345", "6")
		synctest.Wait() // the first fragment is being written
		expectError(t, q.Send(websocket.Text, nil), ErrFull)
		synctest.Wait()
		if _, p, err := client.Read(background); websocket.CloseStatus(err) != websocket.StatusTryAgainLater {
			t.Errorf("got %q and error %v, want a close frame with 1013", p, err)
		}
		<-server.Context().Done()
		expectDepth(t, q, 0, 0, 3)
	})
}

// An extension that fails to encode a prepared message cannot make the peer miss it: the connection
// is closed with 1011.
func TestWriteExtensionFails(t *testing.T) {
	bubble(t, func(t *testing.T) {
		server, client := connPair(t, websocket.ConnOptions{Session: failing{}})
		q := NewQueue(server, nil)
		server.CloseRead()
		client.CloseRead()
		if err := q.SendPrepared(prepare(t, "0")); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		err := q.Drain(background)
		expectError(t, err, errEncode, net.ErrClosed)
		<-server.Context().Done()
		if v := server.Closure(); v.Sent.Code != websocket.StatusInternalError || !v.Clean {
			t.Errorf("got closure %+v, want a clean one with 1011", v)
		}
		if again := q.Send(websocket.Text, nil); again != err {
			t.Errorf("got error %v, want %v", again, err)
		}
		expectDepth(t, q, 0, 0, 1)
	})
}

var errEncode = errors.New("cannot encode")

// failing is the session of an extension that cannot encode prepared messages.
type failing struct{}

func (failing) Bits() (rsv, perFrame byte)                   { return wire.RSV1, 0 }
func (failing) Encode(wire.MessageInfo) wire.MessageEncoder  { return nil }
func (failing) Decode(byte) (wire.MessageDecoder, error)     { return nil, errEncode }
func (failing) SharedKey(wire.MessageInfo) (any, bool)       { return "failing", true }
func (failing) AppendShared(dst, src []byte) ([]byte, error) { return nil, errEncode }
func (failing) SharedSent([]byte)                            {}

// serveLogged dials a Handler, and returns the client and the log of the server.
func serveLogged(t *testing.T, f func(context.Context, *websocket.Conn) error) (*websocket.Conn, *strings.Builder) {
	t.Helper()
	logged := new(strings.Builder)
	server := &http.Server{ErrorLog: log.New(logged, "", 0)}
	dial := wstest.NetDial(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := context.WithValue(r.Context(), http.ServerContextKey, server)
		websocket.Handler{Serve: f}.ServeHTTP(w, r.WithContext(ctx))
	}))
	c, _, err := websocket.Dial(background, "ws://localhost", &websocket.DialOptions{NetDial: dial})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.CloseNow() })
	synctest.Wait()
	return c, logged
}

// A Serve that returns the error of a Send does not replace the status code of the policy, whichever
// close comes first, and causes no line of log: a peer could cause any number. After Drain, the
// status code is that of a shutdown.
func TestServeReturnsError(t *testing.T) {
	full := websocket.CloseError{Code: websocket.StatusTryAgainLater, Reason: "outgoing queue is full"}
	for _, want := range []websocket.CloseError{full, {Code: websocket.StatusGoingAway}} {
		for range 20 {
			bubble(t, func(t *testing.T) {
				c, logged := serveLogged(t, func(_ context.Context, c *websocket.Conn) error {
					q := NewQueue(c, nil)
					if want != full {
						q.beginDrain()
					}
					for {
						if err := q.Send(websocket.Binary, make([]byte, 100_000)); err != nil {
							return fmt.Errorf("serve: %w", err)
						}
					}
				})
				var err error
				for err == nil {
					_, _, err = c.Read(background)
				}
				if closed := (*websocket.CloseError)(nil); !errors.As(err, &closed) || *closed != want {
					t.Errorf("got error %v, want %v", err, &want)
				}
				synctest.Wait()
				if logged.Len() > 0 {
					t.Errorf("got log %q, want none", logged)
				}
			})
		}
	}
}
