package load

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// An engine waits for the sockets of all peers.
type engine struct{ epoll int }

func newEngine() (engine, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	return engine{fd}, err
}

func (e engine) close() { unix.Close(e.epoll) }

// watch adds the socket of the i-th peer.
func (e engine) watch(s socket, i int) error {
	ev := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(i)}
	return unix.EpollCtl(e.epoll, unix.EPOLL_CTL_ADD, int(s), &ev)
}

// watchWrites sets whether to wait until the socket of the i-th peer is writable.
func (e engine) watchWrites(s socket, i int, on bool) error {
	ev := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(i)}
	if on {
		ev.Events |= unix.EPOLLOUT
	}
	return unix.EpollCtl(e.epoll, unix.EPOLL_CTL_MOD, int(s), &ev)
}

// Run keeps all connections busy for a time, and then waits for the batches that are under way. If d is 0, each
// connection exchanges one batch.
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
		n, err := unix.EpollWait(l.epoll, events, int(l.patience.Milliseconds()))
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err == nil && n == 0 {
			err = fmt.Errorf("no echo on %d of %d connections for %v", busy, len(l.peers), l.patience)
		}
		if err != nil {
			return nil, err
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
			if !now.Before(end) {
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
