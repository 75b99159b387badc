package transports

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestMain checks that no goroutine is left in package websocket. Bubbles do so by
// themselves.
func TestMain(m *testing.M) {
	code := m.Run()
	left := stacks()
	for end := time.Now().Add(hang); len(left) > 0 && time.Now().Before(end); left = stacks() {
		time.Sleep(time.Millisecond)
	}
	if len(left) > 0 {
		fmt.Printf("FAIL: %d goroutines are left:\n\n%s\n", len(left), strings.Join(left, "\n\n"))
		code = max(code, 1)
	}
	os.Exit(code)
}

// stacks returns the stacks of the goroutines that are in package websocket.
func stacks() []string {
	buf := make([]byte, 4<<20)
	buf = buf[:runtime.Stack(buf, true)]
	var in []string
	for stack := range strings.SplitSeq(string(buf), "\n\n") {
		if strings.Contains(stack, "hawser/websocket.") {
			in = append(in, stack)
		}
	}
	return in
}
