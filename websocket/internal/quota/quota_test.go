package quota

import (
	"math"
	"sync"
	"testing"
)

// check compares what is used with want.
func check(t *testing.T, p *Pool, want int64) {
	t.Helper()
	if n := p.Used(); n != want {
		t.Errorf("%d bytes are used, want %d", n, want)
	}
}

func TestShare(t *testing.T) {
	p := &Pool{Max: 100}
	a, b := Share{Pool: p}, Share{Pool: p}
	if !a.Grow(60) || !a.Grow(50) || b.Grow(41) || !b.Grow(40) {
		t.Error("60 and 40 bytes of 100 do not fit, or 41 do")
	}
	check(t, p, 100)
	if a.Grow(61) {
		t.Error("a full pool had room")
	}
	passed := a.Pass()
	a.Resize(70) // of bytes that have already arrived
	check(t, p, 170)
	passed.Resize(0)
	a.Resize(0)
	check(t, p, 40)
	if a.Grow(61) || !a.Grow(60) {
		t.Error("the room of returned shares is wrong")
	}
}

// A share without a pool is unlimited and counts nowhere.
func TestUnbounded(t *testing.T) {
	var s Share
	s.Resize(10)
	if !s.Grow(math.MaxInt) || s.Pass() != (Share{}) {
		t.Error("a share of no pool counts")
	}
}

// A pool is never exceeded, even if several goroutines take from it at the same time.
func TestPoolRace(t *testing.T) {
	p := &Pool{Max: 3}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			s := Share{Pool: p}
			for range 1000 {
				s.Grow(1)
				if n := p.Used(); n > p.Max {
					t.Errorf("%d bytes of %d are used", n, p.Max)
				}
				s.Resize(0)
			}
		})
	}
	all.Wait()
	check(t, p, 0)
}

// A refused request takes nothing from the pool, not even for a moment.
func TestRefusedTakesNothing(t *testing.T) {
	p := &Pool{Max: 1000}
	done := make(chan bool)
	var refusing sync.WaitGroup
	refusing.Go(func() {
		for s := (Share{Pool: p}); ; {
			select {
			case <-done:
				return
			default:
				if s.Grow(5000) {
					t.Error("a share of 1000 bytes grew to 5000")
				}
			}
		}
	})
	defer refusing.Wait()
	defer close(done)
	s := Share{Pool: p}
	for range 200_000 {
		if !s.Grow(10) {
			t.Fatal("a share of 1000 bytes did not grow to 10")
		}
		s.Resize(0)
	}
}
