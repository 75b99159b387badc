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

Runs the cases, in their quick form, against hawser's own server and client. Writes the
bytes on the wire as fuzzing seeds to streams.txt and heads.txt in DIR, which must
exist. Random parts are replaced and long parts are shortened, so that two runs write
the same files.

Exit status: 0 the files were written, 2 they were not.

Flags:
`

// corpusCommand runs wscheck corpus.
func corpusCommand(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	fs := flag.NewFlagSet("wscheck corpus", flag.ContinueOnError)
	out := fs.String("out", "", "`DIR` for the files")
	patterns := fs.String("cases", "*", "comma-separated `list` of patterns of cases")
	args, err := parse(fs, corpusHelp, args, stdout)
	switch {
	case err != nil:
		return fail(stderr, err)
	case len(args) > 0:
		return fail(stderr, fmt.Errorf("unexpected argument %q", args[0]))
	case *out == "":
		return fail(stderr, errors.New("missing -out DIR"))
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
	fmt.Fprintf(stdout, "wrote %d streams and %d heads to %s\n", len(c.Streams), len(c.Heads),
		strings.TrimSuffix(dir, "/"))
	return nil
}
