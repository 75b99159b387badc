package suite

import (
	"fmt"
	"time"

	"github.com/hawser-ws/hawser/compliance/report"
)

// compressedSizes has a row for each case of a subgroup of groups 12 and 13: the size of the messages, in
// characters for text and else in bytes; the time limit of the case; and the bytes per fragment, or 0 for
// one frame.
var compressedSizes = []struct {
	size     int
	wait     time.Duration
	fragment int
}{
	{16, 60 * time.Second, 0},
	{64, 60 * time.Second, 0},
	{256, 120 * time.Second, 0},
	{1 << 10, 240 * time.Second, 0},
	{4 << 10, 480 * time.Second, 0},
	{8 << 10, 480 * time.Second, 0},
	{16 << 10, 480 * time.Second, 0},
	{32 << 10, 480 * time.Second, 0},
	{64 << 10, 480 * time.Second, 0},
	{128 << 10, 480 * time.Second, 0},
	{8 << 10, 480 * time.Second, 256},
	{16 << 10, 480 * time.Second, 256},
	{32 << 10, 480 * time.Second, 256},
	{64 << 10, 480 * time.Second, 256},
	{128 << 10, 480 * time.Second, 256},
	{128 << 10, 480 * time.Second, 1 << 10},
	{128 << 10, 480 * time.Second, 4 << 10},
	{128 << 10, 480 * time.Second, 32 << 10},
}

// rule7692 returns a rule of RFC 7692. The text is a quote.
func rule7692(section, text string) report.Rule {
	return report.Rule{
		Section: "RFC 7692, section " + section, Level: "MUST", Text: text,
		URL: "https://www.rfc-editor.org/rfc/rfc7692#section-" + section,
	}
}

var (
	ruleCompressed = rule7692("6.1", "An endpoint MUST use the following algorithm to send a message in "+
		"the form of a compressed message.")
	ruleEmptyWindow = rule7692("7.2.1", "If the \"agreed parameters\" contain the "+
		"\"server_no_context_takeover\" extension parameter, the server MUST start compressing each new "+
		"message with an empty LZ77 sliding window.")
	ruleWindow = rule7692("7.2.1", "If the \"agreed parameters\" contain the \"server_max_window_bits\" "+
		"extension parameter with a value of w, the server MUST NOT use an LZ77 sliding window longer "+
		"than the w-th power of 2 bytes to compress messages to send.")
)

// payloadCases are group 12: five kinds of data, with the plain offer.
func payloadCases() []*Case {
	var cases []*Case
	d := &negotiation{Offers: []deflateParams{offer(false, 0)}, Wants: []deflateParams{want(false, 0)}}
	for i, b := range bodies {
		cases = append(cases, compressedCases(12, i+1, b, d, ruleCompressed, "the plain offer")...)
	}
	return cases
}

// parameterCases are group 13: the JSON of group 12 with sets of parameters.
func parameterCases() []*Case {
	sets := []struct {
		rule  report.Rule
		words string
		asked []asked
	}{
		{ruleCompressed, "the plain offer", []asked{{false, 0}}},
		{ruleEmptyWindow, "no context takeover", []asked{{true, 0}}},
		{ruleWindow, "a window of 9 bits", []asked{{false, 9}}},
		{ruleWindow, "a window of 15 bits", []asked{{false, 15}}},
		{ruleWindow, "no context takeover and a window of 9 bits", []asked{{true, 9}}},
		{ruleWindow, "no context takeover and a window of 15 bits", []asked{{true, 15}}},
		{ruleWindow,
			"three offers: no context takeover and a window of 9 bits, no context takeover, or neither",
			[]asked{{true, 9}, {true, 0}, {false, 0}}},
	}
	var cases []*Case
	for i, s := range sets {
		d := &negotiation{}
		for _, a := range s.asked {
			d.Offers = append(d.Offers, offer(a.noContext, a.bits))
			d.Wants = append(d.Wants, want(a.noContext, a.bits))
		}
		cases = append(cases, compressedCases(13, i+1, bodies[0], d, s.rule, s.words)...)
	}
	return cases
}

// asked has the parameters that we request for the messages that we receive.
type asked struct {
	noContext bool
	bits      int
}

// offer returns our offer as a client. It requests parameters of the server, and lets the server
// request the same of us.
func offer(noContext bool, bits int) deflateParams {
	return deflateParams{ClientNoContext: true, ClientBits: -1, ServerNoContext: noContext, ServerBits: bits}
}

// want returns our answer as a server, with parameters for the messages of the client.
func want(noContext bool, bits int) deflateParams {
	return deflateParams{ClientNoContext: noContext, ClientBits: bits}
}

// compressedCases returns a subgroup, with a case for each size.
func compressedCases(group, sub int, b *body, d *negotiation, r report.Rule, parameters string) []*Case {
	var cases []*Case
	for i, s := range compressedSizes {
		what, unit := "binary", "bytes"
		if !b.binary {
			what, unit = "text", "characters"
		}
		how := ""
		if s.fragment > 0 {
			how = fmt.Sprintf(" in fragments of %d bytes", s.fragment)
		}
		c := both(fmt.Sprintf("%d.%d.%d", group, sub, i+1), r,
			fmt.Sprintf("%d compressed %s messages of %d %s of %s%s, one after the other, with %s.",
				fullMessages, what, s.size, unit, b.name, how, parameters),
			fmt.Sprintf("All come back as they were sent, within %v; then a clean close with 1000.", s.wait),
			nil)
		c.start = func(p *driver) {
			e := &echo{p: p, body: b, size: s.size, fragment: s.fragment}
			e.start(s.wait)
		}
		c.end = judgeEcho
		c.Heavy, c.reportTime, c.deflate = true, true, d
		cases = append(cases, c)
	}
	return cases
}
