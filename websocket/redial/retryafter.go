package redial

import (
	"context"
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"
)

// RetryAfter reports whether to dial again after err, and the least time to wait before that. It is
// for programs that have a loop of their own. err is as for [Classify], and resp is the response
// that [websocket.Dial] returned, or nil.
//
// wait is the time in the Retry-After field of resp, at most DefaultMaxRetryAfter, or 0 if there is
// none. Add a random time whose limit grows with each failure. ok is false if the class of err is
// [Refused], or if err is that of a canceled context. After a deadline, ok is true, because the
// deadline may be a limit of the connection. The loop must therefore check its own context.
//
// For an [*Error] of a loop of [Conns], wait is its Wait, and ok is false if it was the last one.
func RetryAfter(err error, resp *http.Response) (wait time.Duration, ok bool) {
	var own *Error
	switch {
	case errors.As(err, &own):
		refused := own.Class == Refused && own.Attempt == 0 // by the program, as in Options.Refresh
		return own.Wait, !own.final && !refused
	case errors.Is(err, context.Canceled):
		return 0, false
	}
	class, wait := judge(err, resp)
	return min(wait, DefaultMaxRetryAfter), class != Refused
}

// judge returns the class of err, and the time that the server has asked for in resp, which may be
// nil. A refusal with a Retry-After field is not for good, unless it is about credentials, which do
// not change with time.
func judge(err error, resp *http.Response) (Class, time.Duration) {
	class := Classify(err)
	if err == nil || resp == nil || resp.StatusCode < 400 {
		return class, 0
	}
	wait, asked := askedFor(resp.Header)
	switch resp.StatusCode {
	case http.StatusUnauthorized, http.StatusProxyAuthRequired:
	default:
		if asked && class == Refused {
			class = Busy
		}
	}
	return class, wait
}

// askedFor returns the time in a Retry-After field (RFC 9110, section 10.2.3), and whether there is
// a valid one. A date is compared with that of the response, if it has one.
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
	now, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		now = time.Now()
	}
	return max(at.Sub(now), 0), true
}
