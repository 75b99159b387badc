package websocket_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// Bytes arrive in order, whatever the sizes of Writes and Reads.
func TestByteStream(t *testing.T) {
	for _, kind := range transports {
		t.Run(kind, func(t *testing.T) {
			checkLeaks(t)
			seed := rand.Uint64()
			client, server := connPair(t, kind, Limits{})
			from, to := client.ByteStream(Binary), server.ByteStream(Text)
			want := pattern(1<<20, uint32(seed))
			written := start(func() error {
				random := rand.New(rand.NewPCG(seed, 0))
				for b := want; len(b) > 0; {
					m := min(len(b), random.IntN([]int{2, 200, 200_000}[random.IntN(3)]))
					if n, err := from.Write(b[:m]); n != m || err != nil {
						return fmt.Errorf("Write(%d): %d, %w", m, n, err)
					}
					b = b[m:]
				}
				return from.Close()
			})
			random := rand.New(rand.NewPCG(seed, 1))
			var got []byte
			for {
				p := make([]byte, random.IntN([]int{2, 300, 100_000}[random.IntN(3)]))
				n, err := to.Read(p)
				got = append(got, p[:n]...)
				if err == io.EOF {
					break
				}
				if err != nil {
					t.Fatalf("seed %d: Read: %v", seed, err)
				}
			}
			if !bytes.Equal(got, want) {
				t.Errorf("seed %d: the bytes read differ from those written", seed)
			}
			if err := <-written; err != nil {
				t.Errorf("seed %d: %v", seed, err)
			}
			if n, err := to.Read(make([]byte, 1)); n != 0 || err != io.EOF {
				t.Errorf("Read after EOF: got %d, %v; want 0, EOF", n, err)
			}
			if err := to.Close(); err != nil {
				t.Errorf("Close after EOF: %v", err)
			}
			if _, err := to.Write([]byte("x")); err == nil {
				t.Error("Write after EOF and Close succeeded")
			}
		})
	}
}

// Write sends messages of at most 64 KiB. Read joins messages of both types, and empty ones.
func TestByteStreamMessages(t *testing.T) {
	checkLeaks(t)
	c, p := newPeerWith(t, "tcp", wire.Server)
	nc := c.ByteStream(Text)
	written := start(func() error {
		_, err := nc.Write(bytes.Repeat([]byte("x"), 2*AdapterMessage+5))
		return err
	})
	for _, n := range []int{AdapterMessage, AdapterMessage, 5} {
		h, b, err := p.Next()
		if err != nil || h.Opcode != wire.OpText || !h.Fin || len(b) != n {
			t.Fatalf("got %+v, %d bytes, %v; want %d bytes of text", h, len(b), err, n)
		}
	}
	noError(t, <-written)
	p.Send(wire.OpText, true, "")
	p.Send(wire.OpText, true, "one ")
	p.Send(wire.OpBinary, false, "")
	p.Send(wire.OpContinuation, false, "two ")
	p.Send(wire.OpContinuation, true, "")
	p.Send(wire.OpBinary, true, "three")
	b := make([]byte, len("one two three"))
	if _, err := io.ReadFull(nc, b); err != nil || string(b) != "one two three" {
		t.Errorf(`read %q, %v; want "one two three"`, b, err)
	}
	if n, err := nc.Read(nil); n != 0 || err != nil {
		t.Errorf("Read(nil) = %d, %v; want 0, nil", n, err)
	}
}

// A close frame of the peer is io.EOF only if its code says that nothing went wrong.
func TestByteStreamEOF(t *testing.T) {
	for _, code := range []StatusCode{
		StatusNormalClosure, StatusGoingAway, StatusNoStatusReceived,
		StatusInternalError, StatusProtocolError, 4000,
	} {
		checkLeaks(t)
		c, p := newPeerWith(t, "tcp", wire.Server)
		nc := c.ByteStream(Binary)
		p.Send(wire.OpBinary, true, "last")
		p.SendClose(code, "")
		b := make([]byte, 10)
		if n, err := nc.Read(b); string(b[:n]) != "last" || err != nil {
			t.Fatalf(`%v: read %q, %v; want "last"`, code, b[:n], err)
		}
		_, err := nc.Read(b)
		var peer *CloseError
		well := code == StatusNormalClosure || code == StatusGoingAway || code == StatusNoStatusReceived
		if well && err != io.EOF || !well && (!errors.As(err, &peer) || peer.Code != code) {
			t.Errorf("%v: got %v, want EOF: %v", code, err, well)
		}
		if _, err := nc.Write(b); err == nil || err == io.EOF || errors.Is(err, net.ErrClosed) {
			t.Errorf("%v: Write: got %v, want an error that is not net.ErrClosed", code, err)
		}
		if err := nc.Close(); (err == nil) != well {
			t.Errorf("%v: Close: got %v, want nil: %v", code, err, well)
		}
		if err := nc.SetDeadline(time.Now()); !errors.Is(err, net.ErrClosed) {
			t.Errorf("%v: SetDeadline: got %v, want net.ErrClosed", code, err)
		}
	}
}

