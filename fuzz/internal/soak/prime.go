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

// prime makes the runtime keep now what it will keep anyway. It never frees the
// descriptor of a goroutine, some 450 bytes on the heap, nor shrinks the tables that
// it has for the pages of the heap, some 2 % of them: both are as large as the most
// that there ever was at once. So there is once more of both than conns connections
// need, and a busy moment of the soak is no growth.
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

// takePages takes n pages of the heap, all at once, and leaves them to the garbage
// collector.
func takePages(n int) {
	pages := make([][]byte, n)
	for i := range pages {
		pages[i] = make([]byte, pageSize)
	}
	runtime.KeepAlive(pages)
}
