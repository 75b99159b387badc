package websocket_test

import (
	"context"
	"errors"
	"io"
	"net"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// wantUnblocked checks that err is the error of a call that our own Close has ended.
func wantUnblocked(t *testing.T, what string, err error) {
	t.Helper()
	var ne net.Error
	if !errors.Is(err, net.ErrClosed) || !errors.As(err, &ne) || ne.Timeout() {
		t.Errorf("%s: got %v, want net.ErrClosed and no timeout", what, err)
	}
}

// "Any blocked Read or Write operations will be unblocked and return errors." (package net)
//
// Close unblocks waiting calls at once, even if the peer neither reads nor answers, and
// later calls fail too. Close itself waits for the peer, up to its timeout.
func TestByteStreamCloseUnblocks(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, _ := newPeer(t, role, Limits{CloseTimeout: 3 * time.Second})
		nc := c.ByteStream(Binary)
		read := func() error { _, err := nc.Read(make([]byte, 1)); return err }
		write := func() error { _, err := nc.Write(make([]byte, 1<<20)); return err }
		waits := []<-chan error{start(read), start(write)}
		synctest.Wait()
		begun := time.Now()
		closed := start(nc.Close)
		synctest.Wait()
		for _, wait := range waits {
			wantUnblocked(t, "a waiting call", <-wait)
		}
		wantUnblocked(t, "Read", read())
		wantUnblocked(t, "Write", write())
		if err := nc.SetDeadline(time.Time{}); !errors.Is(err, net.ErrClosed) {
			t.Errorf("SetDeadline: got %v, want net.ErrClosed", err)
		}
		if _, err := nc.Read(nil); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Read(nil): got %v, want net.ErrClosed", err)
		}
		if took := time.Since(begun); took != 0 {
			t.Errorf("the calls returned after %v, want at once", took)
		}
		if err := <-closed; err == nil || time.Since(begun) > 3*time.Second+probeTime {
			t.Errorf("Close: got %v after %v, want an error after 3s", err, time.Since(begun))
		}
		wantUnblocked(t, "Read after Close", read())
	})
}

// The closing handshake still takes place, after the rest of a Write that was cut.
func TestByteStreamCloseWhileBusy(t *testing.T) {
	for _, taken := range []int{0, 1, 1000, AdapterMessage + 1000} {
		eachRole(t, func(t *testing.T, role wire.Role) {
			c, p := newPeer(t, role, Limits{})
			nc := c.ByteStream(Binary)
			read := start(func() error { _, err := nc.Read(make([]byte, 1)); return err })
			data := pattern(3*AdapterMessage, 0)
			n := 0
			wrote := start(func() (err error) { n, err = nc.Write(data); return err })
			p.take(taken)
			synctest.Wait()
			closed := start(nc.Close)
			synctest.Wait()
			wantUnblocked(t, "Read", <-read)
			wantUnblocked(t, "Write", <-wrote)
			if want := (taken + AdapterMessage - 1) / AdapterMessage * AdapterMessage; n != want {
				t.Errorf("Write accepted %d bytes, want %d", n, want)
			}
			for at := 0; at < n; at += AdapterMessage {
				p.Expect(wire.OpBinary, true, string(data[at:at+AdapterMessage]))
			}
			p.ExpectClose(StatusNormalClosure)
			p.answer()
			if role == wire.Client {
				p.nc.Close()
			}
			if err := <-closed; err != nil {
				t.Errorf("Close: %v", err)
			}
		})
	}
}

// Over every transport, Close unblocks Read before the peer answers, and completes the
// closing handshake.
func TestByteStreamCloseUnblocksOver(t *testing.T) {
	for _, kind := range transports {
		for _, role := range roles {
			t.Run(kind+"/"+role.String(), func(t *testing.T) {
				checkLeaks(t)
				ours, theirs := netPair(t, kind)
				if kind == "tls" && role == wire.Client {
					ours, theirs = theirs, ours
				}
				c, p := newPeerOver(t, ours, theirs, ConnOptions{Role: role, Limits: Limits{}})
				nc := c.ByteStream(Text)
				go p.Send(wire.OpText, false, "half a mess")
				if _, err := io.ReadFull(nc, make([]byte, 4)); err != nil {
					t.Fatal(err)
				}
				read := func() error { _, err := io.Copy(io.Discard, nc); return err }
				reads := []<-chan error{start(read), start(read)}
				closed := start(nc.Close)
				for _, read := range reads {
					wantUnblocked(t, "Read", <-read)
				}
				p.ExpectClose(StatusNormalClosure)
				p.answer()
				p.nc.Close()
				if err := <-closed; err != nil {
					t.Errorf("Close: %v", err)
				}
			})
		}
	}
}

