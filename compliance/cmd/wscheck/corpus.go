package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/hawser-ws/hawser/compliance/internal/corpus"
	"github.com/hawser-ws/hawser/compliance/suite"
)

const corpusHelp = `usage: wscheck corpus -out DIR [flags]

Runs the cases against hawser's own server and client, in their quick form, and writes
what went over the wire as seeds for fuzzing: streams.txt and heads.txt in DIR, which
must be there. What is random is replaced, and what is long is shortened, so that two
runs write the same.

Exit status: 0 the files are written, 2 they are not.

Flags:
`

// corpusCommand is wscheck corpus.
func corpusCommand(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	fs := flag.NewFlagSet("wscheck corpus", flag.ContinueOnError)
	out := fs.String("out", "", "`DIR` for the files")
	patterns := fs.String("cases", "*", "comma `list` of patterns of cases")
	args, err := parse(fs, corpusHelp, args, stdout)
	switch {
	case err != nil:
		return fail(stderr, err)
	case len(args) > 0:
		return fail(stderr, fmt.Errorf("unexpected argument %q", args[0]))
	case *out == "":
		return fail(stderr, errors.New("-out is missing: the directory for the files"))
	}
	cases, err := suite.Cases(list(*patterns), nil)
	if err != nil {
		return fail(stderr, err)
	}
	if err := makeCorpus(ctx, cases, *out, stdout, stderr); err != nil {
		return fail(stderr, err)
	}
	return exitPassed
}

// makeCorpus runs the cases and writes the files.
func makeCorpus(ctx context.Context, cases []*suite.Case, dir string, stdout, stderr io.Writer) error {
	p := newProgress(stderr)
	c, err := corpus.Make(ctx, cases, func(id string) { p.count("corpus", len(cases), id, true) })
	p.end()
	if err != nil {
		return err
	}
	if err := c.Write(dir); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "%d streams and %d heads are in %s\n", len(c.Streams), len(c.Heads),
		strings.TrimSuffix(dir, "/"))
	return nil
}
