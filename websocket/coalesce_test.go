package websocket_test

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/websocket/wstest"
	"github.com/hawser-ws/hawser/wire"
)

// The replies to messages that arrive together leave in one write, as soon as no further message
// has arrived whole. No time passes.
func TestRepliesLeaveTogether(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		for _, row := range []struct {
			name string
			in   func(r *replyTest) []byte // arrives in one read
			want []string
		}{
			{"one", func(r *replyTest) []byte { return r.texts("1") }, []string{"1"}},
			{"three", func(r *replyTest) []byte { return r.texts("1", "2", "3") }, []string{"1 2 3"}},
			{"empty", func(r *replyTest) []byte { return r.texts("", "") }, []string{" "}},
			{
				"half a header behind",
				func(r *replyTest) []byte { return append(r.texts("1", "2"), r.texts("3")[:1]...) },
				[]string{"1 2"},
			},
			{
				"half a message behind",
				func(r *replyTest) []byte { b := r.texts("1", "2", "three"); return b[:len(b)-1] },
				[]string{"1 2"},
			},
			{
				"fragments behind",
				func(r *replyTest) []byte {
					b := append(r.texts("1"), r.Frame(wire.OpText, false, "a")...)
					return append(b, r.Frame(wire.OpContinuation, true, "b")...)
				},
				[]string{"1 ab"},
			},
			{
				"one fragment behind",
				func(r *replyTest) []byte { return append(r.texts("1"), r.Frame(wire.OpText, false, "a")...) },
				[]string{"1"},
			},
			{
				"ping behind",
				func(r *replyTest) []byte { return append(r.texts("1"), r.Frame(wire.OpPing, true, "")...) },
				[]string{"1", "pong"},
			},
			{
				"ping between",
				func(r *replyTest) []byte {
					return append(append(r.texts("1"), r.Frame(wire.OpPing, true, "")...), r.texts("2")...)
				},
				[]string{"1 pong", "2"},
			},
			{
				"close behind",
				func(r *replyTest) []byte { return append(r.texts("1", "2"), r.Frame(wire.OpClose, true, "")...) },
				[]string{"1 2", "close"},
			},
			{
				"violation behind",
				func(r *replyTest) []byte { return append(r.texts("1", "2"), 0xff, 0x80, 0, 0, 0, 0) },
				[]string{"1 2", "close"},
			},
		} {
			r := newReplyTest(t, ConnOptions{Role: role}, echoReply)
			t.Log(row.name)
			r.send(row.in(r))
			r.want(row.want...)
			r.c.CloseNow()
			synctest.Wait()
		}
	})
}

