package suite

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/wire"
)

// writesOf plays a case against a server that only reads, and returns the size of each write up to the
// first pause. On a net.Pipe, each read returns the data of one write.
func writesOf(t *testing.T, id string) (sizes []int) {
	cases := casesMatching(t, id)
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		defer ours.Close()
		o := (&Options{}).withDefaults()
		done := make(chan struct{})
		go func() {
			defer close(done)
			if cases[0].script != nil {
				newScript(t.Context(), cases[0], o, &target{path: "/", host: "h"}).play(ours,
					cases[0].script)
				return
			}
			newDriver(cases[0], o, ours, false).run(nil)
		}()
		buf := make([]byte, 1<<20)
		if cases[0].script != nil {
			n, _ := theirs.Read(buf)
			key := parseHead(buf[:n]).fields.Get("Sec-Websocket-Key")
			_, _ = io.WriteString(theirs, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: "+
				"websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "+wire.AcceptKey(key)+"\r\n\r\n")
		}
		for {
			_ = theirs.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
			n, err := theirs.Read(buf)
			if err != nil {
				break
			}
			sizes = append(sizes, n)
		}
		theirs.Close()
		<-done
	})
	return sizes
}

// As in Autobahn, the frames of one event share a write.
func TestFramesShareWrites(t *testing.T) {
	const head = 6 // of a short masked frame
	h := head + len(hello)
	for _, tt := range []struct {
		id   string
		want []int
	}{
		{"3.2", []int{h + h + head}},
		{"3.3", []int{h, h, head}},
		{"3.4", slices.Repeat([]int{1}, h+h+head)},
		{"4.1.3", []int{h + head + head}},
		{"5.15", []int{4 * (head + len("fragment1"))}},
		{"5.19", []int{2*(head+len("fragment1")) + head + len("pongme 1!")}},
		{"6.4.3", []int{head + len(validText)}},
		{"7.1.4", []int{head + 2 + head + len("Hello World!")}},
		{"L.9.1", []int{head + len("Good") + h}},
	} {
		if diff := cmp.Diff(tt.want, writesOf(t, tt.id)); diff != "" {
			t.Errorf("%s: sizes of writes (-want +got)\n%s", tt.id, diff)
		}
	}
}

// playDriver plays a numbered case against a server.
func playDriver(t *testing.T, id string, server func(net.Conn)) (r *report.Result) {
	return playDriverWith(t, id, nil, server)
}

// playDriverWith is like playDriver. w says when the machine is late; nil means never.
func playDriverWith(t *testing.T, id string, w *lateness, server func(net.Conn)) (r *report.Result) {
	cases := casesMatching(t, id)
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		go func() {
			defer theirs.Close()
			server(theirs)
		}()
		defer ours.Close()
		o := (&Options{}).withDefaults()
		o.lateness = w
		p := newDriver(cases[0], o, ours, false)
		p.run(nil)
		r = p.res
	})
	return r
}

// A ping received during a frame of ours is answered after that frame.
func TestPongsWaitForOurFrame(t *testing.T) {
	playDriver(t, "6.4.3", func(c net.Conn) {
		buf := make([]byte, 1024)
		_, _ = c.Read(buf) // the header and the first piece
		_, _ = io.WriteString(c, "\x89\x02hi")
		n, err := c.Read(buf)
		if err != nil || n != 4 {
			t.Errorf("the second piece: %x, %v", buf[:n], err)
		}
		n, err = c.Read(buf) // the third piece, the pong, the empty last fragment
		if want := len("edited") + 6 + 2 + 6; err != nil || n != want || buf[len("edited")] != 0x8a {
			t.Errorf("the third piece and what follows it: %x, %v; want %d bytes", buf[:n], err, want)
		}
	})
}

