package websocket

import (
	"errors"
	"net"
	"net/http"
	"time"
)

// answerTimeout is how long an answer may take once the request can no longer be sent.
const answerTimeout = time.Second

// roundTrip sends req over nc and reads the answer. It reads while it sends: a server
// or a proxy may refuse a request that it has not read to its end, and its answer tells
// more than the write that fails because it reads no further. With an error comes the
// step that failed, to be followed by the name of the peer.
func roundTrip(nc net.Conn, req *http.Request, limit int64) (r *response, step string, err error) {
	sent := make(chan error, 1)
	answered := make(chan struct{})
	go func() {
		err := req.Write(nc)
		if err != nil { // then nc serves for an answer alone
			late := time.AfterFunc(answerTimeout, func() { _ = dropConn(nc) })
			<-answered
			late.Stop()
		}
		sent <- err
	}()
	r, err = readResponse(nc, req, limit)
	over := err != nil || !r.opens(req)
	close(answered)
	if over {
		_ = dropConn(nc) // the rest of the request is of no use
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
