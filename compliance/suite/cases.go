package suite

import (
	"fmt"
	"slices"
	"time"

	"github.com/hawser-ws/hawser/compliance/report"
)

// The cases that the original lacks are in groups of letters: H, the opening
// handshake of servers; L, lengths and masks; X, extensions; R, resources; C, what
// clients have to refuse and to send. Each plays a [script].

// Titles name the subgroups of the groups of letters, for a report.
func Titles() map[string]string {
	return map[string]string{
		"H.1": "The request line", "H.2": "The version", "H.3": "The key", "H.4": "Upgrade and Connection",
		"H.5": "Other fields", "H.6": "How the request arrives", "H.7": "Subprotocols", "H.8": "The response",
		"H.9": "Bytes in and after the request",
		"L.1": "Lengths with their top bit set", "L.2": "Lengths in more octets than needed",
		"L.3": "Payloads that are announced and never come", "L.4": "Control frames that are too long, or wrong otherwise",
		"L.5": "Masks", "L.6": "Fragments and pieces at the boundaries", "L.7": "Messages that grow without end",
		"L.8": "Text that comes back as it was", "L.9": "A good message, then a breach",
		"X.1": "Offers that are right", "X.2": "Offers to decline", "X.3": "Offers that are malformed",
		"X.4": "Windows and contexts that are really kept", "X.5": "Reserved bits", "X.6": "Rare forms of compressed messages",
		"X.7": "Data that does not inflate", "X.8": "Bombs", "X.9": "Extensions that use the same bit",
		"R.1": "Floods", "R.2": "Sending without reading", "R.3": "Requests that stall", "R.4": "Frames that stall",
		"R.5": "Slow reading, small writes", "R.6": "Connections that are dropped", "R.7": "Connections that are half closed",
		"R.8": "How TCP ends", "R.9": "Close codes and reasons", "R.10": "Frames after the close frame",
		"R.11": "Closing handshakes that the server begins", "R.12": "Pings beside a large message",
		"C.1": "The status of the response", "C.2": "Its Upgrade and Connection", "C.3": "Its Sec-WebSocket-Accept",
		"C.4": "Its subprotocol", "C.5": "Its extensions", "C.6": "How the response arrives", "C.7": "Masked frames",
		"C.8": "What the client sends", "C.9": "A response that stalls",
		"C.10": "Redirects, 401 and 426", "C.11": "TLS", "C.12": "Bytes in and after the response",
	}
}

// A letterCase is a row of a table of cases.
type letterCase struct {
	what string // the description
	want string // the expectation
	rule report.Rule
	play func(*script)
}

// letterCases gives the rows of a table their ids, such as H.1.1. Rows are only ever
// added at the end, so that a case keeps its id.
func letterCases(sub string, rows []letterCase, kind Case) []*Case {
	var cases []*Case
	for i, r := range rows {
		c := kind
		c.ID, c.Description, c.Expectation = fmt.Sprintf("%s.%d", sub, i+1), r.what, r.want
		c.Rule, c.script = r.rule, r.play
		cases = append(cases, &c)
	}
	return cases
}

var (
	forServers = Case{Servers: true}
	forClients = Case{Clients: true}
	forBoth    = Case{Servers: true, Clients: true}
)

// http9112 and http9110 make rules of the RFCs of HTTP.
func http9112(section, level, text string) report.Rule { return httpRule("9112", section, level, text) }
func http9110(section, level, text string) report.Rule { return httpRule("9110", section, level, text) }

func httpRule(rfc, section, level, text string) report.Rule {
	return report.Rule{
		Section: "RFC " + rfc + ", section " + section, Level: level, Text: text,
		URL: "https://www.rfc-editor.org/rfc/rfc" + rfc + "#section-" + section,
	}
}

// both is a case for servers and clients.
func both(id string, r report.Rule, description, expectation string, start func(*peer)) *Case {
	return &Case{
		ID: id, Rule: r, Description: description, Expectation: expectation,
		Servers: true, Clients: true, start: start,
	}
}

// answers is a case whose frames are in order and have these answers; then we close.
func answers(id string, r report.Rule, description string, way writing, frames []frame, wait time.Duration, events ...event) *Case {
	return both(id, r, description+way.words(), "The answers come, in order; then a clean close with 1000.", func(p *peer) {
		p.expect(report.OK, events...)
		p.byUs(codeNormal)
		p.by(way, frames...)
		p.closeAfter(wait)
	})
}

// violates is a case that breaks the protocol. What was in order before may be
// answered first; a peer that does not is not strict.
func violates(id string, r report.Rule, description string, way writing, frames []frame, before ...event) *Case {
	expectation := "The peer fails the connection at once, with 1002 or by dropping TCP."
	if len(before) > 0 {
		expectation = "What came before is answered. " + expectation
	}
	return both(id, r, description+way.words(), expectation, func(p *peer) {
		p.expect(report.OK, before...)
		if len(before) > 0 {
			p.expect(report.NonStrict)
		}
		p.byPeer(codeProtocolError)
		p.by(way, frames...)
		p.killAfter(time.Second)
	})
}

// repeat is n times the frames.
func repeat(n int, frames ...frame) []frame { return slices.Repeat(frames, n) }

// ruleT and ok keep tables of cases narrow.
type ruleT = report.Rule

const ok = report.OK

// groups are all cases, in the order of the original and then of the letters.
var groups = []func() []*Case{
	framingCases, pingCases, reservedBitCases, opcodeCases, fragmentCases, textCases, closeCases, performanceCases, autoFragmentCases,
	payloadCases, parameterCases,
	handshakeCases, besideRequestCases, lengthCases, extensionCases, sameBitCases, resourceCases, closingCases, clientCases, moreClientCases,
}

// all is every case, in order. The cases are immutable.
var all = func() []*Case {
	var cases []*Case
	for _, g := range groups {
		cases = append(cases, g()...)
	}
	return cases
}()

// numbers are the places of the cases in the original's numbering, from 1.
var numbers = func() map[string]int {
	m := map[string]int{}
	for _, c := range all {
		if '0' <= c.ID[0] && c.ID[0] <= '9' {
			m[c.ID] = len(m) + 1
		}
	}
	return m
}()

func (c *Case) number() int { return numbers[c.ID] }
