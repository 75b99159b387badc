//go:build unix

package bench

import "time"

// delays are quantiles of the deliveries of a message, in ms: in each round, the median of its messages.
type delays struct{ p50, p99 samples }

// add adds a round. all has the delays of each connection.
func (d *delays) add(all [][]time.Duration) {
	var p50, p99 samples
	for i := range all[0] {
		var of []time.Duration // of one message
		for _, c := range all {
			of = append(of, c[i])
		}
		p50 = append(p50, quantile(of, 0.5).Seconds()*1000)
		p99 = append(p99, quantile(of, 0.99).Seconds()*1000)
	}
	d.p50 = append(d.p50, p50.median())
	d.p99 = append(d.p99, p99.median())
}
