package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

const (
	redrawTime = 50 * time.Millisecond // least time between updates of the bar
	quietTime  = 10 * time.Second      // time without a verdict until pending cases are listed
	maxPending = 5                     // pending cases listed
	barPending = 2                     // pending cases listed with the bar
)

// A progress shows the progress of a run: a bar on a terminal, or occasional lines elsewhere. Its
// methods are safe for concurrent use.
type progress struct {
	w       io.Writer
	isTerm  bool
	mu      sync.Mutex
	tallies []*tally
	bar     *progressbar.ProgressBar // nil while it is not shown
	quiet   *time.Timer              // fires after quietTime without a verdict
}

// A tally is the progress of an agent.
type tally struct {
	name    string
	all     int
	passed  map[string]bool // by case
	printed int             // quarters of the cases for which a line was printed
	cases   []string        // ids of the cases to run; nil if unknown
}

func newProgress(w io.Writer) *progress {
	f, ok := w.(*os.File)
	return &progress{w: w, isTerm: ok && term.IsTerminal(int(f.Fd()))}
}

// expect sets the cases of an agent that will run.
func (p *progress) expect(name string, ids []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tally(name, len(ids)).cases = ids
	p.listen()
}

// listen restarts the timer that waits for the next verdict.
func (p *progress) listen() {
	if p.quiet != nil {
		p.quiet.Stop()
	}
	p.quiet = time.AfterFunc(quietTime, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, t := range p.tallies {
			switch pending := t.pending(); {
			case p.quiet == nil || len(pending) == 0: // the run has ended
			case p.isTerm:
				p.draw(t)
			default:
				fmt.Fprintf(p.w, "%s: waiting for %s\n", t.name, some(pending))
			}
		}
	})
}

// pending returns the ids of the cases without a verdict.
func (t *tally) pending() (ids []string) {
	for _, id := range t.cases {
		if _, done := t.passed[id]; !done {
			ids = append(ids, id)
		}
	}
	return ids
}

// some lists the first maxPending ids.
func some(ids []string) string {
	s := strings.Join(ids[:min(len(ids), maxPending)], ", ")
	if more := len(ids) - maxPending; more > 0 {
		s += fmt.Sprintf(" and %d more", more)
	}
	return s
}

// count counts a verdict on a case of an agent. all is the number of the agent's cases. If a case
// runs again, only its last verdict counts.
func (p *progress) count(name string, all int, id string, passed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.tally(name, all)
	t.passed[id] = passed
	p.listen()
	if p.isTerm {
		p.draw(t)
		return
	}
	if quarters := len(t.passed) * 4 / all; quarters > t.printed {
		t.printed = quarters
		fmt.Fprintln(p.w, t)
	}
}

func (p *progress) tally(name string, all int) *tally {
	name = plain(name)
	for _, t := range p.tallies {
		if t.name == name {
			return t
		}
	}
	t := &tally{name: name, all: all, passed: map[string]bool{}}
	p.tallies = append(p.tallies, t)
	return t
}

// String returns the tally as a line.
func (t *tally) String() string {
	s := fmt.Sprintf("%s: %d of %s", t.name, len(t.passed), cases(t.all))
	if n := t.short(); n > 0 {
		s += fmt.Sprintf(", %d short", n)
	}
	return s
}

func (t *tally) short() (n int) {
	for _, passed := range t.passed {
		if !passed {
			n++
		}
	}
	return n
}

// draw shows the bar for all agents that have not finished or, if there are none, for t.
func (p *progress) draw(t *tally) {
	n, all, short, name, agents, pending := 0, 0, 0, "", 0, []string(nil)
	for _, o := range p.tallies {
		if len(o.passed) < o.all || o == t && agents == 0 {
			agents++
			n, all, short, name, pending = n+len(o.passed), all+o.all, short+o.short(), o.name,
				append(pending, o.pending()...)
		}
	}
	if agents > 1 {
		name = fmt.Sprintf("%d clients", agents)
	}
	if short > 0 {
		name += fmt.Sprintf(", %d short", short)
	}
	if len(pending) > 0 && len(pending) <= barPending {
		name += ", waiting for " + some(pending)
	}
	if p.bar != nil && (p.bar.IsFinished() || p.bar.GetMax() != all) { // a bar cannot restart
		_ = p.bar.Clear()
		p.bar = nil
	}
	if p.bar == nil {
		p.bar = progressbar.NewOptions(all, progressbar.OptionSetWriter(p.w), progressbar.OptionShowCount(),
			progressbar.OptionSetDescription(name), progressbar.OptionFullWidth(),
			progressbar.OptionSetPredictTime(false), progressbar.OptionThrottle(redrawTime))
	}
	p.bar.Describe(name)
	_ = p.bar.Set(n) // fails if the terminal is gone; the run continues
}

// say prints a line above the bar.
func (p *progress) say(line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar != nil {
		_ = p.bar.Clear()
		p.bar = nil
	}
	fmt.Fprintln(p.w, line)
}

// end removes the bar.
func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.quiet != nil {
		p.quiet.Stop()
		p.quiet = nil
	}
	if p.bar != nil {
		_ = p.bar.Clear()
		p.bar = nil
	}
}

// cases formats a number of cases.
func cases(n int) string {
	if n == 1 {
		return "1 case"
	}
	return fmt.Sprintf("%d cases", n)
}

// plain replaces unprintable characters, because peers choose the names of agents.
func plain(s string) string {
	return strings.Map(func(c rune) rune {
		if !unicode.IsPrint(c) {
			return '?'
		}
		return c
	}, s)
}
