package load

import (
	"errors"
	"io"
	"net/netip"

	"golang.org/x/sys/unix"
)

// A socket is a TCP connection that does not block.
type socket int

// dial connects from a source address, so that the ports of one address do not run out while those of ended
// connections are in TIME_WAIT.
func dial(addr, source netip.AddrPort) (socket, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1)
	err = unix.Bind(fd, &unix.SockaddrInet4{Addr: source.Addr().As4()})
	if err == nil {
		err = unix.Connect(fd, &unix.SockaddrInet4{Port: int(addr.Port()), Addr: addr.Addr().As4()})
	}
	if err == nil {
		err = unix.SetNonblock(fd, true)
	}
	if err != nil {
		unix.Close(fd)
		return -1, err
	}
	return socket(fd), nil
}

// write writes as much of p as it can without blocking.
func (s socket) write(p []byte) (n int, err error) {
	for n < len(p) {
		m, err := unix.Write(int(s), p[n:])
		switch {
		case errors.Is(err, unix.EAGAIN):
			return n, nil
		case err != nil:
			return n, err
		}
		n += m
	}
	return n, nil
}

// read reads what there is. It returns io.EOF at the end.
func (s socket) read(p []byte) (n int, err error) {
	n, err = unix.Read(int(s), p)
	switch {
	case errors.Is(err, unix.EAGAIN):
		return 0, nil
	case err == nil && n == 0:
		return 0, io.EOF
	}
	return max(n, 0), err
}

func (s socket) close() { unix.Close(int(s)) }
