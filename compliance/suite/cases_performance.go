package suite

import (
	"fmt"
	"strings"
	"time"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/wire"
)

// A messageType is text or binary, with the patterns that its payloads repeat.
type messageType struct {
	name         string
	op           wire.Opcode
	large, small string
}

// messageTypes are the message types in the order of the subgroups.
var messageTypes = []messageType{
	{"text", wire.OpText, "BAsd7&jh23", "*"},
	{"binary", wire.OpBinary, "\x00\xfe\x23\xfa\xf0", "\xfe"},
}

func (m messageType) binary() bool { return m.op == wire.OpBinary }

// event returns the event of receiving a message of the type.
func (m messageType) event(data []byte) event { return event{eventMessage, data, m.binary()} }

// performanceCases are group 9: large messages, many fragments, many writes and many round trips.
func performanceCases() []*Case {
	var cases []*Case
	for k, m := range messageTypes {
		for i, size := range []int{64 << 10, 256 << 10, 1 << 20, 4 << 20, 8 << 20, 16 << 20} {
			wait := 100 * time.Second
			if i < 2 || m.binary() && i < 4 {
				wait = 10 * time.Second
			}
			cases = append(cases, large(fmt.Sprintf("9.%d.%d", 1+k, i+1), m, size, wait, "in one frame",
				func(p *driver) {
					p.send(frame{op: m.op, payload: []byte(m.large), repeat: size})
				}))
		}
	}
	for k, m := range messageTypes {
		for i, size := range []int{64, 256, 1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20,
			4 << 20} {
			cases = append(cases, large(fmt.Sprintf("9.%d.%d", 3+k, i+1), m, 4<<20, 100*time.Second,
				fmt.Sprintf("in fragments of %d bytes", size), func(p *driver) {
					p.sendMessage(m.op, []byte(strings.Repeat(m.small, 4<<20)), size)
				}))
		}
	}
	for k, m := range messageTypes {
		for i, size := range []int{64, 128, 256, 512, 1024, 2048} {
			cases = append(cases, large(fmt.Sprintf("9.%d.%d", 5+k, i+1), m, 1<<20, 1000*time.Second,
				fmt.Sprintf("in one frame, written %d bytes at a time", size), func(p *driver) {
					p.send(frame{op: m.op, payload: []byte(m.large), repeat: 1 << 20, chop: size})
				}))
		}
	}
	for k, m := range messageTypes {
		for i, size := range []int{0, 16, 64, 256, 1024, 4096} {
			wait := []time.Duration{60, 60, 60, 120, 240, 480}[i] * time.Second
			cases = append(cases, roundTrips(fmt.Sprintf("9.%d.%d", 7+k, i+1), m, size, wait))
		}
	}
	return cases
}

// large returns a case with a message of size bytes, sent by send, which must come back.
func large(id string, m messageType, size int, wait time.Duration, how string, send func(*driver)) *Case {
	c := both(id, ruleForms, fmt.Sprintf("A %s message of %d bytes %s.", m.name, size, how),
		fmt.Sprintf("It comes back within %v; then a clean close with 1000.", wait), func(p *driver) {
			p.logOn = false
			p.awaits("the message", wait)
			p.byUs(codeNormal)
			p.onMessage = func(binary bool, data []byte) {
				switch {
				case binary != m.binary():
					p.setVerdict(report.Failed,
						fmt.Sprintf("Expected a %s message; got a message of the other type.", m.name))
				case len(data) != size:
					p.setVerdict(report.Failed,
						fmt.Sprintf("Expected a message of %d bytes; got one of %d bytes.", size, len(data)))
				default:
					p.setVerdict(report.OK, fmt.Sprintf("The message of %d bytes came back.", size))
				}
				p.logOn = true
				p.close(codeNormal, "")
			}
			send(p)
			p.closeAfter(wait)
		})
	c.Heavy, c.reportTime = true, true
	return c
}

// roundTrips returns a case with 1,000 messages, each sent once the previous one has come back.
func roundTrips(id string, m messageType, size int, wait time.Duration) *Case {
	const count = 1000
	f := frame{op: m.op, payload: []byte(m.small), repeat: size}
	if size == 0 {
		f.payload = nil
	}
	c := both(id, ruleForms, fmt.Sprintf("%d %s messages of %d bytes, one after the other.", count, m.name,
		size),
		fmt.Sprintf("All come back within %v; then a clean close with 1000.", wait), func(p *driver) {
			p.logMode(false)
			p.awaits(fmt.Sprintf("%d messages", count), wait)
			p.byUs(codeNormal)
			p.closeAfter(wait)
			sent := 1
			p.onMessage = func(binary bool, data []byte) {
				if same := binary == m.binary() && len(data) == size; same && sent < count {
					sent++
					p.send(f)
					return
				} else if same {
					p.setVerdict(report.OK, "All messages came back.")
				} else {
					p.setVerdict(report.Failed, fmt.Sprintf("Expected %s; got %s.",
						m.event(make([]byte, size)).words(), event{eventMessage, data, binary}.words()))
				}
				p.logMode(true)
				p.close(codeNormal, "")
			}
			p.send(f)
		})
	c.Heavy, c.reportTime = true, true
	return c
}
