package suite

import (
	"fmt"
	"strings"
	"time"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/wire"
)

// framingCases are group 1: text and binary messages of sizes at the boundaries of the encodings of a
// length.
func framingCases() []*Case {
	sizes := []struct{ size, chop int }{{0, 0}, {125, 0}, {126, 0}, {127, 0}, {128, 0}, {65535, 0},
		{65536, 0}, {65536, 997}}
	var cases []*Case
	for sub, kind := range []string{"text", "binary"} {
		for i, s := range sizes {
			c := &Case{
				ID:          fmt.Sprintf("1.%d.%d", sub+1, i+1),
				Description: fmt.Sprintf("A %s message of %d bytes.", kind, s.size),
				Expectation: "It comes back; then a clean close with 1000.",
				Rule:        ruleParse, Servers: true, Clients: true,
			}
			if s.chop > 0 {
				c.Description = fmt.Sprintf("A %s message of %d bytes, written %d bytes at a time.", kind,
					s.size, s.chop)
			}
			wait := time.Second
			if s.size > 1000 {
				wait = 10 * time.Second
			}
			c.start = func(p *driver) {
				op, payload, want := wire.OpText, strings.Repeat("*", s.size), asText
				if sub == 1 {
					op, payload, want = wire.OpBinary, strings.Repeat("\xfe", s.size), asBinary
				}
				p.expect(report.OK, want(payload))
				p.byUs(codeNormal)
				p.send(frame{op: op, payload: []byte(payload), chop: s.chop})
				p.killAfter(wait)
			}
			cases = append(cases, c)
		}
	}
	return cases
}
