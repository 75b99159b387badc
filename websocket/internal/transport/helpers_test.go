package transport

import (
	"context"
	"net"
	"time"
)

// A setter is a net.Conn with a function for both of its deadlines.
type setter struct {
	net.Conn
	set func(time.Time) error
}

func (s *setter) SetReadDeadline(t time.Time) error  { return s.set(t) }
func (s *setter) SetWriteDeadline(t time.Time) error { return s.set(t) }

// A countingContext counts the calls of AfterFunc.
type countingContext struct {
	context.Context
	registered int
}

func (c *countingContext) AfterFunc(f func()) func() bool {
	c.registered++
	return context.AfterFunc(c.Context, f)
}

// Value returns nil, so that package context uses AfterFunc above.
func (c *countingContext) Value(any) any { return nil }
