package fanout

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/hawser/websocket"
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
