package network

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// A session survives faults in any order, and loses nothing. A fault may end before both sides have
// noticed it, or begin while the client dials. Their lengths are random, and no result depends on them.
func TestManyFaults(t *testing.T) {
	const longest = 3 * time.Second
	p := newPair(t, nil)
	names := slices.Collect(maps.Keys(p.manyFaults()))
	names = append(names, names...)
	rand.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	for _, name := range names {
		lasts := rand.N(longest)
		t.Logf("%s, for %v", name, lasts.Round(time.Millisecond))
		p.manyFaults()[name]()
		time.Sleep(lasts)
		p.forward()
		p.fast()
		p.connect(p.client, clientIP, clientGateway)
		time.Sleep(rand.N(longest / 2))
	}
	p.cli.tell("finish")
	for _, side := range []*process{p.cli, p.srv} {
		e := side.await("done")
		if e.Missing != 0 {
			t.Errorf("%s missed %d of %d messages", side.name, e.Missing, e.Received)
		}
		t.Logf("%s received %d messages, and then connection %d was closed", side.name, e.Received, e.Conn)
	}
}

// manyFaults returns the faults of TestManyFaults.
func (p *pair) manyFaults() map[string]func() {
	return map[string]func(){
		"all is dropped":        func() { p.forward(drop) },
		"one way is dropped":    func() { p.forward(toClient + drop) },
		"dropped in the middle": func() { p.forward(after(1+rand.IntN(200), drop)) },
		"reset":                 func() { p.forward(reset) },
		"reset in the middle":   func() { p.forward(after(1+rand.IntN(200), reset)) },
		"loss":                  func() { p.forward(loseTenth) },
		"slow":                  func() { p.slow(500) },
		"link down":             func() { p.ip(p.client, "link set uplink down") },
		"server restarts":       func() { p.srv.kill(); p.startServer() },
		"server dies silently":  func() { p.forward(drop); p.srv.kill(); p.startServer() },
	}
}