// Held replies leave before any other frame of the connection, in the same write if that is small,
// when they reach 16 KiB, and when the loop asks for a message that has not arrived or ends.
func TestHeldRepliesLeave(t *testing.T) {
	ctx := context.Background()
	large := make([]byte, 2*blockSize)
	kib := strings.Repeat("k", 1<<10)
	for _, row := range []struct {
		name string
		do   func(c *Conn, m Message) error // called while the reply to the first of two messages is held
		want []string
	}{
		{"nothing", func(c *Conn, m Message) error { return nil }, []string{"1"}}, // the loop asks for a third
		{"Flush", func(c *Conn, m Message) error { return errors.Join(c.Flush(ctx), c.Flush(ctx)) }, []string{"1"}},
		{"Write", func(c *Conn, m Message) error { return c.Write(ctx, Text, []byte("w")) }, []string{"1 w"}},
		{"large Write", func(c *Conn, m Message) error { return c.Write(ctx, Binary, large) }, []string{"1", "(36864)"}},
		{"Writer", func(c *Conn, m Message) error {
			w, err := c.Writer(ctx, Text)
			if err != nil {
				return err
			}
			_, err = io.WriteString(w, "w")
			return errors.Join(err, w.Flush(), w.Close())
		}, []string{"1 w-", ""}},
		{"WritePrepared", func(c *Conn, m Message) error {
			return c.WritePrepared(ctx, prepare(t, Text, []byte("p")))
		}, []string{"1 p"}},
		{"large WritePrepared", func(c *Conn, m Message) error {
			return c.WritePrepared(ctx, prepare(t, Binary, large))
		}, []string{"1", "(36864)"}},
		{"Ping", func(c *Conn, m Message) error {
			ctx, cancel := context.WithTimeout(ctx, 1) // no time passes before the writes are checked
			defer cancel()
			_, _ = c.Ping(ctx)
			return nil
		}, []string{"1 ping"}},
		{"a pong", func(c *Conn, m Message) error { c.AnswerPing(nil, false); return nil }, []string{"1 pong"}},
		{"WriteControl", func(c *Conn, m Message) error { return c.WriteControl(ctx, wire.OpPong, nil) }, []string{"1 pong"}},
		{"WriteControl close", func(c *Conn, m Message) error {
			noError(t, c.WriteControl(ctx, wire.OpClose, nil))
			wantError(t, m.Reply(ctx, Text, nil), "write", net.ErrClosed)
			return nil
		}, []string{"1 close"}},
		{"16 KiB", func(c *Conn, m Message) error {
			for range 17 {
				if err := m.Reply(ctx, Text, []byte(kib)); err != nil {
					return err
				}
			}
			return nil
		}, []string{"1" + strings.Repeat(" (1024)", 16), "(1024)"}},
		{"a postponed frame", func(c *Conn, m Message) error {
			if err := c.PostponeText(context.Canceled, "p"); !IsAccepted(err) {
				return err
			}
			return nil
		}, []string{"1 p"}},
		{"large Reply", func(c *Conn, m Message) error { return m.Reply(ctx, Binary, large) }, []string{"1", "(36864)"}},
		{"an error", func(c *Conn, m Message) error { return io.EOF }, []string{"1"}},
		{"a panic", func(c *Conn, m Message) error { panic("as a body may") }, []string{"1"}},
		{"CloseNow", func(c *Conn, m Message) error {
			noError(t, c.CloseNow())
			wantError(t, m.Reply(ctx, Text, nil), "write", net.ErrClosed)
			return nil
		}, nil},
		{"Abort", func(c *Conn, m Message) error { c.Abort(io.EOF); return nil }, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			eachRole(t, func(t *testing.T, role wire.Role) {
				second := false
				r := newReplyTest(t, ConnOptions{Role: role}, func(c *Conn, m Message) error {
					if second {
						return nil
					}
					second = true
					if err := m.Reply(ctx, m.Type, m.Data); err != nil {
						return err
					}
					return row.do(c, m)
				})
				r.send(r.texts("1", "2"))
				r.want(row.want...)
			})
		})
	}
}

// A reply is held for a millisecond at most, even if the loop's body works on the next message. A
// later reply is held for a millisecond of its own.
func TestRepliesHeldAMillisecond(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		work := make(chan bool)
		r := newReplyTest(t, ConnOptions{Role: role}, func(c *Conn, m Message) error {
			defer func() { <-work }()
			return echoReply(c, m)
		})
		r.send(r.texts("1", "2", "3", "4"))
		r.want()
		time.Sleep(ReplyTime - 1)
		r.want()
		time.Sleep(time.Nanosecond)
		r.want("1")
		time.Sleep(time.Second)
		work <- true // the reply to 2 is held
		time.Sleep(ReplyTime / 2)
		work <- true
		time.Sleep(ReplyTime/2 - 1)
		r.want()
		time.Sleep(time.Nanosecond)
		r.want("2 3")
		if n := r.c.Held(); n > 0 {
			t.Errorf("%d bytes are held, want none", n)
		}
		work <- true
		r.want("4")
		close(work)
	})
}

// Another goroutine may write while the body works on a message. Held replies leave before its
// message. If it replies to an earlier message once no other has arrived, the reply leaves at once.
func TestRepliesAndOtherGoroutines(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		ctx := context.Background()
		work := make(chan bool)
		var first Message
		r := newReplyTest(t, ConnOptions{Role: role}, func(c *Conn, m Message) error {
			if first.Data == nil {
				first = m
			}
			defer func() { <-work }()
			return echoReply(c, m)
		})
		r.send(r.texts("1", "2"))
		noError(t, r.c.Write(ctx, Text, []byte("other")))
		r.want("1 other")
		noError(t, r.c.Flush(ctx))
		r.want()
		noError(t, first.Reply(ctx, Text, []byte("first"))) // the loop goes on to the second message
		r.want()
		close(work)
		r.want("first 2")
		noError(t, first.Reply(ctx, Text, []byte("late")))
		r.want("late")
		closed := start(func() error { return r.c.Close(ctx, StatusNormalClosure, "") })
		r.want("close")
		r.SendClose(StatusNormalClosure, "")
		noError(t, <-closed)
		noError(t, <-r.done)
		wantError(t, first.Reply(ctx, Text, nil), "write", net.ErrClosed)
		wantError(t, r.c.Flush(ctx), "write", net.ErrClosed)
	})
}

