package transports

import (
	"bytes"
	"context"
	"io"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

const (
	// wait is the lifetime of a call's context, or the limit that ends the call.
	wait = 100 * time.Millisecond

	// slack is how much later a call may return.
	slack = 300 * time.Millisecond

	// hang is the time after which a test gives up on a call.
	hang = time.Minute
)

// A call is a call of the API that blocks while the peer neither reads nor writes.
type call struct {
	name     string
	reads    bool // it waits for the peer to write; otherwise, for the peer to read
	after    after
	limits   websocket.Limits // zero: unlimited, so that nothing else ends the call
	byLimit  bool             // a limit ends the call, not its context
	cancel   bool             // its context is canceled; otherwise, it times out
	indirect bool             // it may wait for something other than the transport
	early    bool             // it may find that the connection has ended
	want     error            // nil: context.DeadlineExceeded

	make maker
}

// A maker prepares c, which is one end of p, for a call and returns the call.
type maker func(t testing.TB, p *pair, c, peer *websocket.Conn) func(context.Context) error

// An after says whether a connection must survive a call that was interrupted.
type after uint8

const (
	lives  after = iota // it survives if deadlines work
	either              // it may end
	ends
)

var calls = []call{
	{name: "Read", reads: true, make: plain(read)},
	{name: "AppendRead", reads: true, make: plain(func(ctx context.Context, c *websocket.Conn) error {
		_, _, err := c.AppendRead(ctx, nil)
		return err
	})},
	{name: "ReadJSON", reads: true, make: plain(func(ctx context.Context, c *websocket.Conn) error {
		return c.ReadJSON(ctx, new(any))
	})},
	{name: "Reader", reads: true, make: plain(func(ctx context.Context, c *websocket.Conn) error {
		_, err := c.Reader(ctx)
		return err
	})},
	{name: "Messages", reads: true, make: plain(func(ctx context.Context, c *websocket.Conn) error {
		for _, err := range c.Messages(ctx) {
			return err
		}
		return nil
	})},
	{name: "MessageReader.Read", reads: true, make: readMessage},
	{name: "ByteStream Read", reads: true, want: os.ErrDeadlineExceeded, make: plain(readByteStream)},
	{name: "Ping", reads: true, indirect: true, make: plain(ping)},
	{name: "Close", after: ends, make: plain(closeNormally)},
	{
		name: "Close after CloseTimeout", after: ends, byLimit: true,
		limits: websocket.Limits{CloseTimeout: wait, WriteTimeout: -1}, make: plain(closeNormally),
	},

	{name: "Close after an interrupted Write", after: ends, early: true, make: fill(closeNormally)},

	{name: "Write, small messages", limits: websocket.Limits{CloseTimeout: -1}, make: plain(writeMany)},
	{name: "Write", after: either, make: plain(writeMuch)},
	{name: "WritePlain", after: either, make: plain(func(ctx context.Context, c *websocket.Conn) error {
		return c.WritePlain(ctx, websocket.Binary, much)
	})},
	{name: "WriteBuffers", after: either, make: plain(func(ctx context.Context, c *websocket.Conn) error {
		return c.WriteBuffers(ctx, websocket.Binary, much[:100], much[100:])
	})},
	{name: "WritePrepared", after: either, make: plain(func(ctx context.Context, c *websocket.Conn) error {
		m, err := websocket.Prepare(websocket.Binary, much)
		if err != nil {
			return err
		}
		return c.WritePrepared(ctx, m)
	})},
	{name: "WriteJSON", after: either, make: plain(func(ctx context.Context, c *websocket.Conn) error {
		for { // encoding a single large value would take long
			if err := c.WriteJSON(ctx, pattern(32<<10)); err != nil {
				return err
			}
		}
	})},
	{name: "MessageWriter.Write", after: either, make: plain(writeStream)},
	{name: "MessageWriter.Flush", after: either, make: plain(writeAndFlush)},
	{name: "MessageWriter.Close", after: either, make: plain(writeAndClose)},
	{name: "ByteStream Write", after: either, want: os.ErrDeadlineExceeded, make: plain(writeByteStream)},
	{
		name: "Write after WriteTimeout", after: either, byLimit: true, want: websocket.ErrPeerNotReading,
		limits: websocket.Limits{CloseTimeout: -1, WriteTimeout: wait}, make: plain(writeMuch),
	},

	{name: "Write while another reads", after: either, make: during(read, writeMuch)},
	{name: "Write while another writes", indirect: true, after: either, make: during(writeMuch, writeMany)},
	{name: "Read while another writes", reads: true, after: either, make: during(writeMuch, read)},
	{name: "Ping while another reads", indirect: true, after: either, make: during(read, ping)},
	{name: "Close while another reads", after: ends, make: during(read, closeNormally)},
	{name: "Close while another writes", after: ends, make: during(writeMuch, closeNormally)},
}

var unlimited = websocket.Limits{CloseTimeout: -1, WriteTimeout: -1}

// context returns the context of a call. It ends after wait, unless a limit is to end the call.
func (m *call) context() (context.Context, context.CancelFunc) {
	switch {
	case m.byLimit:
		return context.WithCancel(context.Background())
	case m.cancel:
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(wait, cancel)
		return ctx, cancel
	}
	return context.WithTimeout(context.Background(), wait)
}

// canceled returns calls whose context is canceled.
func canceled() []call {
	var all []call
	for _, m := range calls {
		switch m.name {
		case "Read", "Close", "Write", "Write, small messages", "Ping":
			m.name, m.cancel, m.want = m.name+", canceled", true, context.Canceled
			all = append(all, m)
		}
	}
	return all
}

// Every call that blocks returns when its context ends or its limit is reached, with an error that says so.
func TestCallsEnd(t *testing.T) {
	each(t, func(t *testing.T, k *kind, role wire.Role) {
		all := slices.Concat(calls, canceled())
		rows(t, k, all, func(m call) string { return m.name }, func(t testing.TB, m call) {
			if m.limits == (websocket.Limits{}) {
				m.limits = unlimited
			}
			p := open(t, k, m.limits)
			c, peer := p.ends(role)
			f := m.make(t, p, c, peer)
			begun := time.Now()
			ctx, cancel := m.context()
			defer cancel()
			err, ok := finish(p, func() error { return f(ctx) })
			if !ok {
				t.Errorf("hang: the call has not returned after %v", hang)
				return
			}
			wantNotLate(t, k, begun, m.early)
			t.Logf("%v", err)
			if !m.early {
				checkError(t, k, &m, err)
			}
			checkAfterwards(t, k, &m, p, role, err)
		})
	})
}

// much is more than any transport buffers.
var much = make([]byte, 3<<20)

// plain makes calls that need no preparation.
func plain(f func(context.Context, *websocket.Conn) error) maker {
	return func(_ testing.TB, _ *pair, c, _ *websocket.Conn) func(context.Context) error {
		return func(ctx context.Context) error { return f(ctx, c) }
	}
}

// during makes calls while another goroutine calls other with a context that does not end.
func during(other, f func(context.Context, *websocket.Conn) error) maker {
	return func(t testing.TB, p *pair, c, _ *websocket.Conn) func(context.Context) error {
		over := make(chan struct{})
		go func() { defer close(over); other(context.Background(), c) }()
		p.settle()
		t.Cleanup(func() {
			c.CloseNow()
			select {
			case <-over:
			case <-time.After(hang):
				t.Errorf("hang: the other call has not returned %v after CloseNow", hang)
			}
		})
		return func(ctx context.Context) error { return f(ctx, c) }
	}
}

// fill makes calls when the buffers of the transport are full.
func fill(f func(context.Context, *websocket.Conn) error) maker {
	return func(t testing.TB, p *pair, c, _ *websocket.Conn) func(context.Context) error {
		ctx, cancel := context.WithTimeout(context.Background(), wait)
		defer cancel()
		if _, ok := finish(p, func() error { return writeMany(ctx, c) }); !ok {
			t.Errorf("hang: Write has not returned after %v", hang)
		}
		return func(ctx context.Context) error { return f(ctx, c) }
	}
}

func deadline(ctx context.Context) time.Time {
	d, _ := ctx.Deadline()
	return d
}

func closeNormally(ctx context.Context, c *websocket.Conn) error {
	return c.Close(ctx, websocket.StatusNormalClosure, "")
}

func read(ctx context.Context, c *websocket.Conn) error {
	_, _, err := c.Read(ctx)
	return err
}

func readByteStream(ctx context.Context, c *websocket.Conn) error {
	nc := c.ByteStream(websocket.Binary)
	nc.SetReadDeadline(deadline(ctx))
	_, err := nc.Read(make([]byte, 1))
	return err
}

func ping(ctx context.Context, c *websocket.Conn) error {
	_, err := c.Ping(ctx)
	return err
}

func writeByteStream(ctx context.Context, c *websocket.Conn) error {
	nc := c.ByteStream(websocket.Binary)
	nc.SetWriteDeadline(deadline(ctx))
	_, err := nc.Write(much)
	return err
}

func writeMuch(ctx context.Context, c *websocket.Conn) error {
	return c.Write(ctx, websocket.Binary, much)
}

// writeMany writes messages that are small enough for the connection to keep the rest of one that is cut.
func writeMany(ctx context.Context, c *websocket.Conn) error {
	for n := byte(0); ; n++ {
		if err := c.Write(ctx, websocket.Binary, numbered(n)); err != nil {
			return err
		}
	}
}

// numbered returns a message whose bytes are all n.
func numbered(n byte) []byte {
	return bytes.Repeat([]byte{n}, 32<<10)
}

func writeStream(ctx context.Context, c *websocket.Conn) error {
	w, err := c.Writer(ctx, websocket.Binary)
	if err != nil {
		return err
	}
	_, err = w.Write(much)
	return err
}

func writeAndFlush(ctx context.Context, c *websocket.Conn) error {
	w, err := c.Writer(ctx, websocket.Binary)
	for err == nil {
		if _, err = w.Write(much[:10<<10]); err == nil {
			err = w.Flush()
		}
	}
	return err
}

func writeAndClose(ctx context.Context, c *websocket.Conn) error {
	for {
		w, err := c.Writer(ctx, websocket.Binary)
		if err == nil {
			_, err = w.Write(much[:10<<10])
		}
		if err == nil {
			err = w.Close()
		}
		if err != nil {
			return err
		}
	}
}

// readMessage reads a message after its first half has arrived.
func readMessage(t testing.TB, p *pair, c, peer *websocket.Conn) func(context.Context) error {
	sent := make(chan error, 1)
	w, err := peer.Writer(context.Background(), websocket.Binary)
	check(t, err)
	w.Write([]byte("begins"))
	go func() { sent <- w.Flush() }()
	r, err := c.Reader(context.Background())
	check(t, err)
	_, err = io.ReadFull(r, make([]byte, 6))
	check(t, err)
	check(t, <-sent)
	p.resume = w.Close
	return func(ctx context.Context) error {
		r.SetContext(ctx)
		_, err := r.Read(make([]byte, 1))
		return err
	}
}
