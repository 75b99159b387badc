package redial

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/websocket/wstest"
	"github.com/hawser-ws/hawser/wire"
)

// statuses are the classes of statuses of a response.
var statuses = map[int]Class{
	200: Refused, 201: Refused, 204: Refused,
	300: Refused, 301: Refused, 302: Refused, 304: Refused, 307: Refused, 308: Refused,
	400: Refused, 401: Refused, 403: Refused, 404: Refused, 405: Refused, 407: Refused, 409: Refused,
	410: Refused, 413: Refused, 422: Refused, 423: Refused, 426: Refused, 431: Refused, 451: Refused,
	408: Busy, 421: Busy, 425: Busy, 429: Busy,
	500: Busy, 502: Busy, 503: Busy, 504: Busy, 507: Busy, 508: Busy, 511: Busy, 520: Busy, 529: Busy, 599: Busy,
	501: Refused, 505: Refused,
}

// Each status of a response has its class.
func TestStatuses(t *testing.T) {
	for code, want := range statuses {
		bubble(t, func(t *testing.T, ctx context.Context) {
			s := serve(status(code))
			check(t, ctx, fmt.Sprint(code), url, s.dial(), want, nil)
		})
	}
}

// check checks the class of the next failure or end of a connection, in the functions and in the
// loop. The connection is read until it ends.
func check(
	t *testing.T, ctx context.Context, name, target string, dial *websocket.DialOptions, want Class, is error,
) {
	t.Helper()
	c, resp, err := websocket.Dial(ctx, target, dial)
	if err == nil {
		read(ctx, c)
		c.CloseNow()
		err, resp = c.Closure().Err, nil
	}
	if got := Classify(err); got != want {
		t.Errorf("%s: Classify(%v) = %v, want %v", name, err, got, want)
	}
	if got := Classify(fmt.Errorf("wrapped: %w", err)); got != want {
		t.Errorf("%s: class of a wrapped error is %v, want %v", name, got, want)
	}
	if wait, ok := RetryAfter(err, resp); wait != 0 || ok != (want != Refused) {
		t.Errorf("%s: RetryAfter returns %v, %v", name, wait, ok)
	}
	if is != nil && !errors.Is(err, is) {
		t.Errorf("%s: %v is not %v", name, err, is)
	}
	checkLoop(t, ctx, name, target, dial, want, is, read)
}

// checkLoop checks the class of the first failure or end of a connection in a loop, and that the
// loop goes on unless it is Refused.
func checkLoop(
	t *testing.T, ctx context.Context, name, target string, dial *websocket.DialOptions, want Class, is error,
	body func(context.Context, *websocket.Conn),
) {
	t.Helper()
	retried, last := run(ctx, target, Options{Dial: dial}, 1, body)
	got := last
	if want != Refused {
		if len(retried) != 1 || last != nil {
			t.Errorf("%s: retried %v, then yielded %v; want the loop to go on", name, retried, last)
			return
		}
		got = retried[0]
	}
	if got == nil || got.Class != want || is != nil && !errors.Is(got, is) {
		t.Errorf("%s: got %v in the loop, want class %v", name, got, want)
		return
	}
	if wait, ok := RetryAfter(got, nil); wait != got.Wait || ok != (want != Refused) {
		t.Errorf("%s: RetryAfter of the loop's error returns %v, %v", name, wait, ok)
	}
	if Classify(got) != want {
		t.Errorf("%s: class of the loop's error is %v", name, Classify(got))
	}
}

// codes are the classes of the codes with which a peer closes.
var codes = map[websocket.StatusCode]Class{
	1000: Clean, 1001: Clean, 1005: Clean,
	1002: Protocol, 1003: Protocol, 1007: Protocol, 1009: Protocol, 1010: Protocol,
	1008: Refused, 3000: Refused, 3003: Refused,
	1011: Busy, 1012: Busy, 1013: Busy, 1014: Busy, 3001: Busy, 3008: Busy, 3999: Busy, 4000: Busy, 4999: Busy,
}

// Each code of the peer's close frame has its class, unless this side has closed first.
func TestCloseCodes(t *testing.T) {
	for code, want := range codes {
		bubble(t, func(t *testing.T, ctx context.Context) {
			s := serve(closing(code, 0))
			check(t, ctx, fmt.Sprint("peer's ", code), url, s.dial(), want, net.ErrClosed)
			s = serve(echoing())
			checkLoop(t, ctx, fmt.Sprint("own ", code), url, s.dial(), Clean, net.ErrClosed,
				func(ctx context.Context, c *websocket.Conn) { c.Close(ctx, code, "") })
		})
	}
}

