package redial

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"net/http/httptrace"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/websocket/wstest"
	"github.com/hawser-ws/hawser/wire"
)

// The limit of the waits grows with each failure, whatever its class, and each wait is the one that
// Retrying was told.
func TestWaitsGrow(t *testing.T) {
	drop := accept(func(_ context.Context, c *websocket.Conn) error { c.CloseNow(); return nil })
	for name, h := range map[string]http.Handler{
		"busy": status(503), "no response": raw(""), "protocol": raw("HTTP/1.1 101 x\r\n\r\n"),
		"accept and drop": drop, "accept and close": closing(1001, 0), "accept and close late": closing(1001, time.Second-1),
	} {
		bubble(t, func(t *testing.T, ctx context.Context) {
			s := serve(h)
			retried, last := run(ctx, url, Options{Dial: s.dial()}, 10, read)
			if last != nil || len(retried) != 10 {
				t.Fatalf("%s: retried %v, then yielded %v", name, retried, last)
			}
			o, _ := (*Options)(nil).withDefaults()
			waits := s.waits()
			for i, err := range retried {
				if err.Attempt != i+1 || err.Wait < 0 || err.Wait >= o.limit(i+1) {
					t.Errorf("%s: attempt %d is number %d and follows in %v", name, i+1, err.Attempt, err.Wait)
				}
				if i < len(waits) && waits[i] < err.Wait {
					t.Errorf("%s: attempt %d came after %v, not %v", name, i+1, waits[i], err.Wait)
				}
			}
		})
	}
}

// watched returns a handler that waits for the end of the connection, and then sends its Closure.
func watched() (http.Handler, <-chan websocket.Closure) {
	ended := make(chan websocket.Closure, 100)
	return accept(func(ctx context.Context, c *websocket.Conn) error {
		read(ctx, c)
		ended <- c.Closure()
		return nil
	}), ended
}

// What the body leaves open is closed, whichever way the body ends.
func TestLeftOpen(t *testing.T) {
	for _, row := range []struct {
		name string
		body func(cancel func()) (more bool)
		want websocket.StatusCode
	}{
		{"goes on", func(func()) bool { return true }, 1000},
		{"breaks", func(func()) bool { return false }, 1000},
		{"panics", func(func()) bool { panic("x") }, 1011},
		{"cancels and breaks", func(cancel func()) bool { cancel(); return false }, 1001},
		{"cancels and goes on", func(cancel func()) bool { cancel(); return true }, 1001},
		{"cancels and works", func(cancel func()) bool { cancel(); time.Sleep(time.Hour); return true }, 1001},
	} {
		bubble(t, func(t *testing.T, ctx context.Context) {
			ctx, cancel := context.WithCancel(ctx)
			defer cancel()
			h, ended := watched()
			began := time.Now()
			func() {
				defer func() { _ = recover() }()
				for c, err := range Conns(ctx, url, &Options{Dial: serve(h).dial()}) {
					if err != nil || !row.body(cancel) {
						break
					}
					if c.Context().Err() == nil && ctx.Err() != nil {
						// It ends in the background.
						<-c.Context().Done()
					}
					if len(ended) > 2 {
						break
					}
				}
			}()
			if took := time.Since(began); row.name == "panics" && took != 0 {
				t.Errorf("%s: took %v", row.name, took)
			}
			got := <-ended
			if got.Received.Code != row.want || !got.ByPeer {
				t.Errorf("%s: the server got %+v, want code %v", row.name, got, row.want)
			}
		})
	}
}

// An iterator that was pulled closes its connection when it is stopped.
func TestPull(t *testing.T) {
	bubble(t, func(t *testing.T, ctx context.Context) {
		h, ended := watched()
		next, stop := iter.Pull2(Conns(ctx, url, &Options{Dial: serve(h).dial()}))
		for range 2 {
			if c, err, ok := next(); c == nil || err != nil || !ok {
				t.Fatalf("got %v, %v, %v", c, err, ok)
			}
		}
		stop()
		for range 2 {
			if got := <-ended; got.Received.Code != 1000 {
				t.Errorf("the server got %+v", got)
			}
		}
	})
}