// Read with an empty slice waits neither for bytes nor for another Read, and ignores
// deadlines.
func TestByteStreamReadNothing(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, _ := newPeer(t, role, Limits{})
		nc := c.ByteStream(Binary)
		nothing := func() {
			t.Helper()
			if n, err := nc.Read(nil); n != 0 || err != nil {
				t.Errorf("Read(nil) = %d, %v; want 0, nil", n, err)
			}
		}
		nothing()
		other := start(func() error { _, err := nc.Read(make([]byte, 1)); return err })
		synctest.Wait()
		nothing()
		nc.SetReadDeadline(time.Unix(1, 0))
		wantTimeout(t, <-other)
		nothing()
	})
}

// "1003 indicates that an endpoint is terminating the connection because it has received a
// type of data it cannot accept"
// https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1
//
// A stream of binary messages refuses text.
func TestByteStreamRefusesText(t *testing.T) {
	for _, text := range []string{"", "some text", strings.Repeat("long ", 20_000)} {
		eachRole(t, func(t *testing.T, role wire.Role) {
			c, p := newPeer(t, role, Limits{})
			nc := c.ByteStream(Binary)
			go func() {
				p.Send(wire.OpBinary, true, "bytes")
				p.nc.Write(p.Frame(wire.OpText, false, text)) // may not be read to its end
			}()
			b := make([]byte, 10)
			if n, err := nc.Read(b); string(b[:n]) != "bytes" || err != nil {
				t.Fatalf(`read %q, %v; want "bytes"`, b[:n], err)
			}
			nc.SetReadDeadline(time.Unix(1, 0))
			_, err := nc.Read(b)
			wantTimeout(t, err)
			nc.SetReadDeadline(time.Time{})
			reason := start(func() string {
				reason := p.ExpectClose(StatusUnsupportedData)
				p.nc.Close()
				return reason
			})
			for range 2 {
				n, err := nc.Read(b)
				var e *Error
				if n != 0 || !errors.As(err, &e) || e.Code != StatusUnsupportedData ||
					!errors.Is(err, ErrTextMessage) || errors.Is(err, net.ErrClosed) {
					t.Errorf("Read: got %d, %v; want 0, %v", n, err, ErrTextMessage)
				}
			}
			if got := <-reason; got != ErrTextMessage.Error() {
				t.Errorf("the close frame has reason %q, want %q", got, ErrTextMessage)
			}
			if _, err := nc.Write(b); !errors.Is(err, ErrTextMessage) {
				t.Errorf("Write: got %v, want %v", err, ErrTextMessage)
			}
		})
	}
}

// A deadline that passes between the header of a text message and its refusal does not
// make Read skip the message.
func TestByteStreamRefusesTextLater(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{})
		a := c.ByteStream(Binary)
		stream := p.Frame(wire.OpText, true, "text")
		stream = append(stream, p.Frame(wire.OpBinary, true, "bytes")...)
		go p.nc.Write(stream)
		r, err := c.Reader(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		SetStreamReader(a, r)
		a.SetReadDeadline(time.Unix(1, 0))
		_, err = a.Read(make([]byte, 1))
		wantTimeout(t, err)
		a.SetReadDeadline(time.Time{})
		go p.drain()
		if n, err := a.Read(make([]byte, 1)); n != 0 || !errors.Is(err, ErrTextMessage) {
			t.Errorf("Read: got %d, %v; want 0, %v", n, err, ErrTextMessage)
		}
	})
}

// The net.Conn has only the methods of net.Conn, and does not reveal the transport.
func TestByteStreamHidesTransport(t *testing.T) {
	checkLeaks(t)
	c, _ := newPeerWith(t, "tcp", wire.Server)
	nc := c.ByteStream(Binary)
	if got, want := reflect.TypeOf(nc).NumMethod(), reflect.TypeFor[net.Conn]().NumMethod(); got != want {
		t.Errorf("got %d exported methods, want %d", got, want)
	}
	typ := reflect.TypeOf(nc).Elem()
	for i := range typ.NumField() {
		if f := typ.Field(i); f.IsExported() {
			t.Errorf("the field %s is exported", f.Name)
		}
	}
	if nc.LocalAddr() != c.LocalAddr() || nc.RemoteAddr() != c.RemoteAddr() {
		t.Errorf("got addresses %v and %v, want %v and %v",
			nc.LocalAddr(), nc.RemoteAddr(), c.LocalAddr(), c.RemoteAddr())
	}
}
