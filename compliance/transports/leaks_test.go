package transports

import (
	"runtime"
	"strings"
	"testing"
	"time"
)

// wantNoneLeft checks that no goroutine is left in package websocket. Bubbles do so by
// themselves.
func wantNoneLeft(t *testing.T) {
	t.Helper()
	var left []string
	for end := time.Now().Add(hang); ; time.Sleep(time.Millisecond) {
		buf := make([]byte, 4<<20)
		buf = buf[:runtime.Stack(buf, true)]
		left = left[:0]
		for stack := range strings.SplitSeq(string(buf), "\n\n") {
			if strings.Contains(stack, "hawser/websocket.") {
				left = append(left, stack)
			}
		}
		if len(left) == 0 {
			return
		}
		if time.Now().After(end) {
			t.Errorf("%d goroutines are left:\n\n%s", len(left), strings.Join(left, "\n\n"))
			return
		}
	}
}
