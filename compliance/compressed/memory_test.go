//go:build unix

package compressed

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/hawser-ws/hawser/compliance/internal/measure"
	"github.com/hawser-ws/hawser/wire"
)

const (
	idleConns = 1000
	jsonSize  = 1024
	jsonMost  = 64 // the number of different messages
)

// After 4 or 64 messages of 1 KiB, an idle connection takes little more memory in a server than one without
// compression. The difference is the size of what it sent and received, up to the size of its two windows.
// Without context takeover, it is almost nothing.
func TestIdleMemory(t *testing.T) {
	switch _, err := os.Stat("/proc/self/status"); {
	case err != nil:
		t.Skip("this test reads the memory of a process from /proc")
	case os.Getenv("HAWSER_FULL") == "":
		t.Skip("set HAWSER_FULL=1 to run this test, which takes some 20 seconds")
	case raceEnabled:
		t.Skip("the race detector takes much more memory than the connections")
	}
	var limit syscall.Rlimit
	err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit)
	if err != nil || uint64(limit.Cur) < idleConns+100 {
		t.Skipf("the limit of open files is %d (%v), want %d", limit.Cur, err, idleConns+100)
	}
	for _, row := range []struct {
		agreement string
		messages  int
		most      int // bytes for each connection
	}{
		{"no takeover", 4, 1 << 10},
		{"no takeover", 64, 1 << 10},
		{"default", 4, 8 << 10},
		{"default", 64, 37 << 10},
		{"bounded", 4, 6 << 10},
		{"bounded", 64, 6 << 10},
		{"large", 64, 68 << 10},
	} {
		name := fmt.Sprintf("%s, %d messages", row.agreement, row.messages)
		over := 1 << 30
		for attempt := 0; over > row.most && attempt < attempts; attempt++ {
			plain := idleRSS(t, agreements[0], row.messages)
			over = min(over, (idleRSS(t, agreementOf(t, row.agreement), row.messages)-plain)/idleConns)
			t.Logf("%s: a connection takes %d bytes more than the %d of one without compression",
				name, over, plain/idleConns)
		}
		if over > row.most {
			t.Errorf("%s: a connection takes %d bytes more, want at most %d", name, over, row.most)
		}
	}
}

func agreementOf(t *testing.T, name string) agreement {
	t.Helper()
	for _, a := range agreements {
		if a.name == name {
			return a
		}
	}
	t.Fatalf("no agreement is named %q", name)
	return agreement{}
}

// attempts is how often memory is measured until it is low enough. Processes differ by some 400 bytes a
// connection, and occasionally by 1.5 KB, because the runtime has not returned all free memory.
const attempts = 3

// idleRSS returns the resident memory, in bytes, of a server with idle connections. It includes the fixed
// cost of compression, some 500 KiB for code and the garbage collector.
//
// The order matters, because the runtime does not move objects. All connections are opened first, then they
// take turns. If each connection were used before the next is opened, two windows of 4 KiB would take 9.5 to
// 10.4 KB (10.0 on average) instead of 9.0, with the same live heap.
func idleRSS(t *testing.T, a agreement, messages int) int {
	t.Helper()
	s := measure.StartServer(t, a.name)
	peers := talk(t, s.Addr, a, idleConns, messages)
	s.Ask(fmt.Sprint(idleConns))
	n := rss(t, s.Pid)
	for _, p := range peers {
		p.nc.Close()
	}
	return n
}

// talk opens n connections, exchanges messages over them in turns, and leaves them open.
func talk(t *testing.T, addr string, a agreement, n, messages int) []*peer {
	t.Helper()
	peers := make([]*peer, n)
	for i := range peers {
		peers[i] = &peer{t: t, client: true}
	}
	const workers = 20
	inParallel := func(f func(peers []*peer) error) {
		t.Helper()
		var running []<-chan error
		for part := range slices.Chunk(peers, n/workers) {
			running = append(running, start(func() error { return f(part) }))
		}
		for _, done := range running {
			if err := <-done; err != nil {
				t.Fatalf("%s: %v", a.name, err)
			}
		}
	}
	inParallel(func(peers []*peer) error { return openAll(peers, addr, a) })
	frames, s, err := peers[0].encode(a, measure.JSONMessages(jsonMost, jsonSize))
	if err != nil {
		t.Fatal(err)
	}
	inParallel(func(peers []*peer) error {
		for _, f := range frames[:messages] {
			if err := exchangeAll(peers, f, s != nil); err != nil {
				return err
			}
		}
		return nil
	})
	return peers
}

func openAll(peers []*peer, addr string, a agreement) error {
	for _, p := range peers {
		if err := p.dial(addr, a.field()); err != nil {
			return err
		}
		p.nc.SetDeadline(time.Now().Add(5 * time.Minute))
	}
	return nil
}

// exchangeAll sends a message over each connection and reads the echo.
func exchangeAll(peers []*peer, frame []byte, compressed bool) error {
	for _, p := range peers {
		if _, err := p.nc.Write(frame); err != nil {
			return err
		}
		first, _, err := p.next()
		if err != nil {
			return err
		}
		if compressed != (first&rsv1 != 0) {
			return fmt.Errorf("the first byte of the echo is %#x, agreed: %s", first, p.agreed)
		}
	}
	return nil
}

// rss returns the resident memory of a process, in bytes.
func rss(t *testing.T, pid int) int {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(b), "VmRSS:")
	var kib int
	if _, err := fmt.Sscan(rest, &kib); err != nil {
		t.Fatal(err)
	}
	return kib << 10
}

// field returns the client's Sec-WebSocket-Extensions field.
func (a agreement) field() string {
	if a.ext == nil {
		return ""
	}
	b, err := wire.AppendExtensions(nil, a.ext.Offer(nil))
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return string(b)
}

// encoded has the frames of the messages for each agreement. All connections send the same frames.
var encoded sync.Map

// encode returns the frames of messages, and the session that decodes their echoes.
func (p *peer) encode(a agreement, messages [][]byte) (frames [][]byte, s wire.Session, err error) {
	if a.ext != nil {
		answer, err := wire.ParseExtensions([]string{p.agreed})
		if err != nil {
			return nil, nil, fmt.Errorf("%q: %w", p.agreed, err)
		}
		if s, err = a.ext.Confirm(answer[0]); err != nil {
			return nil, nil, err
		}
	}
	if v, ok := encoded.Load(p.agreed); ok {
		return v.([][]byte), s, nil
	}
	for _, m := range messages {
		bits := byte(0)
		if s != nil {
			bits = rsv1
			enc := s.Encode(wire.MessageInfo{Text: true, Size: int64(len(m))})
			if m, err = enc.Append(nil, m, true); err != nil {
				return nil, nil, err
			}
		}
		frames = append(frames, p.appendFrame(nil, fin|bits|text, m))
	}
	encoded.Store(p.agreed, frames)
	return frames, s, nil
}
