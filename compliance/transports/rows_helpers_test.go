package transports

import (
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/hawser/websocket"
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

// Every call that waits returns when its context or its limit ends, and says so.
func TestCallsEnd(t *testing.T) {
	each(t, func(t *testing.T, k *kind, role wire.Role) {
		rows(t, k, slices.Concat(calls, canceled()), func(m call) string { return m.name }, func(t testing.TB, m call) {
			if m.limits == (websocket.Limits{}) {
				m.limits = unlimited
			}
			p := open(t, k, m.limits)
			c, peer := p.ends(role)
			f := m.make(t, p, c, peer)
			begun := time.Now()
			ctx, cancel := m.context()
			defer cancel()
			err, ok := finish(p, func() error { return f(ctx) })
			if !ok {
				t.Errorf("hang: has not returned after %v", hang)
				return
			}
			wantNotLate(t, k, begun, m.early)
			t.Logf("%v", err)
			if !m.early {
				judge(t, k, &m, err)
			}
			afterwards(t, k, &m, p, role, err)
		})
	})
}
