package suite

import (
	"fmt"
	"time"

	"github.com/hawser-ws/hawser/compliance/report"
)

// expect declares the events that lead to a verdict.
func (p *driver) expect(v report.Verdict, events ...event) { p.expected[v] = events }

// byUs declares that we close the connection cleanly, and that the peer answers with one of the codes.
// finishWhenDone sends the first one.
func (p *driver) byUs(codes ...int) {
	p.want = report.ExpectedClose{ClosedByMe: true, CloseCode: codes, RequireClean: true}
}

// byUsOrDrop is like byUs, but the peer may drop TCP instead of answering.
func (p *driver) byUsOrDrop(codes ...int) {
	p.want = report.ExpectedClose{ClosedByMe: true, CloseCode: codes}
}

// byPeer declares that the peer fails the connection, with one of the codes or by dropping TCP.
func (p *driver) byPeer(codes ...int) {
	p.want = report.ExpectedClose{CloseCode: codes}
}

// awaits declares what has to be received within wait. The verdict is FAILED until onMessage sets another.
func (p *driver) awaits(what string, wait time.Duration) {
	p.setVerdict(report.Failed, "")
	p.awaited = fmt.Sprintf("%s within %v", what, wait)
}

// record adds an event to those received.
func (p *driver) record(e event) {
	if len(p.received) < maxSeen {
		p.received = append(p.received, e)
	}
}

// later calls f after d, unless the connection ends first.
func (p *driver) later(d time.Duration, tag string, f func()) {
	p.log(report.LogEntry{Kind: report.Delay, Seconds: d.Seconds(), Tag: tag}, true)
	p.after(d, func() {
		p.log(report.LogEntry{Kind: report.DelayOver, Tag: tag}, true)
		f()
	})
}

// killAfter fails the connection after d. If the machine was late, a peer that has not closed the
// connection has up to three times d in addition, because a client cannot be asked to repeat the case.
func (p *driver) killAfter(d time.Duration) {
	p.log(report.LogEntry{Kind: report.KillAfter, Seconds: d.Seconds()}, true)
	p.patient(d, 3, func() {
		p.log(report.LogEntry{Kind: report.Kill}, true)
		p.res.Waited = true
		p.fail(codeGoingAway, "Going Away")
	})
}

// patient calls f after d. If the machine was late meanwhile, it first waits for d again, up to more
// times.
func (p *driver) patient(d time.Duration, more int, f func()) {
	begun := time.Now()
	p.after(d, func() {
		if more > 0 && p.state == open && p.o.lateness.late(begun) {
			p.patient(d, more-1, f)
			return
		}
		f()
	})
}

// closeAfter begins the closing handshake after d, with an empty close frame.
func (p *driver) closeAfter(d time.Duration) {
	p.log(report.LogEntry{Kind: report.CloseAfter, Seconds: d.Seconds()}, true)
	p.after(d, func() {
		p.log(report.LogEntry{Kind: report.CloseNow}, true)
		p.res.Waited = p.res.Waited || p.state == open
		p.close(0, "")
	})
}

// setVerdict sets the verdict and its sentence. Expected events that match override the verdict.
func (p *driver) setVerdict(v report.Verdict, words string) {
	p.res.Behavior, p.res.Result = v, words
}

// aside adds a remark to the verdict, unless there is one already.
func (p *driver) aside(text string, r report.Rule) {
	if p.res.Aside == nil {
		p.res.Aside = &report.Aside{Text: text, Rule: r}
	}
}
