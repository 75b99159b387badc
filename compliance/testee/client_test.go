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

// scriptedConn returns its messages, then io.EOF, and keeps what is written. Every
// second message is binary.
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

// scriptedSuite stands for a fuzzingserver: it has a connection for each URL that
// is asked for, in order.
type scriptedSuite struct {
	urls  []string
	conns []*scriptedConn
	fails map[string]error // by path and query
	count string           // the message of /getCaseCount
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
			t.Errorf("%s was left open", s.urls[i])
		}
		if i == 0 && len(c.written) > 0 {
			t.Errorf("the suite's count was echoed: %q", c.written)
		}
		if diff := cmp.Diff([]string{"text one", "binary two"}, c.written); i > 0 && diff != "" {
			t.Errorf("%s, echoed messages (-want +got):\n%s", s.urls[i], diff)
		}
	}
}

func TestClientGoesOnPastACase(t *testing.T) {
	s := &scriptedSuite{count: "2", fails: map[string]error{
		"/runCase?case=1&agent=a+b%26c": errors.New("handshake refused"),
	}}
	var log strings.Builder
	if err := s.client(&log).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(s.urls) != 4 || !strings.Contains(log.String(), "case 1.1.1: the client could not connect: handshake refused") {
		t.Errorf("asked for %q, log %q", s.urls, log.String())
	}
}

func TestClientFails(t *testing.T) {
	refused := errors.New("handshake refused")
	for name, s := range map[string]*scriptedSuite{
		"no count":      {fails: map[string]error{"/getCaseCount": refused}},
		"no number":     {count: "many"},
		"another count": {count: "3"},
		"no reports":    {count: "2", fails: map[string]error{"/updateReports?agent=a+b%26c": refused}},
	} {
		if err := s.client(io.Discard).Run(t.Context()); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

var errDied = errors.New("the suite died")

func TestClientEndsWithItsContext(t *testing.T) {
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
		t.Errorf("it went on: %q", s.urls)
	}
}

// The suite's paths are put behind its URL, and behind the path of a socket.
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

// As many cases as are asked for run at once, and all are through before the reports.
func TestClientParallel(t *testing.T) {
	const parallel, cases = 4, 9
	var mu sync.Mutex
	running, most, ran := 0, 0, 0
	full := make(chan struct{}) // closed when as many run as may
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
				t.Errorf("the reports were asked for after %d cases, while %d ran", ran, running)
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

// Where nobody listens any more the client does not go through the other cases.
func TestClientWithoutSuite(t *testing.T) {
	refused := &net.OpError{Op: "dial", Err: errors.New("connection refused")}
	s := &scriptedSuite{count: "2", fails: map[string]error{"/runCase?case=1&agent=a+b%26c": refused}}
	if err := s.client(io.Discard).Run(t.Context()); !errors.Is(err, refused) || !strings.Contains(err.Error(), "the suite has gone") {
		t.Errorf("error %v", err)
	}
	if len(s.urls) != 2 {
		t.Errorf("asked for %q", s.urls)
	}
}
