package wstest_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/hawser/websocket/wstest"
	"github.com/hawser-ws/hawser/wire"
)

var _ wstest.TB = testing.TB(nil)

// A failures is a TB that gathers what is reported to it.
type failures struct {
	text  string
	ended bool // by FailNow
}

func (f *failures) Helper()                           {}
func (f *failures) Errorf(format string, args ...any) { f.text += fmt.Sprintf(format, args...) + "\n" }
func (f *failures) FailNow()                          { f.ended = true; runtime.Goexit() }

// failing runs step with a Peer over one end of a net.Pipe, to which the other side sends stream,
// and returns what the Peer reports. The other side then ends the stream if end is set, and stays
// silent otherwise.
func failing(t *testing.T, role wire.Role, stream string, end bool, step func(*wstest.Peer)) failures {
	t.Helper()
	var got failures
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		defer ours.Close()
		defer theirs.Close()
		go func() {
			io.WriteString(theirs, stream)
			if end {
				theirs.Close()
			}
		}()
		done := make(chan struct{})
		go func() {
			defer close(done)
			step(wstest.NewPeer(&got, lossy{ours}, role))
		}()
		<-done
	})
	return got
}

// A lossy is a transport that drops requests, for which nobody waits.
type lossy struct{ net.Conn }

func (l lossy) Write(b []byte) (int, error) {
	if bytes.HasPrefix(b, []byte("GET ")) {
		return len(b), nil
	}
	return l.Conn.Write(b)
}

func TestPeerExpects(t *testing.T) {
	expect := func(op wire.Opcode, fin bool, payload string) func(*wstest.Peer) {
		return func(p *wstest.Peer) { p.Expect(op, fin, payload) }
	}
	expectClose := func(code wire.StatusCode, reason string) func(*wstest.Peer) {
		return func(p *wstest.Peer) {
			if got := p.ExpectClose(code); got != reason {
				t.Errorf("got reason %q, want %q", got, reason)
			}
		}
	}
	both := func(p *wstest.Peer) {
		p.Expect(wire.OpText, false, "a")
		p.Expect(wire.OpContinuation, true, "b")
		p.ExpectEOF()
	}
	long := strings.Repeat("x", 70_000)
	for _, test := range []struct {
		name   string
		stream string
		end    bool
		step   func(*wstest.Peer)
		want   string // in the report; "" for none
	}{
		{"frames", "\x01\x01a\x80\x01b", true, both, ""},
		{"long", "\x82\x7f\x00\x00\x00\x00\x00\x01\x11\x70" + long, false, expect(wire.OpBinary, true, long), ""},
		{"opcode", "\x82\x01a", false, expect(wire.OpText, true, "a"), `got binary fin=true rsv=000 "a", want text`},
		{"FIN", "\x01\x01a", false, expect(wire.OpText, true, "a"), "fin=false"},
		{"reserved bit", "\xc1\x01a", false, expect(wire.OpText, true, "a"), "rsv=100"},
		{"payload", "\x81\x01b", false, expect(wire.OpText, true, "a"), `want text fin=true rsv=000 "a"`},
		{"no frame", "", true, expect(wire.OpText, true, "a"), "got error EOF, want a text frame"},
		{"half a frame", "\x81\x02a", true, expect(wire.OpText, true, "a"), "unexpected EOF"},
		{"half a header", "\x81", true, expect(wire.OpText, true, "a"), "unexpected EOF"},
		{"invalid length", "\x81\x7e\x00\x01a", false, expect(wire.OpText, true, "a"), "length"},
		{"too large", "\x81\x7f\x00\x00\x00\x00\x04\x00\x00\x01", false, expect(wire.OpText, true, "a"), "larger than 67108864"},
		{"silence", "", false, expect(wire.OpText, true, "a"), "timeout"},

		{"close", "\x88\x05\x03\xe8bye", false, expectClose(1000, "bye"), ""},
		{"empty close", "\x88\x00", false, expectClose(wire.StatusNoStatusReceived, ""), ""},
		{"close code", "\x88\x02\x03\xe8", false, expectClose(1001, ""), "got close 1000"},
		{"invalid reason", "\x88\x03\x03\xe8\xff", false, expectClose(1000, ""), "UTF-8"},
		{"invalid close", "\x88\x01\x03", false, expectClose(1000, ""), "payload"},
		{"fragmented close", "\x08\x02\x03\xe8", false, expectClose(1000, ""), "fin=false"},
		{"close with a reserved bit", "\x98\x02\x03\xe8", false, expectClose(1000, ""), "rsv=001"},
		{"no close", "\x89\x00", false, expectClose(1000, ""), "got ping"},
		{"EOF for close", "", true, expectClose(1000, ""), "got error EOF, want close 1000"},

		{"EOF", "", true, (*wstest.Peer).ExpectEOF, ""},
		{"frame for EOF", "\x89\x00", true, (*wstest.Peer).ExpectEOF, "got ping"},
		{"piece for EOF", "\x89", true, (*wstest.Peer).ExpectEOF, "unexpected EOF"},
		{"silence for EOF", "", false, (*wstest.Peer).ExpectEOF, "timeout"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := failing(t, wire.Client, test.stream, test.end, test.step)
			if got.ended != (test.want != "") || !strings.Contains(got.text, test.want) || test.want == "" && got.text != "" {
				t.Errorf("reported %q, ended %v; want %q", got.text, got.ended, test.want)
			}
		})
	}
}

