package load

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// patience limits the time without any progress.
const patience = 10 * time.Second

// A Load is a set of connections.
type Load struct {
	epoll int
	peers []peer
	in    []byte // what was read, for all connections
}

// A peer is one connection or a succession of connections.
type peer interface {
	// start begins an exchange.
	start() error
	// ready continues it after the connection has become readable or writable. It returns the number of
	// messages once it is complete.
	ready(in []byte) (messages int, err error)
	close()
}

func newLoad() (*Load, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	return &Load{epoll: fd, in: make([]byte, 256<<10)}, err
}

// watch adds or changes the events of the socket of the i-th peer.
func (l *Load) watch(op int, s socket, i int, writable bool) error {
	e := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(i)}
	if writable {
		e.Events |= unix.EPOLLOUT
	}
	return unix.EpollCtl(l.epoll, op, int(s), &e)
}

// Close closes all connections.
func (l *Load) Close() {
	for _, p := range l.peers {
		p.close()
	}
	unix.Close(l.epoll)
}

// A Result is what a Run did.
type Result struct {
	Messages int
	Times    Times // of a batch, from its first byte written to its last byte read
}

// Run keeps all connections busy for a time, and then waits for what is under way.
func (l *Load) Run(d time.Duration) (*Result, error) {
	r := &Result{}
	began := make([]time.Time, len(l.peers))
	events := make([]unix.EpollEvent, 256)
	end := time.Now().Add(d)
	for i, p := range l.peers {
		began[i] = time.Now()
		if err := p.start(); err != nil {
			return nil, err
		}
	}
	for busy := len(l.peers); busy > 0; {
		n, err := unix.EpollWait(l.epoll, events, int(patience.Milliseconds()))
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if n == 0 || err != nil {
			return nil, fmt.Errorf("no echo on %d of %d connections for %v (%w)", busy, len(l.peers), patience, err)
		}
		for _, e := range events[:n] {
			i := e.Fd
			messages, err := l.peers[i].ready(l.in)
			if err != nil {
				return nil, err
			}
			if messages == 0 {
				continue
			}
			now := time.Now()
			r.Messages += messages
			r.Times.Add(now.Sub(began[i]))
			if now.After(end) {
				busy--
				continue
			}
			began[i] = now
			if err := l.peers[i].start(); err != nil {
				return nil, err
			}
		}
	}
	return r, nil
}

// A client is a connection that exchanges batches.
type client struct {
	load    *Load
	index   int
	s       socket
	batches []Batch
	n       int    // exchanges
	out     []byte // what has not been written
	echo    echo
}

// wholeEvery is how often an echo of many bytes is compared completely.
const wholeEvery = 16

func (c *client) start() error {
	b := &c.batches[(c.n+c.index)%len(c.batches)]
	c.echo.expect(b, len(b.Want) <= 8<<10 || c.n%wholeEvery == 0)
	c.n++
	c.out = b.Frames
	return c.write(false)
}

// write writes what it can. It has the load watch the socket until all is written.
func (c *client) write(watched bool) error {
	n, err := c.s.write(c.out)
	c.out = c.out[n:]
	if rest := len(c.out) > 0; err == nil && rest != watched {
		err = c.load.watch(unix.EPOLL_CTL_MOD, c.s, c.index, rest)
	}
	return err
}

func (c *client) ready(in []byte) (messages int, err error) {
	if len(c.out) > 0 {
		if err := c.write(true); err != nil {
			return 0, err
		}
	}
	n, err := c.s.read(in)
	if err != nil {
		return 0, fmt.Errorf("the server ended a connection: %w", err)
	}
	done, err := c.echo.take(in[:n])
	if done {
		messages = c.batches[0].Messages
	}
	return messages, err
}

func (c *client) close() { c.s.close() }

// Dial opens n connections that exchange the same batches.
func Dial(addr string, n int, batches []Batch) (*Load, error) {
	to, err := netip.ParseAddrPort(addr)
	if err != nil {
		return nil, err
	}
	l, err := newLoad()
	if err != nil {
		return nil, err
	}
	req := request(addr, "")
	for i := range n {
		c := &client{load: l, index: i, batches: batches}
		if c.s, err = dial(to, source(i)); err != nil {
			return l, err
		}
		l.peers = append(l.peers, c)
		if err := l.watch(unix.EPOLL_CTL_ADD, c.s, i, false); err != nil {
			return l, err
		}
		if err := l.upgrade(c.s, req); err != nil {
			return l, err
		}
	}
	return l, nil
}

// source returns an address for the i-th connection.
func source(i int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, byte(1 + i/200%200), byte(1 + i%200)}), 0)
}

// upgrade performs the opening handshake of the connection that was opened last.
func (l *Load) upgrade(s socket, req []byte) error {
	if _, err := s.write(req); err != nil {
		return err
	}
	var got []byte
	for {
		if err := s.wait(); err != nil {
			return err
		}
		n, err := s.read(l.in)
		if err != nil {
			return fmt.Errorf("the server ended the handshake after %q: %w", got, err)
		}
		got = append(got, l.in[:n]...)
		if complete, err := response(got); complete || err != nil {
			return err
		}
	}
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
