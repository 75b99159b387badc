package suite

import (
	"fmt"
	"strings"
	"time"
)

// pingCases are group 2: pings and pongs.
func pingCases() []*Case {
	bin, full := "\x00\xff\xfe\xfd\xfc\xfb\x00\xff", strings.Repeat("\xfe", 125)
	const asked, unasked = "ping payload", "unsolicited pong payload"
	var ten []frame
	var tenPongs []event
	for i := range 10 {
		s := fmt.Sprintf("payload-%d", i)
		ten, tenPongs = append(ten, ping(s)), append(tenPongs, asPong(s))
	}
	pings := func(id, description string, way writeMode, wait time.Duration, payload string) *Case {
		return answers(id, rulePong, description, way, []frame{ping(payload)}, wait, asPong(payload))
	}
	return []*Case{
		pings("2.1", "A ping without payload.", together, time.Second, ""),
		pings("2.2", "A ping with text as its payload.", together, time.Second, "Hello, world!"),
		pings("2.3", "A ping with binary payload, which is not UTF-8.", together, time.Second, bin),
		pings("2.4", "A ping of 125 bytes, the maximum.", together, time.Second, full),
		violates("2.5", ruleControl, "A ping of 126 bytes.", together, []frame{ping(full + "\xfe")}),
		pings("2.6", "A ping of 125 bytes.", byteByByte, 2*time.Second, full),
		closes("2.7", ruleUnasked, "An unsolicited pong without payload; then a close.",
			pongFrame("")),
		closes("2.8", ruleUnasked, "An unsolicited pong with payload; then a close.",
			pongFrame(unasked)),
		answers("2.9", rulePong, "An unsolicited pong, then a ping.", together,
			[]frame{pongFrame(unasked), ping(asked)}, time.Second, asPong(asked)),
		answers("2.10", rulePong,
			"Ten pings, each with its own payload. A peer should answer all, but need not.", together,
			ten, 3*time.Second, tenPongs...),
		answers("2.11", rulePong,
			"Ten pings, each with its own payload. A peer should answer all, but need not.",
			byteByByte, ten, 3*time.Second, tenPongs...),
	}
}

// closes returns a case that sends a frame that needs no answer, and then closes.
func closes(id string, r ruleT, description string, f frame) *Case {
	return both(id, r, description, "No answer; then a clean close with 1000.", func(p *driver) {
		p.expect(ok)
		p.byUs(codeNormal)
		p.send(f)
		p.close(codeNormal, "")
		p.closeAfter(time.Second)
	})
}

const hello = "Hello, world!"

// reservedBitCases are group 3: reserved bits without an extension.
func reservedBitCases() []*Case {
	c := func(id, description string, way writeMode, frames ...frame) *Case {
		return violates(id, ruleReserved, description, way, frames)
	}
	after := func(id, description string, way writeMode, frames ...frame) *Case {
		return violates(id, ruleReserved, description, way, frames, asText(hello))
	}
	h := textFrame(hello)
	return []*Case{
		c("3.1", "A text message with the reserved bits 1.", together, h.withRSV(1)),
		after("3.2", "A text message, one with the reserved bits 2, a ping.", together, h, h.withRSV(2),
			ping("")),
		after("3.3", "A text message, one with the reserved bits 3, a ping.", frameByFrame, h, h.withRSV(3),
			ping("")),
		after("3.4", "A text message, one with the reserved bits 4, a ping.", byteByByte, h, h.withRSV(4),
			ping("")),
		c("3.5", "A binary message with the reserved bits 5.", together,
			opFrame(2, "\x00\xff\xfe\xfd\xfc\xfb\x00\xff").withRSV(5)),
		c("3.6", "A binary message with the reserved bits 6.", together, opFrame(2, hello).withRSV(6)),
		c("3.7", "A close frame with the reserved bits 7.", together, opFrame(8, "").withRSV(7)),
	}
}

// opcodeCases are group 4: reserved opcodes.
func opcodeCases() []*Case {
	var cases []*Case
	for sub, first := range []int{3, 11} {
		for i := range 5 {
			op := first + i
			id := fmt.Sprintf("4.%d.%d", sub+1, i+1)
			payload := ""
			if i == 1 {
				payload = "reserved opcode payload"
			}
			if i >= 3 {
				payload = hello
			}
			way := together
			if i == 4 {
				way = byteByByte
			}
			bad := opFrame(op, payload)
			if i < 2 {
				cases = append(cases, violates(id, ruleOpcode,
					fmt.Sprintf("A frame of opcode %d, which is reserved.", op), way, []frame{bad}))
				continue
			}
			cases = append(cases, violates(id, ruleOpcode,
				fmt.Sprintf("A text message, a frame of opcode %d, which is reserved, and a ping.", op), way,
				[]frame{textFrame(hello), bad, ping("")}, asText(hello)))
		}
	}
	return cases
}
