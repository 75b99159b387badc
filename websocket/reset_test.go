package websocket_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"syscall"
	"testing"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// reset makes the system close nc with a TCP reset, as if a program had exited with unread bytes.
func reset(t *testing.T, nc net.Conn) {
	t.Helper()
	tcp := nc
	for {
		switch c := tcp.(type) {
		case *tls.Conn:
			tcp = c.NetConn()
			continue
		case wrapped:
			tcp = c.Conn
			continue
		}
		break
	}
	if err := tcp.(*net.TCPConn).SetLinger(0); err != nil {
		t.Fatal(err)
	}
	tcp.Close()
}

// resettable returns the kinds of transport that a peer can reset. It skips the test on systems
// other than Linux, where a reset may discard bytes that have been received.
func resettable(t *testing.T) []string {
	if runtime.GOOS != "linux" {
		t.Skip("a reset on this system may discard bytes that have been received")
	}
	return []string{"tcp", "tls", "wrapped"}
}

// A peer sends messages and its close frame, and resets the connection. Nothing can be sent any
// more, but the reader gets all messages and the close code.
func TestPeerClosesAndResets(t *testing.T) {
	for _, kind := range resettable(t) {
		for _, role := range roles {
			for _, style := range readStyles {
				for _, code := range []StatusCode{StatusNormalClosure, StatusMessageTooBig, 4001} {
					t.Run(fmt.Sprintf("%s/%v/%s/%d", kind, role, style.name, code), func(t *testing.T) {
						checkLeaks(t)
						c, p := newPeerWith(t, kind, role)
						p.Send(wire.OpText, true, "one")
						p.Send(wire.OpPing, true, "") // the pong may be the first write to fail
						p.Send(wire.OpText, true, "two")
						p.SendClose(code, "why")
						reset(t, p.nc)
						read := style.make(c)
						for _, want := range []string{"one", "two"} {
							if g := read(bounded(t)); g.err != nil || g.data != want {
								t.Fatalf("got %q, %v, want %q", g.data, g.err, want)
							}
						}
						var e *CloseError
						g := read(bounded(t))
						switch {
						case style.name == "Messages" && code == StatusNormalClosure:
							if g.err != errLoopEnded {
								t.Errorf("the loop yielded %v, want no error", g.err)
							}
						case !errors.As(g.err, &e) || *e != (CloseError{code, "why"}):
							t.Errorf("got %v, want close code %d", g.err, code)
						}
						wantPeersClose(t, c, CloseFrame{code, "why"})
						wantClosed(t, c)
					})
				}
			}
		}
	}
}

// The heartbeat fails while a handler works on a message. Messages that the peer sent before its
// reset can still be read, before and after the connection has ended.
func TestHeartbeatMeetsReset(t *testing.T) {
	for _, kind := range resettable(t) {
		for _, ended := range []bool{false, true} {
			for name, beat := range map[string]func(context.Context, *Conn) error{
				"Ping": func(ctx context.Context, c *Conn) error { _, err := c.Ping(ctx); return err },
				"Write": func(ctx context.Context, c *Conn) error {
					return c.Write(ctx, Text, []byte("beat"))
				},
			} {
				t.Run(fmt.Sprintf("%s/%v/%s", kind, ended, name), func(t *testing.T) {
					checkLeaks(t)
					c, p := newPeerWith(t, kind, wire.Server)
					p.Send(wire.OpText, true, "one")
					if g := <-startRead(bounded(t), c); g.data != "one" {
						t.Fatalf("got %q, %v, want %q", g.data, g.err, "one")
					}
					p.Send(wire.OpText, true, "two")
					p.Send(wire.OpText, true, "three")
					p.SendClose(4001, "")
					reset(t, p.nc)
					for beat(bounded(t), c) == nil {
						runtime.Gosched() // the first may succeed before the reset arrives
					}
					if ended {
						<-c.Context().Done()
					}
					for _, want := range []string{"two", "three"} {
						if g := <-startRead(bounded(t), c); g.err != nil || g.data != want {
							t.Fatalf("got %q, %v, want %q", g.data, g.err, want)
						}
					}
					wantPeersClose(t, c, CloseFrame{4001, ""})
					wantClosed(t, c)
				})
			}
		}
	}
}

// A server that keeps writing still reads all messages of a client that closes and drops the
// connection.
func TestBusyWriterReadsToTheEnd(t *testing.T) {
	for _, kind := range resettable(t) {
		t.Run(kind, func(t *testing.T) {
			checkLeaks(t)
			c, p := newPeerWith(t, kind, wire.Server)
			pushed := start(func() error {
				for {
					if err := c.Write(bounded(t), Binary, make([]byte, 1000)); err != nil {
						return err
					}
				}
			})
			var sent []byte // one segment, because a reset may discard later ones
			for range 100 {
				sent = append(sent, p.Frame(wire.OpText, true, "message")...)
			}
			p.Write(append(sent, p.Frame(wire.OpClose, true, closeFrame)...))
			p.nc.Close() // with unread messages of the server
			got := 0
			for m, err := range c.Messages(bounded(t)) {
				if err != nil {
					t.Fatalf("after %d messages: got %v, want 100 messages", got, err)
				}
				if got++; string(m.Data) != "message" {
					t.Errorf("got %q, want %q", m.Data, "message")
				}
			}
			if v := c.Closure(); got != 100 || v.Received.Code != StatusNormalClosure {
				t.Errorf("got %d messages, closure %+v, want 100 and the peer's close frame", got, v)
			}
			<-pushed
			wantClosed(t, c)
		})
	}
}

