package fanout

import (
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/hawser/websocket"
)

// A message reaches the members, each once, and nobody else.
func TestRoomMembers(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var r Room
		var queues []*Queue
		var clients []*websocket.Conn
		for range 4 {
			q, client := queuePair(t, nil)
			queues, clients = append(queues, q), append(clients, client)
			r.Join(q)
			r.Join(q) // has no effect
		}
		r.Broadcast(prepare(t, "to all"))
		r.Leave(queues[1])
		r.Leave(queues[1]) // has no effect
		r.Broadcast(prepare(t, "to 3"))
		r.BroadcastFunc(prepare(t, "to 2"), func(q *Queue) bool { return q != queues[0] })
		r.Join(queues[1])
		r.Leave(queues[3])
		r.Broadcast(prepare(t, "to 3 others"))
		expect(t, clients[0], "to all", "to 3", "to 3 others")
		expect(t, clients[1], "to all", "to 3 others")
		expect(t, clients[2], "to all", "to 3", "to 2", "to 3 others")
		expect(t, clients[3], "to all", "to 3", "to 2")
		for i, q := range queues {
			expectDepth(t, q, 0, 0, 0)
			if got, want := slices.Contains(slices.Collect(r.Members()), q), i != 3; got != want {
				t.Errorf("Members has %d: got %t, want %t", i, got, want)
			}
		}
		if r.Len() != 3 {
			t.Errorf("got %d members, want 3", r.Len())
		}
	})
}

// If the function panics, the members before that get the message, and all get the next one.
func TestRoomPanic(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var r Room
		var clients []*websocket.Conn
		for range 3 {
			q, client := queuePair(t, nil)
			r.Join(q)
			clients = append(clients, client)
		}
		func() {
			defer func() { _ = recover() }()
			asked := 0
			r.BroadcastFunc(prepare(t, "a"), func(*Queue) bool {
				if asked++; asked == 3 {
					panic("no answer")
				}
				return true
			})
		}()
		r.Broadcast(prepare(t, "b"))
		expect(t, clients[0], "a", "b")
		expect(t, clients[1], "a", "b")
		expect(t, clients[2], "b")
	})
}

// A member leaves when its connection ends, and an ended connection does not join.
func TestRoomConnectionEnds(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var rooms [2]Room
		a, _ := queuePair(t, nil)
		b, client := queuePair(t, nil)
		for i := range rooms {
			rooms[i].Join(a)
			rooms[i].Join(b)
		}
		a.Conn().CloseNow()
		synctest.Wait()
		for i := range rooms {
			rooms[i].Join(a)
			if got := slices.Collect(rooms[i].Members()); len(got) != 1 || got[0] != b {
				t.Errorf("room %d: got members %v, want only b", i, got)
			}
			rooms[i].Broadcast(prepare(t, "x"))
		}
		expect(t, client, "x", "x")
	})
}

// A member that has left is not kept alive by its connection, nor by the room.
func TestRoomReleases(t *testing.T) {
	var r Room
	server, _ := connPair(t, websocket.ConnOptions{})
	gone := make(chan struct{})
	func() {
		q := NewQueue(server, nil)
		runtime.AddCleanup(q, func(ch chan struct{}) { close(ch) }, gone)
		r.Join(q)
		r.Leave(q)
	}()
	runtime.GC()
	select {
	case <-gone:
	case <-time.After(time.Minute):
		t.Error("the queue is still in memory")
	}
	runtime.KeepAlive(&r)
	runtime.KeepAlive(server)
}

// The members of a loop are those at the time of the call of Members, whatever its body does.
func TestRoomMembersBody(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var r Room
		var want, got []*Queue
		for range 3 {
			q, _ := queuePair(t, nil)
			r.Join(q)
			want = append(want, q)
		}
		all := r.Members()
		r.Leave(want[0])
		for q := range all {
			got = append(got, q)
			r.Leave(q)
			r.Broadcast(prepare(t, ""))
			other, _ := queuePair(t, nil)
			r.Join(other)
		}
		if !slices.Equal(got, want) || r.Len() != 3 {
			t.Errorf("got members %p and %d afterwards, want %p and 3", got, r.Len(), want)
		}
		for range all {
			break
		}
	})
}

