package transports

import (
	"io"
	"net"
	"testing"
	"time"

	"github.com/hawser-ws/hawser/wire"
)

// A readDeadlines is a listener that adds read deadlines to the connections of another listener, like the
// ReadDeadlines example of websocket.Accept.
type readDeadlines struct{ net.Listener }

func (l readDeadlines) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	r, w := net.Pipe()
	go func() {
		io.Copy(w, c)
		w.Close()
	}()
	return &readDeadlineConn{c, r}, nil
}

type readDeadlineConn struct {
	net.Conn
	r net.Conn // the end of a pipe that carries the bytes of Conn
}

func (c *readDeadlineConn) Read(p []byte) (int, error)        { return c.r.Read(p) }
func (c *readDeadlineConn) SetReadDeadline(t time.Time) error { return c.r.SetReadDeadline(t) }
func (c *readDeadlineConn) SetDeadline(t time.Time) error     { return c.r.SetReadDeadline(t) }

func (c *readDeadlineConn) Close() error {
	c.r.Close()
	return c.Conn.Close()
}

// withReadDeadlines returns the kinds without read deadlines, with a listener that adds them.
func withReadDeadlines() []kind {
	var all []kind
	for _, k := range kinds {
		if k.reads && !k.failing {
			continue
		}
		bare := k.open
		k.reads, k.failing = true, false
		k.open = func(t testing.TB) (net.Listener, dialFunc) {
			l, dial := bare(t)
			return readDeadlines{l}, dial
		}
		all = append(all, k)
	}
	return all
}

// Without read deadlines, Hijack of an http.Server hangs: it interrupts the server's own read by a deadline,
// and no limit of package websocket ends that wait. With a listener that adds read deadlines, Hijack works,
// and the context of a read ends only the read.
func TestReadDeadlines(t *testing.T) {
	t.Parallel()
	reads := calls[0]
	for _, k := range withReadDeadlines() {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			rows(t, &k, []call{reads}, func(m call) string { return m.name }, func(t testing.TB, m call) {
				p := open(t, &k, unlimited)
				ctx, cancel := m.context()
				defer cancel()
				begun := time.Now()
				_, _, err := p.server.Read(ctx)
				checkError(t, &k, &m, err)
				wantNotLate(t, &k, begun, false)
				checkAfterwards(t, &k, &m, p, wire.Server, err)
				closeBoth(t, p.server, p.client)
			})
		})
	}
}
