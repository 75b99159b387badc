package redial

import (
	"context"
	"errors"
	"fmt"
	neturl "net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/hawser-ws/hawser/websocket"
)

// Refresh changes the options of one attempt. It learns why the last attempt failed, or the last
// connection ended.
func TestRefresh(t *testing.T) {
	bubble(t, func(t *testing.T, ctx context.Context) {
		s := serve(status(503), closing(1000, 0), status(503))
		opts := Options{Dial: s.dial()}
		n := 0
		var why []string
		opts.Refresh = func(_ context.Context, o *websocket.DialOptions, last error) error {
			n++
			o.Header.Add("X-Token", fmt.Sprint(n))
			o.Header.Add("X-Limit", o.Limits.PingInterval.String())
			o.Limits.PingInterval = time.Second // not kept
			var failed *Error
			switch {
			case last == nil:
				why = append(why, "")
			case errors.As(last, &failed):
				why = append(why, failed.Class.String())
			}
			return nil
		}
		run(ctx, url, opts, 3, read)
		var got []string
		for _, r := range s.requests {
			got = append(got, fmt.Sprint(r.Header["X-Token"], r.Header["X-Limit"]))
		}
		if want := []string{"[1] [0s]", "[2] [0s]", "[3] [0s]"}; !reflect.DeepEqual(got, want) {
			t.Errorf("sent %v, want %v", got, want)
		}
		if want := []string{"", "busy", "clean"}; !reflect.DeepEqual(why, want) {
			t.Errorf("reasons %q, want %q", why, want)
		}
	})
}

// With Refresh, a refusal is final only after another, unless a connection has lasted in between.
func TestRefused(t *testing.T) {
	for _, row := range []struct {
		name    string
		s       *script
		refresh bool
		want    []Class // and then an error, unless it is Busy
	}{
		{"401", serve(status(401)), false, []Class{Refused}},
		{"401 401", serve(status(401)), true, []Class{Refused, Refused}},
		{"401 busy", serve(status(401), status(503)), true, []Class{Refused, Busy}},
		{"401 busy 401 401", serve(status(401), status(503), status(401)), true,
			[]Class{Refused, Busy, Refused, Refused}},
		{"401 3000", serve(status(401), closing(3000, 0)), true, []Class{Refused, Refused}},
		{"401 short 401 401", serve(status(401), closing(1000, 0), status(401)), true,
			[]Class{Refused, Clean, Refused, Refused}},
		{"3000 3000", serve(closing(3000, 0)), true, []Class{Refused, Refused}},
		{"late 3000", serve(closing(3000, 10*time.Second), closing(3000, 10*time.Second), closing(3000, 10*time.Second), status(503)), true,
			[]Class{Refused, Refused, Refused, Busy}},
		{"401 lasting 401 503", serve(status(401), closing(1000, 10*time.Second), status(401), status(503)), true,
			[]Class{Refused, Clean, Refused, Busy}},
		{"late 3000 401", serve(closing(3000, 10*time.Second), status(401)), true, []Class{Refused, Refused}},
	} {
		bubble(t, func(t *testing.T, ctx context.Context) {
			opts := Options{Dial: row.s.dial()}
			if row.refresh {
				opts.Refresh = func(context.Context, *websocket.DialOptions, error) error { return nil }
			}
			retried, last := run(ctx, url, opts, len(row.want), read)
			var got []Class
			for _, err := range retried {
				if wait, ok := RetryAfter(err, nil); !ok || wait != err.Wait {
					t.Errorf("%s: RetryAfter(%v) = %v, %v", row.name, err, wait, ok)
				}
				got = append(got, err.Class)
			}
			if last != nil {
				got = append(got, last.Class)
			}
			if last != nil && last.Attempt != len(row.want) {
				t.Errorf("%s: the last attempt has the number %d", row.name, last.Attempt)
			}
			final := row.want[len(row.want)-1] == Refused
			if !reflect.DeepEqual(got, row.want) || (last != nil) != final {
				t.Errorf("%s: retried %v, then yielded %v; want %v", row.name, retried, last, row.want)
			}
		})
	}
}

