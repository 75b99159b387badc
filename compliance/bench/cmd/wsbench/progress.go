package main

import (
	"fmt"
	"io"
	"os"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/hawser-ws/hawser/compliance/bench/internal/report"
)

// A progress shows the progress of a run: a bar on a terminal, a line for each repetition elsewhere.
type progress struct {
	w   io.Writer
	bar *progressbar.ProgressBar // nil if there is no terminal
}

func newProgress(w io.Writer, steps int) *progress {
	p := &progress{w: w}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		p.bar = progressbar.NewOptions(steps, progressbar.OptionSetWriter(w), progressbar.OptionClearOnFinish(),
			progressbar.OptionSetPredictTime(true), progressbar.OptionShowCount())
	}
	return p
}

// step is called after each measurement.
func (p *progress) step() {
	if p.bar != nil {
		_ = p.bar.Add(1)
	}
}

// point is called after each load of a scale. There is no bar any more.
func (p *progress) point(s *report.Scale, x float64) {
	fmt.Fprintf(p.w, "%s: %.0f %s\n", s.Title, x, s.X)
}

// repetition is called after each repetition.
func (p *progress) repetition(n, of int) {
	if p.bar == nil {
		fmt.Fprintf(p.w, "repetition %d of %d\n", n, of)
	}
}