// All members get the messages of 1,000 concurrent senders in the same order, in which those of
// each sender are in its order. One that joins meanwhile sees the end of it.
func TestRoomOrder(t *testing.T) {
	const senders, each, members = 1000, 5, 8
	bubble(t, func(t *testing.T) {
		var r Room
		var got [members + 1][]string
		var reads sync.WaitGroup
		join := func(i int) {
			q, client := queuePair(t, &Options{MaxMessages: -1})
			r.Join(q)
			reads.Go(func() {
				for m, err := range client.Messages(background) {
					if err != nil || string(m.Data) == "end" {
						return
					}
					got[i] = append(got[i], string(m.Data))
				}
			})
		}
		for i := range members {
			join(i)
		}
		var sends sync.WaitGroup
		for s := range senders {
			sends.Go(func() {
				for i := range each {
					r.Broadcast(prepare(t, fmt.Sprintf("%d %d", s, i)))
					runtime.Gosched()
				}
			})
		}
		runtime.Gosched()
		join(members)
		sends.Wait()
		r.Broadcast(prepare(t, "end"))
		reads.Wait()
		if len(got[0]) != senders*each {
			t.Fatalf("got %d messages, want %d", len(got[0]), senders*each)
		}
		for i := range got {
			late := len(got[0]) - len(got[i])
			if late < 0 || i < members && late > 0 || !slices.Equal(got[i], got[0][late:]) {
				t.Errorf("member %d has another order", i)
			}
		}
		var next [senders]int
		for _, m := range got[0] {
			var s, i int
			fmt.Sscanf(m, "%d %d", &s, &i)
			if i != next[s] {
				t.Fatalf("message %d of sender %d is out of order", i, s)
			}
			next[s]++
		}
	})
}

// Members that read nothing delay no other, and cost it nothing: 990 of 1,000 get everything, at
// the time at which it was sent.
func TestRoomStalled(t *testing.T) {
	for _, stalled := range []int{0, 10} {
		t.Run(fmt.Sprint(stalled), func(t *testing.T) {
			bubble(t, func(t *testing.T) { testStalled(t, stalled) })
		})
	}
}

func testStalled(t *testing.T, stalled int) {
	const members, messages = 1000, 20
	var r Room
	var reads sync.WaitGroup
	began := time.Now()
	for i := range members {
		q, client := queuePair(t, &Options{MaxMessages: 8, WhenFull: Policy(i % 4)})
		r.Join(q)
		if i < stalled {
			continue
		}
		reads.Go(func() {
			for n := range messages {
				_, p, err := client.Read(background)
				if want := fmt.Sprint(n); err != nil || string(p) != want {
					t.Errorf("member %d: got %q and error %v, want %s", i, p, err, want)
					return
				}
				if at := time.Since(began); at != time.Duration(n)*time.Second {
					t.Errorf("member %d: message %d came after %v", i, n, at)
				}
			}
		})
	}
	for n := range messages {
		r.Broadcast(prepare(t, fmt.Sprint(n)))
		time.Sleep(time.Second)
	}
	reads.Wait()
	// Two policies close the connection; see CloseTimeout.
	if closed := (stalled+3)/4 + (stalled+2)/4; r.Len() != members-closed {
		t.Errorf("got %d members, want %d", r.Len(), members-closed)
	}
}

// Join and Leave may be called during broadcasts.
func TestRoomConcurrent(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var r Room
		var work sync.WaitGroup
		for range 20 {
			q, client := queuePair(t, &Options{MaxMessages: 4, WhenFull: DropOldest})
			go readAll(client)
			work.Go(func() {
				for range 50 {
					r.Join(q)
					r.Broadcast(prepare(t, "x"))
					runtime.Gosched()
					r.Leave(q)
				}
				r.Join(q)
				q.Conn().CloseNow()
			})
		}
		work.Wait()
		synctest.Wait()
		if r.Len() != 0 || len(r.index) != 0 {
			t.Errorf("got %d members and %d of the index, want none", r.Len(), len(r.index))
		}
	})
}