// An error of Refresh ends the loop if its class is Refused, or if it wraps the last one.
func TestRefreshFails(t *testing.T) {
	errPassword := errors.New("wrong password")
	for _, row := range []struct {
		name string
		fail func(ctx context.Context, last error) error
		want Class
		is   error
	}{
		{"own", func(context.Context, error) error { return errPassword }, Network, errPassword},
		{"busy", func(context.Context, error) error { return &Error{Class: Busy, Err: errPassword} }, Busy, errPassword},
		{"refused", func(context.Context, error) error {
			return fmt.Errorf("no token: %w", &Error{Class: Refused, Err: errPassword})
		}, Refused, errPassword},
		{"handshake", func(context.Context, error) error {
			return &websocket.HandshakeError{Status: 403, Err: errPassword}
		}, Refused, errPassword},
		{"network", func(context.Context, error) error {
			return &neturl.Error{Op: "Post", URL: "https://example.com/token", Err: errPassword}
		}, Network, errPassword},
		{"stuck", func(ctx context.Context, _ error) error { <-ctx.Done(); return ctx.Err() }, Network,
			context.DeadlineExceeded},
		{"last", func(_ context.Context, last error) error {
			if last != nil {
				return fmt.Errorf("no more: %w", last)
			}
			return nil
		}, Refused, context.DeadlineExceeded},
		{"last's cause", func(_ context.Context, last error) error { return errors.Unwrap(last) }, Network,
			context.DeadlineExceeded},
	} {
		bubble(t, func(t *testing.T, ctx context.Context) {
			silent := serve(accept(nil))
			dial := silent.dial()
			dial.Limits.HandshakeTimeout = time.Minute
			began := time.Now()
			if strings.HasPrefix(row.name, "last") { // which wraps a net.Error
				dial.NetDial = stuckDial
			}
			opts := Options{Dial: dial, Refresh: func(ctx context.Context, _ *websocket.DialOptions, last error) error {
				return row.fail(ctx, last)
			}}
			retried, last := run(ctx, url, opts, 2, read)
			if len(silent.times) != 0 {
				t.Errorf("%s: dialed", row.name)
			}
			if row.want != Refused {
				if len(retried) != 2 || retried[0].Class != row.want || !errors.Is(retried[0], row.is) {
					t.Errorf("%s: retried %v, then yielded %v", row.name, retried, last)
				}
				if took := time.Since(began) - retried[0].Wait; row.name == "stuck" && took != 2*time.Minute {
					t.Errorf("%s: took %v", row.name, took)
				}
			} else if last == nil || last.Class != Refused || !errors.Is(last, row.is) ||
				!strings.Contains(last.Error(), "redial: Options.Refresh: ") ||
				row.name != "last" && (len(retried) > 0 || strings.Contains(last.Error(), "retry")) {
				t.Errorf("%s: retried %v, then yielded %v", row.name, retried, last)
			}
		})
	}
}

// The context of the loop ends Refresh, which has no other limit if Dial has none.
func TestRefreshStuck(t *testing.T) {
	bubble(t, func(t *testing.T, ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, time.Hour)
		defer cancel()
		opts := Options{
			Dial: &websocket.DialOptions{Limits: websocket.Limits{HandshakeTimeout: -1}},
			Refresh: func(ctx context.Context, _ *websocket.DialOptions, _ error) error {
				<-ctx.Done()
				return ctx.Err()
			},
		}
		began := time.Now()
		retried, last := run(ctx, url, opts, 1, read)
		if took := time.Since(began); len(retried) != 0 || !errors.Is(last, context.DeadlineExceeded) || took != time.Hour {
			t.Errorf("retried %v, then yielded %v after %v", retried, last, took)
		}
	})
}
