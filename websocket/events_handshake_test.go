package websocket_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

var errSecret = errors.New("secret")

// Refused is called for each request that Accept refuses, with the error that Accept returns, once
// the response has been written. If Configure has replaced the Events, the new ones count.
func TestEventsRefused(t *testing.T) {
	checkLeaks(t)
	var l, other eventLog
	foreign := newHandshake(t)
	foreign.Header.Set("Origin", "https://evil.example")
	post := newHandshake(t)
	post.Method = "POST"
	refusing := func(err error) *AcceptOptions {
		return &AcceptOptions{Configure: func(_ *http.Request, o *AcceptOptions) error {
			o.Events = other.events() // does not count: Configure refuses
			return err
		}}
	}
	badOptions := &AcceptOptions{Subprotocols: []string{""}}
	broken := errors.New("broken pipe")
	var w *httptest.ResponseRecorder
	for name, row := range map[string]struct {
		r      *http.Request
		opts   *AcceptOptions
		writer func() http.ResponseWriter // nil: w
		status int
		cause  error
	}{
		"method":                         {post, &AcceptOptions{}, nil, 405, nil},
		"origin":                         {foreign, &AcceptOptions{}, nil, 403, ErrOrigin},
		"options":                        {newHandshake(t), badOptions, nil, 500, nil},
		"cannot be hijacked":             {newHandshake(t), &AcceptOptions{}, nil, 501, nil},
		"Configure, with a private text": {newHandshake(t), refusing(errSecret), nil, 403, errSecret},
		"Configure, with a status": {
			newHandshake(t), refusing(&HandshakeError{Status: 429, Err: errSecret}), nil, 429, errSecret,
		},
		"begun": {newHandshake(t), &AcceptOptions{}, func() http.ResponseWriter {
			return begunWriter{w}
		}, 0, ErrBegun},
		"hijacked before": {newHandshake(t), &AcceptOptions{}, func() http.ResponseWriter {
			return hijackedWriter{w}
		}, 0, http.ErrHijacked},
		"response not sent": {newHandshake(t), &AcceptOptions{}, func() http.ResponseWriter {
			nc, peer := net.Pipe()
			peer.Close()
			return scriptedHijack{w, &callRecorder{Conn: nc, err: broken}}
		}, 0, broken},
	} {
		t.Run(name, func(t *testing.T) {
			l, w = eventLog{}, httptest.NewRecorder()
			e := l.events()
			refused, code := e.Refused, 0
			e.Refused = func(r *http.Request, err *HandshakeError) {
				code = w.Code
				refused(r, err)
			}
			row.opts.Events = e
			var writer http.ResponseWriter = w
			if row.writer != nil {
				writer = row.writer()
			}
			_, err := Accept(writer, row.r, row.opts)
			var he *HandshakeError
			if !errors.As(err, &he) || he.Status != row.status || row.cause != nil && !errors.Is(err, row.cause) {
				t.Errorf("Accept returned %v, want status %d and cause %v", err, row.status, row.cause)
			}
			if !slices.Equal(l.calls(), []string{"Refused"}) || l.refused[0] != he || l.request != row.r {
				t.Errorf("got calls %v with %v, want Refused with the error of Accept", l.calls(), l.refused)
			}
			if row.status != 0 && code != row.status {
				t.Errorf("status %d had been written before Refused was called, want %d", code, row.status)
			}
			if n := other.calls(); n != nil {
				t.Errorf("got calls %v of the Events of a copy that was not used", n)
			}
		})
	}
}

// A begunWriter reports that the response has begun.
type begunWriter struct{ http.ResponseWriter }

func (begunWriter) Written() bool { return true }

// A hijackedWriter fails to hijack.
type hijackedWriter struct{ http.ResponseWriter }

func (hijackedWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return nil, nil, http.ErrHijacked
}

// The Events that Configure sets count for its request, whether that is refused later or accepted.
func TestEventsOfConfigure(t *testing.T) {
	checkLeaks(t)
	var shared, own eventLog
	opts := &AcceptOptions{Events: shared.events()}
	opts.Configure = func(_ *http.Request, o *AcceptOptions) error {
		o.Events = own.events()
		return nil
	}
	acceptWith(t, opts, handshake("Origin: https://evil.example"))
	acceptWith(t, opts, handshake())
	if got, want := own.calls(), []string{"Refused", "Accepted"}; !slices.Equal(got, want) {
		t.Errorf("got calls %v, want %v", got, want)
	}
	if got := shared.calls(); got != nil {
		t.Errorf("got calls %v of the Events that were replaced, want none", got)
	}
}

// Accepted is called with the request before Serve runs, and Closed when the connection has ended.
func TestEventsAccepted(t *testing.T) {
	for _, hold := range []bool{false, true} {
		t.Run(fmt.Sprint(hold), func(t *testing.T) {
			checkLeaks(t)
			var l eventLog
			var path atomic.Value
			e := JoinEvents(l.events(), &Events{
				Accepted: func(r *http.Request, c *Conn) { path.Store(r.URL.Path) },
			})
			client, _ := serveWith(t, Handler{Hold: hold, Options: &AcceptOptions{Events: e},
				Serve: func(ctx context.Context, c *Conn) error {
					if got := l.calls(); !slices.Equal(got, []string{"Accepted"}) {
						t.Errorf("when Serve begins: got calls %v, want Accepted", got)
					}
					return c.Write(ctx, Text, []byte("hello"))
				}}, nil)
			client.Expect(wire.OpText, true, "hello")
			if got := path.Load(); got != "/chat" {
				t.Errorf("Accepted got the request of %v, want /chat", got)
			}
			client.ExpectClose(StatusNormalClosure)
			client.finish(StatusNormalClosure)
			want := []string{"Accepted", "Wrote", "Closed"}
			for begun := time.Now(); !slices.Equal(l.calls(), want); time.Sleep(time.Millisecond) {
				if time.Since(begun) > time.Minute {
					t.Fatalf("got calls %v, want %v", l.calls(), want)
				}
			}
		})
	}
}

