package fanout

import (
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/hawser/websocket"
)

// A Room has a goroutine for each write that waits, and none besides. Jobs that come later are done
// all the same.
func TestCrew(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var r Room
		var clients []*websocket.Conn
		join := func(n int) {
			for range n {
				q, client := queuePair(t, nil)
				r.Join(q)
				clients = append(clients, client)
			}
		}
		for waiting := 1; waiting <= 5; waiting++ {
			join(1)
			r.Broadcast(prepare(t, "a"))
			synctest.Wait()
			if n := writers(); n != waiting {
				t.Fatalf("got %d goroutines for %d writes that wait", n, waiting)
			}
		}
		join(3)
		r.Broadcast(prepare(t, "b"))
		synctest.Wait()
		if n := writers(); n != 8 {
			t.Errorf("got %d goroutines for 8 writes that wait", n)
		}
		for i, c := range slices.Backward(clients) { // the last have not waited for the first
			expect(t, c, slices.Repeat([]string{"a"}, max(5-i, 0))...)
			expect(t, c, "b")
		}
		synctest.Wait()
		if n := writers(); n != 0 || r.crew.jobs != nil || r.crew.spare {
			t.Errorf("an idle room has %d goroutines and the crew %+v", n, &r.crew)
		}
	})
}

// Jobs are done while others are added.
func TestCrewBusy(t *testing.T) {
	bubble(t, func(t *testing.T) {
		const rounds, members = 50, 20
		var r Room
		got := make(chan []string)
		for range members {
			q, client := queuePair(t, &Options{MaxMessages: 2 * rounds})
			r.Join(q)
			go func() {
				var s []string
				for range 2 * rounds {
					_, p, err := client.Read(background)
					if err != nil {
						break
					}
					s = append(s, string(p))
				}
				got <- s
			}()
		}
		var senders sync.WaitGroup
		defer senders.Wait()
		for _, name := range []string{"x", "y"} {
			senders.Go(func() {
				for range rounds {
					r.Broadcast(prepare(t, name))
					time.Sleep(time.Millisecond)
				}
			})
		}
		want := <-got
		for range members - 1 {
			if s := <-got; len(s) != 2*rounds || !slices.Equal(s, want) {
				t.Fatalf("got %q and %q, want the same %d messages", s, want, 2*rounds)
			}
		}
	})
}

// There is one spare goroutine, however many jobs there are.
func TestCrewSpare(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var c crew
		var clients []*websocket.Conn
		for range 3 {
			q, client := queuePair(t, nil)
			clients = append(clients, client)
			q.writing = true // as after enqueue
			c.jobs = append(c.jobs, job{q, prepare(t, "a")})
		}
		c.mu.Lock()
		for range 3 {
			c.keepSpare()
		}
		if n := writers(); n != 1 {
			t.Errorf("got %d goroutines, want a spare one", n)
		}
		c.mu.Unlock()
		for _, client := range clients {
			expect(t, client, "a")
		}
	})
}

// Jobs are taken in order, and do not stay in memory. A goroutine that is not the spare one leaves
// the spare one alone.
func TestCrewTake(t *testing.T) {
	var queues [3]Queue
	c := crew{spare: true} // not in fact, so that no goroutine takes a job
	jobs := []job{{q: &queues[0]}, {q: &queues[1]}}
	c.add(jobs)
	for i := range queues {
		if j, ok := c.take(false); !ok || j.q != &queues[i] || !c.spare {
			t.Errorf("take %d: got %v, %t, and spare is %t", i, j, ok, c.spare)
		}
		if i == 0 {
			c.add([]job{{q: &queues[2]}})
		}
	}
	if j, ok := c.take(false); ok || jobs[0] != (job{}) {
		t.Errorf("got %v, %t without jobs; the first one was overwritten by %v", j, ok, jobs[0])
	}
	c.take(true)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.keepSpare(); c.spare {
		t.Error("got a spare goroutine without jobs")
	}
}

// A goroutine that has done a job does others.
func TestCrewGoesOn(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var c crew
		var clients []*websocket.Conn
		var jobs []job
		for range 3 {
			q, client := queuePair(t, nil)
			clients = append(clients, client)
			q.writing = true // as after enqueue
			jobs = append(jobs, job{q, prepare(t, "a")})
		}
		c.add(jobs[:1:1])
		synctest.Wait()
		c.spare = true // not in fact, so that only the first goroutine can go on
		c.add(jobs[1:])
		for _, client := range clients {
			expect(t, client, "a")
		}
		synctest.Wait()
		if !c.spare {
			t.Error("the first goroutine took a job as the spare one")
		}
	})
}