// wantTimeout checks that err is a timeout of a call, and that the connection has not
// ended.
func wantTimeout(t *testing.T, err error) {
	t.Helper()
	var ne net.Error
	if !errors.Is(err, os.ErrDeadlineExceeded) || !errors.As(err, &ne) || !ne.Timeout() ||
		errors.Is(err, net.ErrClosed) {
		t.Errorf("got %v, want a timeout", err)
	}
}

// A deadline that interrupts Read anywhere in a frame loses no bytes.
func TestByteStreamReadDeadline(t *testing.T) {
	for _, kind := range transports {
		t.Run(kind, func(t *testing.T) {
			checkLeaks(t)
			ours, theirs := netPair(t, kind)
			c, p := newPeerOver(t, ours, theirs, ConnOptions{Role: wire.Server, Limits: Limits{}})
			nc := c.ByteStream(Binary)
			var stream, want []byte
			for i := range 10 {
				data := pattern(7*i, uint32(i))
				want = append(want, data...)
				stream = append(stream, p.Frame(wire.OpBinary, true, string(data))...)
			}
			ack := make(chan bool)
			defer close(ack)
			go func() {
				for b := stream; len(b) > 0; b = b[min(len(b), 5):] {
					p.Write(b[:min(len(b), 5)])
					<-ack
				}
			}()
			var got []byte
			for len(got) < len(want) {
				nc.SetReadDeadline(time.Now().Add(2 * time.Millisecond))
				b := make([]byte, 100)
				n, err := nc.Read(b)
				got = append(got, b[:n]...)
				if err != nil {
					wantTimeout(t, err)
					select {
					case ack <- true:
					default:
					}
				}
				if t.Failed() {
					return
				}
			}
			if !bytes.Equal(got, want) {
				t.Error("the bytes read differ from those sent")
			}
		})
	}
}

// Deadlines can be moved and cleared. A deadline that has passed fails a Read even if
// bytes are available.
func TestByteStreamMovedDeadline(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c, p := newPeer(t, wire.Server, Limits{})
		nc := c.ByteStream(Binary)
		sent := start(func() bool { p.Send(wire.OpBinary, true, "0123456789"); return true })
		b := make([]byte, 2)
		read := func(want string) {
			t.Helper()
			if n, err := nc.Read(b); string(b[:n]) != want || err != nil {
				t.Errorf("read %q, %v; want %q", b[:n], err, want)
			}
		}
		read("01")
		<-sent
		nc.SetReadDeadline(time.Unix(1, 0))
		_, err := nc.Read(b)
		wantTimeout(t, err)
		_, err = nc.Read(b)
		wantTimeout(t, err)
		nc.SetReadDeadline(time.Time{})
		read("23")
		nc.SetReadDeadline(time.Now().Add(time.Hour))
		read("45")
		time.Sleep(2 * time.Hour)
		_, err = nc.Read(b)
		wantTimeout(t, err)
		nc.SetReadDeadline(time.Now().Add(time.Hour))
		read("67")
		read("89")

		// The deadline is moved while a Read waits.
		began := time.Now()
		waiting := start(func() error { _, err := nc.Read(b); return err })
		time.Sleep(time.Minute)
		nc.SetReadDeadline(time.Now().Add(3 * time.Hour))
		time.Sleep(time.Minute)
		nc.SetReadDeadline(time.Time{})
		time.Sleep(5 * time.Hour)
		nc.SetReadDeadline(time.Now().Add(time.Minute))
		wantTimeout(t, <-waiting)
		if took := time.Since(began); took != 5*time.Hour+3*time.Minute {
			t.Errorf("Read timed out after %v, want %v", took, 5*time.Hour+3*time.Minute)
		}
	})
}

// A Write that times out returns how many bytes it accepted. They are sent later.
func TestByteStreamWriteDeadline(t *testing.T) {
	checkLeaks(t)
	c, p := newPeerWith(t, "pipe", wire.Client)
	nc := c.ByteStream(Binary)
	nc.SetWriteDeadline(time.Unix(1, 0))
	n, err := nc.Write([]byte("not sent"))
	if n != 0 {
		t.Errorf("Write accepted %d bytes after the deadline, want 0", n)
	}
	wantTimeout(t, err)

	nc.SetWriteDeadline(time.Now().Add(time.Hour))
	data := pattern(3*AdapterMessage, 0)
	cut := start(func() error { n, err = nc.Write(data); return err })
	p.Expect(wire.OpBinary, true, string(data[:AdapterMessage]))
	p.take(100)
	nc.SetWriteDeadline(time.Now())
	wantTimeout(t, <-cut)
	if n != 2*AdapterMessage {
		t.Errorf("Write accepted %d bytes, want %d", n, 2*AdapterMessage)
	}
	nc.SetWriteDeadline(time.Time{})
	go nc.Write(data[n:])
	p.Expect(wire.OpBinary, true, string(data[AdapterMessage:2*AdapterMessage]))
	p.Expect(wire.OpBinary, true, string(data[2*AdapterMessage:]))
}

