package wstest

import (
	"fmt"

	"github.com/hawser-ws/hawser/wire"
)

// maxShown is how many bytes of a payload a report shows.
const maxShown = 60

// quote returns the beginning of b for a report.
func quote(b []byte) string {
	if len(b) > maxShown {
		return fmt.Sprintf("%q... (%d bytes)", b[:maxShown], len(b))
	}
	return fmt.Sprintf("%q", b)
}

// describe returns a frame for a report. Most unexpected frames are close frames, so their code is
// decoded.
func describe(h wire.Header, payload []byte) string {
	op := h.Opcode.String()
	if h.Opcode == wire.OpClose {
		if code, reason, err := wire.ConsumeClose(payload); err == nil {
			op, payload = fmt.Sprintf("%v %v", h.Opcode, code), reason
		}
	}
	return fmt.Sprintf("%s fin=%v rsv=%03b %s", op, h.Fin, h.RSV, quote(payload))
}

// difference returns where two payloads differ, if they are too long to be shown in full.
func difference(got []byte, want string) string {
	if max(len(got), len(want)) <= maxShown || string(got) == want {
		return ""
	}
	n := 0
	for n < min(len(got), len(want)) && got[n] == want[n] {
		n++
	}
	return fmt.Sprintf("; the payloads differ at byte %d: %.20q and %.20q", n, got[n:], want[n:])
}

// fatalNext reports the error of a Next, with the part of a frame that has arrived.
func (p *Peer) fatalNext(err error, want string) {
	p.tb.Helper()
	after := ""
	if len(p.got) > 0 {
		after = " after " + quote(p.got)
	}
	p.fatalf("peer: got error %v%s, want %s", err, after, want)
}
