package testee

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
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
	if !slices.Equal(s.urls, want) {
		t.Errorf("asked for %q, want %q", s.urls, want)
	}
	for i, c := range s.conns {
		if !c.closed {
			t.Errorf("%s was left open", s.urls[i])
		}
		if i == 0 && len(c.written) > 0 {
			t.Errorf("the suite's count was echoed: %q", c.written)
		}
		if i > 0 && !slices.Equal(c.written, []string{"text one", "binary two"}) {
			t.Errorf("%s: echoed %q", s.urls[i], c.written)
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
