package load

import (
	"errors"
	"fmt"
	"io"
	"net/netip"

	"golang.org/x/sys/unix"
)

// A socket is a TCP connection that does not block.
type socket int

func dial(addr netip.AddrPort, source netip.Addr) (socket, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1)
	err = unix.Bind(fd, &unix.SockaddrInet4{Addr: source.As4()})
	if err == nil {
		err = unix.Connect(fd, &unix.SockaddrInet4{Port: int(addr.Port()), Addr: addr.Addr().As4()})
	}
	if err == nil {
		err = unix.SetNonblock(fd, true)
	}
	if err != nil {
		unix.Close(fd)
		return -1, fmt.Errorf("connecting to %v: %w", addr, err)
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

// read reads the bytes that have arrived. It returns io.EOF at the end.
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

// wait waits until the socket is readable.
func (s socket) wait() error {
	f := []unix.PollFd{{Fd: int32(s), Events: unix.POLLIN}}
	for {
		n, err := unix.Poll(f, int(patience.Milliseconds()))
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err == nil && n == 0 {
			err = fmt.Errorf("no answer within %v", patience)
		}
		return err
	}
}

func (s socket) close() { unix.Close(int(s)) }
