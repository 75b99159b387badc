package suite

import "github.com/hawser-ws/hawser/compliance/report"

// log adds a line to the wire log if the log is on, or if always is set, as for timers.
func (p *driver) log(e report.LogEntry, always bool) {
	if p.logOn || always {
		appendLog(p.res, e)
	}
}

// logMode switches the wire log on or off. Cases with many messages switch it off until the close.
func (p *driver) logMode(on bool) {
	if p.logOn != on {
		p.logOn = on
		p.log(report.LogEntry{Kind: report.WirelogMode, On: on}, true)
	}
}

func (p *driver) logTx(b []byte, sync bool) {
	p.res.TxOctetStats[len(b)]++
	if p.logOn {
		p.log(report.LogEntry{Kind: report.TxBytes, Size: len(b), Text: report.Hex(b), Sync: sync}, false)
	}
}

func (p *driver) logRx(b []byte) {
	p.res.RxOctetStats[len(b)]++
	if p.logOn {
		p.log(report.LogEntry{Kind: report.RxBytes, Size: len(b), Text: report.Hex(b)}, false)
	}
}

// shown converts events for a report.
func shown(events []event) []report.Event {
	out := []report.Event{}
	for _, e := range events {
		switch e.kind {
		case eventMessage:
			out = append(out, report.Message(e.data, e.binary))
		case eventPong:
			out = append(out, report.Pong(e.data))
		default:
			out = append(out, report.Timeout(string(e.data)))
		}
	}
	return out
}