// Goexit in the body closes the connection, as t.FailNow in a test does.
func TestGoexit(t *testing.T) {
	bubble(t, func(t *testing.T, ctx context.Context) {
		h, ended := watched()
		var wg sync.WaitGroup
		wg.Go(func() {
			for range Conns(ctx, url, &Options{Dial: serve(h).dial()}) {
				runtime.Goexit()
			}
		})
		wg.Wait()
		if got := <-ended; got.Received.Code != 1011 {
			t.Errorf("the server got %+v", got)
		}
	})
}

// A peer that does not answer the close frame delays the loop by a second at most, and by nothing
// if the body panics.
func TestSilentPeer(t *testing.T) {
	for _, stalled := range []bool{false, true} {
		for _, end := range []string{"break", "cancel", "panic"} {
			bubble(t, func(t *testing.T, ctx context.Context) {
				ctx, cancel := context.WithCancel(ctx)
				defer cancel()
				s := serve(accept(func(ctx context.Context, c *websocket.Conn) error {
					time.Sleep(time.Hour)
					return nil
				}))
				var began time.Time
				func() {
					defer func() { _ = recover() }()
					for c, err := range Conns(ctx, url, &Options{Dial: s.dial()}) {
						if err != nil {
							break
						}
						if stalled {
							wstest.Outgoing(c.NetConn()).Stall()
							wstest.Incoming(c.NetConn()).Stall()
						}
						began = time.Now()
						switch end {
						case "cancel":
							cancel()
							continue
						case "panic":
							panic("x")
						}
						break
					}
				}()
				most := time.Second
				if end == "panic" {
					most = 10 * time.Millisecond
				}
				if took := time.Since(began); took > most {
					t.Errorf("%s: took %v", end, took)
				}
			})
		}
	}
}

