package soak

import (
	"runtime"
	"sync"
)

const (
	primeGoroutines = 3         // for each connection
	primeHeap       = 128 << 10 // bytes for each connection
	pageSize        = 8 << 10   // of Go's heap
)

// prime makes the runtime allocate memory that it never frees: descriptors of goroutines, some 450 bytes
// each on the heap, and tables for the pages of the heap, some 2 % of their size. Neither ever shrinks.
// After prime, both are larger than conns connections need, so that a busy moment of the soak does not look
// like growth.
func prime(conns int) {
	var wg sync.WaitGroup
	end := make(chan struct{})
	for range primeGoroutines * conns {
		wg.Go(func() { <-end })
	}
	takePages(primeHeap / pageSize * conns)
	close(end)
	wg.Wait()
}

// takePages allocates n pages of the heap at once, then leaves them to the garbage collector.
func takePages(n int) {
	pages := make([][]byte, n)
	for i := range pages {
		pages[i] = make([]byte, pageSize)
	}
	runtime.KeepAlive(pages)
}
