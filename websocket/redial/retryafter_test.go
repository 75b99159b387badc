package redial

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/hawser/websocket"
)

// Retry-After is a number of seconds, or a date, which is compared with the server's clock if there
// is one. Anything else is ignored.
func TestAskedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // it is 2000-01-01 00:00:00
		for _, row := range []struct {
			value, date string
			want        time.Duration
			ok          bool
		}{
			{"0", "", 0, true},
			{"1", "", time.Second, true},
			{"120", "Sat, 01 Jan 2000 00:00:00 GMT", 2 * time.Minute, true},
			{"9223372036", "", 9223372036 * time.Second, true},
			{"9223372037", "", math.MaxInt64, true},
			{"18446744073709551615", "", math.MaxInt64, true},
			{"99999999999999999999999999", "", math.MaxInt64, true},
			{"Sat, 01 Jan 2000 00:05:00 GMT", "", 5 * time.Minute, true},
			{"Sat, 01 Jan 2000 00:05:00 GMT", "Sat, 01 Jan 2000 00:03:00 GMT", 2 * time.Minute, true},
			{"Sat, 01 Jan 2000 00:05:00 GMT", "Fri, 31 Dec 1999 23:55:00 GMT", 10 * time.Minute, true},
			{"Sat, 01 Jan 2000 00:05:00 GMT", "yesterday", 5 * time.Minute, true},
			{"Saturday, 01-Jan-00 00:05:00 GMT", "", 5 * time.Minute, true},
			{"Sat Jan  1 00:05:00 2000", "", 5 * time.Minute, true},
			{"Fri, 31 Dec 1999 23:59:59 GMT", "", 0, true},
			{"", "", 0, false},
			{"-1", "", 0, false},
			{"+1", "", 0, false},
			{"1.5", "", 0, false},
			{"0x10", "", 0, false},
			{"010", "", 10 * time.Second, true},
			{"1s", "", 0, false},
			{"1, 2", "", 0, false},
			{"soon", "", 0, false},
		} {
			h := http.Header{}
			h.Set("Retry-After", row.value)
			if row.date != "" {
				h.Set("Date", row.date)
			}
			if got, ok := askedFor(h); got != row.want || ok != row.ok {
				t.Errorf("%q at %q: got %v, %v, want %v, %v", row.value, row.date, got, ok, row.want, row.ok)
			}
		}
	})
}

// RetryAfter returns the time that a server asks for along with a refusal, within an hour.
func TestRetryAfter(t *testing.T) {
	for _, row := range []struct {
		status int
		value  string
		want   time.Duration
		ok     bool
	}{
		{503, "5", 5 * time.Second, true},
		{429, "5", 5 * time.Second, true},
		{503, "", 0, true},
		{503, "soon", 0, true},
		{503, "86400", time.Hour, true},
		{503, "0", 0, true},
		{403, "5", 5 * time.Second, true}, // the server says that it is not for good
		{403, "0", 0, true},
		{400, "5", 5 * time.Second, true},
		{501, "5", 5 * time.Second, true},
		{403, "soon", 0, false},
		{401, "5", 5 * time.Second, false}, // time does not change credentials
		{407, "5", 5 * time.Second, false},
		{302, "5", 0, false}, // about the other URL
		{200, "5", 0, false},
	} {
		bubble(t, func(t *testing.T, ctx context.Context) {
			s := serve(status(row.status, "Retry-After", row.value))
			_, resp, err := websocket.Dial(ctx, url, s.dial())
			if got, ok := RetryAfter(err, resp); got != row.want || ok != row.ok {
				t.Errorf("%+v: got %v, %v", row, got, ok)
			}
		})
	}
	// The response of a connection that has ended later says nothing.
	opened := &http.Response{StatusCode: 101, Header: http.Header{"Retry-After": {"5"}}}
	for _, err := range []error{nil, errors.New("x"), &websocket.CloseError{Code: 1001}} {
		if got, ok := RetryAfter(err, opened); got != 0 || !ok {
			t.Errorf("RetryAfter(%v) = %v, %v", err, got, ok)
		}
	}
	refused := &http.Response{StatusCode: 503, Header: http.Header{"Retry-After": {"5"}}}
	if got, ok := RetryAfter(nil, refused); got != 0 || !ok {
		t.Errorf("RetryAfter without an error = %v, %v", got, ok)
	}
}

// A program may make an Error for Options.Refresh, and then ask about it in a loop of its own.
func TestRetryAfterOwnError(t *testing.T) {
	for class := Clean; class <= Refused; class++ {
		err := fmt.Errorf("no token: %w", &Error{Class: class, Err: errors.New("x")})
		if wait, ok := RetryAfter(err, nil); wait != 0 || ok != (class != Refused) {
			t.Errorf("%v: got %v, %v", class, wait, ok)
		}
	}
}

// Retry-After does not change the class of a failure that is not the server's refusal.
func TestRetryAfterClass(t *testing.T) {
	resp := &http.Response{StatusCode: 503, Header: http.Header{"Retry-After": {"5"}}}
	err := &websocket.HandshakeError{Status: 503, Err: &net.OpError{Op: "dial", Err: errors.New("x")}}
	if class, wait := judge(err, resp); class != Network || wait != 5*time.Second {
		t.Errorf("got %v, %v, want a failure of the network and 5 s", class, wait)
	}
}

// A loop waits for the time that the server asks for, and a random time in addition, up to half of
// it or the limit of the first attempt.
func TestConnsRetryAfter(t *testing.T) {
	const jitter = time.Second // the limit of the first attempt
	for _, row := range []struct {
		value    string
		opts     Options
		from, to time.Duration
	}{
		{"100", Options{}, 100 * time.Second, 150 * time.Second},
		{"Sat, 01 Jan 2000 00:01:00 GMT", Options{}, time.Minute, 90 * time.Second},
		{"86400", Options{}, time.Hour, 90 * time.Minute},
		{"86400", Options{MaxRetryAfter: 5 * time.Second}, 5 * time.Second, 7500 * time.Millisecond},
		{"86400", Options{MaxRetryAfter: -1}, 24 * time.Hour, 36 * time.Hour},
		{"0", Options{}, 0, jitter},
		{"-5", Options{}, 0, jitter},
	} {
		bubble(t, func(t *testing.T, ctx context.Context) {
			s := serve(status(503, "Retry-After", row.value), echoing())
			row.opts.Dial = s.dial()
			retried, _ := run(ctx, url, row.opts, 2, func(context.Context, *websocket.Conn) {})
			got := s.waits()
			if len(got) != 1 || got[0] < row.from || got[0] >= row.to || retried[0].Wait != got[0] {
				t.Errorf("%q, %+v: waited %v, want from %v to %v", row.value, row.opts, got, row.from, row.to)
			}
		})
	}
}