// A reply waits while another goroutine writes a message in pieces, and is not held within it.
func TestReplyWaitsForWriter(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		r := newReplyTest(t, ConnOptions{Role: role}, echoReply)
		w, err := r.c.Writer(context.Background(), Text)
		if err != nil {
			t.Fatal(err)
		}
		r.send(r.texts("1", "2"))
		for _, s := range []string{"a", "b"} {
			if _, err := io.WriteString(w, s); err != nil {
				t.Fatal(err)
			}
			noError(t, w.Flush())
		}
		r.want("a-", "b-")
		noError(t, w.Close())
		r.want("", "1 2")
	})
}

// A Close of another goroutine sends held replies before its frame. CloseNow drops them, and the
// block goes back to its pool when the time is up.
func TestCloseWithHeldReplies(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		for name, want := range map[string][]string{"Close": {"1 close"}, "CloseNow": nil} {
			work := make(chan bool)
			r := newReplyTest(t, ConnOptions{Role: role}, func(c *Conn, m Message) error {
				defer func() { <-work }()
				return echoReply(c, m)
			})
			r.send(r.texts("1", "2"))
			done := start(func() error {
				if name == "Close" {
					return r.c.Close(context.Background(), StatusNormalClosure, "")
				}
				return r.c.CloseNow()
			})
			r.want(want...)
			if name == "Close" {
				r.SendClose(StatusNormalClosure, "")
			}
			noError(t, <-done)
			time.Sleep(ReplyTime)
			synctest.Wait()
			if n := r.c.Held(); n > 0 {
				t.Errorf("%s: %d bytes are held after the end, want none", name, n)
			}
			close(work)
			<-r.done
		}
	})
}

// The loop may end between a reply and the next message, for reasons other than its body.
func TestLoopEndsWithHeldReplies(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		for _, row := range []struct {
			name   string
			behind string                       // the second message
			do     func(c *Conn, cancel func()) // called after the reply to the first one
			want   string
		}{
			{"context", "2", func(c *Conn, cancel func()) { cancel() }, "1"},
			{"CloseRead", "2", func(c *Conn, cancel func()) { c.CloseRead() }, "1 close"},
			{"too big", "too big", func(c *Conn, cancel func()) {}, "1 close"},
			{"SetMaxMessage", "2345", func(c *Conn, cancel func()) { c.SetMaxMessage(3) }, "1 close"},
		} {
			t.Log(row.name)
			ctx, cancel := context.WithCancel(context.Background())
			ours, theirs := wstest.Pipe()
			r := &replyTest{T: t, log: &writeLog{Conn: ours}}
			limits := Limits{MaxMessage: 5}
			r.c, r.peer = newPeerOver(t, r.log, theirs, ConnOptions{Role: role, Limits: limits})
			done := start(func() error {
				return loop(r.c, ctx, func(c *Conn, m Message) error {
					err := echoReply(c, m)
					row.do(c, cancel)
					return err
				})
			})
			r.send(r.texts("1", row.behind))
			synctest.Wait()
			if got := strings.Join(r.log.writes, " "); got != row.want { // in one write or two
				t.Errorf("wrote %q, want %q", got, row.want)
			}
			r.SendClose(StatusNormalClosure, "")
			if err := <-done; err == nil {
				t.Error("the loop ended without an error")
			}
			r.c.CloseNow()
			cancel()
		}
	})
}

