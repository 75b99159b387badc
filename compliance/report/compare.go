package report

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"unicode"
)

// A Comparison compares two reports, which may be of different tools.
type Comparison struct {
	A, B         string // names of the reports in texts; Compare sets "A" and "B"
	Pairs        []Pair
	OnlyA, OnlyB []string // agents that only one report has
}

// A Pair is an agent of each report whose cases are compared.
type Pair struct {
	AgentA, AgentB string
	// Rows has the cases that are worse in B, then those with different behavior, then those with
	// different verdicts on closing, then those of one report only, and then those with equal
	// verdicts. Each of these parts is sorted by id.
	Rows []Row
}

// A Row is a case in two reports. A or B is nil if that report lacks the case.
type Row struct {
	ID   string
	A, B *Entry
}

// behaviorDiffers reports whether both reports have the case, with different behavior.
func (r Row) behaviorDiffers() bool { return r.both() && r.A.Behavior != r.B.Behavior }

// closeDiffers reports whether both reports have the case, with different verdicts on closing.
func (r Row) closeDiffers() bool { return r.both() && r.A.BehaviorClose != r.B.BehaviorClose }

// equal reports whether both reports have the case with the same verdicts.
func (r Row) equal() bool { return r.both() && !r.behaviorDiffers() && !r.closeDiffers() }

// worse reports whether a verdict of B is worse than that of A, or B lacks a case that A
// passes.
func (r Row) worse() bool {
	switch {
	case r.A == nil:
		return false
	case r.B == nil:
		return r.A.Passed()
	}
	return severity(r.B.Behavior) > severity(r.A.Behavior) ||
		severity(r.B.BehaviorClose) > severity(r.A.BehaviorClose)
}

// better reports whether a verdict of B is better than that of A and none is worse.
func (r Row) better() bool {
	return r.both() && !r.worse() &&
		severity(r.B.Behavior)+severity(r.B.BehaviorClose) < severity(r.A.Behavior)+
			severity(r.A.BehaviorClose)
}

func (r Row) both() bool { return r.A != nil && r.B != nil }

// rank orders rows: worse in B, different behavior, different verdicts on closing, cases of one
// report only, equal verdicts.
func (r Row) rank() int {
	switch {
	case r.worse():
		return 0
	case r.behaviorDiffers():
		return 1
	case r.closeDiffers():
		return 2
	case !r.both():
		return 3
	}
	return 4
}

// pairCounts has the numbers of a pair's cases by result. A case may differ in both verdicts.
type pairCounts struct {
	Both, Equal             int
	Behavior, BehaviorClose int // cases in both reports that differ in this verdict
	OnlyA, OnlyB            int
	Worse, Better           int // cases that are worse or better in B
}

// counts counts the cases of the pair.
func (p Pair) counts() pairCounts {
	var c pairCounts
	for _, r := range p.Rows {
		for n, is := range map[*int]bool{&c.Both: r.both(), &c.Equal: r.equal(),
			&c.Behavior:      r.behaviorDiffers(),
			&c.BehaviorClose: r.closeDiffers(), &c.OnlyA: r.B == nil, &c.OnlyB: r.A == nil,
			&c.Worse: r.worse(), &c.Better: r.better()} {
			if is {
				*n++
			}
		}
	}
	return c
}

// Compare compares two reports. It pairs agents with the same name. If each report has a single
// agent, it pairs those two regardless of their names. It returns an error if there is no pair.
func Compare(a, b Index) (*Comparison, error) {
	c := &Comparison{A: "A", B: "B"}
	as, bs := a.Agents(), b.Agents()
	if len(as) == 1 && len(bs) == 1 {
		c.Pairs = []Pair{newPair(a, b, as[0], bs[0])}
		return c, nil
	}
	for _, agent := range as {
		if _, ok := b[agent]; ok {
			c.Pairs = append(c.Pairs, newPair(a, b, agent, agent))
		} else {
			c.OnlyA = append(c.OnlyA, agent)
		}
	}
	c.OnlyB = slices.DeleteFunc(bs, func(agent string) bool { _, ok := a[agent]; return ok })
	if len(c.Pairs) == 0 {
		return nil, errors.New("report: the reports have no agent in common")
	}
	return c, nil
}

func newPair(a, b Index, agentA, agentB string) Pair {
	p := Pair{AgentA: agentA, AgentB: agentB}
	ids := slices.Concat(a.Cases(agentA), b.Cases(agentB))
	slices.SortFunc(ids, CompareIDs)
	for _, id := range slices.Compact(ids) {
		row := Row{ID: id}
		if e, ok := a[agentA][id]; ok {
			row.A = &e
		}
		if e, ok := b[agentB][id]; ok {
			row.B = &e
		}
		p.Rows = append(p.Rows, row)
	}
	slices.SortStableFunc(p.Rows, func(x, y Row) int { return x.rank() - y.rank() })
	return p
}

// Equal reports whether both reports have the same agents, cases and verdicts.
func (c *Comparison) Equal() bool {
	return len(c.OnlyA)+len(c.OnlyB) == 0 && !slices.ContainsFunc(c.Pairs, func(p Pair) bool {
		return slices.ContainsFunc(p.Rows, func(r Row) bool { return !r.equal() })
	})
}

