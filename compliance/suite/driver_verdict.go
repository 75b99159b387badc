package suite

import (
	"fmt"
	"maps"
	"slices"

	"github.com/hawser-ws/hawser/compliance/report"
)

// finishWhenDone closes the connection if all expected events were received.
func (p *driver) finishWhenDone() {
	for _, events := range p.expected {
		if !slices.EqualFunc(p.received, events, event.equal) {
			return
		}
	}
	if p.want.ClosedByMe && !p.closeOnly {
		p.close(p.want.CloseCode[0], "")
	}
}

// judge sets the verdicts.
func (p *driver) judge() {
	if want, ok := p.expected[report.OK]; !p.wasOpen {
		p.res.Result = "There was no WebSocket connection."
	} else if ok {
		p.res.Result = p.mismatch(want)
	} else if p.res.Result == "" {
		p.res.Result = fmt.Sprintf("Expected %s; %s.", p.awaited, p.ending())
	}
	// If the events match two verdicts, the better one counts.
	for _, v := range []report.Verdict{report.OK, report.NonStrict} {
		if e, ok := p.expected[v]; ok && slices.EqualFunc(p.received, e, event.equal) {
			p.res.Behavior = v
			break
		}
	}
	p.judgeClose()
	if p.c.end != nil {
		p.c.end(p)
	}
	if p.res.Result == asExpected && !p.res.Passed() {
		p.res.Result = beforeClose
	}
	p.remark()
	if !p.res.Passed() && p.wasOpen {
		p.res.Offense = p.offense()
	}
	p.fill()
}

// judgeClose sets the verdict on the close. If several verdicts apply, the first one counts.
func (p *driver) judgeClose() {
	r := p.res
	wrongSide := p.want.ClosedByMe != r.ClosedByMe
	switch {
	case !p.wasOpen:
		r.BehaviorClose, r.ResultClose = report.Failed, "The opening handshake was not completed."
		return
	case wrongSide:
		r.BehaviorClose, r.ResultClose = report.Failed, p.wrongSide()
	case p.want.RequireClean && !r.WasClean:
		r.BehaviorClose, r.ResultClose = report.Unclean, p.unclean()
	case (r.RemoteCloseCode != 0 || r.RemoteCloseZero) &&
		!slices.Contains(p.want.CloseCode, r.RemoteCloseCode):
		r.BehaviorClose, r.ResultClose = report.WrongCode, wrongCode(r, p.want.CloseCode)
	case !p.server && r.DroppedByMe:
		r.BehaviorClose, r.ResultClose = report.FailedByClient,
			"The server did not drop TCP after the closing handshake."
	default:
		r.BehaviorClose, r.ResultClose = report.OK, closedProperly
	}
	if p.fatal && wrongSide {
		r.Behavior = report.Failed
		if r.Result == asExpected {
			r.Result = "The peer did not refuse the text."
		}
	}
}

// fill adds the expected and the received events to the result.
func (p *driver) fill() {
	r := p.res
	r.Expected = map[report.Verdict][]report.Event{}
	for v, events := range maps.All(p.expected) {
		r.Expected[v] = shown(events)
	}
	r.Received = shown(p.received)
	if p.wasOpen {
		want := p.want
		want.WrongEndpointIsFatal = p.fatal
		r.ExpectedClose = &want
	}
	r.CreateWirelog = p.logOn
}
