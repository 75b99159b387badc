package transports

import (
	"fmt"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/hawser/wire"
)

var roles = []wire.Role{wire.Client, wire.Server}

// each runs f for each kind and role.
func each(t *testing.T, f func(t *testing.T, k *kind, role wire.Role)) {
	t.Parallel()
	for _, k := range kinds {
		for _, role := range roles {
			t.Run(fmt.Sprintf("%s/%v", k.name, role), func(t *testing.T) {
				t.Parallel()
				f(t, &k, role)
			})
		}
	}
}

// pooled is locked while a bubble runs a kind that leaves timers or channels in pools.
var pooled sync.Mutex

// rows runs f for each row of a table, each in its own bubble if the kind runs in memory. Otherwise it runs
// all rows at once, since they mostly wait.
func rows[R any](t *testing.T, k *kind, table []R, name func(R) string, f func(t testing.TB, row R)) {
	if k.memory {
		for _, row := range table {
			t.Run(name(row), func(t *testing.T) {
				if k.pools {
					pooled.Lock()
					defer pooled.Unlock()
					runtime.GC() // two collections empty every sync.Pool
					runtime.GC()
				}
				synctest.Test(t, func(t *testing.T) {
					tb := k.expect(t, name(row))
					// A connection may still be ending in the background, and a bubble must not end before.
					t.Cleanup(func() { time.Sleep(hang) })
					f(tb, row)
				})
			})
		}
		return
	}
	var all sync.WaitGroup
	for _, row := range table {
		all.Go(func() { t.Run(name(row), func(t *testing.T) { f(k.expect(t, name(row)), row) }) })
	}
	all.Wait()
}