func TestPeerChecksMasking(t *testing.T) {
	for _, test := range []struct {
		name   string
		role   wire.Role
		stream string
		want   string
	}{
		{"client gets unmasked", wire.Client, "\x81\x01a", ""},
		{"client gets masked", wire.Client, "\x81\x81\x00\x00\x00\x01a", "got a frame with masked=true, want false"},
		{"server gets masked", wire.Server, "\x81\x81\x01\x00\x00\x00\x60", ""},
		{"server gets unmasked", wire.Server, "\x81\x01a", "got a frame with masked=false, want true"},
		{"server gets key 0", wire.Server, "\x81\x81\x00\x00\x00\x00a", "masking key 0"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := failing(t, test.role, test.stream, false, func(p *wstest.Peer) {
				h, payload, err := p.Next()
				if h.Opcode != wire.OpText || string(payload) != "a" || err != nil {
					t.Errorf("got %+v, %q, %v", h, payload, err)
				}
			})
			if got.ended || !strings.Contains(got.text, test.want) || test.want == "" && got.text != "" {
				t.Errorf("reported %q, ended %v; want %q and to go on", got.text, got.ended, test.want)
			}
		})
	}
}

// wantSent checks what a Peer of role sends.
func wantSent(t *testing.T, role wire.Role, send func(*wstest.Peer), want string) {
	t.Helper()
	ours, theirs := net.Pipe()
	defer theirs.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		send(wstest.NewPeer(t, ours, role))
		ours.Close()
	}()
	if got, err := io.ReadAll(theirs); string(got) != want || err != nil {
		t.Errorf("sent %q, %v; want %q", got, err, want)
	}
	<-done
}

func TestPeerSends(t *testing.T) {
	type peer = wstest.Peer
	for _, test := range []struct {
		name string
		send func(p *peer)
		want string // by a server
	}{
		{"bytes", func(p *peer) { p.Write([]byte("any")) }, "any"},
		{"frame", func(p *peer) { p.Send(wire.OpText, false, "a") }, "\x01\x01a"},
		{"frame to cut", func(p *peer) { p.Write(p.Frame(wire.OpPing, true, "a")[:2]) }, "\x89\x01"},
		{"close", func(p *peer) { p.SendClose(1000, "bye") }, "\x88\x05\x03\xe8bye"},
		{"empty close", func(p *peer) { p.SendClose(wire.StatusNoStatusReceived, "") }, "\x88\x00"},
		{"close without a valid code", func(p *peer) { p.SendClose(999, "\xff") }, "\x88\x03\x03\xe7\xff"},
		{"reserved", func(p *peer) { p.SendHeader(wire.Header{RSV: wire.RSV2, Opcode: 0xf, Length: 3}, "a") }, "\x2f\x03a"},
		{"masked", func(p *peer) {
			p.SendHeader(wire.Header{Opcode: wire.OpText, Masked: true, Key: [4]byte{1}, Length: 1}, "a")
		}, "\x01\x81\x01\x00\x00\x00\x60"},
	} {
		t.Run(test.name, func(t *testing.T) { wantSent(t, wire.Server, test.send, test.want) })
	}
	t.Run("client", func(t *testing.T) {
		wantSent(t, wire.Client, func(p *peer) { p.Send(wire.OpText, true, "a") }, "\x81\x81\x01\x02\x03\x04\x60")
	})
}

