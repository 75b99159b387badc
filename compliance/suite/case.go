package suite

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hawser-ws/hawser/compliance/report"
)

// A Case is one test of a peer.
type Case struct {
	ID          string // such as "5.19"; that of Autobahn where it has the case
	Description string
	Expectation string
	Rule        report.Rule

	Servers, Clients bool // whom it is for
	Heavy            bool // it costs processor time rather than waiting
	Idle             bool // it waits many seconds and costs nothing: it runs beside all others
	reportTime       bool // the duration says something about the peer
	deflate          *negotiation

	// A case is written in one of two ways. start begins a script of events over
	// an open connection, which a [peer] judges by the original's rules. script is
	// a plain function over a connection whose handshake is its own.
	start  func(p *peer)
	end    func(p *peer) // after the verdict, which it may change; may be nil
	script func(s *script)
}

// Cases returns the cases whose ids match one of the patterns, without those that
// match exclude, in their order. A pattern is an id in which * stands for any run
// of characters: "1.*", "12.4.3", "*". One that matches no case is an error.
func Cases(patterns, exclude []string) ([]*Case, error) {
	var cases []*Case
	for _, p := range slices.Concat(patterns, exclude) {
		if !slices.ContainsFunc(all, func(c *Case) bool { return Match(p, c.ID) }) {
			return nil, fmt.Errorf("no case matches %q", p)
		}
	}
	for _, c := range all {
		if matchAny(patterns, c.ID) && !matchAny(exclude, c.ID) {
			cases = append(cases, c)
		}
	}
	return cases, nil
}

func matchAny(patterns []string, id string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return Match(p, id) })
}

// Match reports whether all of s is pattern, in which * is any run of characters.
func Match(pattern, s string) bool {
	head, tail, star := strings.Cut(pattern, "*")
	if !star {
		return pattern == s
	}
	if !strings.HasPrefix(s, head) {
		return false
	}
	for s = s[len(head):]; ; s = s[1:] {
		if Match(tail, s) {
			return true
		}
		if s == "" {
			return false
		}
	}
}
