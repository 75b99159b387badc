package websocket

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// adapterMessage is the largest message that the adapter sends, in bytes: well
// below what peers limit messages to.
const adapterMessage = 64 << 10

// AsNetConn returns a [net.Conn] whose bytes travel in messages of type t, for
// protocols that want a stream. How the bytes are divided into messages means
// nothing: Write cuts at 64 KiB, and Read joins, text and binary alike. With Text,
// what is written must be UTF-8 with no rune cut.
//
// Any number of goroutines may use it. A deadline that passes loses no byte: the
// next call goes on where the last one was. Read returns [io.EOF] once the peer has
// closed with StatusNormalClosure or StatusGoingAway. Close is [Conn.Close] with
// StatusNormalClosure. Do not read, or set deadlines, on c itself meanwhile.
func (c *Conn) AsNetConn(t MessageType) net.Conn { return &adapter{Conn: c, typ: t} }

type adapter struct {
	*Conn
	typ MessageType

	reading sync.Mutex
	r       *MessageReader // the message in progress

	writing sync.Mutex
}

func (a *adapter) Read(p []byte) (int, error) {
	a.reading.Lock()
	defer a.reading.Unlock()
	for {
		if a.r == nil {
			r, err := a.Reader(context.Background())
			if err != nil {
				return 0, streamError(err)
			}
			a.r = r
		}
		n, err := a.r.Read(p)
		if err == io.EOF {
			a.r, err = nil, nil
		}
		if n > 0 || err != nil || len(p) == 0 {
			return n, streamError(err)
		}
	}
}

func (a *adapter) Write(p []byte) (n int, err error) {
	a.writing.Lock()
	defer a.writing.Unlock()
	for first := true; first || len(p) > 0; first = false {
		m := min(len(p), adapterMessage)
		err := a.Conn.Write(context.Background(), a.typ, p[:m])
		var e *Error
		if err == nil || errors.As(err, &e) && e.Accepted {
			n += m // also what was cut: it is sent later
		}
		if err != nil {
			return n, streamError(err)
		}
		p = p[m:]
	}
	return n, nil
}

// streamError is err as users of a net.Conn expect it.
func streamError(err error) error {
	var peer *CloseError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &peer) && closedWell(peer):
		return io.EOF
	case errors.Is(err, os.ErrDeadlineExceeded):
		return os.ErrDeadlineExceeded
	}
	return err
}

func (a *adapter) Close() error {
	return a.Conn.Close(context.Background(), StatusNormalClosure, "")
}

func (a *adapter) SetDeadline(t time.Time) error {
	return errors.Join(a.SetReadDeadline(t), a.SetWriteDeadline(t))
}

func (a *adapter) SetReadDeadline(t time.Time) error { return a.tr.rd.setUser(t) }

func (a *adapter) SetWriteDeadline(t time.Time) error { return a.tr.wd.setUser(t) }
