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
	redrawTime = 50 * time.Millisecond // that the bar at least stays as it is
	quietTime  = 10 * time.Second      // without a verdict, until it is told what is waited for
	maxPending = 5                     // cases that are named then
	barPending = 2                     // cases that are named beside the bar
)

// A progress tells how far a run is: by a bar on a terminal, by a line now and then
// elsewhere. Any number of goroutines may call its methods.
type progress struct {
	w       io.Writer
	isTerm  bool
	mu      sync.Mutex
	tallies []*tally
	bar     *progressbar.ProgressBar // while it is shown
	quiet   *time.Timer              // runs out when no verdict has come for a while
}

// A tally is how far the cases of an agent are.
type tally struct {
	name    string
	all     int
	passed  map[string]bool // by case
	printed int             // quarters
	cases   []string        // that are to run; nil if that is not known
}

func newProgress(w io.Writer) *progress {
	f, ok := w.(*os.File)
	return &progress{w: w, isTerm: ok && term.IsTerminal(int(f.Fd()))}
}

// expect says which cases of an agent are to run.
func (p *progress) expect(name string, ids []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tally(name, len(ids)).cases = ids
	p.listen()
}

// listen waits for the next verdict.
func (p *progress) listen() {
	if p.quiet != nil {
		p.quiet.Stop()
	}
	p.quiet = time.AfterFunc(quietTime, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, t := range p.tallies {
			switch pending := t.pending(); {
			case p.quiet == nil || len(pending) == 0: // it has ended meanwhile
			case p.isTerm:
				p.draw(t)
			default:
				fmt.Fprintf(p.w, "%s: waiting for %s\n", t.name, some(pending))
			}
		}
	})
}

// pending are the cases of which there is no verdict yet.
func (t *tally) pending() (ids []string) {
	for _, id := range t.cases {
		if _, done := t.passed[id]; !done {
			ids = append(ids, id)
		}
	}
	return ids
}

// some names the first of the cases.
func some(ids []string) string {
	s := strings.Join(ids[:min(len(ids), maxPending)], ", ")
	if more := len(ids) - maxPending; more > 0 {
		s += fmt.Sprintf(" and %d more", more)
	}
	return s
}

// count counts a case of an agent, which has as many as all. A case that runs again
// counts once, with its last result.
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

// String is the tally as a line.
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

// draw shows the bar: of all agents that are on their way, or of t, the last.
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
	if p.bar != nil && (p.bar.IsFinished() || p.bar.GetMax() != all) { // it would not begin again
		_ = p.bar.Clear()
		p.bar = nil
	}
	if p.bar == nil {
		p.bar = progressbar.NewOptions(all, progressbar.OptionSetWriter(p.w), progressbar.OptionShowCount(),
			progressbar.OptionSetDescription(name), progressbar.OptionFullWidth(),
			progressbar.OptionSetPredictTime(false), progressbar.OptionThrottle(redrawTime))
	}
	p.bar.Describe(name)
	_ = p.bar.Set(n) // fails if the terminal is gone, which is no reason to stop
}

// say prints a line that stays.
func (p *progress) say(line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar != nil {
		_ = p.bar.Clear()
		p.bar = nil
	}
	fmt.Fprintln(p.w, line)
}

// end takes the bar away.
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

// cases is a number of cases in words.
func cases(n int) string {
	if n == 1 {
		return "1 case"
	}
	return fmt.Sprintf("%d cases", n)
}

// plain keeps the name of an agent, which peers choose, from being more than a name
// on a terminal.
func plain(s string) string {
	return strings.Map(func(c rune) rune {
		if !unicode.IsPrint(c) {
			return '?'
		}
		return c
	}, s)
}
