//go:build !linux

package load

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"
)

// An engine has a goroutine for each peer.
type engine struct{}

func newEngine() (engine, error) { return engine{}, nil }

func (engine) close() {}

func (engine) watch(socket, int) error { return nil }

func (engine) watchWrites(socket, int, bool) error { return nil }

// A socket is a TCP connection. Unlike that of Linux, it blocks.
type socket struct{ nc net.Conn }

func dial(addr netip.AddrPort, _ netip.Addr) (socket, error) {
	nc, err := net.DialTimeout("tcp", addr.String(), patience)
	return socket{nc}, err
}

// write writes small messages before it returns, and large ones while their echoes are read.
func (s socket) write(p []byte) (n int, err error) {
	_ = s.nc.SetWriteDeadline(time.Now().Add(patience))
	if len(p) <= 8<<10 {
		return s.nc.Write(p)
	}
	go s.nc.Write(p) // if it fails, the echo is not complete
	return len(p), nil
}

func (s socket) read(p []byte) (n int, err error) {
	_ = s.nc.SetReadDeadline(time.Now().Add(patience))
	n, err = s.nc.Read(p)
	if n > 0 && errors.Is(err, io.EOF) {
		err = nil
	}
	return n, err
}

func (socket) wait() error { return nil }

func (s socket) close() { s.nc.Close() }

// Run keeps all connections busy for a time, and then waits for the batches that are under way. If d is 0, each
// connection exchanges one batch.
func (l *Load) Run(d time.Duration) (*Result, error) {
	var wg sync.WaitGroup
	end := time.Now().Add(d)
	results, errs := make([]Result, len(l.peers)), make([]error, len(l.peers))
	for i, p := range l.peers {
		wg.Go(func() { errs[i] = exchange(p, end, &results[i]) })
	}
	wg.Wait()
	all := &Result{}
	for i := range results {
		all.Messages += results[i].Messages
		all.Times.Merge(&results[i].Times)
	}
	return all, errors.Join(errs...)
}

// exchange keeps a peer busy.
func exchange(p peer, end time.Time, r *Result) error {
	in := make([]byte, 16<<10)
	for {
		began := time.Now()
		if err := p.start(); err != nil {
			return err
		}
		for messages := 0; messages == 0; {
			var err error
			if messages, err = p.ready(in); err != nil {
				return err
			}
			r.Messages += messages
		}
		now := time.Now()
		r.Times.Add(now.Sub(began))
		if !now.Before(end) {
			return nil
		}
	}
}
