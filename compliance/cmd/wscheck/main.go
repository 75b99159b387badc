// Wscheck tests WebSocket servers and clients.
//
// Usage:
//
//	wscheck autobahn [flags]   run the original Autobahn testsuite
//
// wscheck COMMAND -help tells more. The exit status is 0 if everything passed, 1
// if something fell short, and 2 if the check could not be done.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// Exit statuses.
const (
	exitPassed = 0
	exitShort  = 1 // a case fell short
	exitFailed = 2 // the check could not be done
)

// commands are the subcommands by name.
var commands = []struct {
	name, summary string
	run           func(ctx context.Context, args []string, stdout, stderr io.Writer) int
}{
	{"autobahn", "run the original Autobahn testsuite against a server or hawser's client", autobahnCommand},
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// run does what main does, for the tests too.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		usage(stderr)
		return exitFailed
	}
	for _, c := range commands {
		if args[0] == c.name {
			return c.run(ctx, args[1:], stdout, stderr)
		}
	}
	switch args[0] {
	case "help", "-h", "-help", "--help":
		usage(stdout)
		return exitPassed
	}
	fmt.Fprintf(stderr, "wscheck: there is no command %q\n", args[0])
	usage(stderr)
	return exitFailed
}

func usage(w io.Writer) {
	fmt.Fprintln(w, "usage: wscheck COMMAND [flags]; wscheck COMMAND -help tells more")
	for _, c := range commands {
		fmt.Fprintf(w, "  %-10s %s\n", c.name, c.summary)
	}
}
