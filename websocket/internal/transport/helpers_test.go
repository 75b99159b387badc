package transport

import (
	"context"
	"errors"
)

var errNotReading = errors.New("not reading")

// testErrors are Errors as package websocket has them.
var testErrors = &Errors{
	Context: func(ctx context.Context) error {
		if err := ctx.Err(); err != nil {
			return Interrupt{err}
		}
		return nil
	},
	NotReading: errNotReading,
}

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
