package suite

import (
	"fmt"
	"time"

	"github.com/hawser-ws/hawser/compliance/report"
)

// asExpected is what is said of a peer that did all that a case asks for.
const asExpected = "The peer responded as expected."

// beforeClose is what is said instead where the close fell short.
const beforeClose = "Everything before the close was right."

// words names an event.
func (e event) words() string {
	kind := "a text message"
	switch {
	case e.kind == eventPong:
		kind = "a pong"
	case e.kind == eventTimeout:
		kind = "a timeout"
	case e.binary:
		kind = "a binary message"
	}
	switch n := len(e.data); {
	case n == 0:
		return kind + " without payload"
	case n > 40 || e.binary:
		return fmt.Sprintf("%s of %s", kind, byteCount(n))
	}
	return fmt.Sprintf("%s with %q", kind, report.Text(e.data))
}

func byteCount(n int) string {
	if n == 1 {
		return "1 byte"
	}
	return fmt.Sprintf("%d bytes", n)
}

// mismatch says how what came differs from what was expected.
func (p *peer) mismatch(want []event) string {
	for i, e := range p.received {
		switch {
		case i < len(want) && e.equal(want[i]):
		case e.kind == eventTimeout:
			return "The peer did not refuse what had come by then, but waited for more."
		case i >= len(want):
			return fmt.Sprintf("Expected nothing%s; got %s.", map[bool]string{true: " more"}[i > 0],
				e.words())
		case want[i].kind == eventTimeout:
			return fmt.Sprintf("Expected the peer to wait for more of the text; got %s.", e.words())
		default:
			return fmt.Sprintf("Expected %s; got %s%s.", want[i].words(), e.words(), want[i].differs(e))
		}
	}
	if len(p.received) == len(want) {
		return asExpected
	}
	next := want[len(p.received)]
	if next.kind == eventTimeout {
		return fmt.Sprintf("Expected the peer to wait for more of the text; %s.", p.ending())
	}
	return fmt.Sprintf("Expected %s; %s.", next.words(), p.ending())
}

// differs says where an event of the same size and kind differs.
func (e event) differs(o event) string {
	if e.kind != o.kind || e.binary != o.binary || len(e.data) != len(o.data) || e.words() != o.words() {
		return ""
	}
	at := 0
	for at < len(e.data) && e.data[at] == o.data[at] {
		at++
	}
	return fmt.Sprintf(" that differs from byte %d on", at)
}

// ending says how the connection ended before something came.
func (p *peer) ending() string {
	r := p.res
	took := "at once"
	if d := r.Duration.Round(time.Millisecond); d > 0 {
		took = fmt.Sprintf("after %v", d)
	}
	switch {
	case p.broke != "":
		return fmt.Sprintf("the peer broke the protocol %s: %s", took, p.broke)
	case r.ClosedByMe && r.WasClean:
		return "nothing more came before the suite closed the connection"
	case r.ClosedByMe:
		return "nothing more came before the suite gave up"
	case r.WasClean:
		return fmt.Sprintf("the peer closed the connection%s %s", closeWords(r), took)
	case r.DroppedByMe:
		return fmt.Sprintf("the suite ended the connection %s: %s", took, r.WasNotCleanReason)
	}
	return fmt.Sprintf("the peer dropped TCP %s", took)
}

// closeWords says what the close frame of the peer carried.
func closeWords(r *report.Result) string {
	if r.RemoteCloseCode == 0 && !r.RemoteCloseZero {
		return " without a code"
	}
	if r.RemoteCloseReason == "" {
		return fmt.Sprintf(" with %d", r.RemoteCloseCode)
	}
	return fmt.Sprintf(" with %d %q", r.RemoteCloseCode, r.RemoteCloseReason)
}

// wrongSide says who closed the connection and should not have.
func (p *peer) wrongSide() string {
	r := p.res
	switch {
	case !p.want.ClosedByMe:
		return "The peer should have failed the connection; the suite had to close it."
	case r.WasClean:
		return fmt.Sprintf("The suite should have closed the connection; the peer did%s.", closeWords(r))
	}
	return "The suite should have closed the connection; the peer dropped TCP before."
}

// unclean says why the closing handshake was not completed.
func (p *peer) unclean() string {
	switch r := p.res; {
	case r.WasCloseHandshakeTimeout:
		return fmt.Sprintf("The peer did not answer the close frame within %v.", p.o.CloseTimeout)
	case p.broke != "":
		return fmt.Sprintf("The closing handshake was not completed: the peer broke the protocol (%s).",
			p.broke)
	case r.DroppedByMe:
		return fmt.Sprintf("The closing handshake was not completed: %s.", r.WasNotCleanReason)
	}
	return "The peer dropped TCP without answering the close frame."
}

// wrongCode names the code of a close frame and those that would fit.
func wrongCode(r *report.Result, want []int) string {
	return fmt.Sprintf("The close frame carries %d; it should carry %s, or no code.", r.RemoteCloseCode,
		codes(want))
}
