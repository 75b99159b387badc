//go:build unix

package bench

import (
	"testing"
	"time"

	"github.com/hawser-ws/hawser/compliance/bench/internal/stats"
)

// A round counts the messages by their median, and each message by the quantiles of its connections.
func TestDelays(t *testing.T) {
	var d delays
	ms := func(n ...time.Duration) (all []time.Duration) {
		for _, n := range n {
			all = append(all, n*time.Millisecond)
		}
		return all
	}
	// Three connections and three messages, the second of which was held up.
	d.add([][]time.Duration{ms(1, 100, 4), ms(2, 200, 5), ms(3, 300, 6)})
	d.add([][]time.Duration{ms(7), ms(8), ms(9)})
	if got, want := d.p50.String(), (stats.Samples{5, 8}).String(); got != want {
		t.Errorf("p50: got %s, want %s", got, want)
	}
	if got, want := d.p99.String(), (stats.Samples{6, 9}).String(); got != want {
		t.Errorf("p99: got %s, want %s", got, want)
	}
}