// A peer that answers late passes if the machine was late. A peer that does not answer fails.
func TestKillWaitsForLateMachine(t *testing.T) {
	late := &lateness{lateAt: time.Now().Add(100 * 365 * 24 * time.Hour)} // at any time
	for _, row := range []struct {
		late  *lateness
		after time.Duration
		want  report.Verdict
	}{
		{nil, 2500 * time.Millisecond, report.Failed}, {late, 2500 * time.Millisecond, report.OK},
		{late, time.Hour, report.Failed},
	} {
		r := playDriverWith(t, "6.3.1", row.late, func(c net.Conn) {
			_ = c.SetReadDeadline(time.Now().Add(row.after))
			_, err := io.Copy(io.Discard, c)
			if errors.Is(err, os.ErrDeadlineExceeded) {
				_, _ = io.WriteString(c, "\x88\x02\x03\xef")
				_ = c.SetReadDeadline(time.Time{})
				_, _ = c.Read(make([]byte, 16)) // the answer
			}
		})
		if r.BehaviorClose != row.want {
			t.Errorf("an answer after %v: %s, %q, want %s", row.after, r.BehaviorClose, r.ResultClose,
				row.want)
		}
	}
}

// The first close frame counts, and a remark mentions the second one.
func TestSecondCloseFrame(t *testing.T) {
	r := playDriver(t, "1.1.2", func(c net.Conn) {
		buf := make([]byte, 1024)
		_, _ = c.Read(buf)
		_, _ = c.Write(append([]byte{0x81, 125}, bytes.Repeat([]byte("*"), 125)...))
		_, _ = c.Read(buf) // the close frame
		_, _ = io.WriteString(c, "\x88\x02\x03\xe8\x88\x02\x03\xea")
	})
	if !r.Passed() || r.RemoteCloseCode != codeNormal || r.Aside == nil ||
		r.Aside.Rule.Section != ruleFirstClose.Section {
		t.Errorf("%s, close %s: %s; code %d, aside %+v", r.Behavior, r.BehaviorClose, r.ResultClose,
			r.RemoteCloseCode, r.Aside)
	}
}

// The same applies to a client that sends two close frames at once.
func TestSecondCloseFrameOfClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		defer theirs.Close()
		p := newDriver(casesMatching(t, "1.1.1")[0], (&Options{}).withDefaults(), ours, true)
		go func() { _, _ = io.Copy(io.Discard, theirs) }()
		go func() { _, _ = io.WriteString(theirs, "\x88\x80\x00\x00\x00\x00\x88\x80\x00\x00\x00\x00") }()
		p.run(nil)
		if p.res.Aside == nil || p.res.Aside.Rule.Section != ruleFirstClose.Section {
			t.Errorf("aside %+v", p.res.Aside)
		}
	})
}

// In the letter groups, the verdict depends on what follows the close frame.
func TestAfterCloseFrame(t *testing.T) {
	t.Parallel()
	for after, want := range map[string]struct {
		behavior, close report.Verdict
		says            string
	}{
		"":                 {report.OK, report.OK, ""},
		"\x88\x02\x03\xea": {report.OK, report.Informational, "second close frame"},
		"\x8a\x00":         {report.OK, report.Informational, "other than data"},
		"\x81\x00":         {report.Failed, report.Failed, "data frame"},
	} {
		r := oneCase(t, serveRaw(t, func(c net.Conn) {
			buf := make([]byte, 1024)
			_, _ = c.Read(buf)
			_, _ = io.WriteString(c, "\x88\x02\x03\xea"+after)
			_, _ = c.Read(buf)
		}), "L.5.1")
		if r.Behavior != want.behavior || r.BehaviorClose != want.close ||
			!strings.Contains(r.ResultClose, want.says) || r.RemoteCloseCode != codeProtocolError {
			t.Errorf("%x: %s: %s, close %s: %s, code %d", after, r.Behavior, r.Result, r.BehaviorClose,
				r.ResultClose, r.RemoteCloseCode)
		}
		if (r.VerdictRule() == &ruleAfterClose) != (want.behavior == report.Failed) {
			t.Errorf("%x: the verdict depends on %+v", after, r.VerdictRule())
		}
	}
}
