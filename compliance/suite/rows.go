package suite

import (
	"slices"
	"time"

	"github.com/hawser-ws/hawser/compliance/report"
)

// A letterCase is a row of a table of cases.
type letterCase struct {
	what string // the description
	want string // the expectation
	rule report.Rule
	play func(*script)
}

var (
	forServers = Case{Servers: true}
	forClients = Case{Clients: true}
	forBoth    = Case{Servers: true, Clients: true}
)

func heavy(kind Case) Case { kind.Heavy = true; return kind }
func idle(kind Case) Case  { kind.Idle = true; return kind }

// both returns a case for servers and clients.
func both(id string, r report.Rule, description, expectation string, start func(*driver)) *Case {
	return &Case{
		ID: id, Rule: r, Description: description, Expectation: expectation,
		Servers: true, Clients: true, start: start,
	}
}

// answers returns a case that sends valid frames, expects events in answer, and then closes the
// connection.
func answers(id string, r report.Rule, description string, way writeMode, frames []frame, wait time.Duration,
	events ...event) *Case {
	return both(id, r, description+way.words(), "The answers arrive in order; then a clean close with 1000.",
		func(p *driver) {
			p.expect(report.OK, events...)
			p.byUs(codeNormal)
			p.by(way, frames...)
			p.closeAfter(wait)
		})
}

// violates returns a case that breaks the protocol. If there are valid frames before the breach, the
// peer should answer them with the events in before. The verdict is NON-STRICT if it does not.
func violates(id string, r report.Rule, description string, way writeMode, frames []frame,
	before ...event) *Case {
	expectation := "The peer fails the connection at once, with 1002 or by dropping TCP."
	if len(before) > 0 {
		expectation = "The peer answers the frames before the breach. " + expectation
	}
	return both(id, r, description+way.words(), expectation, func(p *driver) {
		p.expect(report.OK, before...)
		if len(before) > 0 {
			p.expect(report.NonStrict)
		}
		p.byPeer(codeProtocolError)
		p.by(way, frames...)
		p.killAfter(time.Second)
	})
}

// repeat returns n copies of the frames, one after the other.
func repeat(n int, frames ...frame) []frame { return slices.Repeat(frames, n) }

// ruleT and ok keep tables of cases narrow.
type ruleT = report.Rule

const ok = report.OK