// A deadline that has passed stops neither pongs nor the closing handshake.
func TestByteStreamStaleDeadline(t *testing.T) {
	for _, kind := range transports {
		for _, role := range roles {
			checkLeaks(t)
			ours, theirs := netPair(t, kind)
			if kind == "tls" && role == wire.Client {
				ours, theirs = theirs, ours
			}
			c, p := newPeerOver(t, ours, theirs, ConnOptions{Role: role, Limits: Limits{}})
			nc := c.ByteStream(Binary)
			nc.SetWriteDeadline(time.Unix(1, 0))
			_, err := nc.Write([]byte("x"))
			wantTimeout(t, err)
			go func() {
				p.Send(wire.OpPing, true, "still there?")
				p.Send(wire.OpBinary, true, "yes")
			}()
			read := start(func() string {
				b := make([]byte, 10)
				n, err := nc.Read(b)
				if err != nil {
					t.Errorf("%s: Read: %v", kind, err)
				}
				return string(b[:n])
			})
			p.Expect(wire.OpPong, true, "still there?")
			if got := <-read; got != "yes" {
				t.Errorf(`%s: read %q, want "yes"`, kind, got)
			}
			nc.SetReadDeadline(time.Unix(1, 0))
			closed := start(nc.Close)
			p.ExpectClose(StatusNormalClosure)
			p.SendClose(StatusNormalClosure, "")
			p.nc.Close()
			if err := <-closed; err != nil {
				t.Errorf("%s: Close: %v", kind, err)
			}
		}
	}
}

// A Write over TLS that times out within a message ends the connection, and its error says
// so. Later calls return that cause, but do not count as timeouts.
func TestByteStreamCutTLS(t *testing.T) {
	checkLeaks(t)
	client, _ := connPair(t, "tls", Limits{}) // the server does not read
	nc := client.ByteStream(Binary)
	var err error
	for err == nil || err == os.ErrDeadlineExceeded { // timed out before the first byte of a message
		nc.SetWriteDeadline(time.Now().Add(20 * time.Millisecond))
		_, err = nc.Write(make([]byte, 1<<20))
	}
	var ne net.Error
	if !errors.As(err, &ne) || !ne.Timeout() || errors.Is(err, net.ErrClosed) ||
		!strings.Contains(err.Error(), "TLS") {
		t.Errorf("Write: got %v, want a timeout that names TLS", err)
	}
	nc.SetDeadline(time.Time{})
	_, wrote := nc.Write([]byte("late"))
	_, read := nc.Read(make([]byte, 1))
	for _, err := range []error{wrote, read} {
		if os.IsTimeout(err) || errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, net.ErrClosed) ||
			!strings.Contains(err.Error(), "TLS") {
			t.Errorf("later call: got %v, want an error that names TLS and is no timeout", err)
		}
	}
}

// Any number of goroutines may read and write a ByteStream.
func TestByteStreamConcurrent(t *testing.T) {
	checkLeaks(t)
	client, server := connPair(t, "tcp", Limits{})
	from, to := client.ByteStream(Binary), server.ByteStream(Binary)
	const writers, readers, rounds, size = 4, 3, 50, 1000
	var written []<-chan error
	for i := range writers {
		written = append(written, start(func() error {
			for range rounds {
				if _, err := from.Write(bytes.Repeat([]byte{byte(i)}, size)); err != nil {
					return err
				}
			}
			return nil
		}))
	}
	var counts []<-chan [writers]int
	for range readers {
		counts = append(counts, start(func() (count [writers]int) {
			b := make([]byte, 700)
			for {
				n, err := to.Read(b)
				for _, v := range b[:n] {
					count[v]++
				}
				if err != nil {
					if err != io.EOF {
						t.Error(err)
					}
					return count
				}
			}
		}))
	}
	for _, w := range written {
		noError(t, <-w)
	}
	noError(t, from.Close())
	var total [writers]int
	for _, ch := range counts {
		for i, n := range <-ch {
			total[i] += n
		}
	}
	for i, n := range total {
		if n != rounds*size {
			t.Errorf("got %d bytes of writer %d, want %d", n, i, rounds*size)
		}
	}
}
