package report

import (
	"cmp"
	"fmt"
	"html/template"
	"math"
	"slices"
	"strings"
	"time"
)

// An indexPage is the data for index.tmpl.
type indexPage struct {
	head
	Verdict  look // Word is the verdict on the run
	Facts    []factView
	Fixes    []*fixView
	Total    tally
	Known    []fixRow
	Varying  []fixRow
	Declined []declinedView
	TooBig   int // cases whose messages the peer refused as too big
	Peers    []agentView
	Groups   []groupView
	Filters  []filterView
	Legend   []look
	Wide     string // class of the matrix by its number of columns
	Full     []template.HTML
}

// An agentView shows the card of an agent.
type agentView struct {
	Name   string
	Role   string
	Sum    string // sum of the durations of the cases
	Wall   string // elapsed time; "" if it is unknown or equal to Sum
	Bars   []barView
	Mosaic []mosaicView
	tally
}

type barView struct {
	Label  string
	Counts []countView
}

type countView struct {
	look
	N         int
	At, Share float64 // percent of the bar
}

// A mosaicView shows a group in the mosaic of an agent's cases.
type mosaicView struct {
	ID, Title string
	Tiles     []tileView
	tally
}

type tileView struct{ Class, Link, Title string }

type groupView struct {
	ID, Title string
	Subs      []subView
}

type subView struct {
	ID, Title string
	First     bool // first subgroup, which also shows the title of the group
	Totals    []tally
	Rows      []rowView
}

type rowView struct {
	ID, Anchor, Short string
	Expectation       []string
	Description       []string
	Filter            string // classes to filter by
	Cells             []cellView
}

type cellView struct {
	Ran    bool
	Agent  string
	Link   string
	Look   look
	Close  look
	Code   string // status code or verdict on closing
	Detail string // duration and ratios
	Varies string
	Waited string
}

type filterView struct {
	Value, Label string
	N            int
}

func (s *site) indexPage() *indexPage {
	text := cmp.Or(s.opts.Verdict, s.total.verdict())
	p := &indexPage{head: s.head(), Verdict: verdictLook(text), Facts: s.facts(), Total: s.total,
		Fixes: s.fixes(), Known: s.known(), Varying: s.varying(), Groups: s.groups()}
	p.Declined, p.TooBig = s.skipped()
	p.Verdict.Word = text
	for _, agent := range s.agents {
		p.Peers = append(p.Peers, s.agentView(agent))
	}
	switch n := len(s.agents); {
	case n <= 3:
		p.Wide = "few"
	case n <= 6:
		p.Wide = "some"
	default:
		p.Wide = "many"
	}
	p.Legend = s.legend()
	p.Filters = s.filters(p.Groups)
	return p
}

// legend returns the looks of all known verdicts, and of unknown verdicts in the results.
func (s *site) legend() []look {
	legend := slices.Clone(looks)
	for _, r := range s.results {
		for _, v := range []Verdict{r.Behavior, r.BehaviorClose} {
			l := lookOf(v)
			if rank(v) == len(looks) && !slices.Contains(legend, l) {
				legend = append(legend, l)
			}
		}
	}
	return legend
}

// facts returns the facts about the run in the header.
func (s *site) facts() []factView {
	o, t := s.opts, s.opts.Generated.UTC()
	cases := thousands(int64(len(s.ids)))
	if len(s.agents) != 1 {
		cases += fmt.Sprintf(", %d peers", len(s.agents))
	}
	facts := []factView{{Name: "URL", Value: o.URL}, {Name: "Cases", Value: cases}}
	if d := cmp.Or(o.Elapsed, wall(s.results)); d > 0 {
		facts = append(facts, factView{Name: "Duration", Value: lasted(d)})
	}
	var flags []string
	for _, f := range o.Flags {
		flags = append(flags, quote(f))
	}
	facts = append(facts, factView{Name: "Flags", Value: strings.Join(flags, " ")},
		factView{Name: "Excluded", Value: strings.Join(o.Exclude, ", ")},
		factView{"Written", strings.TrimSuffix(t.Format("2 January 2006, 15:04 UTC")+", by "+o.Tool, ", by "),
			t.Format(time.RFC3339)})
	return slices.DeleteFunc(facts, func(f factView) bool { return f.Value == "" })
}

func (s *site) agentView(agent string) agentView {
	v := agentView{Name: agent, Role: "Server"}
	behavior, closing := make(map[Verdict]int), make(map[Verdict]int)
	var sum time.Duration
	var own []*Result
	for _, id := range s.ids {
		r := s.byRef[ref{agent, id}]
		if r == nil {
			continue
		}
		if r.IsServer {
			v.Role = "Client"
		}
		v.add(s.outcome(r))
		behavior[r.Behavior]++
		closing[r.BehaviorClose]++
		sum += r.Duration
		own = append(own, r)
		v.addTile(s, r)
	}
	v.Sum = lasted(sum)
	if w := wall(own); w > 0 && lasted(w) != v.Sum {
		v.Wall = lasted(w)
	}
	v.Bars = []barView{{"Behavior", countViews(behavior, v.Ran)}, {"Closing", countViews(closing, v.Ran)}}
	return v
}

