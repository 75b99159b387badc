package suite

import (
	"slices"
	"strings"

	"github.com/hawser-ws/hawser/compliance/report"
)

// Rules for remarks on Autobahn's verdicts.
var (
	ruleFailClose = rule("7.1.7", "SHOULD",
		"If _The WebSocket Connection is Established_ prior to the point where the endpoint is required "+
			"to _Fail the WebSocket Connection_, the endpoint SHOULD send a Close frame with an "+
			"appropriate status code (Section 7.4) before proceeding to _Close the WebSocket Connection_. "+
			"An endpoint MAY omit sending a Close frame if it believes the other side is unlikely to be "+
			"able to receive and process the Close frame, due to the nature of the error that led the "+
			"WebSocket connection to fail in the first place.")
	ruleFailStop = rule("7.1.7", "MUST",
		"An endpoint MUST NOT continue to attempt to process data (including a responding Close frame) "+
			"from the remote endpoint after being instructed to _Fail the WebSocket Connection_.")
	ruleNewest = rule("5.5.3", "MAY",
		"If an endpoint receives a Ping frame and has not yet sent Pong frame(s) in response to previous "+
			"Ping frame(s), the endpoint MAY elect to send a Pong frame for only the most recently "+
			"processed Ping frame.")
	rulePongSoon = rule("5.5.2", "SHOULD", "It SHOULD respond with Pong frame as soon as is practical.")
	ruleCodeFree = rule("7.4", "", "The interpretation of this reason by an endpoint, and the action an "+
		"endpoint should take given this reason, are left undefined by this specification.")
	ruleCodeEcho = rule("5.5.1", "",
		"When sending a Close frame in response, the endpoint typically echos the status code it received.")
)

// remark adds a remark with the rule of the RFC if Autobahn's verdict is stricter or laxer than the RFC.
func (p *driver) remark() {
	r := p.res
	failed := r.Behavior == report.Failed
	say := func(text string, rule report.Rule) { r.Aside = &report.Aside{Text: text, Rule: rule} }
	switch pings := p.expected[report.OK]; {
	case !p.wasOpen:
	case r.RemoteCloseCode >= codeServiceRestart && r.RemoteCloseCode <= codeBadGateway:
		say("Autobahn treats 1012, 1013 and 1014 as unassigned. IANA has registered them since, so a peer "+
			"may send them.", ruleCodeLater)
	case failed && onlyPongs(pings) && subset(p.received, pings):
		say("Autobahn requires an answer to every ping. The RFC lets a peer answer only the newest.",
			ruleNewest)
	case failed && samePermuted(p.received, pings):
		say("The peer sent every answer, but in another order. The RFC says only that a pong should be "+
			"sent soon.",
			rulePongSoon)
	case failed && r.RemoteCloseCode == codeTooBig:
		say("Autobahn requires messages of this size. The RFC lets a peer refuse messages beyond its limit.",
			ruleLimits)
	case failed && r.BehaviorClose == report.WrongCode && p.want.RequireClean:
		say("Autobahn requires 1000 or the code that it sent. The RFC does not say which code the answer "+
			"carries.", ruleCodeEcho)
	case failed && r.BehaviorClose == report.WrongCode && strings.HasPrefix(p.c.ID, "7.9."):
		say("The RFC says that an endpoint must not send this code. It does not say how to react to it.",
			ruleCodeFree)
	case r.Behavior == report.NonStrict && strings.HasPrefix(p.c.ID, "6.4."):
		say("The RFC does not require a peer to refuse text before its message is complete.", ruleText)
	case r.Behavior == report.NonStrict:
		say("The RFC does not require a peer to answer what it received before the breach.", ruleFailStop)
	case !p.want.RequireClean && !r.WasClean && !r.DroppedByMe && r.BehaviorClose == report.OK:
		say("The peer dropped TCP without a close frame. Autobahn accepts that. By the RFC, the peer should "+
			"send a close frame first, unless it believes that we cannot read it.", ruleFailClose)
	}
}

// onlyPongs reports whether all events are pongs, and there is at least one.
func onlyPongs(events []event) bool {
	return len(events) > 0 && !slices.ContainsFunc(events, func(e event) bool { return e.kind != eventPong })
}

// subset reports whether the received events are some of the expected ones, in order, including the last.
func subset(received, events []event) bool {
	if len(received) == 0 || !received[len(received)-1].equal(events[len(events)-1]) {
		return false
	}
	for _, e := range events {
		if len(received) > 0 && received[0].equal(e) {
			received = received[1:]
		}
	}
	return len(received) == 0
}

// samePermuted reports whether the received events are the expected ones in any order, and more than one.
func samePermuted(received, events []event) bool {
	if len(received) != len(events) || len(events) < 2 {
		return false
	}
	rest := slices.Clone(events)
	for _, e := range received {
		i := slices.IndexFunc(rest, e.equal)
		if i < 0 {
			return false
		}
		rest = slices.Delete(rest, i, i+1)
	}
	return true
}