// The end of ctx ends the loop at once, at each stage, with an error that matches its error and
// cause.
func TestContext(t *testing.T) {
	errStopped := errors.New("stopped")
	silent := serve(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	for _, row := range []struct {
		name string
		dial *websocket.DialOptions
		body func(context.Context, *websocket.Conn)
		text string // in the error
	}{
		{"dial", &websocket.DialOptions{NetDial: stuckDial}, nil, ""},
		{"handshake", silent.dial(), nil, ""},
		{"wait", serve(status(503, "Retry-After", "1000")).dial(), nil, "; before that: websocket: handshake (status 503)"},
		{"read", serve(echoing()).dial(), read, ""},
		{"other work", serve(echoing()).dial(), func(_ context.Context, c *websocket.Conn) { <-c.Context().Done() }, ""},
		{"read after a failure", serve(status(503), echoing()).dial(), read, ""},
	} {
		bubble(t, func(t *testing.T, ctx context.Context) {
			ctx, cancel := context.WithCancelCause(ctx)
			row.dial.Limits.HandshakeTimeout = -1
			const after = 10 * time.Second
			began := time.Now()
			time.AfterFunc(after, func() { cancel(errStopped) })
			retried := 0
			opts := &Options{Dial: row.dial, Retrying: func(*Error) { retried++ }}
			errs := 0
			for c, err := range Conns(ctx, url, opts) {
				if err == nil {
					row.body(ctx, c)
					continue
				}
				errs++
				if c != nil {
					t.Errorf("%s: yielded a connection along with an error", row.name)
				}
				if !errors.Is(err, context.Canceled) || !errors.Is(err, errStopped) {
					t.Errorf("%s: yielded %v", row.name, err)
				}
				want := "redial: context canceled: stopped" + row.text
				if got := err.Error(); len(got) < len(want) || got[:len(want)] != want || row.text == "" && got != want {
					t.Errorf("%s: text is %q, want %q", row.name, got, want)
				}
				if _, ok := RetryAfter(err, nil); ok || Classify(err) != Clean {
					t.Errorf("%s: %v is not final", row.name, err)
				}
			}
			if took := time.Since(began); took != after || errs != 1 {
				t.Errorf("%s: ended after %v with %d errors, want %v and 1", row.name, took, errs, after)
			}
			if most := map[string]int{"wait": 1, "read after a failure": 1}[row.name]; retried != most {
				t.Errorf("%s: Retrying was called %d times, want %d", row.name, retried, most)
			}
		})
	}
}

// A context that has ended already, or has a deadline, ends the loop as well.
func TestContextEnded(t *testing.T) {
	bubble(t, func(t *testing.T, ctx context.Context) {
		s := serve(status(503))
		ended, cancel := context.WithTimeout(ctx, -1)
		defer cancel()
		retried, last := run(ended, url, Options{Dial: s.dial()}, 1, read)
		if !errors.Is(last, context.DeadlineExceeded) || last.Class != Clean || retried != nil || len(s.times) != 0 {
			t.Errorf("retried %v, then yielded %v after %d requests", retried, last, len(s.times))
		}
		late, cancel := context.WithTimeout(ctx, time.Hour)
		defer cancel()
		began := time.Now()
		_, last = run(late, url, Options{Dial: s.dial()}, -1, read)
		if took := time.Since(began); !errors.Is(last, context.DeadlineExceeded) || took != time.Hour {
			t.Errorf("yielded %v after %v", last, took)
		}
	})
}

// An iterator can be used more than once, and by several goroutines at once. Each loop counts for
// itself.
func TestManyLoops(t *testing.T) {
	bubble(t, func(t *testing.T, ctx context.Context) {
		var conns atomic.Int64
		opts := &Options{Dial: serve(echoing()).dial()}
		opts.Retrying = func(err *Error) {
			if err.Attempt > 3 {
				t.Errorf("attempt %d", err.Attempt)
			}
		}
		all := Conns(ctx, url, opts)
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				for range 2 {
					n := 0
					for c, err := range all {
						if err == nil {
							err = c.Write(ctx, websocket.Text, []byte("x"))
						}
						if err != nil {
							t.Error(err)
							break
						}
						conns.Add(1)
						if n++; n == 4 {
							break
						}
					}
				}
			})
		}
		wg.Wait()
		if got := conns.Load(); got != 80 {
			t.Errorf("got %d connections, want 80", got)
		}
	})
}

// An offered is an extension that a client offers and no server accepts.
type offered string

func (x offered) Offer(dst []wire.ExtensionSpec) []wire.ExtensionSpec {
	return append(dst, wire.ExtensionSpec{Name: string(x)})
}

func (offered) Accept(iter.Seq[wire.ExtensionSpec]) (wire.ExtensionSpec, wire.Session, bool) {
	return wire.ExtensionSpec{}, nil, false
}

func (offered) Confirm(wire.ExtensionSpec) (wire.Session, error) {
	return nil, errors.New("not offered")
}

// Changes to the options after the call of Conns have no effect, and the loop does not change them.
func TestOptionsCopied(t *testing.T) {
	bubble(t, func(t *testing.T, ctx context.Context) {
		s := serve(status(503))
		dial := s.dial()
		dial.Header = http.Header{"X-Token": {"old"}}
		dial.Subprotocols = []string{"old"}
		dial.Extensions = []wire.Extension{offered("old")}
		opts := &Options{Dial: dial, MaxWait: time.Hour}
		enough, cancel := context.WithCancel(ctx)
		opts.Retrying = func(err *Error) {
			if err.Attempt == 3 {
				cancel()
			}
		}
		all := Conns(enough, url, opts)
		dial.Header.Set("X-Token", "new")
		dial.Subprotocols[0] = "new"
		dial.Extensions[0] = offered("new")
		dial.NetDial = nil
		*opts = Options{Dial: dial, MaxWait: time.Hour}
		for range all {
		}
		if len(s.requests) != 3 {
			t.Fatalf("got %d requests", len(s.requests))
		}
		for _, r := range s.requests {
			for _, name := range []string{"X-Token", "Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions"} {
				if got := r.Header.Get(name); got != "old" {
					t.Errorf("%s: sent %q, want old", name, got)
				}
			}
		}
		if dial.Events != nil || dial.Limits.PingInterval != 0 || opts.MinWait != 0 {
			t.Errorf("the options were changed: %+v, %+v", opts, dial)
		}
	})
}