// Each other end that a peer causes has its class.
func TestEnds(t *testing.T) {
	write := func(c *websocket.Conn, b string) { _, _ = c.NetConn().Write([]byte(b)) }
	for _, row := range []struct {
		name   string
		limits websocket.Limits
		end    func(ctx context.Context, c *websocket.Conn)
		want   Class
		is     error
	}{
		{"drop", websocket.Limits{}, func(_ context.Context, c *websocket.Conn) { c.CloseNow() },
			Network, io.ErrUnexpectedEOF},
		{"cut", websocket.Limits{}, func(ctx context.Context, c *websocket.Conn) {
			wstest.Outgoing(c.NetConn()).CutAfter(50)
			_ = c.Write(ctx, websocket.Binary, make([]byte, 1000))
		}, Network, io.ErrUnexpectedEOF},
		{"reset", websocket.Limits{}, func(_ context.Context, c *websocket.Conn) {
			wstest.Outgoing(c.NetConn()).Reset()
		}, Network, syscall.ECONNRESET},
		{"partition", websocket.Limits{PingInterval: time.Minute}, func(ctx context.Context, c *websocket.Conn) {
			time.Sleep(time.Second) // the response has arrived
			wstest.Outgoing(c.NetConn()).Stall()
			wstest.Incoming(c.NetConn()).Stall()
			time.Sleep(time.Hour)
			wstest.Outgoing(c.NetConn()).Reset() // for the server, which does not ping
		}, Network, websocket.ErrNoPong},
		{"slow", websocket.Limits{MessageTimeout: time.Second}, func(ctx context.Context, c *websocket.Conn) {
			write(c, "\x82\x05x")
			time.Sleep(time.Minute)
		}, Network, websocket.ErrMessageTimeout},
		{"opcode", websocket.Limits{}, func(_ context.Context, c *websocket.Conn) { write(c, "\x83\x00") },
			Protocol, wire.ErrReservedOpcode},
		{"masked", websocket.Limits{}, func(_ context.Context, c *websocket.Conn) { write(c, "\x82\x80abcd") },
			Protocol, wire.ErrMasked},
		{"text", websocket.Limits{}, func(_ context.Context, c *websocket.Conn) { write(c, "\x81\x01\xff") },
			Protocol, wire.ErrInvalidUTF8},
		{"large", websocket.Limits{MaxMessage: 5}, func(_ context.Context, c *websocket.Conn) { write(c, "\x82\x06") },
			Protocol, wire.ErrMessageTooBig},
		{"budget", websocket.Limits{Budget: websocket.NewBudget(5)}, func(_ context.Context, c *websocket.Conn) {
			write(c, "\x02\x06abcdef")
		}, Busy, websocket.ErrBudget},
	} {
		bubble(t, func(t *testing.T, ctx context.Context) {
			s := serve(accept(func(ctx context.Context, c *websocket.Conn) error {
				row.end(ctx, c)
				_, _, err := c.Read(ctx)
				return err
			}))
			dial := s.dial()
			dial.Limits = row.limits
			check(t, ctx, row.name, url, dial, row.want, row.is)
		})
	}
}

// A connection that the body leaves open, or ends, is Clean, unless the body says otherwise.
func TestOwnEnds(t *testing.T) {
	errSilent := errors.New("no heartbeat of the program")
	for _, row := range []struct {
		name string
		body func(context.Context, *websocket.Conn)
		want Class
		is   error
	}{
		{"left open", func(context.Context, *websocket.Conn) {}, Clean, net.ErrClosed},
		{"CloseNow", func(_ context.Context, c *websocket.Conn) { c.CloseNow() }, Clean, net.ErrClosed},
		{"canceled", func(_ context.Context, c *websocket.Conn) { c.Abort(context.Canceled) }, Clean, context.Canceled},
		{"Abort", func(_ context.Context, c *websocket.Conn) { c.Abort(errSilent) }, Network, errSilent},
	} {
		bubble(t, func(t *testing.T, ctx context.Context) {
			s := serve(echoing())
			checkLoop(t, ctx, row.name, url, s.dial(), row.want, row.is, row.body)
		})
	}
}

// An error of a method that leaves the connection open has a class, too.
func TestClassifyOther(t *testing.T) {
	timeout, cancel := context.WithTimeout(context.Background(), -1)
	defer cancel()
	canceled, cancel := context.WithCancel(context.Background())
	cancel()
	server, client, err := wstest.Pair(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer server.CloseNow()
	defer client.CloseNow()
	_, _, late := client.Read(timeout)
	_, _, ended := client.Read(canceled)
	for _, row := range []struct {
		err   error
		want  Class
		retry bool
	}{
		{nil, Clean, true},
		{late, Network, true},
		{ended, Clean, false},
		{context.Canceled, Clean, false},
		{errors.New("x"), Network, true},
		{&websocket.HandshakeError{Status: 503, Err: errors.New("x")}, Busy, true},
		{&websocket.HandshakeError{Err: context.Canceled}, Clean, false},
		{&Error{Class: Busy, Err: context.Canceled}, Busy, true},
	} {
		if got := Classify(row.err); got != row.want {
			t.Errorf("Classify(%v) = %v, want %v", row.err, got, row.want)
		}
		if wait, ok := RetryAfter(row.err, nil); wait != 0 || ok != row.retry {
			t.Errorf("RetryAfter(%v) = %v, %v, want %v", row.err, wait, ok, row.retry)
		}
	}
}

// A class has a name.
func TestClassString(t *testing.T) {
	for c, want := range []string{"clean", "network", "protocol", "busy", "refused", "unknown"} {
		if got := Class(c).String(); got != want {
			t.Errorf("Class(%d) is %q, want %q", c, got, want)
		}
	}
}
