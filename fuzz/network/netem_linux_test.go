package network

import (
	"testing"
	"time"
)

// impaired is the impairment of the tests. Packets overtake each other.
var impaired = impairment{
	Delay: 20 * time.Millisecond, Jitter: 5 * time.Millisecond, Loss: 2, Duplicate: 2, Corrupt: 2,
}

// kinds are the kinds of connections that are tested over impaired links.
var kinds = map[string]func(p *pair){
	"plain":      func(p *pair) {},
	"compressed": (*pair).compress,
	"TLS":        (*pair).useTLS,
}

// A connection survives impaired links, and its messages arrive unchanged and in order.
func TestNetem(t *testing.T) {
	t.Parallel()
	for name, kind := range kinds {
		t.Run(name, func(t *testing.T) {
			newPair(t, func(p *pair) {
				p.patient()
				kind(p)
				if !p.netem(impaired) {
					t.Skip("the kernel has no netem; TestHop does the same without")
				}
			}).survives()
		})
	}
}

// As TestNetem, with our own hop.
func TestHop(t *testing.T) {
	t.Parallel()
	for name, kind := range kinds {
		t.Run(name, func(t *testing.T) {
			var hop *process
			newPair(t, func(p *pair) {
				p.patient()
				kind(p)
				hop = p.hop(impaired)
			}).survives()
			hop.tell("count")
			packets := hop.await("count").Packets
			for _, what := range []string{"passed", "lost", "duplicated", "corrupted"} {
				if packets[what] == 0 {
					t.Errorf("hop has %s no packets", what)
				}
			}
			t.Logf("hop: %v", packets)
		})
	}
}
