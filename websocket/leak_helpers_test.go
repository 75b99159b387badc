package websocket

import (
	"runtime"
	"strings"
	"testing"
	"time"
)

// checkLeaks fails the test if, once it is over and all its later cleanups have
// run, a goroutine is left that the test has started. Call it first, and outside
// a synctest bubble. Tests that call it must not run in parallel.
func checkLeaks(t testing.TB) {
	t.Helper()
	before := goroutines()
	t.Cleanup(func() {
		// Goroutines end a moment after what they waited for.
		var left []string
		for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
			left = left[:0]
			for id, stack := range goroutines() {
				if _, old := before[id]; !old && !isOfTesting(stack) {
					left = append(left, stack)
				}
			}
			if len(left) == 0 {
				return
			}
			if time.Now().After(deadline) {
				break
			}
		}
		t.Errorf("%d goroutines are left:\n\n%s", len(left), strings.Join(left, "\n\n"))
	})
}

// goroutines returns the stacks of all goroutines by their number, which no other
// goroutine gets later.
func goroutines() map[string]string {
	buf := make([]byte, 64<<10)
	for {
		n := runtime.Stack(buf, true)
		if n < len(buf) {
			buf = buf[:n]
			break
		}
		buf = make([]byte, 2*len(buf))
	}
	all := make(map[string]string)
	for stack := range strings.SplitSeq(string(buf), "\n\n") {
		id, _, _ := strings.Cut(strings.TrimPrefix(stack, "goroutine "), " ")
		all[id] = stack
	}
	return all
}

// isOfTesting reports whether a goroutine is the testing package's or the
// runtime's, which come and go as they like.
func isOfTesting(stack string) bool {
	for _, f := range []string{
		"testing.(*T).Run(",
		"testing.runFuzzing(",
		"testing.(*M).startAlarm",
		"os/signal.loop",
		"runtime.ensureSigM",
		"runtime.ReadTrace",
	} {
		if strings.Contains(stack, f) {
			return true
		}
	}
	return false
}
