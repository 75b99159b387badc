package transports

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestMain checks that no goroutine is left in package websocket. In bubbles, synctest checks that itself.
func TestMain(m *testing.M) {
	code := m.Run()
	left := stacks()
	for end := time.Now().Add(hang); len(left) > 0 && time.Now().Before(end); left = stacks() {
		time.Sleep(time.Millisecond)
	}
	if len(left) > 0 {
		fmt.Printf("FAIL: %d goroutines are left in package websocket:\n\n", len(left))
		fmt.Println(strings.Join(left, "\n\n"))
		code = max(code, 1)
	}
	os.Exit(code)
}

// stacks returns the stacks of goroutines in package websocket.
func stacks() []string {
	buf := make([]byte, 4<<20)
	buf = buf[:runtime.Stack(buf, true)]
	var in []string
	for stack := range strings.SplitSeq(string(buf), "\n\n") {
		if strings.Contains(stack, "hawser/websocket.") ||
			strings.Contains(stack, "hawser/websocket/internal/") {
			in = append(in, stack)
		}
	}
	return in
}
