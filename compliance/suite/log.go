package suite

import (
	"strconv"
	"strings"

	"github.com/hawser-ws/hawser/compliance/report"
)

// Limits of what is kept of one connection.
const (
	maxLog   = 2_000  // lines of the wire log
	maxSeen  = 2_000  // received events
	maxPongs = 10_000 // pongs that we send
)

// appendLog adds a line to the wire log, which ends after maxLog lines.
func appendLog(r *report.Result, e report.LogEntry) {
	switch n := len(r.Wirelog); {
	case n < maxLog:
		r.Wirelog = append(r.Wirelog, e)
	case n == maxLog:
		r.Wirelog = append(r.Wirelog, report.LogEntry{Kind: report.WirelogMode})
	}
}

// codes lists status codes for a sentence.
func codes(list []int) string {
	var words []string
	for _, c := range list {
		words = append(words, strconv.Itoa(c))
	}
	return strings.Join(words, " or ")
}
