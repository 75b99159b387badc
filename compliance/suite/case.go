package suite

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hawser-ws/hawser/compliance/report"
)

// A Case is one test of a server or a client. [Cases] returns them.
type Case struct {
	ID          string // such as "5.19"; Autobahn's id if it has the case
	Description string
	Expectation string
	Rule        report.Rule

	Servers, Clients bool         // the sides that the case tests
	Heavy            bool         // the case mostly uses processor time; other cases mostly wait
	Idle             bool         // the case only waits, for many seconds, so it runs alongside all others
	reportTime       bool         // the report shows the duration
	deflate          *negotiation // of permessage-deflate in a numbered case, if any

	// A numbered case has start, which declares the events that are expected on an open connection and
	// sends frames. A [driver] then handles events and sets the verdicts by Autobahn's rules. A letter
	// case has script, a function that sends and waits, beginning with the opening handshake.
	start  func(p *driver)
	end    func(p *driver) // if set, called once the verdict is set, and may change it
	script func(s *script)
}

// Cases returns the cases whose ids match one of the patterns and none of exclude, in the order of the
// suite. A pattern is an id in which * matches any characters: "1.*", "12.4.3", "*". A pattern that
// matches no case is an error.
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

// Match reports whether pattern matches all of s. In a pattern, * matches any characters, including none.
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
