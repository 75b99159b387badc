package websocket

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

	"github.com/hawser-ws/hawser/wire"
)

// reset makes the system drop nc with a reset, as a program does that ends with bytes
// unread.
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

// resettable are the kinds of transport that a peer can reset. Elsewhere than on Linux a
// reset may take with it what has been received.
func resettable(t *testing.T) []string {
	if runtime.GOOS != "linux" {
		t.Skip("a reset may take with it what has been received")
	}
	return []string{"tcp", "tls", "wrapped"}
}

// A peer sends messages and its close frame, and resets. The answer cannot be sent, nor
// anything else; the reader gets all that came, and the code.
func TestPeerClosesAndResets(t *testing.T) {
	for _, kind := range resettable(t) {
		for _, role := range roles {
			for _, style := range readStyles {
				for _, code := range []StatusCode{StatusNormalClosure, StatusMessageTooBig, 4001} {
					t.Run(fmt.Sprintf("%s/%v/%s/%d", kind, role, style.name, code), func(t *testing.T) {
						checkLeaks(t)
						c, p := newPeerWith(t, kind, role)
						p.send(wire.OpText, true, "one")
						p.send(wire.OpPing, true, "") // its answer may be the first to fail
						p.send(wire.OpText, true, "two")
						p.sendClose(code, "why")
						reset(t, p.nc)
						read := style.make(c)
						for _, want := range []string{"one", "two"} {
							if g := read(bounded(t)); g.err != nil || g.data != want {
								t.Fatalf("%q, %v; want %s", g.data, g.err, want)
							}
						}
						var e *CloseError
						g := read(bounded(t))
						switch {
						case style.name == "Messages" && code == StatusNormalClosure:
							if g.err != errLoopEnded {
								t.Errorf("the loop yielded %v", g.err)
							}
						case !errors.As(g.err, &e) || *e != (CloseError{code, "why"}):
							t.Errorf("%v", g.err)
						}
						wantPeersClose(t, c, CloseFrame{code, "why"})
						wantClosed(t, c)
					})
				}
			}
		}
	}
}

// While a handler is at work on one message the heartbeat fails. What the peer had sent
// before it went is still read, before and after the connection has ended.
func TestHeartbeatMeetsReset(t *testing.T) {
	for _, kind := range resettable(t) {
		for _, ended := range []bool{false, true} {
			for name, beat := range map[string]func(context.Context, *Conn) error{
				"Ping":  func(ctx context.Context, c *Conn) error { _, err := c.Ping(ctx); return err },
				"Write": func(ctx context.Context, c *Conn) error { return c.Write(ctx, Text, []byte("beat")) },
			} {
				t.Run(fmt.Sprintf("%s/%v/%s", kind, ended, name), func(t *testing.T) {
					checkLeaks(t)
					c, p := newPeerWith(t, kind, wire.Server)
					p.send(wire.OpText, true, "one")
					if g := <-startRead(bounded(t), c); g.data != "one" {
						t.Fatalf("%q, %v", g.data, g.err)
					}
					p.send(wire.OpText, true, "two")
					p.send(wire.OpText, true, "three")
					p.sendClose(4001, "")
					reset(t, p.nc)
					for beat(bounded(t), c) == nil {
						runtime.Gosched() // the first may leave before the reset has come
					}
					if ended {
						<-c.Context().Done()
					}
					for _, want := range []string{"two", "three"} {
						if g := <-startRead(bounded(t), c); g.err != nil || g.data != want {
							t.Fatalf("%q, %v; want %s", g.data, g.err, want)
						}
					}
					wantPeersClose(t, c, CloseFrame{4001, ""})
					wantClosed(t, c)
				})
			}
		}
	}
}

// A server pushes while it reads, and its client sends messages, closes and is gone.
func TestPusherReadsToTheEnd(t *testing.T) {
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
			var sent []byte // in one segment, or the reset takes the later ones with it
			for range 100 {
				sent = append(sent, p.frame(wire.OpText, true, []byte("message"))...)
			}
			p.write(append(sent, p.frame(wire.OpClose, true, []byte(closeFrame))...))
			p.nc.Close() // with pushed messages unread
			got := 0
			for m, err := range c.Messages(bounded(t)) {
				if err != nil {
					t.Fatalf("after %d messages: %v", got, err)
				}
				if got++; string(m.Data) != "message" {
					t.Errorf("%q", m.Data)
				}
			}
			if v := c.Closure(); got != 100 || v.Received.Code != StatusNormalClosure {
				t.Errorf("%d messages, %+v", got, v)
			}
			<-pushed
			wantClosed(t, c)
		})
	}
}

