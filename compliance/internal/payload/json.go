package payload

import (
	"fmt"
	"strings"
)

const jsonSize = 194_056

// JSON returns 194,056 bytes of indented JSON, all ASCII: an object of harbors, each with the
// readings of its gauges.
func JSON() []byte {
	d := dice(1)
	var b strings.Builder
	b.WriteString("{\n   \"harbours\": {")
	for harbour := 1; b.Len() < jsonSize-12_000; harbour++ {
		if harbour > 1 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "\n      \"harbour %d\": {", harbour)
		for gauge := range 48 {
			if gauge > 0 {
				b.WriteByte(',')
			}
			state := "steady"
			if d.below(24) == 0 {
				state = "rising"
			}
			fmt.Fprintf(&b, jsonReading, harbour, gauge+1, state, d.below(40)*d.below(40), harbour, gauge+1)
		}
		b.WriteString("\n      }")
	}
	return filled(b.String()+"\n   },\n   \"remark\": \"", "no reading is missing. ", "\"\n}\n", jsonSize)
}

const jsonReading = `
         "%d.%d": {
            "water": "%s",
            "weather": "fair",
            "depth": %d,
            "interval": 1000,
            "chart": "harbour_chart_%d_gauge_%d.json"
         }`
