package report

import (
	"cmp"
	"slices"
)

// shownRows is the number of cases of a rule that are listed before the rest is folded.
const shownRows = 5

// openFixes is the number of rules that are unfolded initially.
const openFixes = 3

// A fixView shows a rule and the cases that violated it.
type fixView struct {
	Rule    *ruleView // nil if the rule is unknown
	Title   string    // shown if the rule is unknown
	Worst   look
	N       int
	Open    bool
	Rows    []fixRow
	More    []fixRow
	Command string
	level   int
	ids     []string
	peers   map[bool]bool // IsServer of the results
}

// A fixRow shows a case that fell short.
type fixRow struct {
	Agent            string // "" if there is only one agent
	ID, Link, Anchor string
	Short, Happened  string
	Look             look
	Waited           string
	Varies           string
	Reason           string // why it is known to fall short
	Remark           *Aside
}

// fixes groups the cases that fell short by the rule that they violated. The worst group is first.
func (s *site) fixes() []*fixView {
	byKey := make(map[string]*fixView)
	var out []*fixView
	for _, r := range s.byAgent() {
		if !s.short(r) {
			continue
		}
		rule := r.VerdictRule()
		group, _ := groupOf(r.ID)
		key := "group " + group
		if rule != nil {
			key = rule.Section + " " + rule.Text
		}
		f := byKey[key]
		if f == nil {
			f = &fixView{Title: cmp.Or(s.titles[group], "Group "+group), level: level(rule),
				peers: make(map[bool]bool)}
			if rule != nil {
				f.Rule = &ruleView{Rule: rule, Broken: true}
			}
			byKey[key], out = f, append(out, f)
		}
		f.add(s, r)
	}
	slices.SortStableFunc(out, func(a, b *fixView) int {
		return cmp.Or(rank(b.Worst.Verdict)-rank(a.Worst.Verdict), a.level-b.level, b.N-a.N)
	})
	for i, f := range out {
		f.finish(s, i)
	}
	return out
}

func (f *fixView) add(s *site, r *Result) {
	row := s.fixRow(r)
	f.Rows = append(f.Rows, row)
	f.N++
	if f.N == 1 || rank(row.Look.Verdict) > rank(f.Worst.Verdict) {
		f.Worst = row.Look
	}
	if !slices.Contains(f.ids, r.ID) {
		f.ids = append(f.ids, r.ID)
	}
	f.peers[r.IsServer] = true
}

func (f *fixView) finish(s *site, i int) {
	f.Open = i < openFixes
	if n := len(f.Rows); n > shownRows+1 { // do not fold a single row
		f.Rows, f.More = f.Rows[:shownRows], f.Rows[shownRows:]
	}
	if len(f.peers) == 1 || s.opts.Command != "" {
		slices.SortFunc(f.ids, CompareIDs)
		f.Command = s.opts.repeat(f.peers[true], f.ids...)
	}
}

func (s *site) fixRow(r *Result) fixRow {
	row := fixRow{ID: r.ID, Link: s.link(r), Anchor: anchor(r.ID), Short: short(r.Description),
		Happened: r.happened(),
		Look:     r.worst(), Waited: r.waited(), Varies: r.Varies(), Remark: r.Aside}
	if len(s.agents) > 1 {
		row.Agent = r.Agent
	}
	return row
}

// level orders rules by their requirement level.
func level(rule *Rule) int {
	if rule == nil {
		return 4
	}
	if i := slices.Index([]string{"MUST", "SHOULD", "MAY"}, rule.Level); i >= 0 {
		return i
	}
	return 3
}

// known returns the known cases that fell short, with the reasons.
func (s *site) known() []fixRow {
	var out []fixRow
	for _, r := range s.byAgent() {
		if s.outcome(r) == KnownShort {
			row := s.fixRow(r)
			row.Reason = s.opts.Policy.Known[r.ID].Reason
			out = append(out, row)
		}
	}
	return out
}

// varying returns the cases whose verdict varied and whose last run did not fall short.
func (s *site) varying() []fixRow {
	var out []fixRow
	for _, r := range s.byAgent() {
		if r.Varies() != "" && s.outcome(r) <= Skipped {
			row := s.fixRow(r)
			last := r.Earlier[len(r.Earlier)-1]
			row.Happened = (&Result{Behavior: last.Behavior, BehaviorClose: last.BehaviorClose,
				Result: last.Result, ResultClose: last.ResultClose}).happened()
			out = append(out, row)
		}
	}
	return out
}

// A declinedView shows the number of cases in a subgroup that peers declined.
type declinedView struct {
	ID, Title string
	N         int
}

// skipped counts the cases that a peer declined, by subgroup, and the cases whose messages it
// refused as too big.
func (s *site) skipped() (declined []declinedView, tooBig int) {
	for _, id := range s.ids {
		for _, agent := range s.agents {
			r := s.byRef[ref{agent, id}]
			switch {
			case r == nil || s.outcome(r) != Skipped:
				continue
			case r.Behavior != Unimplemented && r.BehaviorClose != Unimplemented:
				tooBig++
				continue
			}
			group, sub := groupOf(id)
			sub = cmp.Or(sub, group)
			if n := len(declined); n == 0 || declined[n-1].ID != sub {
				declined = append(declined,
					declinedView{ID: sub, Title: cmp.Or(s.titles[sub], s.titles[group])})
			}
			declined[len(declined)-1].N++
		}
	}
	return declined, tooBig
}

// byAgent returns the results by agent, those of servers first.
func (s *site) byAgent() []*Result {
	out := make([]*Result, 0, len(s.results))
	for _, agent := range s.agents {
		for _, id := range s.ids {
			if r := s.byRef[ref{agent, id}]; r != nil {
				out = append(out, r)
			}
		}
	}
	return out
}
