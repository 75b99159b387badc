package websocket

import "bytes"

// UseGatherings calls f with the buffer of a pooled gathering of each size, as if another
// connection used it.
func UseGatherings(f func([]byte)) {
	for i := range gatherings {
		if g, ok := gatherings[i].Get().(*gathering); ok {
			f(g.b)
			g.free()
		}
	}
}

// PoisonGatherings takes gatherings out of their pools, as other connections would, and overwrites
// them.
func PoisonGatherings() {
	for i := range gatherings {
		for range 20 {
			if g, ok := gatherings[i].Get().(*gathering); ok {
				b := g.b[:cap(g.b)]
				copy(b, bytes.Repeat([]byte("!"), len(b)))
			}
		}
	}
}

// LargeGatherings puts n gatherings of the largest size into their pool.
func LargeGatherings(n int) {
	last := len(gatherings) - 1
	for range n {
		(&gathering{make([]byte, 0, minGathering<<(2*last)), &gatherings[last]}).free()
	}
}
