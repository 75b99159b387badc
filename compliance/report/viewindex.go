package report

import (
	"slices"
	"strings"
	"time"
)

// indexPage is what index.tmpl shows.
type indexPage struct {
	head
	Cases   int
	Agents  []agentView
	Groups  []groupView
	Filters []filterView
	Legend  []look
	Wide    string // class of the matrix by how many columns it has
}

// agentView is an agent's card.
type agentView struct {
	Name   string
	Passed int // in behaviour and in closing
	Ran    int
	Took   string
	Bars   []barView
	Mosaic []mosaicView
}

type barView struct {
	Label  string
	Counts []countView
}

type countView struct {
	look
	N     int
	Share float64 // percent of the bar
}

// mosaicView is a group in the mosaic of an agent's cases.
type mosaicView struct {
	ID, Title string
	Tiles     []tileView
}

type tileView struct{ Class, Link, Title string }

type groupView struct {
	ID, Title string
	Subs      []subView
}

type subView struct {
	ID, Title string
	First     bool // of its group, whose title it shows too
	Totals    []totalView
	Rows      []rowView
}

// totalView counts the cases of a subgroup that an agent passed.
type totalView struct {
	Passed, Ran int
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
	Code   string // or the close's verdict
	Detail string // duration and ratios
}

type filterView struct {
	Value, Label string
	N            int
}

func (s *site) indexPage() *indexPage {
	p := &indexPage{head: s.head(), Cases: len(s.ids), Groups: s.groups()}
	for _, agent := range s.agents {
		p.Agents = append(p.Agents, s.agentView(agent))
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

// legend is the looks, those that only other reports have included, and what
// verdicts nobody knows.
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

func (s *site) agentView(agent string) agentView {
	v := agentView{Name: agent}
	behavior, closing := make(map[Verdict]int), make(map[Verdict]int)
	var total time.Duration
	for _, id := range s.ids {
		r := s.byRef[ref{agent, id}]
		if r == nil {
			continue
		}
		v.Ran++
		if r.Passed() {
			v.Passed++
		}
		behavior[r.Behavior]++
		closing[r.BehaviorClose]++
		total += r.Duration
		v.addTile(s, r)
	}
	v.Took = took(total)
	v.Bars = []barView{{"Behaviour", countViews(behavior, v.Ran)}, {"Closing", countViews(closing, v.Ran)}}
	return v
}

func (v *agentView) addTile(s *site, r *Result) {
	group, _ := groupOf(r.ID)
	if n := len(v.Mosaic); n == 0 || v.Mosaic[n-1].ID != group {
		v.Mosaic = append(v.Mosaic, mosaicView{ID: group, Title: s.titles[group]})
	}
	worst := r.Behavior
	if r.Behavior.Passed() && !r.BehaviorClose.Passed() {
		worst = r.BehaviorClose
	}
	title := r.ID + ": " + string(r.Behavior)
	if r.BehaviorClose != r.Behavior {
		title += ", close " + string(r.BehaviorClose)
	}
	m := &v.Mosaic[len(v.Mosaic)-1]
	m.Tiles = append(m.Tiles, tileView{lookOf(worst).Class, s.file(r) + ".html", title})
}

func countViews(n map[Verdict]int, all int) []countView {
	var out []countView
	for v, count := range n {
		out = append(out, countView{lookOf(v), count, percent(int64(count), int64(all))})
	}
	slices.SortFunc(out, func(a, b countView) int {
		if c := rank(a.Verdict) - rank(b.Verdict); c != 0 {
			return c
		}
		return strings.Compare(string(a.Verdict), string(b.Verdict))
	})
	return out
}

// groups makes the matrix: groups of subgroups of rows.
func (s *site) groups() []groupView {
	var groups []groupView
	for _, id := range s.ids {
		g, sub := groupOf(id)
		if n := len(groups); n == 0 || groups[n-1].ID != g {
			groups = append(groups, groupView{ID: g, Title: s.titles[g]})
		}
		group := &groups[len(groups)-1]
		if n := len(group.Subs); n == 0 || group.Subs[n-1].ID != sub {
			v := subView{ID: sub, Title: s.titles[sub], First: n == 0, Totals: make([]totalView, len(s.agents))}
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

func (s *site) row(id string, totals []totalView) rowView {
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
		totals[i].Ran++
		if r.Passed() {
			totals[i].Passed++
		} else {
			add("short")
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
	c := cellView{Ran: true, Agent: agent, Link: s.file(r) + ".html",
		Look: lookOf(r.Behavior), Close: lookOf(r.BehaviorClose), Code: closeWord(r)}
	if r.ReportTime {
		c.Detail = took(r.Duration)
	}
	if r.ReportCompressionRatio && r.Traffic != nil {
		c.Detail = strings.TrimPrefix(c.Detail+" · "+ratios(r.Traffic), " · ")
	}
	return c
}

// filters are the choices of which rows to show, with how many there are.
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
		out = append(out, filterView{"differ", "Agents differ", n["differ"]})
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
