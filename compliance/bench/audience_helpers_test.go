//go:build unix

package bench

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// An audience is a set of connections that receive the messages of a room.
type audience []*client

// join opens n connections with d and adds them.
func (a *audience) join(d *net.Dialer, addr string, n int) error {
	for range n {
		c, err := dialWith(d, addr)
		if err != nil {
			return err
		}
		*a = append(*a, c)
	}
	return nil
}

func (a audience) close() {
	for _, c := range a {
		c.nc.Close()
	}
}

// A sender makes a room send n messages with ids from first.
type sender func(first uint64, n int)

// receive has n messages with ids from first sent, in bursts: a burst begins when every connection has received
// the one before. It checks that each connection receives all messages in order, and returns how long each was
// under way, connection by connection.
func (a audience) receive(first uint64, n, burst int, send sender) ([][]time.Duration, error) {
	arrivals := make([]sync.WaitGroup, n) // of each message
	for i := range arrivals {
		arrivals[i].Add(len(a))
	}
	var wg sync.WaitGroup
	delays, errs := make([][]time.Duration, len(a)), make([]error, len(a))
	for i, c := range a {
		delays[i] = make([]time.Duration, n)
		wg.Go(func() { errs[i] = c.follow(first, delays[i], arrivals) })
	}
	for i := 0; i < n; i += burst {
		send(first+uint64(i), burst)
		arrivals[i+burst-1].Wait()
	}
	wg.Wait()
	return delays, errors.Join(errs...)
}

// follow receives messages with ids from first. It sets how long each was under way, and marks its arrival. If
// it fails, it marks all that are left.
func (c *client) follow(first uint64, delays []time.Duration, arrivals []sync.WaitGroup) (err error) {
	_ = c.nc.SetReadDeadline(time.Now().Add(patience))
	for i := range delays {
		if err == nil {
			delays[i], err = c.expect(first + uint64(i))
		}
		arrivals[i].Done()
	}
	return err
}

// expect receives the message with that id, and returns how long it was under way.
func (c *client) expect(want uint64) (time.Duration, error) {
	p, _, err := c.receive()
	if err != nil {
		return 0, err
	}
	id, age := parse(p)
	if id != want {
		return 0, fmt.Errorf("received message %d, want %d", id, want)
	}
	return age, nil
}
