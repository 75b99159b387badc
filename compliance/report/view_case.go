package report

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// shownEvents is the largest number of events that a page lists.
const shownEvents = 200

// A casePage is the data for case.tmpl.
type casePage struct {
	head
	Agent, ID, File     string
	Group, Sub          string // titles
	Anchor              string
	Look, Close         look
	Passed              bool
	QuickCase           bool
	Facts               []factView
	Description         []string
	Expectation         []string
	Rules               []ruleView
	Offense             *offenseView
	Aside               *asideView
	Summary             string // sentence that lists the received messages, pings and pongs
	Result, ResultClose string
	Worst               look
	Waited              string // tag; "" if the verdict does not depend on a timeout
	Late                bool
	Known               bool // known to fall short
	Reason              string
	Varies              string
	Earlier             []runView
	Command             string
	Expected            []eventsView
	Observed            eventsView
	CloseExpected       string
	Request, Response   []headerLine
	Flags               []flagView
	Traffic             []trafficView
	Stats               []statView
	HasStats, HasLog    bool
	Log                 []logView
	LogCut              int  // number of entries omitted from the middle of the log
	Light               bool // omit the log and the traffic to save space
	Shown               int  // largest number of bytes shown of a payload
	Dropped             string
	Others              []otherView
	Previous, Next      *linkView
	PrevShort           *linkView // the previous case that fell short
	NextShort           *linkView
}

// A runView shows an earlier run of the case.
type runView struct {
	N                   int
	Look, Close         look
	Result, ResultClose string
}

type asideView struct {
	Text string
	Rule *ruleView // nil if the page already quotes it
}

type factView struct{ Name, Value, Stamp string }

type linkView struct{ Link, ID string }

type otherView struct {
	Agent, Link string
	Look        look
}

type eventsView struct {
	Look   look
	Events []eventView
	More   int
}

type eventView struct {
	Kind, Data string
	Hex        bool
	Differs    bool // the first event that differs from the expected ones
}

type headerLine struct{ Name, Rest string }

type trafficView struct {
	Label, Received, Sent string
}

// casePage returns the page of s.results[i].
func (s *site) casePage(i int) *casePage {
	r := s.results[i]
	group, sub := groupOf(r.ID)
	p := &casePage{
		head: s.head(), Agent: r.Agent, ID: r.ID, File: s.file(r),
		Group: s.titles[group], Sub: s.titles[sub], Anchor: anchor(r.ID),
		Look: lookOf(r.Behavior), Close: lookOf(r.BehaviorClose),
		Passed: r.Passed(), QuickCase: r.Quick, Facts: facts(r),
		Description: paragraphs(r.Description), Expectation: paragraphs(r.Expectation),
		Rules: rulesOf(r), Offense: newOffense(r.Offense),
		Worst: r.worst(), Waited: r.waited(), Late: r.Late, Varies: r.Varies(),
		Command: s.opts.repeat(r.IsServer, r.ID),
		Result:  r.Result, ResultClose: r.ResultClose, CloseExpected: closeExpected(r.ExpectedClose),
		Request: headerLines(r.HTTPRequest), Response: headerLines(r.HTTPResponse),
		Flags: flags(r), Traffic: traffic(r.Traffic),
		HasStats: r.CreateStats, HasLog: r.CreateWirelog,
		Shown:   Shown,
		Dropped: "TCP dropped by the peer",
	}
	p.Expected, p.Observed = outcome(r)
	if len(r.Expected) > 0 {
		p.Summary = r.received()
	}
	if p.Known = s.outcome(r) == KnownShort; p.Known {
		p.Reason = s.opts.Policy.Known[r.ID].Reason
	}
	if a := r.Aside; a != nil {
		p.Aside = &asideView{Text: a.Text}
		if !slices.ContainsFunc(p.Rules, func(v ruleView) bool { return *v.Rule == a.Rule }) {
			p.Aside.Rule = &ruleView{Rule: &a.Rule}
		}
	}
	for i, e := range r.Earlier {
		p.Earlier = append(p.Earlier, runView{i + 1, lookOf(e.Behavior), lookOf(e.BehaviorClose), e.Result,
			e.ResultClose})
	}
	if r.CreateStats {
		p.Stats = stats(r)
	}
	from, to := logHead, logTail
	if s.opts.Single {
		from, to = singleHead, singleTail
	}
	p.Log, p.LogCut = logViews(r.Wirelog, from, to)
	if r.DroppedByMe {
		p.Dropped = "TCP dropped by the suite"
	}
	s.addLinks(p, i)
	return p
}

// addLinks adds links to the agent's previous and next cases, to the previous and next that fell
// short, and to the other agents' results of this case.
func (s *site) addLinks(p *casePage, i int) {
	r := s.results[i]
	next := func(step int, wanted func(*Result) bool) *linkView {
		for j := i + step; j >= 0 && j < len(s.results) && s.results[j].Agent == r.Agent; j += step {
			if o := s.results[j]; wanted(o) && s.link(o) != "" {
				return &linkView{s.link(o), o.ID}
			}
		}
		return nil
	}
	anyCase := func(*Result) bool { return true }
	p.Previous, p.Next = next(-1, anyCase), next(1, anyCase)
	p.PrevShort, p.NextShort = next(-1, s.short), next(1, s.short)
	for _, agent := range s.agents {
		if o := s.byRef[ref{agent, r.ID}]; o != nil && agent != r.Agent && s.link(o) != "" {
			p.Others = append(p.Others, otherView{agent, s.link(o), lookOf(o.Behavior)})
		}
	}
}

