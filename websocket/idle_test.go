package websocket_test

import (
	"context"
	"errors"
	"net"
	"os"
	"reflect"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// A read with the connection's own context, as in a Handler, does not register with that context,
// and nevertheless ends with it.
func TestOwnContextIsNotWatched(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, _ := newPeer(t, role, Limits{})
		read := startRead(c.Context(), c)
		written := start(func() error { return c.Write(c.Context(), Text, []byte("never read")) })
		synctest.Wait()
		if !isNil(&c.Transport().Rd, "done") || !isNil(&c.Transport().Wr, "done") {
			t.Error("the connection's own context is watched")
		}
		c.CloseNow()
		if r := <-read; !errors.Is(r.err, net.ErrClosed) {
			t.Errorf("Read: got %v, want net.ErrClosed", r.err)
		}
		if err := <-written; !errors.Is(err, net.ErrClosed) {
			t.Errorf("Write: got %v, want net.ErrClosed", err)
		}
	})
}

// idleEchoes are the ways in which a handler waits for its next message. Each calls echoed after
// it has written an echo.
var idleEchoes = []struct {
	name string
	run  func(ctx context.Context, c *Conn, echoed func()) error
}{
	{"Read", func(ctx context.Context, c *Conn, echoed func()) error {
		for {
			typ, p, err := c.Read(ctx)
			if err != nil || c.Write(ctx, typ, p) != nil {
				return err
			}
			echoed()
		}
	}},
	{"Messages", func(ctx context.Context, c *Conn, echoed func()) error {
		for m, err := range c.Messages(ctx) {
			if err != nil || c.Write(ctx, m.Type, m.Data) != nil {
				return err
			}
			echoed()
		}
		return nil
	}},
	{"Reply", func(ctx context.Context, c *Conn, echoed func()) error {
		for m, err := range c.Messages(ctx) {
			if err != nil || m.Reply(ctx, m.Type, m.Data) != nil {
				return err
			}
			echoed()
		}
		return nil
	}},
}

// idleMessages sends two small messages together and a large one that the Conn has to gather, and waits for
// their echoes.
func idleMessages(p *peer) {
	p.t.Helper()
	large := string(pattern(2*blockSize, 0))
	hello := p.Frame(wire.OpText, true, "hello")
	p.Write(append(hello, hello...))
	p.Expect(wire.OpText, true, "hello")
	p.Expect(wire.OpText, true, "hello")
	p.Send(wire.OpBinary, false, large)
	p.Send(wire.OpContinuation, true, "")
	p.Expect(wire.OpBinary, true, large)
}

// Between messages, a connection over a socket holds no buffer, however it waits and whatever it
// has read.
func TestIdleHoldsNothing(t *testing.T) {
	const most = 2048 // bytes; the fields of a Conn take less, and a block takes nine times as much
	type wait struct {
		echoed int
		held   uintptr
	}
	for _, row := range idleEchoes {
		t.Run(row.name, func(t *testing.T) {
			checkLeaks(t)
			c, p := newPeerWith(t, "tcp", wire.Server)
			if !c.Transport().IsRaw() {
				t.Skip("reads on this system take a buffer before they wait")
			}
			waits, echoed := make(chan wait, 1000), 0
			c.Transport().Rd.Idle = func() { // called by the goroutine that reads and writes
				if !c.InMessage() {
					waits <- wait{echoed, held(c)}
				}
			}
			done := start(func() error { return row.run(c.Context(), c, func() { echoed++ }) })
			idleMessages(p)
			for w := (wait{}); w.echoed < 3; {
				select {
				case w = <-waits:
				case err := <-done:
					t.Fatalf("the echo has ended with %v, want no end", err)
				}
				if w.held > most {
					t.Errorf("after %d messages, %d bytes are held, want at most %d", w.echoed, w.held, most)
				}
			}
		})
	}
}

// held returns how many bytes a Conn holds in its fields and in the values to which their
// pointers and slices refer. It leaves out the values of interfaces, which belong to the
// transport, to a context or to an extension.
func held(c *Conn) uintptr {
	seen := map[uintptr]bool{}
	var reached func(v reflect.Value) uintptr
	reached = func(v reflect.Value) (n uintptr) {
		switch v.Kind() {
		case reflect.Pointer:
			if v.IsNil() || seen[v.Pointer()] {
				return 0
			}
			seen[v.Pointer()] = true
			return v.Type().Elem().Size() + reached(v.Elem())
		case reflect.Slice:
			n = uintptr(v.Cap()) * v.Type().Elem().Size()
			for i := range v.Len() {
				n += reached(v.Index(i))
			}
		case reflect.Struct:
			for i := range v.NumField() {
				n += reached(v.Field(i))
			}
		}
		return n
	}
	return reached(reflect.ValueOf(c))
}

// A connection that waits for its peer takes far less memory than a block, including its
// goroutine and the goroutine's stack. The test runs only with HAWSER_FULL, because the memory of
// a process depends on its history. TestIdleHoldsNothing needs no measurement.
func TestIdleMemory(t *testing.T) {
	if os.Getenv("HAWSER_FULL") == "" {
		t.Skip("the test measures the memory of the whole process; set HAWSER_FULL=1 to run it")
	}
	for _, row := range idleEchoes {
		t.Run(row.name, func(t *testing.T) {
			checkLeaks(t)
			const conns, most = 100, blockSize - blockSize/8
			connect := func() {
				c, p := newPeerWith(t, "tcp", wire.Server)
				go row.run(c.Context(), c, func() {})
				idleMessages(p)
			}
			connect() // makes what all of them share
			before := inUse()
			for range conns {
				connect()
			}
			// The last connections start to wait a moment after they have written.
			var each int64
			deadline := time.Now().Add(time.Minute)
			for ; time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
				if each = (inUse() - before) / conns; each <= most {
					t.Logf("%d bytes per connection, including its peer", each)
					return
				}
			}
			t.Errorf("a waiting connection takes %d bytes, want at most %d", each, most)
		})
	}
}

// inUse returns how many bytes the heap and the stacks hold.
func inUse() int64 {
	var m runtime.MemStats
	runtime.GC() // twice, because sync.Pool keeps its values for one collection
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}
