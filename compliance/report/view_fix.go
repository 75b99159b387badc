package report

import (
	"cmp"
	"slices"
)

// shownRows is how many cases of a rule are listed before the rest is folded.
const shownRows = 5

// openFixes is how many rules are unfolded from the start.
const openFixes = 3

// fixView is a sentence of an RFC with the cases that went against it.
type fixView struct {
	Rule    *ruleView // nil if none can be told
	Title   string    // in place of the rule
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

// fixRow is a case that fell short, with what happened.
type fixRow struct {
	Agent            string // "" if there is only one
	ID, Link, Anchor string
	Short, Happened  string
	Look             look
	Waited           string
	Varies           string
	Reason           string // why it is known to fall short
	Remark           *Aside
}

// fixes groups what fell short by the sentence that it goes against, the worst first.
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
	if n := len(f.Rows); n > shownRows+1 { // one row is not worth folding
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

// level orders sentences by how much they bind.
func level(rule *Rule) int {
	if rule == nil {
		return 4
	}
	if i := slices.Index([]string{"MUST", "SHOULD", "MAY"}, rule.Level); i >= 0 {
		return i
	}
	return 3
}

// known are the cases that fell short as the policy allows, with the reason.
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

// varying are the cases that did not fail the run in the end, but vary.
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

// declinedView is a subgroup of cases that a peer declined.
type declinedView struct {
	ID, Title string
	N         int
}

// skipped counts by subgroup the cases whose subject a peer declined, and those whose
// messages were too big for it.
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

// byAgent are the results, those of servers first.
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
