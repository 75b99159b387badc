package suite

import (
	"fmt"
	"time"

	"github.com/hawser-ws/hawser/compliance/report"
)

// asExpected is the sentence for a peer that passed.
const asExpected = "The peer responded as expected."

// closedProperly is the sentence for a close that passed.
const closedProperly = "The connection was closed properly."

// beforeClose is the sentence for a peer that passed, except for the close.
const beforeClose = "The peer did everything right until the close."

// words describes an event.
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

// mismatch says how the received events differ from the expected ones.
func (p *driver) mismatch(want []event) string {
	for i, e := range p.received {
		switch {
		case i < len(want) && e.equal(want[i]):
		case e.kind == eventTimeout:
			return "The peer did not refuse the text received so far, but waited for more."
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

// differs says from which byte on two events of the same kind and size differ.
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

// ending says how the connection ended before the expected event.
func (p *driver) ending() string {
	r := p.res
	when := "at once"
	if d := r.Duration.Round(time.Millisecond); d > 0 {
		when = fmt.Sprintf("after %v", d)
	}
	switch {
	case p.broke != "":
		return fmt.Sprintf("the peer broke the protocol %s: %s", when, p.broke)
	case r.ClosedByMe && r.WasClean:
		return "got nothing more before the suite closed the connection"
	case r.ClosedByMe:
		return "got nothing more before the suite gave up"
	case r.WasClean:
		return fmt.Sprintf("the peer closed the connection%s %s", closeWords(r), when)
	case r.DroppedByMe:
		return fmt.Sprintf("the suite ended the connection %s: %s", when, r.WasNotCleanReason)
	}
	return fmt.Sprintf("the peer dropped TCP %s", when)
}

// closeWords describes the code and the reason of the peer's close frame.
func closeWords(r *report.Result) string {
	if r.RemoteCloseCode == 0 && !r.RemoteCloseZero {
		return " without a code"
	}
	if r.RemoteCloseReason == "" {
		return fmt.Sprintf(" with %d", r.RemoteCloseCode)
	}
	return fmt.Sprintf(" with %d %q", r.RemoteCloseCode, r.RemoteCloseReason)
}

// wrongSide says which side closed the connection, although the other should have.
func (p *driver) wrongSide() string {
	r := p.res
	switch {
	case !p.want.ClosedByMe:
		return "The peer should have failed the connection, but the suite had to close it."
	case r.WasClean:
		return fmt.Sprintf("The suite should have closed the connection, but the peer did%s.", closeWords(r))
	}
	return "The suite should have closed the connection, but the peer dropped TCP first."
}

// unclean says why the closing handshake was not completed.
func (p *driver) unclean() string {
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

// wrongCode says which code the close frame carries and which ones are right.
func wrongCode(r *report.Result, want []int) string {
	return fmt.Sprintf("The close frame carries %d; it should carry %s, or no code.", r.RemoteCloseCode,
		codes(want))
}
