package suite

import (
	"encoding/hex"
	"fmt"
	"time"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/wire"
)

func (s *script) log(e report.LogEntry) {
	if !s.quiet {
		appendLog(s.res, e)
	}
}

// hush switches the wire log off, for scripts that send a lot.
func (s *script) hush() {
	s.log(report.LogEntry{Kind: report.WirelogMode})
	s.quiet = true
}

func (s *script) logTx(b []byte) {
	s.res.TxOctetStats[len(b)]++
	s.log(report.LogEntry{Kind: report.TxBytes, Size: len(b), Text: report.Hex(b)})
}

func (s *script) logRx(b []byte) {
	s.res.RxOctetStats[len(b)]++
	s.log(report.LogEntry{Kind: report.RxBytes, Size: len(b), Text: report.Hex(b)})
}

func (s *script) logFrame(f frame) {
	s.res.TxFrameStats[int(f.op)]++
	if f.op == wire.OpPing {
		s.pinged[string(f.payload)] = true
	}
	s.log(report.LogEntry{
		Kind: report.TxFrame, Size: len(f.payload), Text: report.Text(f.payload), Opcode: int(f.op),
		Fin: !f.more, RSV: f.rsv, Chop: f.chop,
	})
}

func (s *script) logRxFrame(h wire.Header, payload []byte) {
	s.res.RxFrameStats[int(h.Opcode)]++
	mask := ""
	if h.Masked {
		mask = hex.EncodeToString(h.Key[:])
	}
	s.log(report.LogEntry{
		Kind: report.RxFrame, Size: int(h.Length), Text: report.Text(payload), Opcode: int(h.Opcode),
		Fin: h.Fin, RSV: int(h.RSV), Masked: h.Masked, Mask: mask,
	})
}

// pause waits for d, and logs that it does.
func (s *script) pause(d time.Duration) {
	s.release()
	s.log(report.LogEntry{Kind: report.Delay, Seconds: d.Seconds()})
	select {
	case <-time.After(d):
	case <-s.ctx.Done():
	}
	s.log(report.LogEntry{Kind: report.DelayOver})
}

// words describes what was received.
func (g got) words() string {
	switch g.kind {
	case gotMessage:
		return "a message of " + byteCount(len(g.data))
	case gotPong:
		return "a pong"
	case gotClose:
		if g.code == 0 {
			return "a close frame without a code"
		}
		return fmt.Sprintf("a close frame with %d %q", g.code, report.Text(g.data))
	case gotEOF:
		return "the end of TCP"
	case gotRequest:
		return fmt.Sprintf("another HTTP request on the same connection, %q", report.Text(g.data))
	case gotAfterClose:
		return "bytes after the close frame"
	}
	return "nothing"
}