func (v *agentView) addTile(s *site, r *Result) {
	group, _ := groupOf(r.ID)
	if n := len(v.Mosaic); n == 0 || v.Mosaic[n-1].ID != group {
		v.Mosaic = append(v.Mosaic, mosaicView{ID: group, Title: s.titles[group]})
	}
	title := r.ID + ": " + string(r.Behavior)
	if r.BehaviorClose != r.Behavior {
		title += ", close " + string(r.BehaviorClose)
	}
	m := &v.Mosaic[len(v.Mosaic)-1]
	m.add(s.outcome(r))
	m.Tiles = append(m.Tiles, tileView{r.worst().Class, s.link(r), title})
}

func countViews(n map[Verdict]int, all int) []countView {
	var out []countView
	for v, count := range n {
		out = append(out, countView{look: lookOf(v), N: count, Share: percent(int64(count), int64(all))})
	}
	slices.SortFunc(out, func(a, b countView) int {
		if c := rank(a.Verdict) - rank(b.Verdict); c != 0 {
			return c
		}
		return strings.Compare(string(a.Verdict), string(b.Verdict))
	})
	spread(out)
	return out
}

// narrowest is the smallest visible share of a bar, in percent.
const narrowest = .8

// spread sets the positions and widths of the parts of a bar, so that all are visible.
func spread(parts []countView) {
	var sum float64
	for i := range parts {
		parts[i].Share = max(parts[i].Share, narrowest)
		sum += parts[i].Share
	}
	var at float64
	for i := range parts {
		parts[i].At, parts[i].Share = hundredths(at), hundredths(parts[i].Share*100/sum)
		at += parts[i].Share
	}
}

func hundredths(f float64) float64 { return math.Round(f*100) / 100 }

// groups returns the matrix: groups of subgroups of rows.
func (s *site) groups() []groupView {
	var groups []groupView
	for _, id := range s.ids {
		g, sub := groupOf(id)
		if n := len(groups); n == 0 || groups[n-1].ID != g {
			groups = append(groups, groupView{ID: g, Title: s.titles[g]})
		}
		group := &groups[len(groups)-1]
		if n := len(group.Subs); n == 0 || group.Subs[n-1].ID != sub {
			v := subView{ID: sub, Title: s.titles[sub], First: n == 0, Totals: make([]tally, len(s.agents))}
			if v.Title == "" {
				v.Title, v.First = group.Title, false
			}
			group.Subs = append(group.Subs, v)
		}
		to := &group.Subs[len(group.Subs)-1]
		to.Rows = append(to.Rows, s.row(id, to.Totals))
	}
	return groups
}

func (s *site) row(id string, totals []tally) rowView {
	row := rowView{ID: id, Anchor: anchor(id)}
	var words []string
	add := func(word string) {
		if !slices.Contains(words, word) {
			words = append(words, word)
		}
	}
	var first *Result
	for i, agent := range s.agents {
		r := s.byRef[ref{agent, id}]
		row.Cells = append(row.Cells, s.cell(agent, r))
		if r == nil {
			continue
		}
		totals[i].add(s.outcome(r))
		if s.short(r) {
			add("short")
		}
		if r.Varies() != "" {
			add("varies")
		}
		if r.waited() != "" {
			add("waited")
		}
		add("b:" + string(r.Behavior))
		add("c:" + string(r.BehaviorClose))
		if first == nil {
			first = r
			row.Short = short(r.Description)
			row.Description, row.Expectation = paragraphs(r.Description), paragraphs(r.Expectation)
		} else if r.Behavior != first.Behavior || r.BehaviorClose != first.BehaviorClose {
			add("differ")
		}
	}
	row.Filter = strings.Join(words, "|")
	return row
}

func (s *site) cell(agent string, r *Result) cellView {
	if r == nil {
		return cellView{Agent: agent}
	}
	c := cellView{Ran: true, Agent: agent, Link: s.link(r),
		Look: lookOf(r.Behavior), Close: lookOf(r.BehaviorClose), Code: closeWord(r),
		Varies: r.Varies(), Waited: r.waited()}
	if r.ReportTime {
		c.Detail = took(r.Duration)
	}
	if r.ReportCompressionRatio && r.Traffic != nil {
		c.Detail = strings.TrimPrefix(c.Detail+" · "+ratios(r.Traffic), " · ")
	}
	return c
}

// filters returns the filters for rows, each with the number of matching rows.
func (s *site) filters(groups []groupView) []filterView {
	n := make(map[string]int)
	for _, g := range groups {
		for _, sub := range g.Subs {
			for _, row := range sub.Rows {
				for word := range strings.SplitSeq(row.Filter, "|") {
					n[word]++
				}
			}
		}
	}
	out := []filterView{{"", "All", len(s.ids)}, {"short", "Fell short", n["short"]}}
	if len(s.agents) > 1 {
		out = append(out, filterView{"differ", "Peers differ", n["differ"]})
	}
	for _, f := range []filterView{{"varies", "Verdict varies", n["varies"]},
		{"waited", "Timeout", n["waited"]}} {
		if f.N > 0 {
			out = append(out, f)
		}
	}
	for _, l := range s.legend() {
		if c := n["b:"+string(l.Verdict)]; c > 0 {
			out = append(out, filterView{"b:" + string(l.Verdict), l.Word, c})
		}
	}
	for _, l := range s.legend() {
		if c := n["c:"+string(l.Verdict)]; c > 0 && !l.Verdict.Passed() {
			out = append(out, filterView{"c:" + string(l.Verdict), "Close: " + strings.ToLower(l.Word), c})
		}
	}
	return out
}
