package testee

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A scriptedConn returns its messages, every second one binary, then io.EOF. It records
// what is written.
type scriptedConn struct {
	read    [][]byte
	written []string
	reads   int
	closed  bool
}

func (c *scriptedConn) Read(context.Context) (bool, []byte, error) {
	if c.reads == len(c.read) {
		return false, nil, io.EOF
	}
	c.reads++
	return c.reads%2 == 0, c.read[c.reads-1], nil
}

func (c *scriptedConn) Write(_ context.Context, binary bool, message []byte) error {
	kind := "text "
	if binary {
		kind = "binary "
	}
	c.written = append(c.written, kind+string(message))
	return nil
}

func (c *scriptedConn) Close() error {
	c.closed = true
	return nil
}

// A scriptedSuite takes the place of a suite's server. It records the requested URLs and
// their connections, in order.
type scriptedSuite struct {
	urls  []string
	conns []*scriptedConn
	fails map[string]error // the errors of dial, by path and query
	count string           // the message at /getCaseCount
}

func (s *scriptedSuite) dial(_ context.Context, url string, _ *tls.Config) (Conn, error) {
	path := strings.TrimPrefix(url, "ws://suite")
	s.urls = append(s.urls, path)
	if err := s.fails[path]; err != nil {
		return nil, err
	}
	c := &scriptedConn{read: [][]byte{[]byte("one"), []byte("two")}}
	if path == "/getCaseCount" {
		c.read = [][]byte{[]byte(s.count)}
	}
	s.conns = append(s.conns, c)
	return c, nil
}

func (s *scriptedSuite) client(log io.Writer) *Client {
	return &Client{Dial: s.dial, URL: "ws://suite", Agent: "a b&c", IDs: []string{"1.1.1", "2.10"}, Log: log}
}

func TestClient(t *testing.T) {
	s := &scriptedSuite{count: "2"}
	if err := s.client(io.Discard).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"/getCaseCount",
		"/runCase?case=1&agent=a+b%26c",
		"/runCase?case=2&agent=a+b%26c",
		"/updateReports?agent=a+b%26c",
	}
	if diff := cmp.Diff(want, s.urls); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	for i, c := range s.conns {
		if !c.closed {
			t.Errorf("the connection of %s is still open", s.urls[i])
		}
		if i == 0 && len(c.written) > 0 {
			t.Errorf("the client echoed the number of cases: %q", c.written)
		}
		if diff := cmp.Diff([]string{"text one", "binary two"}, c.written); i > 0 && diff != "" {
			t.Errorf("%s, echoed messages (-want +got):\n%s", s.urls[i], diff)
		}
	}
}

func TestClientContinuesAfterRefusal(t *testing.T) {
	s := &scriptedSuite{count: "2", fails: map[string]error{
		"/runCase?case=1&agent=a+b%26c": errors.New("handshake refused"),
	}}
	var log strings.Builder
	if err := s.client(&log).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	const want = "case 1.1.1: the client could not connect: handshake refused"
	if len(s.urls) != 4 || !strings.Contains(log.String(), want) {
		t.Errorf("requested %q, logged %q; want 4 requests and %q", s.urls, log.String(), want)
	}
}

func TestClientFails(t *testing.T) {
	refused := errors.New("handshake refused")
	for name, s := range map[string]*scriptedSuite{
		"no count":      {fails: map[string]error{"/getCaseCount": refused}},
		"bad count":     {count: "many"},
		"another count": {count: "3"},
		"no reports":    {count: "2", fails: map[string]error{"/updateReports?agent=a+b%26c": refused}},
	} {
		if err := s.client(io.Discard).Run(t.Context()); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

var errDied = errors.New("the suite died")

func TestClientStopsWithContext(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	s := &scriptedSuite{count: "2"}
	d := s.client(io.Discard)
	d.Dial = func(ctx context.Context, url string, config *tls.Config) (Conn, error) {
		if strings.Contains(url, "case=1") {
			cancel(errDied)
			return nil, context.Canceled
		}
		return s.dial(ctx, url, config)
	}
	if err := d.Run(ctx); err != errDied {
		t.Errorf("error %v, want %v", err, errDied)
	}
	if len(s.urls) != 1 {
		t.Errorf("the client continued: it requested %q", s.urls)
	}
}

// The suite's paths are appended to its URL, after the path of a socket.
func TestClientURL(t *testing.T) {
	for url, want := range map[string]string{
		"ws://host:1":        "ws://host:1/p?q",
		"wss://host/":        "wss://host/p?q",
		"ws+unix:///a/sock":  "ws+unix:///a/sock:/p?q",
		"ws+unix:///sock:":   "ws+unix:///sock:/p?q",
		"wss+unix:///sock:/": "wss+unix:///sock:/p?q",
		"ws+unix:/sock":      "ws+unix:/sock:/p?q",
	} {
		if got := (&Client{URL: url}).at("/p?q"); got != want {
			t.Errorf("%s: %s, want %s", url, got, want)
		}
	}
}

// Parallel cases run at once, and all cases end before the reports are requested.
func TestClientParallel(t *testing.T) {
	const parallel, cases = 4, 9
	var mu sync.Mutex
	running, most, ran := 0, 0, 0
	full := make(chan struct{}) // closed when parallel cases run
	var done []int
	c := &Client{URL: "ws://suite", Parallel: parallel, Done: func(i, all int, err error) {
		done = append(done, i)
		if all != cases || err != nil {
			t.Errorf("case %d of %d: %v", i, all, err)
		}
	}}
	c.Dial = func(_ context.Context, url string, _ *tls.Config) (Conn, error) {
		switch {
		case strings.Contains(url, "/getCaseCount"):
			return &scriptedConn{read: [][]byte{[]byte("9")}}, nil
		case strings.Contains(url, "/updateReports"):
			if ran != cases || running != 0 {
				t.Errorf("the client requested the reports after %d cases, while %d ran", ran, running)
			}
			return &scriptedConn{}, nil
		}
		mu.Lock()
		running, ran = running+1, ran+1
		most = max(most, running)
		if ran == parallel {
			close(full)
		}
		mu.Unlock()
		select {
		case <-full:
		case <-time.After(time.Minute):
		}
		mu.Lock()
		running--
		mu.Unlock()
		return &scriptedConn{}, nil
	}
	if err := c.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if most != parallel {
		t.Errorf("%d ran at once, want %d", most, parallel)
	}
	slices.Sort(done)
	if diff := cmp.Diff([]int{1, 2, 3, 4, 5, 6, 7, 8, 9}, done); diff != "" {
		t.Errorf("cases passed to Done (-want +got):\n%s", diff)
	}
}

// If the suite is gone, the client does not try the other cases.
func TestClientWithoutSuite(t *testing.T) {
	refused := &net.OpError{Op: "dial", Err: errors.New("connection refused")}
	s := &scriptedSuite{count: "2", fails: map[string]error{"/runCase?case=1&agent=a+b%26c": refused}}
	err := s.client(io.Discard).Run(t.Context())
	if !errors.Is(err, refused) || !strings.Contains(err.Error(), "the suite is gone") {
		t.Errorf("error %v, want %v", err, refused)
	}
	if len(s.urls) != 2 {
		t.Errorf("requested %q, want 2 requests", s.urls)
	}
}
