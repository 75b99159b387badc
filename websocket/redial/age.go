package redial

import (
	"context"
	"time"

	"github.com/hawser-ws/hawser/websocket"
)

// ageOf returns a function that returns how long c was open since the call of ageOf. The function
// may be called once. The body may go on for long after c has ended, so the time of the end must be
// noted when it happens.
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
