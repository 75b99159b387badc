package hook

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"
)

// Join2 and Join4 call both functions in order with the same arguments, and return the other if one
// is nil.
func TestJoin(t *testing.T) {
	var calls string
	two := func(name string) func(int, string) {
		return func(a int, b string) { calls += fmt.Sprintln(name, a, b) }
	}
	four := func(name string) func(int, string, bool, byte) {
		return func(a int, b string, c bool, d byte) { calls += fmt.Sprintln(name, a, b, c, d) }
	}
	Join2(two("f"), two("g"))(1, "x")
	Join2(two("f"), nil)(2, "x")
	Join2(nil, two("g"))(3, "x")
	Join4(four("f"), four("g"))(1, "x", true, 9)
	Join4(four("f"), nil)(2, "x", true, 9)
	Join4(nil, four("g"))(3, "x", true, 9)
	const want = "f 1 x\ng 1 x\nf 2 x\ng 3 x\n" +
		"f 1 x true 9\ng 1 x true 9\nf 2 x true 9\ng 3 x true 9\n"
	if calls != want {
		t.Errorf("got\n%swant\n%s", calls, want)
	}
	if Join2[int, int](nil, nil) != nil || Join4[int, int, int, int](nil, nil) != nil {
		t.Error("of nil and nil: got a function, want nil")
	}
}

// A Minutely allows one call a minute.
func TestMinutely(t *testing.T) {
	var m Minutely
	begun := time.Now()
	for _, row := range []struct {
		after time.Duration
		want  bool
	}{
		{0, true},
		{0, false},
		{time.Minute - 1, false},
		{time.Minute, true},
		{time.Minute, false},
		{2*time.Minute - 1, false},
		{time.Hour, true},
		{0, false}, // the clock was set back
	} {
		if got := m.Allow(begun.Add(row.after)); got != row.want {
			t.Errorf("after %v: got %v, want %v", row.after, got, row.want)
		}
	}
	var allowed atomic.Int32
	var many Minutely
	done := make(chan bool)
	for range 100 {
		go func() {
			if many.Allow(begun) {
				allowed.Add(1)
			}
			done <- true
		}()
	}
	for range 100 {
		<-done
	}
	if n := allowed.Load(); n != 1 {
		t.Errorf("%d of 100 goroutines were allowed, want one", n)
	}
}
