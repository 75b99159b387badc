package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/hawser-ws/hawser/compliance/suite"
)

const casesHelp = `usage: wscheck cases [PATTERN...]

Lists the cases with their ids and descriptions. In patterns, * matches any
characters, and the whole id must match: 'wscheck cases 5.19 12.*.1'.
`

// casesCommand runs wscheck cases.
func casesCommand(_ context.Context, args []string, stdout, stderr io.Writer) int {
	args, err := parse(flag.NewFlagSet("wscheck cases", flag.ContinueOnError), casesHelp, args, stdout)
	if err != nil {
		return fail(stderr, err)
	}
	patterns := list(strings.Join(args, ","))
	if len(patterns) == 0 {
		patterns = []string{"*"}
	}
	cases, err := suite.Cases(patterns, nil)
	if err != nil {
		return fail(stderr, err)
	}
	for _, c := range cases {
		fmt.Fprintf(stdout, "%-8s %s\n", c.ID, c.Description)
	}
	return exitPassed
}
