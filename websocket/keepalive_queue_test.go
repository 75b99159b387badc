package websocket_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/websocket/internal/heartbeat"
	"github.com/hawser-ws/hawser/websocket/internal/socket"
	"github.com/hawser-ws/hawser/wire"
)

// queuePeer returns a server over TCP, or TLS over it, with the given limits, and its peer, whose
// socket takes little before the peer reads. It skips the test if the system does not report how
// much a socket has not sent.
func queuePeer(t *testing.T, kind string, limits Limits) (*Conn, *peer) {
	t.Helper()
	checkLeaks(t)
	ours, theirs := netPair(t, kind)
	if socket.Queued(ours) < 0 {
		t.Skip("the system does not report how much a socket has not sent")
	}
	under := func(nc net.Conn) *net.TCPConn {
		if c, ok := nc.(*tls.Conn); ok {
			nc = c.NetConn()
		}
		return nc.(*net.TCPConn)
	}
	under(ours).SetWriteBuffer(1 << 20)
	under(theirs).SetReadBuffer(64 << 10)
	return newPeerOver(t, ours, theirs, ConnOptions{Role: wire.Server, Limits: limits})
}

// Bytes that leave the socket's queue are taken, even while we keep the queue full. Bytes that we
// add to it are not.
func TestTakenFromQueue(t *testing.T) {
	for _, kind := range []string{"tcp", "tls"} {
		t.Run(kind, func(t *testing.T) {
			c, p := queuePeer(t, kind, Limits{PingInterval: time.Hour, WriteTimeout: -1})
			var sent heartbeat.Progress
			made := func() bool { return sent.Made(c.PingedPeer()) }
			made()
			ctx, message := bounded(t), make([]byte, 1000)
			none := 0 // how many times in succession nothing was taken
			for n := 0; none < 100; n++ {
				if n == 10_000 {
					t.Fatalf("bytes are still taken after %d unread messages", n)
				}
				if err := c.Write(ctx, Binary, message); err != nil {
					t.Fatal(err)
				}
				if none++; made() {
					none = 0
					time.Sleep(time.Millisecond)
				}
			}
			wrote := start(func() (err error) {
				for err == nil {
					err = c.Write(c.Context(), Binary, make([]byte, 1<<20))
				}
				return err
			})
			for range 8 { // in all more than the sockets hold
				if _, err := io.CopyN(io.Discard, p.nc, 512<<10); err != nil {
					t.Fatal(err)
				}
				for deadline := time.Now().Add(time.Minute); !made(); time.Sleep(time.Millisecond) {
					if time.Now().After(deadline) {
						t.Fatal("the peer has read 512 KiB, and nothing was taken for a minute")
					}
					io.CopyN(io.Discard, p.nc, 10_000)
				}
			}
			c.CloseNow()
			if err := <-wrote; !errors.Is(err, net.ErrClosed) {
				t.Error(err)
			}
		})
	}
}

// An acknowledgment of the ping itself by the peer's system is no sign of life. One of what was
// written after the ping is.
func TestPingIsNotTaken(t *testing.T) {
	for _, kind := range []string{"tcp", "tls"} {
		t.Run(kind, func(t *testing.T) {
			c, p := queuePeer(t, kind, Limits{PingInterval: time.Millisecond, PongTimeout: time.Hour})
			startRead(context.Background(), c)
			if h, _, err := p.Next(); h.Opcode != wire.OpPing {
				t.Fatalf("got %v, %v, want a ping", h.Opcode, err)
			}
			for socket.Queued(c.Transport().Conn) > 0 {
				time.Sleep(time.Millisecond)
			}
			c.FrameTurn().Lock(bounded(t), c.Context()) // its writer has recorded that the ping has left
			c.UnlockFrames()
			if c.Keepalive().Taken() {
				t.Error("the ping was taken, want no progress")
			}
			noError(t, c.Write(bounded(t), Text, []byte("text")))
			for socket.Queued(c.Transport().Conn) > 0 {
				time.Sleep(time.Millisecond)
			}
			if !c.Keepalive().Taken() {
				t.Error("the message was not taken, want progress")
			}
		})
	}
}

// A peer that reads 20 KB/s stays connected, although it answers a ping only after many times
// PongTimeout, when it has read the messages before it. Once it stops reading, it is dropped. The
// test runs only with HAWSER_FULL, because it takes half a minute.
func TestKeepaliveSlowReaderOfQueue(t *testing.T) {
	if os.Getenv("HAWSER_FULL") == "" {
		t.Skip("the test takes half a minute; set HAWSER_FULL=1 to run it")
	}
	for _, kind := range []string{"tcp", "tls"} {
		t.Run(kind, func(t *testing.T) {
			limits := Limits{PingInterval: 100 * time.Millisecond, PongTimeout: 2 * time.Second}
			c, p := queuePeer(t, kind, limits)
			read := startRead(context.Background(), c)
			const messages, size, rate = 15, 20_000, 20_000
			for range messages {
				if err := c.Write(bounded(t), Binary, make([]byte, size)); err != nil {
					t.Fatal(err)
				}
			}
			p.over(throttle(p.nc, rate, 50*time.Millisecond))
			begun := time.Now()
			for n := 0; n <= messages; n++ {
				h, payload, err := p.nextFrame()
				if err != nil {
					t.Fatalf("after %v: %v, %+v", time.Since(begun), err, c.Closure())
				}
				if h.Opcode == wire.OpPing {
					p.Send(wire.OpPong, true, string(payload))
				}
			}
			t.Logf("the peer was alive for %v", time.Since(begun))
			wantError(t, (<-read).err, "read", ErrNoPong)
		})
	}
}
