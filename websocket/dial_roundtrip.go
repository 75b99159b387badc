package websocket

import (
	"errors"
	"net"
	"net/http"
	"os"
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
	go func() {
		err := req.Write(nc)
		if err != nil {
			_ = nc.SetReadDeadline(time.Now().Add(answerTimeout))
		}
		sent <- err
	}()
	r, err = readResponse(nc, req, limit)
	if err != nil || !r.opens(req) {
		_ = nc.SetWriteDeadline(longAgo) // the rest of the request is of no use
	}
	failed := <-sent
	switch {
	case err == nil && !r.opens(req):
		return r, "", nil
	case failed != nil && (err == nil || !errors.Is(failed, os.ErrDeadlineExceeded)):
		return nil, "sending the request to", failed
	case err != nil:
		return nil, "reading the response of", err
	}
	return r, "", nil
}
