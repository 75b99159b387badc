package main

import (
	"context"
	"fmt"
	"io"

	"github.com/hawser-ws/hawser/compliance/suite"
)

// casesCommand is wscheck cases.
func casesCommand(_ context.Context, args []string, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		args = []string{"*"}
	}
	cases, err := suite.Cases(args, nil)
	if err != nil {
		return fault(stderr, err)
	}
	for _, c := range cases {
		fmt.Fprintf(stdout, "%-8s %s\n", c.ID, c.Description)
	}
	return exitPassed
}
