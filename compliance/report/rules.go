package report

import (
	"slices"
	"strings"
)

// A ruleView shows a sentence of an RFC.
type ruleView struct {
	*Rule
	Broken bool
	About  string // heading: what the rule has to do with the case
}

// A span is a part of a sentence. The RFCs mark terms _like this_.
type span struct {
	Text string
	Term bool
}

// Spans returns the parts of the sentence.
func (v ruleView) Spans() []span {
	parts := strings.Split(v.Text, "_")
	if len(parts)%2 == 0 { // an underscore that does not mark a term
		return []span{{v.Text, false}}
	}
	var out []span
	for i, p := range parts {
		if p != "" {
			out = append(out, span{p, i%2 == 1})
		}
	}
	return out
}

// rulesOf returns the rules that the verdicts are based on, and then the rule that the case
// tests. It returns each rule once.
func rulesOf(r *Result) []ruleView {
	var rules []ruleView
	add := func(rule *Rule, broken bool, about string) {
		if rule != nil && !slices.ContainsFunc(rules, func(v ruleView) bool { return v.Text == rule.Text }) {
			rules = append(rules, ruleView{rule, broken, about})
		}
	}
	broken := r.Behavior == Failed || r.Behavior == NonStrict
	if broken {
		add(r.VerdictRule(), true, "Broken rule")
	} else {
		add(r.Broken, false, "Basis of the verdict")
	}
	if !r.BehaviorClose.Passed() && r.Behavior != Unimplemented {
		add(closeRule(r), true, "Rule broken on closing")
	}
	add(r.Rule, false, "Tested rule")
	return rules
}

// closeRule returns the rule that a close violates, or nil if the result does not show which.
func closeRule(r *Result) *Rule {
	if r.WasOpenHandshakeTimeout || r.ExpectedClose == nil {
		return nil
	}
	switch r.BehaviorClose {
	case Unclean:
		if r.WasServerConnectionDropTimeout {
			return &serverDrops
		}
		return &answerClose
	case WrongCode:
		if !r.ExpectedClose.ClosedByMe {
			return &failWithClose
		}
		return &echoCode
	case FailedByClient:
		return &serverDrops
	case Failed:
		switch {
		case !r.ExpectedClose.ClosedByMe && r.ClosedByMe && r.Rule != nil:
			return r.Rule // the peer did not refuse the violation
		case !r.ExpectedClose.ClosedByMe && r.ClosedByMe:
			return &failWithClose
		case r.ExpectedClose.ClosedByMe && !r.ClosedByMe && !r.WasClean:
			return &startClose
		case r.ExpectedClose.ClosedByMe && !r.ClosedByMe && r.IsServer:
			return &closeAtWill // the rule applies only to clients
		}
	}
	return nil
}

const rfc6455 = "https://www.rfc-editor.org/rfc/rfc6455#section-"

var (
	answerClose = Rule{"RFC 6455, section 5.5.1", rfc6455 + "5.5.1", "MUST",
		"If an endpoint receives a Close frame and did not previously send a Close frame, " +
			"the endpoint MUST send a Close frame in response."}
	echoCode = Rule{"RFC 6455, section 5.5.1", rfc6455 + "5.5.1", "",
		"When sending a Close frame in response, the endpoint typically echos the status code it received."}
	serverDrops = Rule{"RFC 6455, section 5.5.1", rfc6455 + "5.5.1", "MUST",
		"The server MUST close the underlying TCP connection immediately; the client SHOULD wait for the " +
			"server to close the connection but MAY close the connection at any time after sending and " +
			"receiving a Close message, e.g., if it has not received a TCP Close from the server in a " +
			"reasonable time period."}
	failWithClose = Rule{"RFC 6455, section 7.1.7", rfc6455 + "7.1.7", "SHOULD",
		"If _The WebSocket Connection is Established_ prior to the point where the endpoint is required to " +
			"_Fail the WebSocket Connection_, the endpoint SHOULD send a Close frame with an appropriate " +
			"status code (Section 7.4) before proceeding to _Close the WebSocket Connection_."}
	startClose = Rule{"RFC 6455, section 7.1.2", rfc6455 + "7.1.2", "MUST",
		"To _Start the WebSocket Closing Handshake_ with a status code (Section 7.4) /code/ and an " +
			"optional close reason (Section 7.1.6) /reason/, an endpoint MUST send a Close control " +
			"frame, as described in Section 5.5.1, whose status code is set to /code/ and whose close " +
			"reason is set to /reason/."}
	closeAtWill = Rule{"RFC 6455, section 7.3", rfc6455 + "7.3", "SHOULD",
		"Clients SHOULD NOT close the WebSocket connection arbitrarily."}
)

// VerdictRule returns the rule that the peer violated. It returns nil if the case passed or the
// rule is unknown.
func (r *Result) VerdictRule() *Rule {
	switch {
	case r.Behavior == Failed || r.Behavior == NonStrict:
		if r.Broken != nil {
			return r.Broken
		}
		return r.Rule
	case r.BehaviorClose.Passed() || r.Behavior == Unimplemented:
		return nil
	}
	if rule := closeRule(r); rule != nil {
		return rule
	}
	return r.Rule
}
