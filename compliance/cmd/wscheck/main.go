// Wscheck tests WebSocket servers and clients for conformance with RFC 6455 and
// RFC 7692.
//
// Usage:
//
//	wscheck [flags]                      test hawser's own server and client
//	wscheck fuzzingclient URL [flags]    test a server
//	wscheck fuzzingserver [URL] [flags]  be a server that tests clients
//	wscheck testeeserver [URL] [flags]   be a server to test: hawser's, an echo
//	wscheck testeeclient URL [flags]     be a client to test: hawser's
//	wscheck compare A B                  compare two reports, case by case
//	wscheck cases [PATTERN...]           list the cases
//	wscheck autobahn [flags]             run the original Autobahn testsuite
//
// wscheck COMMAND -help tells more. The exit status is 0 if everything passed, 1
// if something fell short, and 2 if the check could not be done.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
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
	{"fuzzingclient", "test the server at a URL", fuzzingClient},
	{"fuzzingserver", "be a server that tests clients", fuzzingServer},
	{"testeeserver", "be a server to test: hawser's own, an echo", testeeServer},
	{"testeeclient", "be a client to test: hawser's own", testeeClient},
	{"compare", "compare two reports, case by case", compareCommand},
	{"cases", "list the cases", casesCommand},
	{"autobahn", "run the original Autobahn testsuite against a server or hawser's client", autobahnCommand},
}

// errInterrupted is why a run ends at Ctrl-C.
var errInterrupted = errors.New("interrupted")

func main() {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		cancel(errInterrupted) // the report of what there is is still written
		<-signals
		os.Exit(exitFailed) // unless somebody is in a hurry
	}()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run does what main does, for the tests too.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if len(args) == 0 || strings.HasPrefix(args[0], "-") && !isHelp(args[0]) {
		return selfCommand(ctx, args, stdout, stderr)
	}
	for _, c := range commands {
		if args[0] == c.name {
			return c.run(ctx, args[1:], stdout, stderr)
		}
	}
	if isHelp(args[0]) {
		usage(stdout)
		return exitPassed
	}
	fmt.Fprintf(stderr, "wscheck: there is no command %q\n", args[0])
	usage(stderr)
	return exitFailed
}

func isHelp(arg string) bool {
	return arg == "help" || arg == "-h" || arg == "-help" || arg == "--help"
}

func usage(w io.Writer) {
	fmt.Fprintln(w, "usage: wscheck [flags] or wscheck COMMAND [flags]; wscheck COMMAND -help tells more")
	fmt.Fprintf(w, "  %-14s %s\n", "", "without a command: test hawser's own server and client")
	for _, c := range commands {
		fmt.Fprintf(w, "  %-14s %s\n", c.name, c.summary)
	}
}
