package fanout

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"

	"github.com/hawser-ws/hawser/websocket"
)

// Messages of all kinds are sent in the order in which they were queued.
func TestQueueOrder(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q, client := queuePair(t, nil)
		send(t, q, "a", "b")
		if err := q.SendPrepared(prepare(t, "c")); err != nil {
			t.Fatal(err)
		}
		if err := q.SendContext(background, websocket.Binary, []byte("d")); err != nil {
			t.Fatal(err)
		}
		send(t, q, "", "e")
		expect(t, client, "a", "b", "c")
		if mt, p, err := client.Read(background); mt != websocket.Binary || string(p) != "d" || err != nil {
			t.Errorf("got %v %q and error %v, want a binary d", mt, p, err)
		}
		expect(t, client, "", "e")
		expectDepth(t, q, 0, 0, 0)
	})
}

// Send and SendContext copy the message.
func TestQueueCopies(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q, client := queuePair(t, nil)
		p := []byte("first")
		send(t, q, "being written")
		if err := errors.Join(q.Send(websocket.Text, p), q.SendContext(background, websocket.Text, p)); err != nil {
			t.Fatal(err)
		}
		copy(p, "other")
		expect(t, client, "being written", "first", "first")
	})
}

// A message of an invalid type is refused at once, with the error of Conn.Write.
func TestQueueType(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q, _ := queuePair(t, nil)
		want := q.Conn().Write(background, 9, nil)
		_, prepared := Prepare(9, nil)
		for _, err := range []error{q.Send(9, nil), q.SendContext(background, 9, nil), prepared} {
			if err == nil || err.Error() != want.Error() {
				t.Errorf("got error %v, want %v", err, want)
			}
		}
		expectDepth(t, q, 0, 0, 0)
	})
}

// A Message that Prepare has not made would be invalid on every connection. It does no harm.
func TestQueueForeignMessage(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q, client := queuePair(t, nil)
		var r Room
		r.Join(q)
		for _, m := range []*Message{nil, {}} {
			func() {
				defer func() {
					if recover() == nil {
						t.Errorf("%+v is sent", m)
					}
				}()
				r.Broadcast(m)
			}()
		}
		r.Broadcast(prepare(t, "1"))
		expect(t, client, "1")
	})
}

// A queue has a goroutine only while a message is being written.
func TestQueueGoroutine(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q, client := queuePair(t, nil)
		for range 3 {
			send(t, q, "a", "b")
			synctest.Wait()
			if n := writers(); n != 1 {
				t.Errorf("got %d goroutines for 2 messages, want 1", n)
			}
			expect(t, client, "a", "b")
			synctest.Wait()
			if n := writers(); n != 0 {
				t.Errorf("got %d goroutines of an idle queue", n)
			}
			if q.waiting.ring != nil {
				t.Error("an idle queue holds memory")
			}
		}
	})
}

// The limits apply to the messages that wait, and to each policy.
func TestQueueFull(t *testing.T) {
	limits := map[string]Options{
		"messages":       {MaxMessages: 3},
		"bytes":          {MaxMessages: -1, MaxBytes: 6},
		"both":           {MaxMessages: 3, MaxBytes: 6},
		"messages alone": {MaxMessages: 3, MaxBytes: -1},
	}
	for name, o := range limits {
		o.WhenFull = DropNewest
		t.Run(name+"/newest", func(t *testing.T) { testDrop(t, o, "a1", "b1", "c1", "d1") })
		o.WhenFull = DropOldest
		t.Run(name+"/oldest", func(t *testing.T) { testDrop(t, o, "a1", "d1", "e1", "f1") })
	}
}

// testDrop fills a queue with room for 3 of 6 messages, of which the first is being written.
func testDrop(t *testing.T, o Options, want ...string) {
	bubble(t, func(t *testing.T) {
		q, client := queuePair(t, &o)
		send(t, q, "a1", "b1", "c1", "d1")
		expectDepth(t, q, 3, 6, 0)
		for i, s := range []string{"e1", "f1"} {
			err := q.Send(websocket.Text, []byte(s))
			if o.WhenFull == DropNewest && err != ErrFull || o.WhenFull == DropOldest && err != nil {
				t.Errorf("%s: got error %v", s, err)
			}
			expectDepth(t, q, 3, 6, int64(i+1))
		}
		expect(t, client, want...)
		send(t, q, "g1")
		expect(t, client, "g1")
		expectDepth(t, q, 0, 0, 2)
	})
}

