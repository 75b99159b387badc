//go:build unix

package bench

import (
	"time"

	"github.com/hawser-ws/hawser/compliance/bench/internal/stats"
)

// delays are quantiles of the deliveries of a message, in ms: in each round, the median of its messages.
type delays struct{ p50, p99 stats.Samples }

// add adds a round. all has the delays of each connection.
func (d *delays) add(all [][]time.Duration) {
	var p50, p99 stats.Samples
	for i := range all[0] {
		var of []time.Duration // of one message
		for _, c := range all {
			of = append(of, c[i])
		}
		p50 = append(p50, stats.Quantile(of, 0.5).Seconds()*1000)
		p99 = append(p99, stats.Quantile(of, 0.99).Seconds()*1000)
	}
	d.p50 = append(d.p50, p50.Median())
	d.p99 = append(d.p99, p99.Median())
}