// Send may be called by any goroutine, so that its failure must not call FailNow.
func TestPeerReportsWrite(t *testing.T) {
	got := failing(t, wire.Server, "", true, func(p *wstest.Peer) {
		synctest.Wait()
		p.Send(wire.OpText, true, "a")
	})
	if got.ended || !strings.Contains(got.text, "peer: write: ") {
		t.Errorf("reported %q, ended %v; want an error of a write", got.text, got.ended)
	}
}

func TestPeerTimeouts(t *testing.T) {
	t.Run("reading", func(t *testing.T) {
		failing(t, wire.Client, "\x81\x02a", false, func(p *wstest.Peer) {
			for range 2 {
				begun := time.Now()
				_, _, err := p.Next()
				if took := time.Since(begun); took != time.Minute || !errors.Is(err, os.ErrDeadlineExceeded) {
					t.Errorf("after %v: got %v, want a timeout after a minute", took, err)
				}
			}
			p.Write(nil) // not affected
		})
	})
	t.Run("writing", func(t *testing.T) {
		got := failing(t, wire.Client, "", false, func(p *wstest.Peer) {
			begun := time.Now()
			done := make(chan struct{})
			for range 2 { // at the same time, and both are bounded
				go func() {
					p.Send(wire.OpText, true, "a")
					done <- struct{}{}
				}()
			}
			<-done
			<-done
			if took := time.Since(begun); took != 2*time.Minute {
				t.Errorf("writes took %v, want two minutes", took)
			}
		})
		if strings.Count(got.text, "timeout") != 2 {
			t.Errorf("reported %q, want two timeouts", got.text)
		}
	})
	t.Run("after", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ours, theirs := net.Pipe()
			defer theirs.Close()
			defer ours.Close()
			p := wstest.NewPeer(t, ours, wire.Client)
			go io.WriteString(theirs, "\x81\x01a")
			p.Expect(wire.OpText, true, "a")
			go io.CopyN(io.Discard, theirs, 1)
			p.Write([]byte("a"))
			time.Sleep(time.Hour)
			go io.WriteString(theirs, "a")
			if _, err := p.NetConn().Read(make([]byte, 1)); err != nil {
				t.Errorf("read of the transport: %v", err)
			}
			go io.CopyN(io.Discard, theirs, 1)
			if _, err := p.NetConn().Write([]byte("a")); err != nil {
				t.Errorf("write of the transport: %v", err)
			}
		})
	})
}

// After a timeout, Next goes on with what had arrived.
func TestPeerResumes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		defer ours.Close()
		defer theirs.Close()
		go func() {
			io.WriteString(theirs, "\x81\x02a")
			time.Sleep(90 * time.Second)
			io.WriteString(theirs, "b\x89\x00")
		}()
		p := wstest.NewPeer(t, ours, wire.Client)
		if _, _, err := p.Next(); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("got %v, want a timeout", err)
		}
		p.Expect(wire.OpText, true, "ab")
		p.Expect(wire.OpPing, true, "")
	})
}

func TestPeerPanicsWithoutTB(t *testing.T) {
	ours, theirs := net.Pipe()
	theirs.Close()
	defer ours.Close()
	defer func() {
		if s := fmt.Sprint(recover()); !strings.Contains(s, "got error EOF, want a ping frame") {
			t.Errorf("got panic %q", s)
		}
	}()
	wstest.NewPeer(nil, ours, wire.Client).Expect(wire.OpPing, true, "")
	t.Error("Expect returned")
}
