package websocket

import (
	"errors"
	"net"
	"net/http"
	"time"
)

const (
	// sendTime is how long a request may take to be sent before its answer is awaited
	// all the same.
	sendTime = 100 * time.Millisecond

	// answerTimeout is how long an answer may take once the request can no longer be
	// sent.
	answerTimeout = time.Second
)

// roundTrip sends req over nc and reads the answer. A server or a proxy may refuse a
// request before it has read all of it, and its answer tells more than the write that
// then fails or stalls. An error comes with the step that failed, to be followed by the
// name of the peer.
func roundTrip(nc net.Conn, req *http.Request, limit int64) (r *response, step string, err error) {
	sent := make(chan error, 1)
	go func() {
		err := req.Write(nc)
		if err != nil { // nc is now of use for an answer alone
			time.AfterFunc(answerTimeout, func() { dropConn(nc) })
		}
		sent <- err
	}()
	slow := time.NewTimer(sendTime)
	defer slow.Stop()
	select {
	case failed := <-sent:
		sent <- failed
	case <-slow.C:
	}
	r, err = readResponse(nc, req, limit)
	over := err != nil || !r.opens(req)
	if over {
		dropConn(nc) // the rest of the request is of no use
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
