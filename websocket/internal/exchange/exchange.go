// Package exchange sends an HTTP/1.1 request and reads the response, over a connection that the
// response may hand over.
package exchange

import (
	"errors"
	"net"
	"net/http"
	"time"
)

const (
	// SendTime is how long to wait until a request is sent. After that, the response is read
	// anyway.
	SendTime = 100 * time.Millisecond

	// answerTimeout is how long a response may take once the request can no longer be sent.
	answerTimeout = time.Second
)

// Do sends req over nc and reads the response, whose header has at most limit bytes if limit is not
// negative. A server or a proxy may refuse a request before it has read all of it, and its response
// says more than the error of a write that then fails or stalls. step is the step that failed; the
// caller appends " the server" or " the proxy". drop closes nc, and may be called more than once.
//
// If req has a context with an httptrace.ClientTrace, its hooks are called before Do returns.
func Do(
	nc net.Conn, req *http.Request, limit int64, drop func(net.Conn),
) (r *Response, step string, err error) {
	return do(nc, req, limit, drop, false)
}

// do is Do. If keep is set, it also tries to leave nc usable for another request after a refusal.
func do(
	nc net.Conn, req *http.Request, limit int64, drop func(net.Conn), keep bool,
) (r *Response, step string, err error) {
	sent := make(chan error, 1)
	go func() {
		err := req.Write(nc)
		if err != nil { // a response may still arrive
			time.AfterFunc(answerTimeout, func() { drop(nc) })
		}
		sent <- err
	}()
	slow := time.NewTimer(SendTime)
	defer slow.Stop()
	select {
	case failed := <-sent:
		sent <- failed
	case <-slow.C:
	}
	r, err = read(nc, req, limit, drop, keep)
	over := err != nil || !r.opens(req)
	if over && !(err == nil && r.usable && len(sent) == 1) {
		drop(nc) // the rest of the request is useless
	}
	failed := <-sent
	switch {
	case err == nil && over:
		r.usable = r.usable && failed == nil
		return r, "", nil
	case failed != nil && (err == nil || !errors.Is(failed, net.ErrClosed)):
		return nil, "sending the request to", failed
	case err != nil:
		return nil, "reading the response from", err
	}
	return r, "", nil
}
