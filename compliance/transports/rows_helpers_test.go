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

// pooled is held by a bubble of a kind that leaves things in pools.
var pooled sync.Mutex

// rows runs f for each row of a table: one after the other in bubbles, or else all at
// once, for they do little but wait.
func rows[R any](t *testing.T, k *kind, table []R, name func(R) string, f func(t testing.TB, row R)) {
	if k.memory {
		for _, row := range table {
			t.Run(name(row), func(t *testing.T) {
				if k.pools {
					pooled.Lock()
					defer pooled.Unlock()
					runtime.GC() // twice, which empties every sync.Pool
					runtime.GC()
				}
				synctest.Test(t, func(t *testing.T) {
					tb := k.expect(t, name(row))
					// What is left of an end is done while nobody waits for it. No bubble may end before.
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
