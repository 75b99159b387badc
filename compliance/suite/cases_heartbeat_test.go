package suite

import (
	"bytes"
	"io"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/hawser-ws/hawser/compliance/internal/broken"
)

// heartbeat is what a peer may send at any time: an unsolicited pong (RFC 6455, section 5.5.3) and a ping.
const heartbeat = "\x8a\x05alive\x89\x05alive"

// heartbeats relays connections to a server. It adds a heartbeat after the response, and before the
// first answers of the server.
func heartbeats(t *testing.T, server string) (url string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	t.Cleanup(func() {
		l.Close()
		wg.Wait()
	})
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { relay(c, server) })
		}
	})
	return "ws://" + l.Addr().String() + "/"
}

func relay(c net.Conn, server string) {
	defer c.Close()
	s, err := net.Dial("tcp", strings.TrimSuffix(strings.TrimPrefix(server, "ws://"), "/"))
	if err != nil {
		return
	}
	defer s.Close()
	var mu sync.Mutex // held while c is written to
	open, beats := false, 0
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() {
		defer c.Close()
		buf := make([]byte, 64<<10)
		for {
			n, err := s.Read(buf)
			mu.Lock()
			_, _ = c.Write(buf[:n])
			if !open && bytes.Contains(buf[:n], []byte("\r\n\r\n")) {
				open = true
				_, _ = io.WriteString(c, heartbeat)
			}
			mu.Unlock()
			if err != nil {
				return
			}
		}
	})
	defer s.Close()
	buf := make([]byte, 64<<10)
	for {
		n, err := c.Read(buf)
		mu.Lock()
		if beats++; open && beats < 5 && n > 0 && buf[0]&0xf != 8 {
			_, _ = io.WriteString(c, heartbeat)
		}
		mu.Unlock()
		if _, e := s.Write(buf[:n]); err != nil || e != nil {
			return
		}
	}
}

// Pings and unsolicited pongs of the peer do not count as answers to our frames. We send no pong within a
// frame of ours.
func TestHeartbeatsAreNotAnswers(t *testing.T) {
	t.Parallel()
	s := &broken.Server{}
	url, err := s.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	quick := *short
	quick.Parallel = 8
	cases := casesMatching(t, "H.1.8", "H.6.13", "L.1.1", "L.2.1", "L.3.1", "L.4.*", "L.5.1", "L.5.9",
		"L.6.1", "X.6.1", "X.6.19", "X.7.1", "R.4.1", "R.4.5", "R.4.6")
	for _, r := range testServer(t, heartbeats(t, url), cases, &quick) {
		if !r.Passed() {
			t.Errorf("%s: %s, %s: %s %s", r.ID, r.Behavior, r.BehaviorClose, r.Result, r.ResultClose)
		}
	}
}