// The zero value has limits, and negative ones are none.
func TestQueueDefaults(t *testing.T) {
	bubble(t, func(t *testing.T) {
		many := make([]string, 1025)
		q, _ := queuePair(t, nil)
		send(t, q, many...)
		expectDepth(t, q, 1024, 0, 0)
		if err := q.Send(websocket.Text, nil); !errors.Is(err, ErrFull) {
			t.Errorf("message 1,025: got error %v, want ErrFull", err)
		}

		q, _ = queuePair(t, &Options{})
		send(t, q, "", string(make([]byte, 1<<20-1)), "1")
		expectDepth(t, q, 2, 1<<20, 0)
		if err := q.Send(websocket.Text, []byte("1")); !errors.Is(err, ErrFull) {
			t.Errorf("byte 1 Mi + 1: got error %v, want ErrFull", err)
		}

		q, _ = queuePair(t, &Options{MaxMessages: -1, MaxBytes: -1})
		send(t, q, many...)
		send(t, q, many...)
		send(t, q, string(make([]byte, 1<<20)), string(make([]byte, 1<<20)))
		expectDepth(t, q, 2051, 2<<20, 0)
	})
}

// DropOldest drops as many messages as the new one needs.
func TestQueueDropOldestSeveral(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q, client := queuePair(t, &Options{MaxBytes: 10, WhenFull: DropOldest})
		send(t, q, "writing", "1", "22", "333", "4444")
		send(t, q, "55555")
		expectDepth(t, q, 2, 9, 3)
		send(t, q, "0123456789")
		expectDepth(t, q, 1, 10, 5)
		expect(t, client, "writing", "0123456789")
	})
}

// A message that is larger than MaxBytes is refused, and nothing is dropped or closed for it.
func TestQueueTooLarge(t *testing.T) {
	for _, p := range []Policy{CloseTryAgainLater, ClosePolicyViolation, DropNewest, DropOldest} {
		bubble(t, func(t *testing.T) {
			q, client := queuePair(t, &Options{MaxBytes: 4, WhenFull: p})
			large := []byte("12345")
			expectError(t, q.Send(websocket.Text, large), ErrFull)
			send(t, q, "a", "b")
			expectError(t, q.Send(websocket.Text, large), ErrFull)
			expectError(t, q.SendContext(background, websocket.Text, large), ErrFull)
			expectError(t, q.SendPrepared(prepare(t, "12345")), ErrFull)
			expectDepth(t, q, 1, 1, 4)
			send(t, q, "345")
			expect(t, client, "a", "b", "345")
			expectDepth(t, q, 0, 0, 4)
		})
	}
}

// A policy that closes drops what waits, and closes with its code. The sender does not wait. A peer
// that reads, however slowly, gets the message that is being written and the close frame.
func TestQueueClosePolicy(t *testing.T) {
	codes := map[Policy]websocket.StatusCode{
		CloseTryAgainLater:   websocket.StatusTryAgainLater,
		ClosePolicyViolation: websocket.StatusPolicyViolation,
	}
	for p, code := range codes {
		bubble(t, func(t *testing.T) {
			q, client := queuePair(t, &Options{MaxMessages: 2, WhenFull: p})
			q.Conn().CloseRead()
			send(t, q, "a")
			synctest.Wait() // the write has begun
			send(t, q, "b", "c")
			err := q.Send(websocket.Text, []byte("d"))
			expectError(t, err, ErrFull, net.ErrClosed)
			expectDepth(t, q, 0, 0, 3)
			if q.waiting.ring != nil {
				t.Error("a queue that has closed holds memory")
			}
			if again := q.Send(websocket.Text, nil); again != err {
				t.Errorf("second Send: got error %v, want %v", again, err)
			}
			expect(t, client, "a")
			_, _, err = client.Read(background)
			if closed := (*websocket.CloseError)(nil); !errors.As(err, &closed) || closed.Code != code ||
				closed.Reason != "outgoing queue is full" {
				t.Errorf("got error %v, want a close frame with %v", err, code)
			}
			<-q.Conn().Context().Done()
			if v := q.Conn().Closure(); v.Sent.Code != code || !v.Clean || v.ByPeer {
				t.Errorf("got closure %+v, want a clean one with %v", v, code)
			}
			expectError(t, q.Send(websocket.Text, nil), ErrFull, net.ErrClosed)
			expectDepth(t, q, 0, 0, 3)
		})
	}
}

// After the end of the connection, Send returns its cause.
func TestQueueEnded(t *testing.T) {
	cause := errors.New("no reason")
	bubble(t, func(t *testing.T) {
		q, _ := queuePair(t, nil)
		q.Conn().Abort(cause)
		err := q.Send(websocket.Text, nil)
		expectError(t, err, cause, net.ErrClosed, context.Cause(q.Conn().Context()))
		expectError(t, q.SendPrepared(prepare(t, "")), err)
		expectError(t, q.SendContext(background, websocket.Text, nil), err)
		expectDepth(t, q, 0, 0, 0)
	})
}