func facts(r *Result) []factView {
	f := []factView{{Name: "Verdicts", Value: string(r.Behavior) + ", close " + string(r.BehaviorClose)},
		{Name: "Duration", Value: took(r.Duration)}}
	if !r.Started.IsZero() {
		t := r.Started.UTC()
		f = append(f, factView{"Started", t.Format("2006-01-02 15:04:05.000 UTC"),
			t.Format(time.RFC3339Nano)})
	}
	f = append(f, factView{Name: "Peer's status code", Value: codeText(r.RemoteCloseCode, r.RemoteCloseZero)})
	role := "server"
	if r.IsServer {
		role = "client"
	}
	f = append(f, factView{Name: "Role of the peer", Value: role})
	if r.Case > 0 {
		f = append(f, factView{Name: "Number in Autobahn", Value: strconv.Itoa(r.Case)})
	}
	return f
}

func codeText(code int, zero bool) string {
	if code == 0 && !zero {
		return "none"
	}
	return strconv.Itoa(code)
}

// outcome returns the events expected for each verdict and the observed events. If the case fell
// short with other events, it marks the first that differs from those of the best verdict.
func outcome(r *Result) (expected []eventsView, observed eventsView) {
	for _, v := range slices.SortedFunc(maps.Keys(r.Expected), func(a, b Verdict) int {
		return cmp.Or(rank(a)-rank(b), strings.Compare(string(a), string(b)))
	}) {
		expected = append(expected, newEvents(lookOf(v), r.Expected[v], -1))
	}
	differs := -1
	if failed := !r.Behavior.Passed() && r.Behavior != Unimplemented; failed && len(expected) > 0 &&
		!r.asExpected() {
		best := r.Expected[expected[0].Look.Verdict]
		for differs = 0; differs < min(len(best), len(r.Received)); differs++ {
			if best[differs] != r.Received[differs] {
				break
			}
		}
	}
	observed = newEvents(lookOf(r.Behavior), r.Received, differs)
	return expected, observed
}

func newEvents(l look, events []Event, differs int) eventsView {
	v := eventsView{Look: l, More: max(0, len(events)-shownEvents)}
	for i, e := range events[:len(events)-v.More] {
		data, isHex := payloadText(e.Data)
		v.Events = append(v.Events, eventView{eventKind(e), data, isHex, i == differs})
	}
	return v
}

// eventKind returns the kind of an event, or the type of a message.
func eventKind(e Event) string {
	switch {
	case e.Kind != "message":
		return e.Kind
	case e.Binary:
		return "binary"
	}
	return "text"
}

// payloadText formats a payload. It separates the bytes of hexadecimal with spaces.
func payloadText(text string) (shown string, isHex bool) {
	h, ok := strings.CutPrefix(text, "0x")
	if body := strings.TrimSuffix(h, more); !ok || len(body) == 0 || len(body)%2 != 0 ||
		strings.Trim(body, "0123456789abcdef") != "" {
		return text, false
	}
	return pairs(h), true
}

// pairs inserts a space after every two hexadecimal digits.
func pairs(h string) string {
	body, cut := strings.CutSuffix(h, more)
	var b strings.Builder
	for i := 0; i < len(body); i += 2 {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(body[i:min(i+2, len(body))])
	}
	if cut {
		b.WriteString(" …")
	}
	return b.String()
}

// closeExpected returns sentences that say how the connection should have closed.
func closeExpected(e *ExpectedClose) string {
	if e == nil {
		return ""
	}
	first, codes := "The peer closes first, with ", "any code"
	if e.ClosedByMe {
		first = "The suite closes first. The peer answers with "
	}
	if len(e.CloseCode) > 0 {
		var list []string
		for _, c := range e.CloseCode {
			list = append(list, strconv.Itoa(c))
		}
		codes = strings.Join(list, " or ") + ", or without a code"
	}
	clean := "need not"
	if e.RequireClean {
		clean = "must"
	}
	return first + codes + ". The closing handshake " + clean + " be complete."
}

// headerLines splits the head of a request or a response into lines, and fields into name and
// rest.
func headerLines(head string) []headerLine {
	var out []headerLine
	for i, line := range strings.Split(strings.TrimRight(head, "\r\n"), "\n") {
		line = strings.TrimSuffix(line, "\r")
		name, rest, ok := strings.Cut(line, ":")
		if i == 0 || !ok || http.CanonicalHeaderKey(name) == "" || strings.ContainsAny(name, " \t") {
			name, rest = "", line
		} else {
			rest = ":" + rest
		}
		out = append(out, headerLine{name, rest})
	}
	return out
}

// traffic returns the rows of the table of traffic.
func traffic(t *Traffic) []trafficView {
	if t == nil {
		return nil
	}
	n := thousands
	share := func(f float64, ok bool) string {
		if !ok {
			return "–"
		}
		return strconv.FormatFloat(f*100, 'f', 1, 64) + " %"
	}
	return []trafficView{
		{"Messages", n(t.IncomingWebSocketMessages), n(t.OutgoingWebSocketMessages)},
		{"Frames", n(t.IncomingWebSocketFrames), n(t.OutgoingWebSocketFrames)},
		{"Bytes before compression", n(t.IncomingOctetsAppLevel), n(t.OutgoingOctetsAppLevel)},
		{"Bytes of payload in frames", n(t.IncomingOctetsWebSocketLevel), n(t.OutgoingOctetsWebSocketLevel)},
		{"Bytes on the wire", n(t.IncomingOctetsWireLevel), n(t.OutgoingOctetsWireLevel)},
		{"Compressed to", share(t.IncomingRatio()), share(t.OutgoingRatio())},
		{"Overhead of frame headers", share(t.IncomingOverhead()), share(t.OutgoingOverhead())},
		{"Bytes of the opening handshake", n(t.PreopenIncomingOctetsWireLevel),
			n(t.PreopenOutgoingOctetsWireLevel)},
	}
}
