package websocket_test

import (
	"runtime"
	"strings"
	"testing"
	"time"
)

// checkLeaks fails the test if a goroutine that the test has started is left after the test and
// all its later cleanups. Call it first, and outside a synctest bubble. Tests that call it must
// not run in parallel.
func checkLeaks(t testing.TB) {
	t.Helper()
	before := goroutines()
	t.Cleanup(func() {
		// A goroutine ends a moment after the event that it waited for.
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

// goroutines returns the stacks of all goroutines by their number. The runtime does not reuse a
// number.
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

// isOfTesting reports whether a goroutine belongs to the testing package or to the runtime, which
// may start goroutines at any time.
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
