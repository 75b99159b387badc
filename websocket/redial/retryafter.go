package redial

import (
	"context"
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"
)

// RetryAfter is for programs that loop themselves. It reports whether it makes sense to dial again
// after err, and how long to wait at least: the time in the Retry-After field of resp, but at most
// DefaultMaxRetryAfter, or else 0. Add a random time whose limit grows with each failure. err is as in
// [Classify], and resp is the response that [websocket.Dial] returned, or nil.
//
// It makes no sense if the class of err is [Refused], or if a context was canceled. For an error that
// Options.Retrying got, RetryAfter returns its Wait.
func RetryAfter(err error, resp *http.Response) (wait time.Duration, ok bool) {
	var own *Error
	switch {
	case errors.As(err, &own):
		return own.Wait, !own.final
	case errors.Is(err, context.Canceled):
		return 0, false
	}
	class, wait := judge(err, resp)
	return min(wait, DefaultMaxRetryAfter), class != Refused
}

// judge returns the class of err, and the time that the server has asked for in its response, which
// may be nil.
func judge(err error, resp *http.Response) (Class, time.Duration) {
	class := Classify(err)
	if err == nil || resp == nil || resp.StatusCode < 400 {
		return class, 0
	}
	wait, asked := askedFor(resp.Header)
	if asked && class == Refused {
		class = Busy // the server would not say when to come back, if that were in vain
	}
	return class, wait
}

// askedFor returns the time in a Retry-After field (RFC 9110, section 10.2.3), and whether there is a
// valid one.
func askedFor(h http.Header) (time.Duration, bool) {
	value := h.Get("Retry-After")
	seconds, err := strconv.ParseUint(value, 10, 64)
	switch {
	case err == nil && seconds <= math.MaxInt64/uint64(time.Second):
		return time.Duration(seconds) * time.Second, true
	case err == nil, errors.Is(err, strconv.ErrRange):
		return math.MaxInt64, true
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0, false
	}
	now, err := http.ParseTime(h.Get("Date")) // the server's clock, if it shows it
	if err != nil {
		now = time.Now()
	}
	return max(at.Sub(now), 0), true
}
