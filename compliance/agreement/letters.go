package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/hawser-ws/hawser/compliance/agreement/peers"
	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/compliance/suite"
)

// A finding is a verdict of a letter group that is not OK.
type finding struct {
	Run    run
	Agent  string
	Case   *suite.Case
	Result *report.Result
}

// lettersOf returns the cases of the letter groups for a side. With -cases it returns only
// those that match.
func (c *config) lettersOf(s side) ([]*suite.Case, error) {
	patterns := c.cases
	if len(patterns) == 0 {
		patterns = []string{"*"}
	}
	cases, err := suite.Cases(patterns, nil)
	return slices.DeleteFunc(cases, func(one *suite.Case) bool {
		numbered := one.ID[0] >= '0' && one.ID[0] <= '9'
		return numbered || !isFor(one, s)
	}), err
}

// isFor reports whether a case is for a side.
func isFor(one *suite.Case, s side) bool {
	return s == server && one.Servers || s == client && one.Clients
}

// listLetters runs the letter groups on every peer and writes a list of the verdicts that
// are not OK, with the sentence of the RFC and an opinion on who is right.
func (c *config) listLetters(ctx context.Context) error {
	var findings []finding
	var agents []string
	err := c.each(ctx, func(p *peers.Peer, r run) error {
		cases, err := c.lettersOf(r.Side)
		if err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(ctx, c.timeLimit())
		defer cancel()
		began := time.Now()
		results, failure := nativeRun(ctx, p, c.env, r.Side, cases)
		if len(results) == 0 && failure != nil {
			return failure
		}
		short := findingsIn(r, p.Agent(), cases, results)
		fmt.Fprintf(c.log, "%v: %d of %d verdicts are not OK, in %.1f s\n",
			r, len(short), len(results), time.Since(began).Seconds())
		findings = append(findings, short...)
		agents = append(agents, fmt.Sprintf("%s (%s)", p.Agent(), r.Side))
		dir := filepath.Join(c.out, "letters", p.Name+"-"+string(r.Side))
		err = report.Write(dir, results, report.Options{Tool: "agreement"})
		return errors.Join(failure, err) // a server that died has results, too
	})
	if len(agents) > 0 {
		err = errors.Join(err, os.WriteFile(c.letters, lettersPage(agents, findings), 0o644))
	}
	return err
}

// findingsIn returns the verdicts on a run that are not OK.
func findingsIn(r run, agent string, cases []*suite.Case, results []*report.Result) (out []finding) {
	for _, res := range results {
		if res.Behavior == report.OK && res.BehaviorClose.Passed() {
			continue
		}
		i := slices.IndexFunc(cases, func(one *suite.Case) bool { return one.ID == res.ID })
		out = append(out, finding{r, agent, cases[i], res})
	}
	return out
}

// same reports whether two findings belong in the same row.
func (f finding) same(g finding) bool {
	return f.Case.ID == g.Case.ID && f.verdict() == g.verdict() && f.Result.Result == g.Result.Result
}

func (f finding) verdict() string {
	if f.Result.BehaviorClose.Passed() {
		return string(f.Result.Behavior)
	}
	return fmt.Sprintf("%s, close %s", f.Result.Behavior, f.Result.BehaviorClose)
}

// rule returns the sentence of the RFC on which the verdict is based, or else the one that
// the case tests.
func (f finding) rule() report.Rule {
	return *cmp.Or(f.Result.VerdictRule(), f.Result.Broken, f.Result.Rule)
}

// lettersPage lists findings in Markdown, grouped by sentence and opinion.
func lettersPage(agents []string, findings []finding) []byte {
	var b bytes.Buffer
	b.WriteString("# Verdicts of the letter groups\n\n" +
		"This list has every verdict on the peers that is not OK, with the sentence of the RFC and an\n" +
		"opinion on who is right. The opinions are in `opinions.go`. To make the list again, run\n" +
		"`go run ./compliance/agreement -letters FILE`.\n\n")
	fmt.Fprintf(&b, "Peers: %s.\n", strings.Join(agents, ", "))
	slices.SortStableFunc(findings, func(f, g finding) int {
		return cmp.Or(report.CompareIDs(f.Case.ID, g.Case.ID), cmp.Compare(f.verdict(), g.verdict()))
	})
	for len(findings) > 0 {
		first := findings[0]
		rule, text := first.rule(), opinionOn(first)
		var rows []finding
		findings = slices.DeleteFunc(findings, func(f finding) bool {
			same := f.rule() == rule && opinionOn(f) == text
			if same {
				rows = append(rows, f)
			}
			return same
		})
		fmt.Fprintf(&b, "\n## %s\n\n> %s\n\n%s\n\n",
			rule.Section, strings.Join(strings.Fields(rule.Text), " "), cmp.Or(text, "No opinion yet."))
		b.WriteString("| case | | verdict | peers | |\n|---|---|---|---|---|\n")
		writeRows(&b, rows)
	}
	return b.Bytes()
}

// writeRows writes a row for each case, verdict and reason, with all of its peers.
func writeRows(b *bytes.Buffer, rows []finding) {
	cell := strings.NewReplacer("|", "\\|", "\n", " ").Replace
	for len(rows) > 0 {
		f := rows[0]
		var names []string
		rows = slices.DeleteFunc(rows, func(g finding) bool {
			same := f.same(g)
			if same {
				names = append(names, g.Run.String())
			}
			return same
		})
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s |\n", f.Case.ID, cell(firstSentence(f.Case.Description)),
			f.verdict(), strings.Join(names, ", "), cell(strings.TrimSpace(f.Result.Result)))
	}
}

// firstSentence returns the first sentence of a case's description.
func firstSentence(s string) string {
	first, _, _ := strings.Cut(strings.Join(strings.Fields(s), " "), ". ")
	return strings.TrimSuffix(first, ".")
}
