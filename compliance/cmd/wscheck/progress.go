package main

import (
	"fmt"
	"io"
	"os"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/hawser-ws/hawser/compliance/report"
)

// A progress tells how far a run is: a bar on a terminal, now and then a line
// elsewhere. Its methods are called by one goroutine at a time.
type progress struct {
	w           io.Writer
	what        string
	n, all      int
	short, told int
	seen        map[string]bool
	bar         *progressbar.ProgressBar
}

func newProgress(w io.Writer, what string, all int) *progress {
	p := &progress{w: w, what: what, all: all, seen: map[string]bool{}}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		p.bar = progressbar.NewOptions(all, progressbar.OptionSetWriter(w), progressbar.OptionSetDescription(what),
			progressbar.OptionShowCount(), progressbar.OptionClearOnFinish(), progressbar.OptionSetPredictTime(false))
	}
	return p
}

// done counts a result; a case that runs again counts once.
func (p *progress) done(r *report.Result) {
	id := r.Agent + " " + r.ID
	if p.seen[id] {
		return
	}
	p.seen[id] = true
	p.n++
	if !r.Passed() {
		p.short++
	}
	if p.bar != nil {
		_ = p.bar.Add(1) // no harm if the terminal is gone
		return
	}
	if part := p.n * 4 / max(p.all, 1); part > p.told {
		p.told = part
		fmt.Fprintf(p.w, "%s: %d of %d cases\n", p.what, p.n, p.all)
	}
}

func (p *progress) end() {
	if p.bar != nil {
		_ = p.bar.Finish()
	}
}
