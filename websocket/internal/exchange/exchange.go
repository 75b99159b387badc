// Package exchange sends a request of HTTP/1.1 and reads its answer, over a connection
// that the answer may hand over.
package exchange

import (
	"errors"
	"net"
	"net/http"
	"time"
)

const (
	// SendTime is how long a request may take to be sent before its answer is awaited
	// all the same.
	SendTime = 100 * time.Millisecond

	// answerTimeout is how long an answer may take once the request can no longer be
	// sent.
	answerTimeout = time.Second
)

// Do sends req over nc and reads the answer, whose header has at most limit bytes if
// limit is not negative. A server or a proxy may refuse a request before it has read all
// of it, and its answer tells more than the write that then fails or stalls. An error
// comes with the step that failed, to be followed by the name of the peer. drop closes
// nc; it may be called more than once.
func Do(nc net.Conn, req *http.Request, limit int64, drop func(net.Conn)) (r *Response, step string, err error) {
	sent := make(chan error, 1)
	go func() {
		err := req.Write(nc)
		if err != nil { // nc is now of use for an answer alone
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
	r, err = read(nc, req, limit, drop)
	over := err != nil || !r.opens(req)
	if over {
		drop(nc) // the rest of the request is of no use
	}
	failed := <-sent
	switch {
	case err == nil && over:
		return r, "", nil
	case failed != nil && (err == nil || !errors.Is(failed, net.ErrClosed)):
		return nil, "sending the request to", failed
	case err != nil:
		return nil, "reading the response of", err
	}
	return r, "", nil
}
