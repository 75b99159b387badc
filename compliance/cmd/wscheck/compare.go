package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"

	"github.com/hawser-ws/hawser/compliance/report"
)

// compareCommand is wscheck compare.
func compareCommand(_ context.Context, args []string, stdout, stderr io.Writer) int {
	fs := flag.NewFlagSet("wscheck compare", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.Usage = func() {
		fmt.Fprint(stderr, `usage: wscheck compare [-all] [-markdown] A B

Compares two reports, of this suite or the original, case by case, differences
first. A and B are directories of reports, or their index.json. Exit status: 0 the
verdicts are equal, 1 they differ, 2 a report could not be read.

`)
		fs.PrintDefaults()
	}
	all := fs.Bool("all", false, "also the cases whose verdicts are equal")
	markdown := fs.Bool("markdown", false, "print tables of Markdown")
	if err := fs.Parse(args); err != nil {
		return parseStatus(err)
	}
	if fs.NArg() != 2 {
		return fault(stderr, errors.New("two reports are needed: wscheck compare A B"))
	}
	var x [2]report.Index
	for i, path := range fs.Args() {
		var err error
		if x[i], err = report.ReadIndex(path); err != nil {
			return fault(stderr, err)
		}
	}
	c, err := report.Compare(x[0], x[1])
	if err != nil {
		return fault(stderr, err)
	}
	write := c.WriteText
	if *markdown {
		write = c.WriteMarkdown
	}
	if err := write(stdout, *all); err != nil {
		return fault(stderr, err)
	}
	if !c.Equal() {
		return exitShort
	}
	return exitPassed
}
