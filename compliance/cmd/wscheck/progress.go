package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/term"
)

// The look of the bar, in columns.
const (
	barWidth   = 40
	barLeast   = 8 // a smaller one is left out
	redrawTime = 50 * time.Millisecond
)

// A progress tells how far a run is: by a bar on a terminal, by a line now and then
// elsewhere. Any number of goroutines may call its methods.
type progress struct {
	w       io.Writer
	width   int // of the terminal in columns; 0 if it is none
	mu      sync.Mutex
	tallies []*tally
	drawn   time.Time
	shown   int // columns that the bar covers
}

// A tally is how far the cases of an agent are.
type tally struct {
	name   string
	all    int
	passed map[string]bool // by case
	told   int             // quarters
}

func newProgress(w io.Writer) *progress {
	p := &progress{w: w}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		p.width = 80
		if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
			p.width = width
		}
	}
	return p
}

// count counts a case of an agent, which has as many as all. A case that runs again
// counts once, with its last result.
func (p *progress) count(name string, all int, id string, passed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.tally(name, all)
	t.passed[id] = passed
	if p.width > 0 {
		p.draw(t)
		return
	}
	if quarters := len(t.passed) * 4 / all; quarters > t.told {
		t.told = quarters
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
	if time.Since(p.drawn) < redrawTime {
		return
	}
	p.drawn = time.Now()
	var sum tally
	n, short, agents := 0, 0, 0
	for _, o := range p.tallies {
		if len(o.passed) < o.all || o == t && agents == 0 {
			agents++
			n, short, sum.all, sum.name = n+len(o.passed), short+o.short(), sum.all+o.all, o.name
		}
	}
	if agents > 1 {
		sum.name = fmt.Sprintf("%d clients", agents)
	}
	p.show(barLine(sum.name, n, sum.all, short, p.width-1)) // the last column might break the line
}

// barLine is the bar in at most width columns.
func barLine(name string, n, all, short, width int) string {
	count := fmt.Sprintf(" %d/%d", n, all)
	if short > 0 {
		count += fmt.Sprintf(", %d short", short)
	}
	room := width - len(count)
	bar := min(barWidth, room-utf8.RuneCountInString(name)-1)
	if bar < barLeast {
		return clip(clip(name, max(room, 0))+count, width)
	}
	full := bar * min(n, all) / max(all, 1)
	return name + " " + strings.Repeat("█", full) + strings.Repeat("░", bar-full) + count
}

func clip(s string, n int) string {
	r := []rune(s)
	return string(r[:min(len(r), n)])
}

// show puts a line in the place of the one that is shown; "" leaves the place empty.
func (p *progress) show(line string) {
	columns := utf8.RuneCountInString(line)
	fmt.Fprintf(p.w, "\r%s%s", line, strings.Repeat(" ", max(0, p.shown-columns)))
	if line == "" {
		fmt.Fprint(p.w, "\r")
	}
	p.shown = columns
}

// say prints a line that stays.
func (p *progress) say(line string) {
	p.end()
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintln(p.w, line)
}

// end takes the bar away.
func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shown > 0 {
		p.show("")
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