// A client whose message is too large for the server is told so, though it is still
// writing when the server has had enough.
func TestWriterLearnsWhy(t *testing.T) {
	for _, kind := range []string{"tcp", "unix", "tls", "wrapped"} {
		for _, concurrent := range []bool{false, true} {
			for i := range 2 {
				t.Run(fmt.Sprintf("%s/%v/%d", kind, concurrent, i), func(t *testing.T) {
					checkLeaks(t)
					client, server := connPair(t, kind, Limits{})
					refused := startRead(bounded(t), server)
					var told <-chan received
					if concurrent {
						told = startRead(bounded(t), client)
					}
					// The Write may succeed or fail, as the transport takes it.
					_ = client.Write(bounded(t), Binary, make([]byte, 16<<20))
					if !concurrent {
						told = startRead(bounded(t), client)
					}
					g := <-told
					var e *CloseError
					if !errors.As(g.err, &e) || e.Code != StatusMessageTooBig {
						t.Errorf("the client read %v", g.err)
					}
					if g := <-refused; !errors.Is(g.err, wire.ErrMessageTooBig) {
						t.Errorf("the server read %v", g.err)
					}
					if v := server.Closure(); v.Sent.Code != StatusMessageTooBig {
						t.Errorf("%+v", v)
					}
				})
			}
		}
	}
}

// Errors of the transport look the same whether the Conn makes the system calls or not.
func TestTransportErrors(t *testing.T) {
	for _, kind := range resettable(t) {
		checkLeaks(t)
		c, p := newPeerWith(t, kind, wire.Server)
		reset(t, p.nc)
		_, _, err := c.Read(bounded(t))
		var op *net.OpError
		if !errors.As(err, &op) || op.Op != "read" || op.Net != "tcp" || op.Source == nil || op.Addr == nil || !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("%s: Read: %v", kind, err)
		}
		c, p = newPeerWith(t, kind, wire.Server)
		reset(t, p.nc)
		for err = nil; err == nil; {
			err = c.Write(bounded(t), Binary, make([]byte, 3*blockSize))
		}
		op = nil
		if !errors.As(err, &op) || op.Op != "write" || op.Net != "tcp" || op.Source == nil || op.Addr == nil {
			t.Errorf("%s: Write: %v", kind, err)
		}
	}
}

// Through the adapter a stream that broke off is that, and not one that this side has
// closed.
func TestNetConnBrokenStream(t *testing.T) {
	for _, kind := range transports {
		for _, row := range []struct {
			name string
			end  func(c *Conn, p *peer)
			want error
			ours bool
		}{
			{"stream ends", func(_ *Conn, p *peer) { p.nc.Close() }, io.ErrUnexpectedEOF, false},
			{"peer closes", func(_ *Conn, p *peer) { p.sendClose(4001, "") }, &CloseError{Code: 4001}, false},
			{"breach", func(_ *Conn, p *peer) { p.write(p.rawFrame(0x83, 1, 0, "", false)) }, wire.ErrReservedOpcode, false},
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
					if !same || errors.Is(err, net.ErrClosed) != row.ours || !errors.As(err, &ne) || ne.Timeout() {
						t.Errorf("got %v", err)
					}
				}
			})
		}
	}
}

// A machine that was too slow to read within the bound on waiting reads what has come
// all the same.
func TestLateMachineReadsWhatCame(t *testing.T) {
	for _, kind := range []string{"tcp", "unix", "tls", "wrapped"} {
		t.Run(kind, func(t *testing.T) {
			checkLeaks(t)
			c, p := newPeerWith(t, kind, wire.Server)
			large := string(pattern(5*blockSize, 0))
			if !c.in.turn.tryLock() { // so that nobody reads yet
				t.Fatal("somebody reads")
			}
			p.send(wire.OpBinary, true, large)
			p.sendClose(4001, "")
			c.abortWrite("write", errWornOut, true)
			c.ending.last.wait = 0
			c.in.turn.unlock()
			if g := <-startRead(bounded(t), c); g.err != nil || g.data != large {
				t.Errorf("%d bytes, %v", len(g.data), g.err)
			}
			wantPeersClose(t, c, CloseFrame{4001, ""})
		})
	}
}