// Worse reports whether B lacks an agent of A or is worse than A in any case.
func (c *Comparison) Worse() bool {
	return len(c.OnlyA) > 0 || slices.ContainsFunc(c.Pairs,
		func(p Pair) bool { return slices.ContainsFunc(p.Rows, Row.worse) })
}

// WriteText writes the comparison for a terminal. If all is set, it also lists the cases that
// are equal. An equals sign means that B has the same verdict as A.
func (c *Comparison) WriteText(w io.Writer, all bool) error {
	var out strings.Builder
	for i, p := range c.Pairs {
		if i > 0 {
			out.WriteString("\n")
		}
		fmt.Fprintf(&out, "%s: %s\n%s: %s\n%s\n", c.A, plain(p.AgentA), c.B, plain(p.AgentB), c.summary(p))
		rows := p.shown(all)
		if len(rows) == 0 {
			continue
		}
		out.WriteString("\n")
		table := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
		fmt.Fprintf(table, "case\tbehavior %s\t%s\tbehaviorClose %s\t%s\tcode %s\t%s\n", c.A, c.B, c.A, c.B,
			c.A, c.B)
		for _, r := range rows {
			fmt.Fprintln(table, strings.Join(append([]string{plain(r.ID)}, r.cells()...), "\t"))
		}
		table.Flush()
	}
	c.writeUnpaired(&out, plain)
	_, err := io.WriteString(w, out.String())
	return err
}

// WriteMarkdown writes the comparison as Markdown tables. If all is set, it also lists the cases
// that are equal.
func (c *Comparison) WriteMarkdown(w io.Writer, all bool) error {
	var out strings.Builder
	for i, p := range c.Pairs {
		if i > 0 {
			out.WriteString("\n")
		}
		fmt.Fprintf(&out, "%s: **%s**, %s: **%s**. %s\n", c.A, escapeMarkdown(p.AgentA), c.B,
			escapeMarkdown(p.AgentB), c.summary(p))
		rows := p.shown(all)
		if len(rows) == 0 {
			continue
		}
		fmt.Fprintf(&out, "\n| case | behavior %s | %s | behaviorClose %s | %s | code %s | %s |\n"+
			"|---|---|---|---|---|---|---|\n", c.A, c.B, c.A, c.B, c.A, c.B)
		for _, r := range rows {
			cells := r.cells()
			for i, differs := range []bool{r.behaviorDiffers(), r.closeDiffers()} {
				if cells[2*i+1] = escapeMarkdown(cells[2*i+1]); differs {
					cells[2*i+1] = "**" + cells[2*i+1] + "**"
				}
				cells[2*i] = escapeMarkdown(cells[2*i])
			}
			fmt.Fprintf(&out, "| %s | %s |\n", escapeMarkdown(r.ID), strings.Join(cells, " | "))
		}
	}
	c.writeUnpaired(&out, escapeMarkdown)
	_, err := io.WriteString(w, out.String())
	return err
}

func (c *Comparison) writeUnpaired(out *strings.Builder, escape func(string) string) {
	for _, l := range []struct {
		name   string
		agents []string
	}{{c.A, c.OnlyA}, {c.B, c.OnlyB}} {
		if len(l.agents) > 0 {
			fmt.Fprintf(out, "\nAgents in %s only: %s.\n", l.name, escape(strings.Join(l.agents, ", ")))
		}
	}
}

// summary returns the pair's counts as a sentence.
func (c *Comparison) summary(p Pair) string {
	n := p.counts()
	s := fmt.Sprintf("%d of %d cases equal; behavior differs in %d, behaviorClose in %d", n.Equal, n.Both,
		n.Behavior, n.BehaviorClose)
	if n.OnlyA > 0 {
		s += fmt.Sprintf("; %d in %s only", n.OnlyA, c.A)
	}
	if n.OnlyB > 0 {
		s += fmt.Sprintf("; %d in %s only", n.OnlyB, c.B)
	}
	if n.Worse+n.Better > 0 {
		s += fmt.Sprintf("; %s is worse in %d, better in %d", c.B, n.Worse, n.Better)
	}
	return s + "."
}

// shown returns the rows to list.
func (p Pair) shown(all bool) []Row {
	if all {
		return p.Rows
	}
	return slices.DeleteFunc(slices.Clone(p.Rows), Row.equal)
}

// cells returns behavior, close and status code, of A and of B.
func (r Row) cells() []string {
	a, b := columns(r.A), columns(r.B)
	var out []string
	for i := range a {
		if r.both() && a[i] == b[i] {
			b[i] = "="
		}
		out = append(out, a[i], b[i])
	}
	return out
}

func columns(e *Entry) []string {
	if e == nil {
		return []string{"-", "-", "-"}
	}
	code := "none"
	if e.RemoteCloseCode != nil {
		code = fmt.Sprint(*e.RemoteCloseCode)
	}
	return []string{plain(string(e.Behavior)), plain(string(e.BehaviorClose)), code}
}

// plain replaces characters that could move a terminal's cursor or break a line of a table.
func plain(s string) string {
	return strings.Map(func(c rune) rune {
		if !unicode.IsPrint(c) {
			return '?'
		}
		return c
	}, s)
}

// escapeMarkdown escapes a name so that it contains no markup.
func escapeMarkdown(s string) string {
	return strings.NewReplacer(`\`, `\\`, "|", `\|`, "<", `\<`, "*", `\*`, "_", `\_`, "`", "\\`", "[",
		`\[`).Replace(plain(s))
}