// A client whose message is too large receives the server's close code, even if it is still
// writing when the server refuses the message.
func TestWriterLearnsWhy(t *testing.T) {
	for _, kind := range []string{"tcp", "unix", "tls", "wrapped"} {
		for _, concurrent := range []bool{false, true} {
			for i := range 2 {
				t.Run(fmt.Sprintf("%s/%v/%d", kind, concurrent, i), func(t *testing.T) {
					checkLeaks(t)
					client, server := connPair(t, kind, Limits{})
					refused := startRead(bounded(t), server)
					var read <-chan received
					if concurrent {
						read = startRead(bounded(t), client)
					}
					// The Write may succeed or fail, depending on the transport's buffers.
					_ = client.Write(bounded(t), Binary, make([]byte, 16<<20))
					if !concurrent {
						read = startRead(bounded(t), client)
					}
					g := <-read
					var e *CloseError
					if !errors.As(g.err, &e) || e.Code != StatusMessageTooBig {
						t.Errorf("the client got %v, want close code 1009", g.err)
					}
					if g := <-refused; !errors.Is(g.err, wire.ErrMessageTooBig) {
						t.Errorf("the server got %v, want ErrMessageTooBig", g.err)
					}
					if v := server.Closure(); v.Sent.Code != StatusMessageTooBig {
						t.Errorf("got closure %+v, want sent code 1009", v)
					}
				})
			}
		}
	}
}

// Errors of the transport have the same form whether or not the Conn makes the system calls.
func TestTransportErrors(t *testing.T) {
	for _, kind := range resettable(t) {
		checkLeaks(t)
		c, p := newPeerWith(t, kind, wire.Server)
		reset(t, p.nc)
		_, _, err := c.Read(bounded(t))
		var op *net.OpError
		if !errors.As(err, &op) || op.Op != "read" || op.Net != "tcp" || op.Source == nil || op.Addr == nil ||
			!errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("%s: Read: got %v, want a complete net.OpError with ECONNRESET", kind, err)
		}
		c, p = newPeerWith(t, kind, wire.Server)
		reset(t, p.nc)
		for err = nil; err == nil; {
			err = c.Write(bounded(t), Binary, make([]byte, 3*blockSize))
		}
		op = nil
		if !errors.As(err, &op) || op.Op != "write" || op.Net != "tcp" || op.Source == nil || op.Addr == nil {
			t.Errorf("%s: Write: got %v, want a complete net.OpError", kind, err)
		}
	}
}

// Errors of a ByteStream distinguish a stream that broke off from one that this side has closed.
func TestByteStreamBrokenStream(t *testing.T) {
	for _, kind := range transports {
		for _, row := range []struct {
			name string
			end  func(c *Conn, p *peer)
			want error
			ours bool
		}{
			{"stream ends", func(_ *Conn, p *peer) { p.nc.Close() }, io.ErrUnexpectedEOF, false},
			{"peer closes", func(_ *Conn, p *peer) { p.SendClose(4001, "") }, &CloseError{Code: 4001}, false},
			{"violation", func(_ *Conn, p *peer) {
				p.Write(p.rawFrame(0x83, 1, 0, "", false))
			}, wire.ErrReservedOpcode, false},
			{"CloseNow", func(c *Conn, _ *peer) { c.CloseNow() }, net.ErrClosed, true},
			{"Abort", func(c *Conn, _ *peer) { c.Abort(errDeadPeer) }, errDeadPeer, true},
		} {
			t.Run(kind+"/"+row.name, func(t *testing.T) {
				checkLeaks(t)
				c, p := newPeerWith(t, kind, wire.Server)
				go p.drain()
				nc := c.ByteStream(Binary)
				go row.end(c, p)
				_, read := nc.Read(make([]byte, 1))
				<-c.Context().Done()
				_, again := nc.Read(make([]byte, 1))
				_, wrote := nc.Write([]byte("x"))
				for _, err := range []error{read, again, wrote} {
					var peer, want *CloseError
					same := errors.Is(err, row.want)
					if errors.As(row.want, &want) {
						same = errors.As(err, &peer) && *peer == *want
					}
					var ne net.Error
					if !same || errors.Is(err, net.ErrClosed) != row.ours || !errors.As(err, &ne) ||
						ne.Timeout() {
						t.Errorf("got %v, want %v, closed by this side: %v", err, row.want, row.ours)
					}
				}
			})
		}
	}
}

// A machine that was too slow to read within the time limit still reads the bytes that have
// arrived.
func TestSlowMachineReadsArrivedBytes(t *testing.T) {
	for _, kind := range []string{"tcp", "unix", "tls", "wrapped"} {
		t.Run(kind, func(t *testing.T) {
			checkLeaks(t)
			c, p := newPeerWith(t, kind, wire.Server)
			large := string(pattern(5*blockSize, 0))
			if !c.ReadTurn().TryLock() { // to hold up all readers
				t.Fatal("the turn to read is taken, want it free")
			}
			p.Send(wire.OpBinary, true, large)
			p.SendClose(4001, "")
			c.AbortWrite("write", errWornOut, true)
			c.EndLastReads()
			c.ReadTurn().Unlock()
			if g := <-startRead(bounded(t), c); g.err != nil || g.data != large {
				t.Errorf("got %d bytes, %v, want %d", len(g.data), g.err, len(large))
			}
			wantPeersClose(t, c, CloseFrame{4001, ""})
		})
	}
}
