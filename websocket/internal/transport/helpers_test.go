package transport

import "context"

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
