package transports

import (
	"context"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/pires/go-proxyproto"
	"github.com/soheilhy/cmux"
	"golang.org/x/net/netutil"
)

var socketKinds = []kind{
	{name: "tcp", reads: true, writes: true, open: openTCP(bare)},
	{name: "wrapped", reads: true, writes: true, open: openTCP(wrapped)},
	{name: "no-op deadlines over tcp", open: openTCP(noopDeadlines)},
	{
		name: "failing deadlines over tcp", reads: true, writes: true, failing: true,
		open: openTCP(failingDeadlines),
	},
	{name: "LimitListener", reads: true, writes: true, open: openLimited},
	{name: "PROXY protocol", reads: true, writes: true, open: openProxied},
	{name: "cmux", reads: true, writes: true, open: openCmux},
}

// openTCP connects over loopback and wraps both ends.
func openTCP(wrap wrapper) openFunc {
	return func(t testing.TB) (net.Listener, dialFunc) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		check(t, err)
		t.Cleanup(func() { l.Close() })
		wrap := func(c net.Conn) net.Conn { return wrap(small(c)) }
		return wrapListener{l, wrap}, func(ctx context.Context) (net.Conn, error) {
			c, err := new(net.Dialer).DialContext(ctx, "tcp", l.Addr().String())
			if err != nil {
				return nil, err
			}
			return wrap(c), nil
		}
	}
}

func openUnix(t testing.TB) (net.Listener, dialFunc) {
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	check(t, err)
	t.Cleanup(func() { l.Close() })
	return l, func(ctx context.Context) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", l.Addr().String())
	}
}

// small makes the buffers of a socket small, so that a write blocks soon.
func small(c net.Conn) net.Conn {
	_ = c.(*net.TCPConn).SetReadBuffer(64 << 10)
	_ = c.(*net.TCPConn).SetWriteBuffer(64 << 10)
	return c
}

func openLimited(t testing.TB) (net.Listener, dialFunc) {
	l, dial := openTCP(bare)(t)
	return netutil.LimitListener(l, 1000), dial
}

func openProxied(t testing.TB) (net.Listener, dialFunc) {
	l, dial := openTCP(bare)(t)
	proxied := &proxyproto.Listener{Listener: l, ReadHeaderTimeout: time.Minute}
	return proxied, func(ctx context.Context) (net.Conn, error) {
		c, err := dial(ctx)
		if err != nil {
			return nil, err
		}
		_, err = proxyproto.HeaderProxyFromAddrs(1, c.LocalAddr(), c.RemoteAddr()).WriteTo(c)
		return c, err
	}
}

func openCmux(t testing.TB) (net.Listener, dialFunc) {
	l, dial := openTCP(bare)(t)
	m := cmux.New(l)
	matched := m.Match(cmux.HTTP1Fast())
	go m.Serve()
	t.Cleanup(m.Close)
	return matched, dial
}
