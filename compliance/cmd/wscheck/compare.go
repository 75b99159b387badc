package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"

	"github.com/hawser-ws/hawser/compliance/report"
)

const compareHelp = `usage: wscheck compare A B [flags]

Compares two reports case by case and lists differences first. A and B are directories
of reports of wscheck or the original suite, or their index.json. An equals sign means
that B has the same verdict as A.

B is worse in a case if one of its verdicts is worse, or if it lacks a case that A
passes. From best to worst, the verdicts are OK and INFORMATIONAL; UNIMPLEMENTED;
NON-STRICT and WRONG CODE; all others.

Exit status: 0 B is not worse in any case (with -strict: all verdicts are equal),
1 B is worse in some cases (with -strict: some verdicts differ), 2 a report could not
be read.

Flags:
`

// compareCommand runs wscheck compare.
func compareCommand(_ context.Context, args []string, stdout, stderr io.Writer) int {
	set := flag.NewFlagSet("wscheck compare", flag.ContinueOnError)
	all := set.Bool("all", false, "also list the cases whose verdicts are equal")
	strict := set.Bool("strict", false, "exit with status 1 for any difference, even if B is better")
	markdown := set.Bool("markdown", false, "print Markdown tables")
	args, err := parse(set, compareHelp, args, stdout)
	if err != nil {
		return fail(stderr, err)
	}
	if len(args) != 2 {
		return fail(stderr, errors.New("want two reports: wscheck compare A B"))
	}
	c, err := comparison(args[0], args[1])
	if err != nil {
		return fail(stderr, err)
	}
	write := c.WriteText
	if *markdown {
		write = c.WriteMarkdown
	}
	if err := write(stdout, *all); err != nil {
		return fail(stderr, err)
	}
	if c.Worse() || *strict && !c.Equal() {
		return exitShort
	}
	return exitPassed
}

func comparison(a, b string) (*report.Comparison, error) {
	var x [2]report.Index
	for i, path := range []string{a, b} {
		var err error
		x[i], err = report.ReadIndex(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("no report at %s", path)
		}
		if err != nil {
			return nil, err
		}
	}
	return report.Compare(x[0], x[1])
}