// The values of ctx and the Events of the options reach each attempt and each connection.
func TestValuesAndEvents(t *testing.T) {
	type key struct{}
	bubble(t, func(t *testing.T, ctx context.Context) {
		var traced, refused, accepted, closed atomic.Int64
		ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GetConn: func(string) { traced.Add(1) }})
		ctx = context.WithValue(ctx, key{}, "value")
		dial := serve(status(503), closing(1000, 0), status(503)).dial()
		dial.Events = &websocket.Events{
			Refused:  func(*http.Request, *websocket.HandshakeError) { refused.Add(1) },
			Accepted: func(*http.Request, *websocket.Conn) { accepted.Add(1) },
			Closed:   func(*websocket.Conn, websocket.Closure) { closed.Add(1) },
		}
		run(ctx, url, Options{Dial: dial}, 3, func(ctx context.Context, c *websocket.Conn) {
			if c.Context().Value(key{}) != "value" {
				t.Error("the connection's context has no values")
			}
			read(ctx, c)
		})
		if traced.Load() != 3 || refused.Load() != 2 || accepted.Load() != 1 || closed.Load() != 1 {
			t.Errorf("traced %d, refused %d, accepted %d, closed %d times",
				traced.Load(), refused.Load(), accepted.Load(), closed.Load())
		}
	})
}

// By default, a connection pings a silent server, and notices within the promised time that it has
// vanished. A negative PingInterval turns that off.
func TestKeepalive(t *testing.T) {
	const (
		standard = 30 * time.Second
		promise  = standard*5/4 + websocket.DefaultPongTimeout
	)
	for _, interval := range []time.Duration{0, time.Second, -1} {
		bubble(t, func(t *testing.T, ctx context.Context) {
			dial := serve(echoing()).dial()
			dial.Limits.PingInterval = interval
			ctx, cancel := context.WithTimeout(ctx, time.Hour)
			defer cancel()
			var took time.Duration
			retried, last := run(ctx, url, Options{Dial: dial}, 1, func(ctx context.Context, c *websocket.Conn) {
				began := time.Now()
				wstest.Outgoing(c.NetConn()).Stall()
				wstest.Incoming(c.NetConn()).Stall()
				read(ctx, c)
				wstest.Outgoing(c.NetConn()).Reset() // for the server, which does not ping
				took = time.Since(began)
			})
			switch {
			case interval < 0:
				if !errors.Is(last, context.DeadlineExceeded) {
					t.Errorf("without pings: retried %v after %v", retried, took)
				}
			case len(retried) != 1 || !errors.Is(retried[0], websocket.ErrNoPong) || retried[0].Class != Network:
				t.Errorf("interval %v: retried %v", interval, retried)
			case interval == 0 && (took != standard+websocket.DefaultPongTimeout || took > promise):
				t.Errorf("interval %v: noticed after %v, want up to %v", interval, took, promise)
			case interval > 0 && took > 5*interval/4+websocket.DefaultPongTimeout:
				t.Errorf("interval %v: noticed after %v", interval, took)
			}
		})
	}
}

// The text of an error says what comes next.
func TestErrorText(t *testing.T) {
	cause := errors.New("cause")
	e := &Error{Class: Busy, Err: cause, Attempt: 3, Wait: 1234567 * time.Microsecond}
	if got, want := e.Error(), "redial: cause; retry 3 in 1.235s"; got != want || !errors.Is(e, cause) {
		t.Errorf("got %q, want %q", got, want)
	}
	e = &Error{Class: Refused, Err: cause, Attempt: 3, final: true}
	if got, want := e.Error(), "redial: cause"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
