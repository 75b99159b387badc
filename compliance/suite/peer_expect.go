package suite

import (
	"fmt"
	"time"

	"github.com/hawser-ws/hawser/compliance/report"
)

// expect says that these events are what earns the verdict.
func (p *peer) expect(v report.Verdict, events ...event) { p.expected[v] = events }

// byUs says that we are to close, cleanly, with one of the codes from the peer; the
// first is the one that finishWhenDone sends.
func (p *peer) byUs(codes ...int) {
	p.want = report.ExpectedClose{ClosedByMe: true, CloseCode: codes, RequireClean: true}
}

// byUsOrDrop is byUs where the peer may drop TCP instead.
func (p *peer) byUsOrDrop(codes ...int) {
	p.want = report.ExpectedClose{ClosedByMe: true, CloseCode: codes}
}

// byPeer says that the peer is to fail the connection, with one of the codes or by
// dropping TCP.
func (p *peer) byPeer(codes ...int) {
	p.want = report.ExpectedClose{CloseCode: codes}
}

// awaits says what earns a verdict other than FAILED, which onMessage gives.
func (p *peer) awaits(what string, wait time.Duration) {
	p.setVerdict(report.Failed, "")
	p.awaited = fmt.Sprintf("%s within %v", what, wait)
}

// record records an event that the script itself makes.
func (p *peer) record(e event) {
	if len(p.received) < maxSeen {
		p.received = append(p.received, e)
	}
}

// later goes on with f after a while, if the connection is still there.
func (p *peer) later(d time.Duration, tag string, f func()) {
	p.log(report.LogEntry{Kind: report.Delay, Seconds: d.Seconds(), Tag: tag}, true)
	p.after(d, func() {
		p.log(report.LogEntry{Kind: report.DelayOver, Tag: tag}, true)
		f()
	})
}

// killAfter fails the connection after a while. A peer that has not closed has as long
// again while the machine is late: a client cannot be asked to repeat the case.
func (p *peer) killAfter(d time.Duration) {
	p.log(report.LogEntry{Kind: report.KillAfter, Seconds: d.Seconds()}, true)
	p.patient(d, 3, func() {
		p.log(report.LogEntry{Kind: report.Kill}, true)
		p.res.Waited = true
		p.fail(codeGoingAway, "Going Away")
	})
}

// patient calls f after a while, or later, up to so many times as long, while the
// machine is late.
func (p *peer) patient(d time.Duration, more int, f func()) {
	begun := time.Now()
	p.after(d, func() {
		if more > 0 && p.state == open && p.o.lateness.late(begun) {
			p.patient(d, more-1, f)
			return
		}
		f()
	})
}

// closeAfter begins the closing handshake after a while, with an empty close frame.
func (p *peer) closeAfter(d time.Duration) {
	p.log(report.LogEntry{Kind: report.CloseAfter, Seconds: d.Seconds()}, true)
	p.after(d, func() {
		p.log(report.LogEntry{Kind: report.CloseNow}, true)
		p.res.Waited = p.res.Waited || p.state == open
		p.close(0, "")
	})
}

// setVerdict sets the verdict in words, which stands unless expected events match.
func (p *peer) setVerdict(v report.Verdict, words string) {
	p.res.Behavior, p.res.Result = v, words
}

// aside adds a remark to the verdict, unless there is one.
func (p *peer) aside(text string, r report.Rule) {
	if p.res.Aside == nil {
		p.res.Aside = &report.Aside{Text: text, Rule: r}
	}
}
