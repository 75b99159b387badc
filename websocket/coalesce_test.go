package websocket_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"

	. "github.com/hawser-ws/hawser/websocket"
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
			return c.WriteControl(ctx, wire.OpClose, nil)
		}, []string{"1 close"}},
		{"16 KiB", func(c *Conn, m Message) error {
			for range 17 {
				if err := m.Reply(ctx, Text, []byte(kib)); err != nil {
					return err
				}
			}
			return nil
		}, []string{"1" + strings.Repeat(" (1024)", 16), "(1024)"}},
		{"large Reply", func(c *Conn, m Message) error { return m.Reply(ctx, Binary, large) }, []string{"1", "(36864)"}},
		{"an error", func(c *Conn, m Message) error { return io.EOF }, []string{"1"}},
		{"a panic", func(c *Conn, m Message) error { panic("as a body may") }, []string{"1"}},
		{"CloseNow", func(c *Conn, m Message) error { return c.CloseNow() }, nil},
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