// A panic of Accepted on a server closes the connection.
func TestEventsAcceptedPanics(t *testing.T) {
	checkLeaks(t)
	var l eventLog
	e := JoinEvents(l.events(), &Events{Accepted: func(*http.Request, *Conn) { panic("boom") }})
	client, logged := serveWith(t, Handler{Serve: returns(nil), Options: &AcceptOptions{Events: e}}, nil)
	client.ExpectEOF()
	for begun := time.Now(); !strings.Contains(logged.String(), "boom"); time.Sleep(time.Millisecond) {
		if time.Since(begun) > time.Minute {
			t.Fatalf("logged %q, want the panic", logged)
		}
	}
	if got, want := l.calls(), []string{"Accepted", "Closed"}; !slices.Equal(got, want) {
		t.Errorf("got calls %v, want %v", got, want)
	}
}

// On a client, Refused and Accepted are called once for each Dial, with its last request.
func TestEventsDial(t *testing.T) {
	checkLeaks(t)
	s := serveScript(t, nil, nil, func(rc *scriptConn) {
		switch rc.target() {
		case "/moved":
			rc.say(redirect(302, "/hello"))
		case "/lost":
			rc.say(redirect(302, "/no"))
		case "/no":
			rc.say("HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")
		default:
			hello(rc)
		}
	})
	gone := listen(t)
	gone.Close()
	for _, row := range []struct {
		url    string
		header string
		path   string // of the request; "": nil
		status int    // -1: accepted
	}{
		{"ws://" + s.addr + "/hello", "", "/hello", -1},
		{"ws://" + s.addr + "/moved", "", "/hello", -1},
		{"ws://" + s.addr + "/no", "", "/no", 403},
		{"ws://" + s.addr + "/lost", "", "/no", 403},
		{"ws://" + gone.Addr().String() + "/gone", "", "/gone", 0},
		{"ftp://" + s.addr, "", "", 0},
		{"ws://" + s.addr, "Upgrade", "", 0},
	} {
		var l eventLog
		opts := &DialOptions{Proxy: direct, MaxRedirects: 1, Header: http.Header{}, Events: l.events()}
		if row.header != "" {
			opts.Header.Set(row.header, "x")
		}
		c, resp, err := Dial(bounded(t), row.url, opts)
		want := "Refused"
		if row.status < 0 {
			want = "Accepted"
		}
		if got := l.calls(); !slices.Equal(got, []string{want}) {
			t.Fatalf("%s: got calls %v, want %s", row.url, got, want)
		}
		if (l.request == nil) != (row.path == "") || row.path != "" && l.request.URL.Path != row.path {
			t.Errorf("%s: got request %v, want %q", row.url, l.request, row.path)
		}
		if row.status >= 0 {
			if l.refused[0] != err || l.refused[0].Status != row.status {
				t.Errorf("%s: got %v, want the error of Dial, %v, with status %d", row.url, l.refused, err, row.status)
			}
			continue
		}
		if resp.Request != l.request {
			t.Errorf("%s: got another request than that of the response", row.url)
		}
		c.CloseNow()
		if got, want := l.calls(), []string{"Accepted", "Closed"}; !slices.Equal(got, want) {
			t.Errorf("%s: got calls %v, want %v", row.url, got, want)
		}
	}
	if _, _, err := Dial(bounded(t), "ftp://", nil); err == nil {
		t.Error("Dial without options: got no error")
	}
}

// A Handler logs one refused origin a minute, unless Events.Refused is set. The test runs in a
// process of its own, because the limit is for the whole process.
func TestHandlerLogsRefusedOrigin(t *testing.T) {
	const variable = "HAWSER_TEST_ORIGIN"
	if os.Getenv(variable) == "" {
		cmd := exec.CommandContext(bounded(t), os.Args[0], "-test.run=^TestHandlerLogsRefusedOrigin$")
		cmd.Env = append(os.Environ(), variable+"=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("the process failed: %v\n%s", err, out)
		}
		return
	}
	checkLeaks(t)
	var l eventLog
	var got []string
	for _, row := range []struct {
		opts   *AcceptOptions
		origin string
	}{
		{&AcceptOptions{Events: l.events()}, "https://evil.example"},
		{nil, "not listed"},
		{&AcceptOptions{Events: &Events{}}, "https://evil.example"},
		{&AcceptOptions{Events: l.events()}, "https://evil.example"},
		{nil, "https://other.example"},
	} {
		addr, logged := serveRaw(t, Handler{Serve: returns(nil), Options: row.opts}, nil)
		client := dialRaw(t, addr)
		client.Write([]byte(handshake("Origin: "+row.origin, "Host: "+strings.Repeat("h", 5000)+".example")))
		if r := client.response(); r.status != "HTTP/1.1 403 Forbidden" || strings.Contains(r.body, "hhh") {
			t.Errorf("answered %s %.200q, want 403 without the host", r.status, r.body)
		}
		got = append(got, logged.String())
	}
	want := `websocket: handshake (status 403): origin "not listed" does not match host "` +
		strings.Repeat("h", 300) + `" and is not in AcceptOptions.Origins (RFC 6455, section 10.2); ` +
		"further refused origins are not logged for a minute\n"
	if !slices.Equal(got, []string{"", want, "", "", ""}) {
		t.Errorf("logged %q, want one line, %q", got, want)
	}
	if n := len(l.refused); n != 2 {
		t.Errorf("Refused was called %d times, want twice", n)
	}
}