// Only a message that a loop has yielded can be replied to, with a valid type and a context that has
// not ended.
func TestReplyRefused(t *testing.T) {
	ctx := context.Background()
	if e := wantError(t, Message{Type: Text}.Reply(ctx, Text, nil), "write", ErrNotYielded); e.Accepted {
		t.Errorf("got %+v, want Accepted: false", e)
	}
	eachRole(t, func(t *testing.T, role wire.Role) {
		r := newReplyTest(t, ConnOptions{Role: role}, func(c *Conn, m Message) error {
			wantError(t, m.Reply(ctx, 3, nil), "write", ErrMessageType)
			ended, cancel := context.WithCancel(ctx)
			cancel()
			e := wantError(t, m.Reply(ended, Text, nil), "write", context.Canceled)
			if e.Accepted {
				t.Errorf("got %+v, want Accepted: false", e)
			}
			wantError(t, c.Flush(ended), "write", context.Canceled)
			return echoReply(c, m)
		})
		r.send(r.texts("1", "2"))
		r.want("1 2")
	})
}

// If held replies cannot be sent, writing has failed. The next write returns the error, and reading
// goes on.
func TestHeldRepliesFail(t *testing.T) {
	ctx := context.Background()
	for name, flush := range map[string]func(c *Conn){
		"the loop": func(c *Conn) {},
		"time":     func(c *Conn) { time.Sleep(ReplyTime) },
		"Flush":    func(c *Conn) { wantError(t, c.Flush(ctx), "write", errWornOut) },
		"Write":    func(c *Conn) { wantError(t, c.Write(ctx, Text, nil), "write", errWornOut) },
		"large Write": func(c *Conn) {
			wantError(t, c.Write(ctx, Text, make([]byte, blockSize)), "write", errWornOut)
		},
	} {
		t.Run(name, func(t *testing.T) {
			eachRole(t, func(t *testing.T, role wire.Role) {
				c, p := newWornPeer(t, role, Limits{}, 0)
				var first Message
				read := start(func() (all string) {
					for m, err := range c.Messages(ctx) {
						if err != nil {
							return all + err.Error()
						}
						if all += string(m.Data); all == "1" {
							first = m
							noError(t, m.Reply(ctx, m.Type, m.Data))
							flush(c)
						}
					}
					return all
				})
				p.Write(slices.Concat(p.Frame(wire.OpText, true, "1"), p.Frame(wire.OpText, true, "2")))
				time.Sleep(2 * ReplyTime)
				synctest.Wait()
				wantError(t, first.Reply(ctx, Text, nil), "write", errWornOut)
				wantError(t, c.Flush(ctx), "write", errWornOut)
				wantError(t, c.Write(ctx, Text, nil), "write", errWornOut)
				p.Send(wire.OpText, true, "3")
				p.SendClose(StatusNormalClosure, "")
				if got := <-read; got != "123" {
					t.Errorf("the loop read %q, want 123 and no error", got)
				}
				if n := c.Held(); n > 0 {
					t.Errorf("%d bytes are held, want none", n)
				}
			})
		})
	}
}

// A message is counted when it is held, and only once.
func TestHeldRepliesAreCounted(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		var wrote []int64
		events := &Events{Wrote: func(c *Conn, typ MessageType, payload, wire int64) {
			wrote = append(wrote, payload, wire)
		}}
		opts := ConnOptions{Role: role, Events: events, Limits: Limits{MaxWriteFrame: 3}}
		r := newReplyTest(t, opts, func(c *Conn, m Message) error {
			err := echoReply(c, m)
			if string(m.Data) == "1" {
				noError(t, c.Flush(context.Background()))
			}
			if s := c.Stats(); s.MessagesWritten != s.MessagesRead {
				t.Errorf("got %+v after a reply, want MessagesWritten and MessagesRead equal", s)
			}
			return err
		})
		r.send(slices.Concat(r.texts("1", "two2"), r.Frame(wire.OpPing, true, ""), r.texts("3")))
		r.want("1", "two- 2 pong", "3")
		s := r.c.Stats()
		if s.MessagesWritten != 3 || s.FramesWritten != 4 || s.BytesWritten != 6 || s.ControlsWritten != 1 {
			t.Errorf("got %+v, want 3 messages, 4 frames and 6 bytes written, and 1 control frame", s)
		}
		if want := []int64{1, 1, 4, 4, 1, 1}; !slices.Equal(wrote, want) {
			t.Errorf("Wrote got the sizes %v, want %v", wrote, want)
		}
	})
}
