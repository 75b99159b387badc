package redial

import (
	"context"
	"time"

	"github.com/hawser-ws/hawser/websocket"
)

// ageOf returns a function that returns how long c has been open since the call of ageOf. It may be
// called once. The body may run long after c has ended, so the time of the end is noted when it
// happens.
func ageOf(c *websocket.Conn) func() time.Duration {
	began := time.Now()
	end := make(chan time.Time, 1)
	stop := context.AfterFunc(c.Context(), func() { end <- time.Now() })
	return func() time.Duration {
		if stop() {
			return time.Since(began)
		}
		return (<-end).Sub(began)
	}
}
